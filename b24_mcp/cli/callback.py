"""The address on this computer to which the browser is sent back with the code of a login."""

from __future__ import annotations

import html
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

from b24_mcp.errors import B24Error

PATH = "/callback"

_Taken = TypeVar("_Taken")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>b24-mcp</title>
<body style="font-family: sans-serif; margin: 4em"><h1>{title}</h1><p>{text}</p></body></html>"""
_LONGEST_EXCHANGE = 60.0
_SILENT_FOR = 10.0


class Callback:
    """Listens on 127.0.0.1 until one request is taken. Use it as a context manager.

    `take` reads the query of a request, and raises B24Error for one that does not belong here, which is refused. What
    it gave for the first other one comes from `wait`, and `answer` says what the browser is shown.

    Raises:
        OSError: when the port is taken.
    """

    def __init__(self, port: int, take: Callable[[str], _Taken]) -> None:
        self._take = take
        self._taken: queue.Queue[_Taken] = queue.Queue()
        self._first = threading.Lock()
        self._outcome: tuple[str, str] = ("Nothing happened", "b24-mcp has ended.")
        self._decided, self._shown = threading.Event(), threading.Event()
        callback = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _SILENT_FOR
            server_version, sys_version = "b24-mcp", ""

            def do_GET(self) -> None:
                callback._respond(self)

            def log_message(self, format: str, *args: object) -> None:
                """Write nothing: the line of the request holds the code."""

        # A thread for each connection: browsers open some that they never use.
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._decided.set()
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> object | None:
        """What was taken; None when nothing came in time."""
        try:
            return self._taken.get(timeout=seconds)
        except queue.Empty:
            return None

    def answer(self, title: str, text: str) -> None:
        """Show a page for the request that was taken, and wait until it is sent."""
        self._outcome = (title, text)
        self._decided.set()
        self._shown.wait(_SILENT_FOR)

    def _respond(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        if parts.path != PATH:
            _show(request, 404, "Nothing here", "This address is for Bitrix24 only.")
            return
        try:
            taken = self._take(parts.query)
        except B24Error as exc:
            _show(request, 400, "Not accepted", exc.fault.message)
            return
        if not self._first.acquire(blocking=False):
            _show(request, 410, "Already done", "This login was answered before.")
            return
        self._taken.put(taken)
        self._decided.wait(_LONGEST_EXCHANGE)
        try:
            _show(request, 200, *self._outcome)
        finally:
            self._shown.set()


def _show(request: BaseHTTPRequestHandler, status: int, title: str, text: str) -> None:
    page = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
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
