"""One HTTP request and one HTTP response, as every part of the sandbox passes them on; and both over ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Headers = tuple[tuple[str, str], ...]

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request before anybody has interpreted it.

    `path` and `query` are still percent-encoded, `headers` have lower-case names. `base` is scheme and host
    as the client used them (`http://127.0.0.1:8024`, no slash at the end), or the portal's own name: what links in
    answers begin with. `secure`: nobody on the way can read it, it came over TLS or never left this machine.
    """

    verb: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = "http://127.0.0.1"
    secure: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a body of its own; a method returns one when it sends bytes (a file) instead of a value.

    `headers` come on top of those every answer has. `rows` is how many list rows are in it, for the simulated
    latency of rows.
    """

    status: int
    content_type: str
    body: bytes
    headers: Headers = ()
    rows: int = 0


async def read_request(scope: Scope, receive: Receive, name: str | None = None) -> HttpRequest | None:
    """The request with its whole body, or `None` when the client is gone.

    `name` stands for the host in `base` when the portal has a name of its own; the port stays.
    """
    pieces = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    raw = scope.get("raw_path")
    path = raw.decode("utf-8", "replace").partition("?")[0] if raw else quote(scope["path"])
    while "//" in path:  # the portal's front end merges slashes, and the official JavaScript SDK relies on it
        path = path.replace("//", "/")
    headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
    scheme, host = scope.get("scheme", "http"), headers.get("host") or "127.0.0.1"
    return HttpRequest(
        scope["method"],
        path,
        scope["query_string"].decode("utf-8", "replace"),
        headers,
        b"".join(pieces),
        f"{scheme}://{_named(host, name)}",
        scheme == "https" or _is_local(host),
    )


def _named(host: str, name: str | None) -> str:
    """`host` of a `Host` header under the portal's own name, with the same port."""
    if name is None:
        return host
    _, colon, port = host.rpartition(":")
    return f"{name}:{port}" if colon and port.isdigit() else name


def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # a header of anything; the portal only compares it
        return False
    return name in ("localhost", "::1") or name.startswith("127.")


def start_message(response: Response, headers: Headers) -> dict[str, Any]:
    """The ASGI message that begins a response; `headers` are those of every answer."""
    own = {name.lower() for name, _ in response.headers}
    shared = (
        *headers,
        ("Content-Type", response.content_type),
        ("Content-Length", str(len(response.body))),
    )
    merged = [*((name, value) for name, value in shared if name.lower() not in own), *response.headers]
    return {
        "type": "http.response.start",
        "status": response.status,
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in merged],
    }


async def send_response(send: Send, response: Response, headers: Headers) -> None:
    """Send all of a response."""
    await send(start_message(response, headers))
    await send({"type": "http.response.body", "body": response.body})


async def answer_lifespan(receive: Receive, send: Send) -> None:
    """Say yes to start-up and shutdown."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
