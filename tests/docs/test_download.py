"""The download of an archive, from a server on loopback with every behaviour a server can have."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from b24_mcp.docs import DocsError, DocsLibrary
from b24_mcp.docs.download import GITHUB, Host, download
from b24_mcp.docs.github import fetch_edition
from b24_mcp.docs.sync import replace_copy, sync_lock
from tests.docs.pages import edition, write_tar

Answer = tuple[int, dict[str, str], bytes]
REPOSITORY = "bitrix24/b24restdocs"
PATH = f"/{REPOSITORY}/archive/HEAD.tar.gz"
REVISION = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def server(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[str]:
    """Serve the responses of `answer` to path and headers on loopback, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()


def loopback(address: str, max_bytes: int = 1 << 20) -> Host:
    return Host(address, ("127.0.0.1",), max_bytes)


def test_an_archive_is_fetched_through_a_redirect_within_the_hosts(tmp_path: Path) -> None:
    asked = []

    def answer(path: str, headers: dict[str, str]) -> Answer:
        asked.append((path, headers["user-agent"].partition("/")[0]))
        if path == PATH:
            return 302, {"Location": "/elsewhere.tar.gz"}, b""
        return 200, {"ETag": '"state"'}, b"archive"

    received: list[tuple[int, int | None]] = []
    with server(answer) as address:
        target = tmp_path / "a.tar.gz"
        got = download(
            REPOSITORY, target, host=loopback(address), on_progress=lambda size, total: received.append((size, total))
        )
    assert (got, target.read_bytes()) == ('"state"', b"archive")
    assert asked == [(PATH, "b24-mcp"), ("/elsewhere.tar.gz", "b24-mcp")]
    assert received == [(7, 7)]


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://evil.example/a.tar.gz", "evil.example"),
        ("https://github.com.evil.example/a.tar.gz", "github.com.evil.example"),
        ("http://192.0.2.1/a.tar.gz", "192.0.2.1"),
        ("file:///etc/passwd", ""),
        ("ftp://127.0.0.1/a", "127.0.0.1"),
    ],
)
def test_a_redirect_to_another_host_is_not_followed(tmp_path: Path, location: str, named: str) -> None:
    with (
        server(lambda *_: (302, {"Location": location}, b"")) as address,
        pytest.raises(DocsError, match=f"leads to {named}, which is not an allowed host"),
    ):
        download(REPOSITORY, tmp_path / "a", host=loopback(address))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://github.com/a", True),
        ("https://codeload.github.com/a", True),
        ("https://objects.githubusercontent.com/a", True),
        ("http://github.com/a", False),
        ("https://github.com.evil.example/a", False),
        ("https://evilgithubusercontent.com/a", False),
        ("https://localhost/a", False),
    ],
)
def test_github_is_requested_over_https_only(address: str, allowed: bool) -> None:
    import httpx

    assert GITHUB.allows(httpx.URL(address)) is allowed


def test_plain_http_is_allowed_for_loopback_only(tmp_path: Path) -> None:
    with pytest.raises(DocsError, match="is not an allowed host"):
        download(REPOSITORY, tmp_path / "a", host=Host("http://mirror.example", ("mirror.example",)))


def test_a_redirect_loop_is_an_error(tmp_path: Path) -> None:
    with (
        server(lambda *_: (302, {"Location": PATH}, b"")) as address,
        pytest.raises(DocsError, match="redirects too often"),
    ):
        download(REPOSITORY, tmp_path / "a", host=loopback(address))


def test_the_download_of_a_too_large_archive_is_stopped(tmp_path: Path) -> None:
    with (
        server(lambda *_: (200, {}, b"x" * 100_000)) as address,
        pytest.raises(DocsError, match="larger than the documentation"),
    ):
        download(REPOSITORY, tmp_path / "a", host=loopback(address, max_bytes=50_000))


def test_an_incomplete_download_is_an_error(tmp_path: Path) -> None:
    with (
        server(lambda *_: (200, {"Content-Length": "999", "Connection": "close"}, b"short")) as address,
        pytest.raises(DocsError, match="was lost before the archive was complete"),
    ):
        download(REPOSITORY, tmp_path / "a", host=loopback(address))


@pytest.mark.parametrize("status", [404, 429, 500, 304])
def test_another_status_is_an_error(tmp_path: Path, status: int) -> None:
    with (
        server(lambda *_: (status, {}, b"")) as address,
        pytest.raises(DocsError, match=f"answered with status {status}"),
    ):
        download(REPOSITORY, tmp_path / "a", host=loopback(address))


def test_an_unreachable_server_is_an_error_with_a_hint_to_work_offline(tmp_path: Path) -> None:
    with server(lambda *_: (200, {}, b"")) as address:
        pass
    with pytest.raises(DocsError, match=r"cannot be reached.*`--from`"):
        download(REPOSITORY, tmp_path / "a", host=loopback(address))


def test_an_edition_is_fetched_indexed_and_not_fetched_again_while_nothing_changes(
    tmp_path: Path, folder: Path
) -> None:
    archive = write_tar(tmp_path / "docs.tar.gz", edition("en"), revision=REVISION).read_bytes()
    sent = []

    def answer(path: str, headers: dict[str, str]) -> Answer:
        assert path == PATH
        unchanged = headers.get("if-none-match") == '"state"'
        sent.append(unchanged)
        return (304, {}, b"") if unchanged else (200, {"ETag": '"state"'}, archive)

    with server(answer) as address:
        host = loopback(address)
        incoming, known = fetch_edition(folder, tmp_path, "en", lambda *_: None, host=host)
        assert known is None
        with sync_lock(folder):
            for one in incoming:
                replace_copy(folder, one, lambda *_: None)
        (status,) = DocsLibrary(folder).status()
        assert status.origin is not None
        assert (status.origin.source, status.origin.revision) == (f"{address}/{REPOSITORY}", REVISION)
        incoming, known = fetch_edition(folder, tmp_path, "en", lambda *_: None, host=host)
    assert (list(incoming), known) == ([], status.origin)
    assert sent == [False, True]


def test_a_repository_without_the_documentation_is_refused(tmp_path: Path, folder: Path) -> None:
    archive = write_tar(tmp_path / "docs.tar.gz", {"readme.md": "# Else"}).read_bytes()
    with (
        server(lambda *_: (200, {}, archive)) as address,
        pytest.raises(DocsError, match="does not contain the documentation"),
    ):
        fetch_edition(folder, tmp_path, "en", lambda *_: None, host=loopback(address))
