"""Refuse requests with repeated headers: two programs may read different values from such a request."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from b24_mcp.server.http.limits import refusal

SINGLE_HEADERS = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"last-event-id",
        b"mcp-method",
        b"mcp-name",
        b"mcp-protocol-version",
        b"mcp-session-id",
        b"origin",
        b"transfer-encoding",
    }
)
"""Headers that may occur once in a request. Source: RFC 9110 (5.3, single values) and the transport of MCP."""


class SingleHeaders:
    """Middleware that refuses (400) a request with a repeated single header, before any other code reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle the request, or refuse it."""
        counts = Counter(name.lower() for name, _ in scope.get("headers", ()))
        repeated = sorted(name.decode() for name in SINGLE_HEADERS if counts[name] > 1)
        if scope["type"] == "http" and repeated:
            message = f"The header {repeated[0]} was sent more than once. Nothing was executed."
            await refusal(400, message, closing=True)(scope, receive, send)
            return
        await self._app(scope, receive, send)
