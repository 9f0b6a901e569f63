"""The OAuth 2.1 authorization server for MCP clients: which client may act for which person.

A client registers, or names its client-id document. The person logs in with the browser and allows the client a level.
The client gets an access token for an hour and a refresh token. Everything is kept in the shared state.
"""

from __future__ import annotations

from b24_mcp.server.http.people.grants.server import GrantServer

__all__ = ["GrantServer"]
