"""A scripted Bitrix24 portal for tests, written from the documentation and measured behaviour, not from our client.

`FakePortal` is an ASGI application. It returns the replies it was created with. Once they are used up, it runs the
methods it was created with, `batch` included, as a portal does. It records every request. `serve` plays faults that an
ASGI application cannot: raw bytes on a loopback socket. `parse_query` parses a query string as PHP does.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import anyio
import anyio.lowlevel

from b24_mcp.rest import Plan, Portal, PortalOptions, parse_webhook
from b24_mcp.state import SharedState

CODE = "secretcode123"
WEBHOOK = f"http://127.0.0.1:8000/rest/1/{CODE}/"
_PATH = f"/rest/1/{CODE}/"
_JSON = "application/json; charset=utf-8"
TIME = {
    "start": 1763650000.1,
    "finish": 1763650000.4,
    "duration": 0.3,
    "processing": 0.28,
    "date_start": "2026-03-01T10:00:00+03:00",
    "date_finish": "2026-03-01T10:00:00+03:00",
    "operating_reset_at": 1763650600,
    "operating": 0.28,
}


# --- PHP ---------------------------------------------------------------------------------------------------------


def parse_query(query: str) -> Any:
    """Parse a query string as PHP's parse_str does; a map with the keys 0..n-1 becomes a list.

    A later pair wins over an earlier one of the same name. A top-level name loses its leading spaces, and its dots and
    spaces become underscores. `[]` appends, and so do brackets around one white space character. Names end at a NUL.
    Values nested deeper than 64 levels are dropped.
    """
    found: dict[str, Any] = {}
    for pair in query.split("&"):
        if pair:
            raw_name, _, raw_value = pair.partition("=")
            _register(found, _decoded(raw_name), _decoded(raw_value))
    return listed(found)


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="replace")


def _register(found: dict[str, Any], name: str, value: str) -> None:
    name = name.split("\0")[0].lstrip(" ")
    bracket = name.find("[")
    top = (name if bracket < 0 else name[:bracket]).replace(".", "_").replace(" ", "_")
    if not top:
        return
    keys: list[str | None] = [top]
    rest = "" if bracket < 0 else name[bracket:]
    while rest.startswith("["):
        end = rest.find("]", 1)
        if re.match(r"\[[ \t\n\r\v\f]?\]", rest):
            keys.append(None)
        elif end < 0:
            if len(keys) == 1:
                keys = [top + "_" + rest[1:].replace(".", "_").replace(" ", "_")]
            break
        else:
            keys.append(rest[1:end])
        rest = rest[rest.index("]") + 1 :]
    if len(keys) > 65:
        return
    place = found
    for key, following in zip(keys, [*keys[1:], ...], strict=True):
        label = _next_index(place) if key is None else key
        if following is ...:
            place[label] = value
        else:
            if not isinstance(place.get(label), dict):
                place[label] = {}
            place = place[label]


def _next_index(place: dict[str, Any]) -> str:
    return str(max((int(key) + 1 for key in place if _is_index(key)), default=0))


def _is_index(key: str) -> bool:
    return re.fullmatch(r"0|-?[1-9][0-9]{0,17}", key) is not None


def listed(value: Any) -> Any:
    """Return a value as PHP sees it after a round trip: a map with the keys 0..n-1 in order is a list, empty or not."""
    if isinstance(value, list):
        return [listed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if list(value) == [str(index) for index in range(len(value))]:
        return [listed(inner) for inner in value.values()]
    return {key: listed(inner) for key, inner in value.items()}


def php_json(value: Any) -> str:
    """Write JSON as the portal does: an empty map is `[]`, slashes and the characters of HTML are escaped."""
    text = json.dumps(listed(value), ensure_ascii=False)
    for plain, escaped in (("/", r"\/"), ("<", r"\u003C"), (">", r"\u003E"), ("&", r"\u0026"), ("'", r"\u0027")):
        text = text.replace(plain, escaped)
    return text


def php_xml(value: Any) -> str:
    """Write the content of an XML element as the portal does: integer keys become `<item>`, types are lost."""
    if isinstance(value, list):
        value = {str(index): inner for index, inner in enumerate(value)}
    if isinstance(value, dict):
        names = {key: "item" if _is_index(key) else key for key in value}
        return "".join(f"<{names[key]}>{php_xml(inner)}</{names[key]}>" for key, inner in value.items())
    return (
        php_text(value)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&apos;")
    )


def php_text(value: Any) -> str:
    """Write a scalar as PHP writes it into text."""
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


# --- The portal --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """One response to return. `body` is text, bytes, or a value to be written as the portal's JSON."""

    body: Any = b""
    status: int = 200
    content_type: str | None = _JSON
    headers: tuple[tuple[str, str], ...] = ()

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else php_json(self.body)).encode()


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived."""

    verb: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def method(self) -> str:
        """The path after the webhook: the REST method with its suffix, if any."""
        assert self.path.startswith(_PATH)
        return self.path.removeprefix(_PATH)

    @property
    def commands(self) -> dict[str, tuple[str, Any]]:
        """The commands of a batch: label -> method and parameters as PHP reads them."""
        read = {}
        for label, text in self.json["cmd"].items():
            method, _, query = text.split("#")[0].partition("?")
            read[label] = (method, parse_query(query))
        return read


class PortalError(Exception):
    """Raised by a method of the fake to answer with an error."""

    def __init__(self, code: Any, description: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.body = {"error": code, "error_description": description}
        self.status = status


@dataclass(frozen=True)
class Page:
    """The result of a list method of the fake: `total` and `next` move to the envelope."""

    result: Any
    total: int | None = None
    next: int | None = None


Method = Callable[[Any], Any]


def noting(seen: list[Any], result: Any) -> Method:
    """Return a method that records its parameters and answers with one result."""

    def method(params: Any) -> Any:
        seen.append(params)
        return result

    return method


@dataclass
class FakePortal:
    """Returns `replies` in turn, then runs `methods`. `requests` are the received requests."""

    replies: list[Reply] = field(default_factory=list)
    methods: Mapping[str, Method] = field(default_factory=dict)
    requests: list[Recorded] = field(default_factory=list)

    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        target = scope.get("raw_path", scope["path"].encode()).decode()
        if scope.get("query_string"):
            target += "?" + scope["query_string"].decode()
        request = Recorded(scope["method"], target, headers, body)
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else self._run(request)
        sent = [(name.encode(), value.encode()) for name, value in reply.headers]
        if reply.content_type is not None:
            sent.append((b"content-type", reply.content_type.encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        await send({"type": "http.response.body", "body": reply.content()})

    def _run(self, request: Recorded) -> Reply:
        name, dot, suffix = request.method.rpartition(".")
        as_xml = bool(dot) and suffix.lower() == "xml"
        if not dot or suffix.lower() not in ("json", "xml"):
            name = request.method
        params = request.json
        try:
            answered = {"result": self._batch(params)} if name == "batch" else self._envelope(name, params)
            answered, status = {**answered, "time": TIME}, 200
        except PortalError as error:
            answered, status = error.body, error.status
        if as_xml:
            return Reply(f"<response>{php_xml(answered)}</response>", status, "text/xml; charset=utf-8")
        return Reply(answered, status)

    def _envelope(self, name: str, params: Any) -> dict[str, Any]:
        method = self.methods.get(name, self.methods.get(name.lower()))
        if method is None:
            raise PortalError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        found = method(params)
        if not isinstance(found, Page):
            return {"result": found}
        lifted = {"total": found.total, "next": found.next}
        return {"result": found.result, **{key: value for key, value in lifted.items() if value is not None}}

    def _batch(self, params: dict[str, Any]) -> dict[str, Any]:
        box: dict[str, dict[str, Any]] = {"result": {}, "error": {}, "total": {}, "next": {}, "time": {}}
        commands = params["cmd"]
        if isinstance(commands, list):
            commands = {str(index): command for index, command in enumerate(commands)}
        ran = 0
        for label, command in commands.items():
            if not isinstance(command, str):
                continue
            try:
                if ran >= 50:
                    raise PortalError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
                ran += 1
                method, _, query = command.split("#")[0].partition("?")
                if method in ("batch", "download", "upload"):
                    raise PortalError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
                answered = self._envelope(method, substituted(parse_query(query), box))
                box["result"][label] = answered["result"]
                for root in ("total", "next"):
                    if root in answered:
                        box[root][label] = answered[root]
                box["time"][label] = TIME
            except PortalError as error:
                box["error"][label] = error.body
                if params.get("halt") not in (0, "", "0", None, False, []):
                    break
        return {("result" if root == "result" else f"result_{root}"): found for root, found in box.items()}


_TOKEN = re.compile(r"\$(result|next|total|time|error)\S*?\[\S*\]\S*", re.IGNORECASE | re.ASCII)


def would_replace(text: str) -> list[str]:
    """Return the parts of a text that the portal replaces inside a batch: `$`, a root, and everything up to white
    space, as long as a `[…]` is in it.
    """
    return [match.group() for match in _TOKEN.finditer(text)]


def substituted(value: Any, box: Mapping[str, Any]) -> Any:
    """Replace references in values, at any depth, as the portal does: a missing key ends the path and what was reached
    so far is used; inside a longer text only texts and numbers are inserted."""
    if isinstance(value, dict):
        return {key: substituted(inner, box) for key, inner in value.items()}
    if isinstance(value, list):
        return [substituted(inner, box) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _TOKEN.fullmatch(value)
    if whole is not None:
        return _resolved(whole, box)

    def inserted(match: re.Match[str]) -> str:
        found = _resolved(match, box)
        return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else match.group()

    return _TOKEN.sub(inserted, value)


def _resolved(match: re.Match[str], box: Mapping[str, Any]) -> Any:
    place: Any = listed(box.get(match.group(1)))
    for part in re.findall(r"\[([^\]]*)\]", match.group()):
        key = part.strip("'\"")
        if isinstance(place, list) and _is_index(key) and 0 <= int(key) < len(place):
            place = place[int(key)]
        elif isinstance(place, dict) and key in place:
            place = place[key]
        else:
            break
    return place


# --- Helpers -----------------------------------------------------------------------------------------------------


class FakeClock:
    """A clock that only sleeping advances, without waiting. A timeout ends when sleeping passes its moment."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []
        self._timeouts: list[tuple[float, anyio.CancelScope]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)
        for moment, scope in self._timeouts:
            if self.time > moment:
                scope.cancel()
        self._timeouts = [entry for entry in self._timeouts if self.time <= entry[0]]
        await anyio.lowlevel.checkpoint()

    def timeout(self, seconds: float) -> anyio.CancelScope:
        scope = anyio.CancelScope()
        self._timeouts.append((self.time + seconds, scope))
        return scope


