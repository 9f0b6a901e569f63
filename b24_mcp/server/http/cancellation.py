"""Cancel requests that are still running when the time to stop is over, with an answer where that is possible."""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b24_mcp.server.http.limits import refusal

_CANCELLED = (
    "The server is stopping and this call did not finish in time. It may have been executed: check before you "
    "repeat it."
)


class CancellableRequests:
    """Middleware that can cancel every running request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._running: set[anyio.CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. When it is cancelled before its response began, send an error instead."""
        begun = False

        async def watched_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with anyio.CancelScope() as running:
            self._running.add(running)
            try:
                await self._app(scope, receive, watched_send)
            finally:
                self._running.discard(running)
        if running.cancelled_caught and not begun:
            await refusal(503, _CANCELLED, closing=True)(scope, receive, send)

    def cancel_all(self) -> int:
        """Cancel every running request and return their number."""
        running = list(self._running)
        for scope in running:
            scope.cancel()
        return len(running)
