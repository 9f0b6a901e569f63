"""HTTP servers for the tests: as an ASGI application, on a loopback port, and as a process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from mcp.server.mcpserver import Context, MCPServer

from b24_mcp.access import Caller
from b24_mcp.app.app import App
from b24_mcp.rest import Clock
from b24_mcp.secrets import Redactor
from b24_mcp.server.callers import caller_of
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import SharedState, open_state
from tests.server.http.issuer import SignedFor

TOKEN = "0123456789abcdef0123456789abcdef"
JSON_OR_EVENTS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
MODERN = "2026-07-28"


@dataclass
class Served:
    """A server in this process. Its tool `who` records the caller, its tool `wait` runs until `go_on` is set."""

    http: httpx.AsyncClient
    callers: list[Caller] = field(default_factory=list)
    waiting: int = 0
    ended: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    another: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, tool: str, token: str | None = None, **arguments: Any) -> httpx.Response:
        """Call a tool as a client of protocol 2026-07-28 does: one request without a session."""
        return await self.http.post("/mcp", headers=modern_headers(tool, token), content=modern_call(tool, arguments))

    async def until_waiting(self, number: int) -> None:
        async with asyncio.timeout(10):
            while self.waiting < number:
                self.another.clear()
                await self.another.wait()


Serve = Callable[..., AbstractAsyncContextManager[Served]]


def modern_headers(tool: str, token: str | None = None) -> dict[str, str]:
    headers = JSON_OR_EVENTS | {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
    return headers | ({} if token is None else {"authorization": f"Bearer {token}"})


def modern_call(tool: str, arguments: dict[str, Any], **meta: Any) -> bytes:
    about = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": tool, "arguments": arguments, "_meta": about | meta}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()


def watched_server(served: Served, clock: Clock | None = None, keys: tuple[str, ...] = ()) -> MCPServer[App]:
    server = build_server(Redactor(), clock=clock, keys=keys)

    @server.tool()
    def who(ctx: Context[App]) -> str:
        served.callers.append(caller_of(ctx))
        return "noted"

    @server.tool()
    async def wait(ctx: Context[App]) -> str:
        served.waiting += 1
        served.another.set()
        try:
            await served.go_on.wait()
        finally:
            served.ended += 1
            served.another.set()
        return "waited"

    return server


@pytest.fixture
def serve() -> Serve:
    """Serve without a network. The keyword arguments are `state`, `clock` and the fields of `HttpOptions`."""

    @asynccontextmanager
    async def run(
        state: SharedState | None = None, clock: Clock | None = None, **options: Any
    ) -> AsyncIterator[Served]:
        served = Served(httpx.AsyncClient())
        application, _ = http_application(
            watched_server(served, clock), HttpOptions(**options), state or open_state("memory")
        )
        transport = httpx.ASGITransport(application, client=("203.0.113.5", 5000))
        async with (
            application.router.lifespan_context(application),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8024") as served.http,
        ):
            yield served

    return run


class AnnouncedServer(uvicorn.Server):
    """A server with an event that is set when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def serve_on_loopback() -> Serve:
    """Serve with uvicorn on a free port."""

    @asynccontextmanager
    async def run(clock: Clock | None = None, **options: Any) -> AsyncIterator[Served]:
        served = Served(httpx.AsyncClient())
        application, _ = http_application(watched_server(served, clock), HttpOptions(**options), open_state("memory"))
        config = uvicorn.Config(application, port=0, log_config=None, access_log=False, ws="none")
        server = AnnouncedServer(config)
        serving = asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            await server.listening.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as served.http:
                yield served
        finally:
            served.go_on.set()  # a call that should have been cancelled would run forever
            server.should_exit = True
            await serving

    return run


@dataclass
class ServerProcess:
    """`b24-mcp serve --http` as a process; `log` contains the lines on its stderr."""

    process: subprocess.Popen[str]
    url: str = ""
    log: list[str] = field(default_factory=list)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        return self.process.wait(40)


@contextmanager
def server_process(
    *arguments: str, python: Sequence[str] = ("-m", "b24_mcp"), **settings: str
) -> Iterator[ServerProcess]:
    process = subprocess.Popen(
        [sys.executable, *python, "serve", "--http", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        env=dict(os.environ) | settings,
        text=True,
    )
    served = ServerProcess(process)
    listening = threading.Event()

    def read() -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                served.log.append(line)
                if found := re.search(r"serves MCP at (http\S+/mcp)", line):
                    served.url = found[1]
                    listening.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert listening.wait(40), "".join(served.log)
        yield served
    finally:
        process.kill()
        process.wait()
        reader.join()


@pytest.fixture
def issuer() -> Iterator[SignedFor]:
    """An authorization server that publishes its keys on loopback."""
    with SignedFor.published() as published:
        yield published


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
