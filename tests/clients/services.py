"""The services of a run on loopback: the model, a portal, the server over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
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
    """Start a server for each way in which a client introduces itself at its login, and yield their addresses.

    Registered clients get a real server, to which people of a sandbox portal log in.
    """
    ports = {"cimd": free_port(), "dcr": free_port()}
    urls = {way: f"http://127.0.0.1:{port}/mcp" for way, port in ports.items()}
    handler = urls["dcr"].removesuffix("/mcp") + "/login/callback"
    with (
        tempfile.TemporaryDirectory() as folder,
        _running([sys.executable, "-m", "tests.clients.team_server", str(ports["cimd"])]),
        _started("sandbox", "--port", "0", "--handler", handler) as sandbox,
    ):
        assert sandbox.stdout is not None
        portal = json.loads(sandbox.stdout.readline())
        own = {
            "B24_HTTP_LOGIN": "bitrix24",
            "B24_HTTP_URL": urls["dcr"],
            "B24_HTTP_KEY": "k" * 32,
            "B24_HTTP_CLIENT_DOCUMENTS": "false",
            "B24_PORTAL": portal["url"].rstrip("/"),
            "B24_CLIENT_ID": portal["client_id"],
            "B24_CLIENT_SECRET": portal["client_secret"],
            "B24_STATE": f"{folder}/state.db",
            "B24_DATA_DIR": folder,
            "B24_AUDIT": "off",
        }
        with _started("serve", "--http", "--port", str(ports["dcr"]), **own):
            for port in ports.values():
                _wait_for(port)
            yield urls


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
