"""The services of a run on loopback: the model, a portal, the server over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.applications import Starlette

from tests.installing import ROOT

B24_MCP = str(Path(sys.executable).parent / "b24-mcp")
"""The program under test."""
TOKEN = "a-token-for-this-run-of-the-clients-only"


@contextmanager
def answering(app: Starlette, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """Serve an application on a free port of loopback, and yield its address. A lifespan is shut down at the end."""
    config = uvicorn.Config(app, host="127.0.0.1", port=free_port(), log_level="error", lifespan=lifespan)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait_for(server.config.port)
    try:
        yield f"http://127.0.0.1:{server.config.port}"
    finally:
        server.should_exit = True
        server.force_exit = lifespan == "off"
        thread.join(10)


@contextmanager
def portal() -> Iterator[str]:
    """Start a sandbox portal, and yield its webhook."""
    with _started("sandbox", "--port", "0") as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["webhook"]


@contextmanager
def web_server() -> Iterator[str]:
    """Start the server over HTTP with a token on the sandbox, and yield its address; empty if it cannot serve HTTP."""
    command = [B24_MCP, "serve", "--help"]
    usage = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False).stdout
    if "--http" not in usage:
        yield ""
        return
    port = free_port()
    with _started("serve", "--http", "--port", str(port), B24_HTTP_TOKEN=TOKEN):
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/mcp"


@contextmanager
def team_servers() -> Iterator[dict[str, str]]:
    """Start a server for each way in which a client introduces itself at its login, and yield their addresses."""
    ports = {"cimd": free_port(), "dcr": free_port()}
    module = [sys.executable, "-m", "tests.clients.team_server"]
    with (
        _running([*module, str(ports["cimd"])]),
        _running([*module, str(ports["dcr"]), "register"]),
    ):
        for port in ports.values():
            _wait_for(port)
        yield {way: f"http://127.0.0.1:{port}/mcp" for way, port in ports.items()}


@contextmanager
def _started(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    with _running([B24_MCP, *arguments], **variables) as process:
        yield process


@contextmanager
def _running(command: list[str], **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        env=_environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    return kept | {"PYTHONPATH": str(ROOT), "B24_STATE": "memory", "B24_DOCS": "off"}


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")
