"""One HTTP request and one HTTP response, as every part of the sandbox passes them on; and both over ASGI."""

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

    ``path`` and ``query`` are still percent-encoded, ``headers`` have lower-case names. ``base`` is scheme and host
    as the client used them (``http://127.0.0.1:8024``, no slash at the end): what links in answers begin with.
    """

    verb: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = "http://127.0.0.1"

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can read it: TLS, or it never leaves this machine."""
        parts = urlsplit(self.base)
        host = parts.hostname or ""
        return parts.scheme == "https" or host in ("localhost", "::1") or host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a body of its own; a method returns one when it sends bytes (a file) instead of a value.

    ``headers`` come on top of those every answer has. ``rows`` is how many list rows are in it, for the simulated
    latency of rows.
    """

    status: int
    content_type: str
    body: bytes
    headers: Headers = ()
    rows: int = 0


async def read_request(scope: Scope, receive: Receive, name: str | None = None) -> HttpRequest | None:
    """The request with its whole body, or ``None`` when the client is gone.

    ``name`` stands for the host in ``base`` when the portal has a name of its own; the port stays.
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
    headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
    return HttpRequest(
        scope["method"],
        path,
        scope["query_string"].decode("utf-8", "replace"),
        headers,
        b"".join(pieces),
        _base(scope, headers, name),
    )


def _base(scope: Scope, headers: Mapping[str, str], name: str | None) -> str:
    host = headers.get("host") or "127.0.0.1"
    if name is not None:
        _, colon, port = host.rpartition(":")
        host = f"{name}:{port}" if colon and port.isdigit() else name
    return f"{scope.get('scheme', 'http')}://{host}"


def start_message(response: Response, headers: Headers) -> dict[str, Any]:
    """The ASGI message that begins a response; ``headers`` are those of every answer."""
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
