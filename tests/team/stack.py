"""The processes of a team server on this computer: a portal, Redis, PostgreSQL, two servers, and nginx with TLS."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

from b24_mcp.config.settings import Settings
from tests.team.nginx import free_port, running_nginx

ROOT = Path(__file__).parents[2]
KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "only-for-this-computer"
ROLES = "admin=full,*=write"


@dataclass
class SandboxProcess:
    """A portal of its own process. `people` are the ids of its users."""

    process: subprocess.Popen[str]
    announced: dict[str, Any]

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return str(self.announced["url"]).rstrip("/")


@dataclass
class Replica:
    """One of the servers."""

    process: subprocess.Popen[str]
    port: int
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of this server alone, past nginx."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)


@dataclass
class Stack:
    """Everything that runs. `url` is the address of nginx, `ca` the authority of its certificate."""

    folder: Path
    sandbox: SandboxProcess
    replicas: list[Replica]
    url: str
    ca: Path
    environment: Mapping[str, str]
    has_postgresql: bool

    def start_again(self, number: int) -> None:
        """Start a server in place of one that was killed, at the same port."""
        self.replicas[number] = _replica(self.environment, self.replicas[number].port)


@contextmanager
def running_stack(folder: Path, latency: float = 0.0) -> Iterator[Stack]:
    """Run a team server. `latency` delays each request to the portal by these seconds."""
    with ExitStack() as running:
        port = free_port()
        url = f"https://127.0.0.1:{port}"
        sandbox = running.enter_context(_sandbox(f"{url}/login/callback", latency))
        environment = _environment(folder, sandbox, f"{url}/mcp", running.enter_context(_redis(folder)))
        has_postgresql = "records" in Settings.model_fields and _program("initdb") is not None
        if has_postgresql:
            environment["B24_RECORDS"] = running.enter_context(_postgresql())
        replicas: list[Replica] = []
        running.callback(_stop_all, replicas)
        for _ in range(2):
            replicas.append(_replica(environment, free_port()))  # noqa: PERF401  # each is stopped even if the next fails
        certificates = running.enter_context(running_nginx(folder / "nginx", port, [one.port for one in replicas]))
        yield Stack(folder, sandbox, replicas, url, certificates.ca, environment, has_postgresql)


def _environment(folder: Path, sandbox: SandboxProcess, url: str, redis: str) -> dict[str, str]:
    files = folder / "files"
    files.mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    return own | {
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder / "home"),
        "B24_HTTP_LOGIN": "bitrix24",
        "B24_HTTP_URL": url,
        "B24_HTTP_KEY": KEY,
        "B24_HTTP_ROLES": ROLES,
        "B24_ACCESS": "full",
        "B24_PORTAL": sandbox.origin,
        "B24_CLIENT_ID": sandbox.announced["client_id"],
        "B24_CLIENT_SECRET": sandbox.announced["client_secret"],
        "B24_PLAN": "none",
        "B24_STATE": redis,
        "B24_DATA_DIR": str(folder / "data"),
        "B24_AUDIT": str(folder / "audit"),
        "B24_FILES_DIR": str(files),
        "B24_DOCS": "off",
        "B24_KEEP_SECRETS": "file",
        "B24_HTTP_CONNECTIONS_PER_ADDRESS": "512",
        "B24_HTTP_PROXIES": "127.0.0.1",
    }


@contextmanager
def _sandbox(handler: str, latency: float) -> Iterator[SandboxProcess]:
    options = ["--port", "0", "--handler", handler, "--latency", str(latency)]
    process = subprocess.Popen(
        [sys.executable, "-m", "b24_mcp", "sandbox", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("B24_")},
    )
    assert process.stdout is not None
    try:
        yield SandboxProcess(process, json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def _replica(environment: Mapping[str, str], port: int) -> Replica:
    process = subprocess.Popen(
        [sys.executable, "-m", "b24_mcp", "serve", "--http", "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=dict(environment),
    )
    replica = Replica(process, port)
    listening = threading.Event()

    def read() -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                replica.log.append(line)
                if "serves MCP at" in line:
                    listening.set()
        listening.set()

    threading.Thread(target=read, daemon=True).start()
    if not listening.wait(60) or process.poll() is not None:
        process.kill()
        raise RuntimeError("A server did not start:\n" + "".join(replica.log))
    return replica


def _stop_all(replicas: list[Replica]) -> None:
    for replica in replicas:
        replica.process.terminate()
    for replica in replicas:
        with suppress(subprocess.TimeoutExpired):
            replica.process.wait(60)
            continue
        replica.kill()


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        raise RuntimeError("redis-server is not installed")
    store = folder / "redis"
    store.mkdir()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--dir", str(store)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _postgresql() -> Iterator[str]:
    """Run PostgreSQL, prepared by the script of `deploy/`. Yield the address for the servers."""
    import tempfile

    user = _other_user() if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="b24-team-"))
    port = free_port()
    try:
        if user is not None:
            shutil.chown(folder, user)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb, postgres = _program("initdb"), _program("postgres")
        assert initdb is not None
        assert postgres is not None
        options = ["-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
        data = str(folder / "data")
        subprocess.run(
            [initdb, "-D", data, *options, f"--pwfile={secret}"], user=user, check=True, capture_output=True, cwd=folder
        )
        flags = [f"--port={port}", "--listen_addresses=127.0.0.1", "--unix_socket_directories=", "--fsync=off"]
        process = subprocess.Popen([postgres, "-D", data, *flags, "--log_min_messages=fatal"], user=user, cwd=folder)
        try:
            _wait_for(port, process)
            _prepare(port)
            yield f"postgresql://b24_mcp:{PASSWORD}@127.0.0.1:{port}/b24_mcp"
        finally:
            process.send_signal(signal.SIGINT)  # stops without a wait for clients
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(port: int) -> None:
    environment = {
        **os.environ,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGPASSWORD": PASSWORD,
        "SERVER_PASSWORD": PASSWORD,
    }
    until = time.monotonic() + 20
    while True:
        done = subprocess.run(
            ["sh", str(ROOT / "deploy" / "database.sh")], env=environment, capture_output=True, text=True
        )
        if done.returncode == 0:
            return
        if "starting up" not in done.stderr or time.monotonic() > until:
            raise RuntimeError(done.stderr)
        time.sleep(0.1)


def _program(name: str) -> str | None:
    found = shutil.which(name)
    return found or next(iter(sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)


def _other_user() -> str:
    names = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", "daemon") if name in names)


def _wait_for(port: int, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not start")
