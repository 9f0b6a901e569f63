"""The sandbox as an ASGI application: bytes in, bytes out, nothing of what methods mean."""

import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from b24_mcp.sandbox import answer, request
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.php import Map
from b24_mcp.sandbox.portal import Portal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DEMO_WEBHOOK = "1/sandboxdemocode"

_NO_PAGE = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One answered call: no secrets in it. ``error`` is the code, ``None`` on success; ``duration`` in seconds."""

    method: str
    params: Map
    status: int
    error: str | None
    duration: float


@dataclass(frozen=True, slots=True)
class Response:
    """Status, content type and body of an answer."""

    status: int
    content_type: str
    body: bytes


class Sandbox:
    """A Bitrix24 portal in this process.

    ``db`` is a file, or ``":memory:"``; a file keeps its data, and is filled with the demonstration company only when
    it is new (``empty`` leaves the company out: one administrator, stages, nothing else). ``webhook`` is the user id
    and code calls must carry. ``log`` is told of every answered call. ``clock`` gives Unix seconds.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] = ":memory:",
        *,
        webhook: str = DEMO_WEBHOOK,
        empty: bool = False,
        log: Callable[[LoggedCall], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.webhook = webhook
        self.portal = Portal(db, webhook, empty=empty, clock=clock)
        self._log = log
        from concurrent.futures import ThreadPoolExecutor  # with logging behind it: not needed to import us

        # One thread: the loop of whoever embeds us never waits for the database, and calls never overlap in it.
        self._worker = ThreadPoolExecutor(1, "b24-sandbox")

    def webhook_url(self, base: str) -> str:
        """The address of the incoming webhook under ``base`` (``http://127.0.0.1:8000``), with a slash at the end."""
        return f"{base.rstrip('/')}/rest/{self.webhook}/"

    def close(self) -> None:
        """Let go of the database and the worker; calls under way finish first."""
        self._worker.shutdown()
        self.portal.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope (``http`` or ``lifespan``)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise RuntimeError(f"the sandbox does not speak {scope['type']}")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio  # loaded by whoever runs us; importing it here keeps our own import cheap

        body = await _read_body(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        response = await loop.run_in_executor(self._worker, self._respond, scope, body)
        await _send(send, response, time.perf_counter() - started)

    def _respond(self, scope: Scope, body: bytes) -> Response:
        raw = scope.get("raw_path")
        path = raw.decode("utf-8", "replace").partition("?")[0] if raw else quote(scope["path"])
        verb = scope["method"]
        address = request.parse_path(path)
        if verb == "OPTIONS" and path.startswith("/rest/"):
            return Response(200, answer.CONTENT_TYPES["json"], b"")
        if address is None:
            return Response(404, "text/html; charset=utf-8", _NO_PAGE)
        asked = request.read(
            address, verb, scope["query_string"].decode("utf-8", "replace"), _content_type(scope), body
        )
        status, content = self._call(asked)
        return Response(status, answer.CONTENT_TYPES[asked.format], answer.render(content, asked.format))

    def _call(self, asked: request.Request) -> tuple[int, Map]:
        started = time.perf_counter()
        status, error = 200, None
        try:
            content = self.portal.answer(asked)
        except PortalError as refusal:
            status, error, content = refusal.status, refusal.code, refusal.body()
        except Exception:  # a fault of ours: the portal's own form for one, and the trace in our log
            import logging

            logging.getLogger(__name__).exception("the sandbox failed in %s", asked.method)
            status, error = 500, "INTERNAL_SERVER_ERROR"
            content = PortalError(error, "Internal server error").body()
        if self._log is not None:
            self._log(LoggedCall(asked.method, asked.params, status, error, time.perf_counter() - started))
        return status, content


def _content_type(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name.lower() == b"content-type":
            return str(value.decode("latin-1"))
    return ""


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or ``None`` when the client is gone."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def _send(send: Send, response: Response, seconds: float) -> None:
    spent = f"{seconds:.10f}"
    headers = [
        *answer.CORS_HEADERS,
        ("Content-Type", response.content_type),
        ("Content-Length", str(len(response.body))),
        ("X-Bitrix-Rest-Time", spent),
        ("X-Bitrix-Rest-User-Time", spent),
        ("X-Bitrix-Rest-System-Time", "0.0000000000"),
    ]
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        }
    )
    await send({"type": "http.response.body", "body": response.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
