"""How much of the server one caller, or all together, may take: calls at a time, and the time to send a request."""

from __future__ import annotations

from collections import Counter

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import principal_components
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RETRY_AFTER = 1
_BODY_SECONDS = 30.0
_SERVER_ERROR = -32000


class CallsAtATime:
    """Refuses calls (503) while `most` are running, and (429) those of a caller who has `most_each` running.

    Stands behind the check of tokens for the second, so only callers who are known by name are told apart.
    """

    def __init__(self, app: ASGIApp, most: int, *, each: bool = False) -> None:
        self._app = app
        self._most = most
        self._each = each
        self._running: Counter[object] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        caller = _caller(scope) if self._each else None
        if self._running[caller] >= self._most:
            status, whose = (429, "of this caller ") if self._each else (503, "")
            message = f"{self._most} calls {whose}are running already. Nothing was executed; try again soon."
            await refusal(status, message)(scope, receive, send)
            return
        self._running[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[caller] -= 1
            if not self._running[caller]:
                del self._running[caller]


class PromptBody:
    """Gives up (408) on a request whose body does not arrive, so that nobody holds a place by sending nothing."""

    def __init__(self, app: ASGIApp, seconds: float = _BODY_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body within the time; what comes after it, the end of the connection, may take any."""
        deadline = anyio.current_time() + self._seconds
        arrived = False

        async def receive_promptly() -> Message:
            nonlocal arrived
            if arrived:
                return await receive()
            with anyio.fail_at(deadline):
                message = await receive()
            arrived = not message.get("more_body", False)
            return message

        try:
            await self._app(scope, receive_promptly, send)
        except TimeoutError:
            if arrived:
                raise
            await refusal(408, "The request did not arrive in time.", closing=True)(scope, receive, send)


def refusal(status: int, message: str, *, closing: bool = False) -> JSONResponse:
    """An answer to a request that was not looked into, in the form MCP clients read errors in."""
    headers = {"connection": "close"} if closing else {"retry-after": str(_RETRY_AFTER)}
    error = {"code": _SERVER_ERROR, "message": message}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status, headers)


def _caller(scope: Scope) -> object:
    user = scope.get("user")
    return principal_components(user.access_token) if isinstance(user, AuthenticatedUser) else None
