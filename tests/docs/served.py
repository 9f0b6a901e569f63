"""A server of the documentation on loopback, which answers as a test says and remembers the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from b24_mcp.docs.origin import REPOSITORIES
from tests.docs.pages import edition, write_tar

REVISION = "0123456789abcdef0123456789abcdef01234567"
Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class DocsServer:
    """The editions by the path of their archive. `answer` replaces the response to every request."""

    archives: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    answer: Callable[[str, Mapping[str, str]], Answer] | None = None
    address: str = ""
    etag: str = '"one"'

    def put(self, folder: Path, language: str, files: Mapping[str, str] | None = None) -> None:
        """Serve an edition."""
        folder.mkdir(parents=True, exist_ok=True)
        archive = write_tar(folder / f"{language}.tar.gz", dict(files or edition(language)), revision=REVISION)
        repository = REPOSITORIES["ru" if language == "ru" else "en"]
        self.archives[f"/{repository}/archive/HEAD.tar.gz"] = archive.read_bytes()

    def respond(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Return the response to a request."""
        self.asked.append((path, headers.get("if-none-match")))
        if self.answer is not None:
            return self.answer(path, headers)
        if self.etag and headers.get("if-none-match") == self.etag:
            return 304, {}, b""
        return 200, {"ETag": self.etag} if self.etag else {}, self.archives[path]


@contextmanager
def docs_server(folder: Path) -> Iterator[DocsServer]:
    """Serve both editions on loopback."""
    served = DocsServer()
    served.put(folder, "en")
    served.put(folder, "ru")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = served.respond(self.path, {n.lower(): v for n, v in self.headers.items()})
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | dict(headers)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        served.address = f"http://127.0.0.1:{listening.server_port}"
        try:
            yield served
        finally:
            listening.shutdown()
            thread.join()
