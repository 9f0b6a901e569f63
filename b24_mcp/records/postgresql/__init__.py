"""Data sets in PostgreSQL, which several servers share: a schema for each owner and portal. It needs an extra."""

from __future__ import annotations

from b24_mcp.records.postgresql.address import check_address, shown_address
from b24_mcp.records.postgresql.check import check_server
from b24_mcp.records.postgresql.connections import PostgresConnections, open_connections
from b24_mcp.records.postgresql.store import PostgresStore

__all__ = [
    "PostgresConnections",
    "PostgresStore",
    "check_address",
    "check_server",
    "open_connections",
    "shown_address",
]
