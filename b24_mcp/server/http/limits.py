"""How much of the server a caller, or all together, may take: calls at a time, the size and slowness of a request."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import principal_components
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RETRY_AFTER = 1
_FREE_BYTES = 1 << 16
"""Bytes of each request that do not count among those being received: the requests of most calls are smaller."""
_BODIES = 16
"""Requests of the largest size that may be received at the same time."""
_SERVER_ERROR = -32000


class ConcurrencyLimit:
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


class BodyMemory:
    """The bytes of all requests that are being received. Up to `free` bytes of each do not count; what is beyond that
    may be `most` bytes in all.
    """

    def __init__(self, most: int, free: int = _FREE_BYTES) -> None:
        self._most = most
        self._free = free
        self._used = 0

    def grow(self, before: int, after: int) -> None:
        """Note that a body grew.

        Raises:
            _BodyMemoryError: when the bodies together would be too large.
        """
        more = max(after - self._free, 0) - max(before - self._free, 0)
        if self._used + more > self._most:
            raise _BodyMemoryError
        self._used += more

    def release(self, size: int) -> None:
        """Note that a body of this size is received no longer."""
        self._used -= max(size - self._free, 0)


class BufferedBody:
    """Reads a request whole before anything else looks at it. A body that is too large (413), does not arrive within
    `seconds` (408), or does not fit beside the others that are being received (503) goes no further. It stands before
    the count of running calls, so that a request holds no place among them while it arrives.
    """

    def __init__(self, app: ASGIApp, most: int, seconds: float, memory: BodyMemory | None = None) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds
        self._memory = memory or BodyMemory(_BODIES * most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, then pass on. Nothing is sent to a client that went away meanwhile."""
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
            message = "Too many large requests are arriving. Nothing was executed; try again soon."
            await refusal(503, message)(scope, receive, send)
            return
        if body is None:
            return
        held: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return held.pop() if held else await receive()

        await self._app(scope, receive_again, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, or None when the client went away."""
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


def refusal(status: int, message: str, *, closing: bool = False) -> JSONResponse:
    """An answer in place of the one asked for, in the form MCP clients read errors in.

    It says when to come back, or, when `closing`, that this connection is of no more use.
    """
    headers = {"connection": "close"} if closing else {"retry-after": str(_RETRY_AFTER)}
    return JSONResponse(error_body(message), status, headers)


def error_body(message: str) -> dict[str, Any]:
    """Return the body of a refusal: an error of JSON-RPC that belongs to no request."""
    return {"jsonrpc": "2.0", "id": None, "error": {"code": _SERVER_ERROR, "message": message}}


def _caller(scope: Scope) -> object:
    user = scope.get("user")
    return principal_components(user.access_token) if isinstance(user, AuthenticatedUser) else None
