"""The HTTP request and the HTTP response that all parts of the sandbox use, and their ASGI form."""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Headers = tuple[tuple[str, str], ...]

_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP request before interpretation.

    `path` and `query` are still percent-encoded, `headers` have lower-case names. `base` is the scheme and host the
    client used (`http://127.0.0.1:8024`, without a trailing slash), or the portal's configured name; links in answers
    begin with it. `secure` is true when the request came over TLS or from this machine.
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
    """A complete HTTP response. A method returns one to send bytes (a file) instead of a value.

    `headers` are added to the common headers of every answer. `rows` is the number of list rows in it, for the
    simulated latency.
    """

    status: int
    content_type: str
    body: bytes
    headers: Headers = ()
    rows: int = 0


async def read_request(scope: Scope, receive: Receive, name: str | None = None) -> HttpRequest | None:
    """Read a request with its whole body. Return `None` when the client has disconnected.

    `name` replaces the host in `base`, if the portal has a configured name; the port stays.
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
        f"{scheme}://{shown_host(scheme, _named(host, name))}",
        scheme == "https" or _is_local(host),
    )


def _named(host: str, name: str | None) -> str:
    """Replace the host name of a `Host` header with the portal's configured name. The port stays."""
    if name is None:
        return host
    _, colon, port = host.rpartition(":")
    return f"{name}:{port}" if colon and port.isdigit() else name


def shown_host(scheme: str, host: str) -> str:
    """A host with its port as addresses show it: without the default port of the scheme."""
    return host.removesuffix(f":{_DEFAULT_PORTS.get(scheme, '')}")


def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # an invalid header; the portal only compares it
        return False
    return name in ("localhost", "::1") or name.startswith("127.")


def start_message(response: Response, headers: Headers) -> dict[str, Any]:
    """The ASGI message that begins a response. `headers` are the common headers of every answer."""
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


def ranged(response: Response, headers: Mapping[str, str]) -> Response:
    """A file as it was asked for: whole, or from a byte on. Source: RFC 9110."""
    if response.status != 200 or not any(name == "Content-Disposition" for name, _ in response.headers):
        return response
    tag = f'"{zlib.crc32(response.body):08x}-{len(response.body)}"'
    own = (*response.headers, ("Accept-Ranges", "bytes"), ("ETag", tag))
    asked = _RANGE.fullmatch(headers.get("range", ""))
    size = len(response.body)
    if asked is None or headers.get("if-range", tag) != tag:
        return replace(response, headers=own)
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if first >= size:
        return Response(416, HTML, b"", (("Content-Range", f"bytes */{size}"),))
    part = ("Content-Range", f"bytes {first}-{last}/{size}")
    return Response(206, response.content_type, response.body[first : last + 1], (*own, part))


async def send_response(send: Send, response: Response, headers: Headers) -> None:
    """Send a complete response."""
    await send(start_message(response, headers))
    await send({"type": "http.response.body", "body": response.body})


async def answer_lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge start-up and shutdown."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
