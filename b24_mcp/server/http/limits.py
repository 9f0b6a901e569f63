"""The limits of requests: calls at the same time, in total and per caller, and the size and duration of a request."""

from __future__ import annotations

from collections import Counter

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import principal_components
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RETRY_AFTER = 1
_FREE_BYTES = 1 << 16
"""Bytes of each request that do not count towards the shared limit. Most requests are smaller."""
_MAX_BODIES = 16
"""The number of requests of the largest size that can be received at the same time."""
_SERVER_ERROR = -32000


class ConcurrencyLimit:
    """Middleware that refuses calls while `most` are running: in total (503), or with `per_caller` those of one caller
    (429). The second comes after the check of tokens, because it distinguishes callers by their tokens.
    """

    def __init__(self, app: ASGIApp, most: int, *, per_caller: bool = False) -> None:
        self._app = app
        self._most = most
        self._per_caller = per_caller
        self._running: Counter[object] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or refuse it."""
        caller = _caller(scope) if self._per_caller else None
        if self._running[caller] >= self._most:
            status, whose = (429, " of this caller") if self._per_caller else (503, "")
            message = f"{self._most} calls{whose} are already running. Nothing was executed. Try again later."
            await refusal(status, message)(scope, receive, send)
            return
        self._running[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[caller] -= 1
            if not self._running[caller]:
                del self._running[caller]


class BodyMemory:
    """The memory for requests that are being received: `most` bytes in total, not counting the first `free` bytes of
    each request.
    """

    def __init__(self, most: int, free: int = _FREE_BYTES) -> None:
        self._most = most
        self._free = free
        self._used = 0

    def grow(self, before: int, after: int) -> None:
        """Count more bytes of a body.

        Raises:
            _BodyMemoryError: when the total would exceed the limit.
        """
        more = max(after - self._free, 0) - max(before - self._free, 0)
        if self._used + more > self._most:
            raise _BodyMemoryError
        self._used += more

    def release(self, size: int) -> None:
        """Remove a body of this size from the count."""
        self._used -= max(size - self._free, 0)


class BufferedBody:
    """Middleware that reads the whole body before the request is handled.

    It refuses a body that is too large (413), does not arrive within `seconds` (408), or exceeds the shared memory
    (503). It comes before the limit of running calls, so a request does not count as a call while it arrives.
    """

    def __init__(self, app: ASGIApp, most: int, seconds: float, memory: BodyMemory | None = None) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds
        self._memory = memory or BodyMemory(_MAX_BODIES * most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and handle the request. A client that has disconnected gets no response."""
        try:
            with anyio.fail_after(self._seconds):
                body = await self._read(scope, receive)
        except _TooLargeError:
            message = f"The request is larger than {self._most} bytes. Nothing was executed."
            await refusal(413, message, closing=True)(scope, receive, send)
            return
        except TimeoutError:
            message = "The request did not arrive in time. Nothing was executed."
            await refusal(408, message, closing=True)(scope, receive, send)
            return
        except _BodyMemoryError:
            message = "Too many large requests are arriving. Nothing was executed. Try again later."
            await refusal(503, message)(scope, receive, send)
            return
        if body is None:
            return
        buffered: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return buffered.pop() if buffered else await receive()

        await self._app(scope, receive_again, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, or None when the client has disconnected."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._most:
            raise _TooLargeError
        body = bytearray()
        counted = 0
        try:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                if len(body) > self._most:
                    raise _TooLargeError
                self._memory.grow(counted, len(body))
                counted = len(body)
                if not message.get("more_body", False):
                    return bytes(body)
        finally:
            self._memory.release(counted)


class _TooLargeError(Exception):
    pass


class _BodyMemoryError(Exception):
    pass


def refusal(status: int, message: str, *, closing: bool = False, retrying: bool = True) -> JSONResponse:
    """Return an error response in the form that MCP clients read.

    It tells the client to retry later, unless `retrying` is false, or with `closing` that the connection will be
    closed.
    """
    headers = {"connection": "close"} if closing else {"retry-after": str(_RETRY_AFTER)} if retrying else {}
    return JSONResponse(error_body(message), status, headers)


def error_body(message: str) -> dict[str, object]:
    """Return the body of a refusal: a JSON-RPC error without a request id."""
    return {"jsonrpc": "2.0", "id": None, "error": {"code": _SERVER_ERROR, "message": message}}


def _caller(scope: Scope) -> object:
    user = scope.get("user")
    return principal_components(user.access_token) if isinstance(user, AuthenticatedUser) else None
