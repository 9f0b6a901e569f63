"""The configuration of nginx, checked and run by a real nginx."""

from __future__ import annotations

import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from b24_mcp.server.http.options import PATH
from tests.team.nginx import CONFIGURATION, NGINX, free_port, locations, running_nginx, write_configuration

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

PAGES = {"/", "/login", "/logout", "/approve/", "/clients/"}
FORWARDED = {PATH, f"{PATH}/", f"{PATH}/offer", f"{PATH}/files/", "/.well-known/oauth-", "/oauth/", "/health", "/ready"}


@dataclass
class Backend:
    """A server that records what arrives. While `is_broken`, it closes the connection without an answer."""

    requests: list[tuple[str, str, str]] = field(default_factory=list)
    is_broken: bool = False
    port: int = 0


@pytest.fixture
def backends() -> Iterator[list[Backend]]:
    opened: list[tuple[Backend, ThreadingHTTPServer, threading.Thread]] = []
    for _ in range(2):
        backend = Backend()
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(backend))
        backend.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        opened.append((backend, server, thread))
    yield [backend for backend, _, _ in opened]
    for _, server, thread in opened:
        server.shutdown()
        thread.join()
        server.server_close()


def handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            backend.requests.append((self.command, self.path, self.headers["host"]))
            if backend.is_broken:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@dataclass
class Proxy:
    http: httpx.Client
    folder: Path
    port: int


@pytest.fixture
def proxy(tmp_path: Path, backends: list[Backend]) -> Iterator[Proxy]:
    port = free_port()
    with running_nginx(tmp_path / "nginx", port, [one.port for one in backends]) as certificates:
        context = ssl.create_default_context(cafile=str(certificates.ca))
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context, trust_env=False) as http:
            yield Proxy(http, tmp_path / "nginx", port)


def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    assert NGINX is not None
    file, _ = write_configuration(tmp_path, 8443, [8024, 8025])
    checked = subprocess.run([NGINX, "-t", "-p", str(tmp_path), "-c", str(file)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "test is successful" in checked.stderr
    assert "[warn]" not in checked.stderr


def test_every_place_is_forwarded_or_refused() -> None:
    assert locations() == FORWARDED | PAGES


def test_what_the_server_serves_is_forwarded_and_nothing_else(proxy: Proxy, backends: list[Backend]) -> None:
    own = [
        *(
            "/mcp",
            "/mcp/",
            "/mcp/offer?access=read",
            "/mcp/files/abc",
            "/health",
            "/ready",
            "/",
            "/login/callback?code=1",
        ),
        *("/oauth/register", "/oauth/token", "/.well-known/oauth-authorization-server", "/approve/ABCD", "/logout"),
        "/.well-known/oauth-protected-resource/mcp",
    ]
    for path in own:
        assert proxy.http.get(path).status_code == 200, path
    for path in ("/admin", "/mcp/other", "/.env", "/.well-known/security.txt", "/healthy"):
        assert proxy.http.get(path).status_code == 404, path
    arrived = [path for backend in backends for _, path, _ in backend.requests]
    assert sorted(arrived) == sorted(own)
    assert {host for backend in backends for _, _, host in backend.requests} == {f"127.0.0.1:{proxy.port}"}


def test_codes_and_addresses_of_files_are_not_logged(proxy: Proxy) -> None:
    proxy.http.get("/login/callback?code=secret-code")
    proxy.http.get("/oauth/authorize?state=secret-state")
    proxy.http.get("/mcp/files/secret-file")
    proxy.http.get("/mcp", headers={"authorization": "Bearer secret-token"})
    text = (proxy.folder / "access.log").read_text("utf-8") + (proxy.folder / "error.log").read_text("utf-8")
    assert "/login/callback" in text
    assert "secret" not in text


def test_a_write_that_may_have_arrived_is_not_sent_to_the_other_server(proxy: Proxy, backends: list[Backend]) -> None:
    for backend in backends:
        backend.is_broken = True
    assert proxy.http.post("/mcp", content=b"{}").status_code == 502
    assert sum(len(backend.requests) for backend in backends) == 1


def test_the_other_server_answers_when_one_is_gone(tmp_path: Path, backends: list[Backend]) -> None:
    port = free_port()
    with (
        running_nginx(tmp_path / "nginx", port, [free_port(), backends[0].port]) as certificates,
        httpx.Client(verify=ssl.create_default_context(cafile=str(certificates.ca)), trust_env=False) as http,
    ):
        for number in range(20):
            headers = {"authorization": f"Bearer {number}"}
            assert http.post(f"https://127.0.0.1:{port}/mcp", headers=headers, content=b"{}").status_code == 200
    assert len(backends[0].requests) == 20


def test_the_log_of_nginx_has_no_queries() -> None:
    text = CONFIGURATION.read_text("utf-8")
    assert not re.search(r"log_format[^;]*\$(request_uri|args|request[ '\"])", text)
    assert re.search(r"/mcp/files/ \{[^}]*access_log off;[^}]*proxy_request_buffering off;", text)
