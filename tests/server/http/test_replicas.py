"""Two servers behind nginx, as `deploy/` configures it: with a shared Redis and folder, and people with tokens."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from tests.loopback import LoopbackPortal
from tests.server.http.conftest import ServerProcess, modern_call, modern_headers, server_process
from tests.server.http.issuer import NAME, URL, SignedFor

DEPLOY = Path(__file__).parents[3] / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="nginx or openssl is not installed")


@dataclass
class Replicas:
    """The servers `one` and `two`, and the proxy before them."""

    one: ServerProcess
    two: ServerProcess
    proxy: str
    trusted: ssl.SSLContext
    issuer: SignedFor

    async def call(self, who: str, tool: str, at: ServerProcess | None = None, **arguments: Any) -> Any:
        """Call a tool through the proxy, or at one of the servers."""
        headers = modern_headers(tool, self.issuer.token(sub=who, scope="b24:full")) | {"host": "mcp.example.com"}
        async with httpx.AsyncClient(timeout=60, verify=self.trusted) as http:
            url = f"{self.proxy}/mcp" if at is None else at.url
            answer = await http.post(url, headers=headers, content=modern_call(tool, arguments), extensions=_SNI)
        assert answer.status_code == 200, answer.text
        lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
        return json.loads(json.loads(lines[-1] if lines else answer.text)["result"]["content"][0]["text"])


_SNI = {"sni_hostname": "mcp.example.com"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(params=["folder", "postgresql"])
def replicas(
    portal: LoopbackPortal, issuer: SignedFor, redis_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Replicas]:
    files = tmp_path / "files"
    files.mkdir()
    settings = {
        "B24_STATE": redis_url,
        "B24_FILES_DIR": str(files),
        "B24_ACCESS": "full",
        "B24_PLAN": "none",
        "B24_HTTP_URL": URL,
        "B24_HTTP_ISSUER": NAME,
        "B24_HTTP_JWKS": issuer.url,
        "B24_HTTP_KEY": "k" * 32,
        "PYTHONPATH": str(DEPLOY.parent),
    }
    folders = {"B24_DATA_DIR": str(tmp_path / "data")}, {"B24_DATA_DIR": str(tmp_path / "data")}
    if request.param == "postgresql":  # then the servers share no folder for data sets
        settings["B24_RECORDS"] = request.getfixturevalue("postgresql_address")
        folders[1]["B24_DATA_DIR"] = str(tmp_path / "other data")
    with ExitStack() as stack:
        one = stack.enter_context(server_process(**settings, **folders[0]))
        two = stack.enter_context(server_process(**settings, **folders[1]))
        port = free_port()
        stack.enter_context(Nginx(tmp_path, port, one, two))
        trusted = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
        yield Replicas(one, two, f"https://127.0.0.1:{port}", trusted, issuer)


class Nginx:
    """Runs nginx with the configuration of `deploy/`, in a folder of the test."""

    def __init__(self, folder: Path, port: int, one: ServerProcess, two: ServerProcess) -> None:
        assert OPENSSL is not None
        command = [
            OPENSSL,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=mcp.example.com",
        ]
        command += ["-addext", "subjectAltName=DNS:mcp.example.com"]
        command += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
        subprocess.run(command, check=True, capture_output=True)
        text = (DEPLOY / "nginx.conf").read_text("utf-8").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        text = text.replace("http2 on;", "").replace("/etc/nginx/tls", str(folder))
        for name, server in (("one", one), ("two", two)):
            text = text.replace(f"{name}:8024", re.findall(r"127\.0\.0\.1:\d+", server.url)[0])
        text = text.replace("/dev/stdout", str(folder / "access.log"))
        text = f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\ndaemon off;\n{text}"
        self._file = folder / "nginx.conf"
        self._file.write_text(text, "utf-8")
        self._port = port

    def __enter__(self) -> None:
        assert NGINX is not None
        self._process = subprocess.Popen([NGINX, "-c", str(self._file)], stderr=subprocess.DEVNULL)
        for _ in range(10_000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
        raise AssertionError("nginx did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)


async def test_what_one_server_stores_the_other_reads_for_the_same_person_only(replicas: Replicas) -> None:
    listed = await replicas.call("ann", "list_records", replicas.one, method="crm.deal.list", limit=20, save_as="deals")
    assert listed["ok"], listed
    sql = "SELECT count(*) FROM deals"
    assert (await replicas.call("ann", "query_records", replicas.two, sql=sql))["rows"] == [[20]]
    assert (await replicas.call("ben", "query_records", replicas.two, sql=sql))["ok"] is False
    assert (await replicas.call("ann", "query_records", sql=sql))["rows"] == [[20]]


@pytest.mark.parametrize("replicas", ["folder"], indirect=True)
async def test_a_file_goes_through_the_proxy_and_its_address_is_in_no_log(replicas: Replicas, tmp_path: Path) -> None:
    missing = await replicas.call("ann", "import_records", path="rows.csv")
    address = re.search(r"/mcp/files/([\w-]+)", missing["error"]["hint"])
    assert address is not None
    async with httpx.AsyncClient(verify=replicas.trusted, headers={"host": "mcp.example.com"}, timeout=60) as http:
        content = b"a;b\n" + b"1;2\n" * 1_500_000  # more than a request may have, and than a proxy keeps in memory
        put = await http.put(f"{replicas.proxy}{address[0]}", content=content, extensions=_SNI)
        assert (put.status_code, put.json()["size"]) == (201, len(content))
        assert (await http.get(f"{replicas.proxy}/anything", extensions=_SNI)).status_code == 404
    logs = "".join([*replicas.one.log, *replicas.two.log, read(tmp_path / "access.log"), read(tmp_path / "error.log")])
    assert address[1] not in logs
    assert "/anything" in logs


def read(path: Path) -> str:
    return path.read_text("utf-8", "replace")


@pytest.mark.parametrize("replicas", ["folder"], indirect=True)
async def test_the_proxy_goes_on_with_one_server(replicas: Replicas) -> None:
    replicas.one.process.kill()
    await anyio.to_thread.run_sync(replicas.one.ended)
    for number in range(8):
        assert (await replicas.call(f"person {number}", "find_methods", query="deals"))["ok"]


async def test_an_apply_of_a_killed_server_is_resumed_by_the_other_and_nothing_is_done_twice(
    replicas: Replicas, portal: LoopbackPortal
) -> None:
    await replicas.call("ann", "list_records", replicas.one, method="crm.deal.list", limit=70, save_as="deals")
    job: dict[str, Any] = {
        "sql": "SELECT ID FROM deals ORDER BY ID",
        "method": "crm.deal.update",
        "params": {"id": "$ID", "fields": {"COMMENTS": "Reviewed"}},
    }
    shown = await replicas.call("ann", "apply_records", replicas.one, dry_run=True, **job)
    rows = shown["rows"]
    assert rows > 50
    portal.sandbox.hold()
    async with anyio.create_task_group() as tasks:

        async def cut_off() -> None:
            with pytest.raises(httpx.HTTPError):
                await replicas.call("ann", "apply_records", replicas.one, **job)

        tasks.start_soon(cut_off)
        await anyio.to_thread.run_sync(portal.sandbox.arrived.wait, 20)
        replicas.one.process.kill()
    portal.sandbox.let_go()
    other = await replicas.call("ben", "apply_records", replicas.two, resume=True, **job)
    assert other["error"]["code"] == "B24MCP_APPLY_RESUME"
    resumed = await replicas.call("ann", "apply_records", replicas.two, resume=True, **job)
    assert resumed["succeeded"] + resumed["unknown"] == rows
    assert 0 < resumed["unknown"] < rows, "those that were sent when the server was killed"
    sent: list[Any] = [call.params["cmd"] for call in portal.calls if call.method == "batch"]
    updates = Counter(
        command.partition("&")[0] for commands in sent for command in commands.values() if "update?" in command
    )
    assert resumed["succeeded"] <= len(updates) <= rows
    assert set(updates.values()) == {1}
