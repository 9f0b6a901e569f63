"""What small HTTP clients leave out: the header Accept, and reading a stream of events.

The transport of MCP requires that a client accepts JSON and event streams. A client that accepts only JSON, or does not
say what it accepts, gets one JSON answer.
"""

from __future__ import annotations

import json

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b24_mcp.server.http.limits import refusal

_JSON, _EVENTS = "application/json", "text/event-stream"
_BOTH = f"{_JSON}, {_EVENTS}".encode()
_NEEDS_EVENTS = (
    "This call has to ask the user, and the client does not accept event streams. Send the header Accept: "
    "application/json, text/event-stream."
)
_MISDIRECTED = (
    "This server does not answer under this host name, which protects it against web pages that use a name of their "
    "own. Nothing was executed. On the same computer use http://127.0.0.1:PORT/mcp. From a container on this computer: "
    "start the server with B24_HTTP_TOKEN and B24_HTTP_URL=http://host.docker.internal:PORT/mcp, or let the container "
    "use the network of the computer. From other computers: set B24_HTTP_URL to the address that clients use."
)


class HelpfulRefusals:
    """Middleware that says what to do when the server does not know the host name of a request (421)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, and replace the body of a refusal."""
        replaced = False

        async def replacing_send(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 421:
                replaced = True
                await refusal(421, _MISDIRECTED, retrying=False)(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive, replacing_send)


class JsonAnswers:
    """Middleware that answers with JSON where a client does not accept event streams.

    Messages about the progress of a call are left out of such an answer. `in_events` answers clients that accept
    nothing but event streams.
    """

    def __init__(self, app: ASGIApp, in_events: ASGIApp) -> None:
        self._app = app
        self._in_events = in_events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as if the client accepted both forms."""
        accepted = _accepted(scope) if scope["method"] == "POST" else {_JSON, _EVENTS}
        if not accepted & {_JSON, _EVENTS} or accepted >= {_JSON, _EVENTS}:
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept"]
        scope = {**scope, "headers": [*headers, (b"accept", _BOTH)]}
        if _EVENTS in accepted:
            await self._in_events(scope, receive, send)
            return
        await _Collected(self._app).answer(scope, receive, send)


class _Collected:
    """One request whose stream of events becomes one JSON answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._start: Message | None = None
        self._is_stream = False
        self._body = bytearray()
        self._must_ask = False

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle the request and send the answer."""
        with anyio.CancelScope() as running:
            await self._collect(running, scope, receive, send)
        if self._must_ask:
            await refusal(406, _NEEDS_EVENTS, retrying=False)(scope, receive, send)
        elif self._is_stream and self._start is not None:
            await self._send_last(send, self._start)

    async def _collect(self, running: anyio.CancelScope, scope: Scope, receive: Receive, send: Send) -> None:
        async def collecting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._start = message
                self._is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith(_EVENTS)
            if not self._is_stream:
                await send(message)
            elif message["type"] == "http.response.body":
                part = message.get("body", b"")
                self._body += part
                self._must_ask = self._must_ask or _asks(part)
                if self._must_ask:
                    running.cancel()

        await self._app(scope, receive, collecting_send)

    async def _send_last(self, send: Send, start: Message) -> None:
        """Send the last message of the stream, which is the answer to the request."""
        messages = _messages(self._body)
        body = messages[-1] if messages else b""
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-type"] = _JSON
        headers["content-length"] = str(len(body))
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})


def _accepted(scope: Scope) -> set[str]:
    """Return which of the two forms a request accepts, besides other types. Without the header that is JSON."""
    values = Headers(scope=scope).getlist("accept")
    types = {part.partition(";")[0].strip().lower() for value in values for part in value.split(",")} - {""}
    if not types:
        return {_JSON}
    if "*/*" in types:
        return types | {_JSON, _EVENTS}
    return types | ({_JSON} if "application/*" in types else set()) | ({_EVENTS} if "text/*" in types else set())


def _messages(stream: bytes | bytearray) -> list[bytes]:
    """Return the messages in a stream of events, each of which is one line of data."""
    return [line[5:].strip() for line in bytes(stream).splitlines() if line.startswith(b"data:") and line[5:].strip()]


def _asks(stream: bytes) -> bool:
    """Whether the server asks the client something in the last message of this part of a stream."""
    messages = _messages(stream)
    try:
        message = json.loads(messages[-1]) if messages else None
    except ValueError:  # not complete yet
        return False
    return isinstance(message, dict) and "method" in message and "id" in message
