"""Client configurations and manifests. All of them are made from one description of this server."""

from __future__ import annotations

from b24_mcp.connect.apply import write
from b24_mcp.connect.changes import ConfigChange, entries_of, plan_connect, plan_disconnect
from b24_mcp.connect.clients import CLIENTS, Client
from b24_mcp.connect.diff import change_diff
from b24_mcp.connect.errors import ConnectError, ForeignEntryError
from b24_mcp.connect.locations import Machine
from b24_mcp.connect.ownership import described, is_installed, is_ours
from b24_mcp.connect.spec import (
    Launch,
    Scope,
    ServerSpec,
    checked_url,
    entry_name,
    is_loopback,
    own_launch,
    why_not_lasting,
)

__all__ = [
    "CLIENTS",
    "Client",
    "ConfigChange",
    "ConnectError",
    "ForeignEntryError",
    "Launch",
    "Machine",
    "Scope",
    "ServerSpec",
    "change_diff",
    "checked_url",
    "described",
    "entries_of",
    "entry_name",
    "is_installed",
    "is_loopback",
    "is_ours",
    "own_launch",
    "plan_connect",
    "plan_disconnect",
    "why_not_lasting",
    "write",
]
