"""Requests that say something twice: refused, because two readers of such a request may believe different things."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from b24_mcp.server.http.limits import refusal

ONCE = frozenset(
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
"""Headers that may stand in a request once. Source: RFC 9110 (5.3, single values) and the transport of MCP."""


class SingleHeaders:
    """Refuses (400) a request in which one of these headers stands twice, before anything else reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        counts = Counter(name.lower() for name, _ in scope.get("headers", ()))
        repeated = sorted(name.decode() for name in ONCE if counts[name] > 1)
        if scope["type"] == "http" and repeated:
            message = f"The header {repeated[0]} was sent more than once. Nothing was executed."
            await refusal(400, message, closing=True)(scope, receive, send)
            return
        await self._app(scope, receive, send)
