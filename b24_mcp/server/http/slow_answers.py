"""One JSON answer to a request, and a stream of events when the answer takes long.

For protocols before 2026 the SDK starts a stream for every request, or for none. For the protocol of 2026 it starts one
after a while, and keeps two tasks for it. One JSON answer costs less, and is enough for most calls. A slow call needs a
stream, because proxies close a connection on which nothing arrives.
"""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PING_SECONDS = 15.0
"""Seconds until a stream begins, and between its pings. Source: the transport of the SDK for the protocol of 2026."""
_PING = b": ping\r\n\r\n"
_PROGRESS = b'"progressToken"'
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class StreamsWhenSlow:
    """Middleware for a server without sessions: `in_json` answers what needs no stream, `in_events` everything else.

    Requests with a progress token need `in_events`. When its client disconnects, a request is cancelled.
    """

    def __init__(self, in_json: ASGIApp, in_events: ASGIApp) -> None:
        self._in_json = in_json
        self._in_events = in_events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["method"] != "POST":
            await self._in_events(scope, receive, send)
            return
        body = [await receive()]  # it was read to its end before

        async def receive_again() -> Message:
            return body.pop() if body else await receive()

        if _PROGRESS in body[0].get("body", b""):
            await self._in_events(scope, receive_again, send)
            return
        answer = _Answer(send)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, receive, answer, tasks.cancel_scope)
            await self._in_json(scope, receive_again, answer.send)
            tasks.cancel_scope.cancel()

    async def _watch(self, receive: Receive, answer: _Answer, running: anyio.CancelScope) -> None:
        """Send pings while the request runs, and cancel it when the client disconnects."""
        while True:
            with anyio.move_on_after(PING_SECONDS):
                if (await receive())["type"] == "http.disconnect":
                    running.cancel()
                    return
            await answer.ping()


class _Answer:
    """The answer to one request: as the application sends it, or in a stream when that has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._is_stream = False
        self._is_ended = False
        self._sending = anyio.Lock(fast_acquire=True)

    async def send(self, message: Message) -> None:
        """Send a message of the application, whose answer has one body."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        async with self._sending:
            self._is_ended = True
            if self._is_stream:
                event = b"event: message\r\ndata: " + message.get("body", b"") + b"\r\n\r\n"
                await self._send({"type": "http.response.body", "body": event})
                return
            assert self._start is not None
            await self._send(self._start)
            await self._send(message)

    async def ping(self) -> None:
        """Send a line that clients ignore, and begin the stream before the first of them."""
        async with self._sending:
            if self._is_ended:
                return
            if not self._is_stream:
                self._is_stream = True
                await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await self._send({"type": "http.response.body", "body": _PING, "more_body": True})
