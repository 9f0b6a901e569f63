"""The end of calls that have not finished when the time to stop has passed: they are told so, as far as they can be."""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b24_mcp.server.http.limits import refusal

_BROKEN_OFF = (
    "The server stops and this call did not finish in time. It may have been executed: look before it is sent again."
)


class CancellableRequests:
    """Runs requests so that all of them can be broken off."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._running: set[anyio.CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; when it is broken off before its answer began, answer that."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with anyio.CancelScope() as running:
            self._running.add(running)
            try:
                await self._app(scope, receive, watch)
            finally:
                self._running.discard(running)
        if running.cancelled_caught and not begun:
            await refusal(503, _BROKEN_OFF, closing=True)(scope, receive, send)

    def cancel_all(self) -> int:
        """End every request that still runs; gives their number."""
        running = list(self._running)
        for scope in running:
            scope.cancel()
        return len(running)
