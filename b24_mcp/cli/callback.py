"""The local HTTP server to which the browser returns with the code of a login."""

from __future__ import annotations

import html
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Generic, Self, TypeVar
from urllib.parse import urlsplit

from b24_mcp.errors import B24Error
from b24_mcp.texts import for_user, language_of_user

PATH = "/callback"

T = TypeVar("T")
_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8"><title>b24-mcp</title>
<body style="font-family: sans-serif; margin: 4em"><h1>{title}</h1><p>{text}</p></body></html>"""
_ANSWER_TIMEOUT = 60.0
_SOCKET_TIMEOUT = 10.0


class Callback(Generic[T]):
    """A server on 127.0.0.1 that accepts one request. Use it as a context manager.

    `parse` reads the query of a request. A request for which it raises B24Error is refused. The first other request is
    accepted: `wait` returns what `parse` returned for it, and `answer` sends the page that the browser shows.

    Raises:
        OSError: when the port is in use.
    """

    def __init__(self, port: int, parse: Callable[[str], T]) -> None:
        self._parse = parse
        self._accepted: queue.Queue[T] = queue.Queue()
        self._first = threading.Lock()
        self._page: tuple[str, str] = ("Not logged in", "b24-mcp has stopped.")
        self._answered, self._sent = threading.Event(), threading.Event()
        callback = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _SOCKET_TIMEOUT
            server_version, sys_version = "b24-mcp", ""

            def do_GET(self) -> None:
                callback._respond(self)

            def log_message(self, format: str, *args: object) -> None:
                """Write nothing: the request line holds the code."""

        # One thread for each connection: browsers open some that they never use.
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._answered.set()
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> T | None:
        """Return the parsed query of the accepted request, or None after `seconds` without one."""
        try:
            return self._accepted.get(timeout=seconds)
        except queue.Empty:
            return None

    def answer(self, title: str, text: str) -> None:
        """Send a page for the accepted request, and wait until it is sent."""
        self._page = (title, text)
        self._answered.set()
        self._sent.wait(_SOCKET_TIMEOUT)

    def _respond(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        if parts.path != PATH:
            _send_page(request, 404, "Not found", "This address is for Bitrix24 only.")
            return
        try:
            parsed = self._parse(parts.query)
        except B24Error as exc:
            _send_page(request, 400, "Not accepted", exc.fault.message)
            return
        if not self._first.acquire(blocking=False):
            _send_page(request, 410, "Already used", "This login was answered before.")
            return
        self._accepted.put(parsed)
        self._answered.wait(_ANSWER_TIMEOUT)
        try:
            _send_page(request, 200, *self._page)
        finally:
            self._sent.set()


def _send_page(request: BaseHTTPRequestHandler, status: int, title: str, text: str) -> None:
    page = _PAGE.format(
        language=language_of_user(), title=html.escape(for_user(title)), text=html.escape(for_user(text))
    ).encode()
    request.send_response(status)
    for name, value in (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(page))),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("Connection", "close"),
    ):
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(page)