@asynccontextmanager
async def open_portal(
    app: Any,
    address: str = WEBHOOK,
    *,
    clock: FakeClock | None = None,
    state: SharedState | None = None,
    deadline: float = 0.0,
    plan: Plan = "none",
    **options: Any,
) -> AsyncIterator[Portal]:
    """Open a `Portal` whose requests go to an ASGI application (None: to the network), and close it afterwards.

    Without a deadline nothing waits and nothing is retried.
    """
    portal = Portal(
        parse_webhook(address),
        PortalOptions(deadline=deadline, plan=plan, **options),
        app=app,
        clock=clock or FakeClock(),
        state=state,
    )
    try:
        yield portal
    finally:
        await portal.aclose()


Conversation = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Served:
    """A loopback server: `port`, and every request that arrived whole, head and body as bytes.

    `connections` is the number of connections so far, `open` that of connections that neither side has closed.
    """

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    def webhook(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/rest/1/{CODE}/"


@asynccontextmanager
async def serve(
    answer: Conversation, tls: ssl.SSLContext | None = None, *, keep: bool = False
) -> AsyncIterator[Served]:
    """Listen on a loopback port. For every request that arrives whole, `answer` gets its bytes and writes what it
    likes; the connection closes when `answer` returns, or with `keep` when the client closes it."""
    writers: set[asyncio.StreamWriter] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        served.open += 1
        writers.add(writer)
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *([0-9]+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                served.requests.append(head + body)
                await answer(head + body, writer)
                await writer.drain()
                if not keep:
                    break
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            served.open -= 1
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls)
    served = Served(server.sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


def http_answer(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """Write a whole HTTP response. `length` is the value of Content-Length, if not the true one."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{headers}\r\n"
    return head.encode() + body
