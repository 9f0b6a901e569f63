"""The MCP server over HTTP: authentication, limits, and an orderly stop."""

from __future__ import annotations

from b24_mcp.server.http.server import serve_http

__all__ = ["serve_http"]
