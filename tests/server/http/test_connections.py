"""Silent and incomplete connections do not block clients, and repeated headers are refused."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import anyio.to_thread
import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp_types import TextContent
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from b24_mcp.server.http.connections import ConnectionLimits, Connections, address_of, connections_allowed
from b24_mcp.server.http.headers import SINGLE_HEADERS
from b24_mcp.server.http.limits import BodyMemory, BufferedBody
from b24_mcp.server.http.listener import Listener
from b24_mcp.server.http.protocol import BoundedProtocol, protocol_class
from tests.server.http.conftest import TOKEN, Serve, ServerProcess, modern_call, modern_headers, server_process

HEAD = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Wire(asyncio.Transport):
    """The client side of a connection: the bytes it received, and whether it is closed."""

    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 5000), "sockname": ("127.0.0.1", 8024)})
        self.sent = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Rig:
    """The connections of a server without sockets, with a clock that the test controls."""

    def __init__(self, **limits: int) -> None:
        self.clock = Clock()
        self.connections = Connections(ConnectionLimits(**({"most": 4, "per_address": 4} | limits)), self.clock)
        self.answer = asyncio.Event()
        self.bodies: list[bytes] = []
        self._config = uvicorn.Config(
            self._app, http=protocol_class(self.connections), log_config=None, interface="asgi3", proxy_headers=False
        )
        self._config.load()
        self._state = ServerState()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message["body"]
            more = message["more_body"]
        self.bodies.append(body)
        await self.answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    def connect(self, peer: str = "203.0.113.5") -> tuple[BoundedProtocol, Wire]:
        made = cast(Any, self._config.http_protocol_class)(
            config=self._config, server_state=self._state, app_state={}, _loop=asyncio.get_running_loop()
        )
        wire = Wire(peer)
        made.connection_made(wire)
        return made, wire

    def after(self, seconds: float) -> None:
        self.clock.now += seconds
        self.connections.sweep()


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_silent_connection_is_closed_after_the_timeout() -> None:
    rig = Rig()
    _, wire = rig.connect()
    rig.after(29)
    assert not wire.is_closing()
    rig.after(1)
    assert wire.is_closing()
    assert wire.sent == b""


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"P", b"O"),
        (HEAD, b"x"),
        (HEAD + b"Content-Length: 99\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n50\r\na", b"x"),
    ],
)
async def test_slow_bytes_do_not_extend_the_timeout(begin: bytes, drip: bytes) -> None:
    rig = Rig()
    protocol, wire = rig.connect()
    protocol.data_received(begin)
    for _ in range(29):
        await turns(1)
        protocol.data_received(drip)
        rig.after(1)
    assert not wire.is_closing()
    rig.after(1)
    assert wire.is_closing()
    if begin.strip():
        assert wire.sent.startswith(b"HTTP/1.1 408 ")
        assert json.loads(wire.sent.partition(b"\r\n\r\n")[2])["error"]["message"].endswith("Nothing was executed.")
    await turns()
    assert rig.bodies == []


async def test_a_call_can_run_longer_than_the_timeout_of_a_request() -> None:
    rig = Rig()
    protocol, wire = rig.connect()
    protocol.data_received(GET)
    await turns()
    rig.after(3_000)
    assert not wire.is_closing()
    rig.answer.set()
    await turns()
    assert wire.sent.endswith(b"ok")
    protocol.data_received(HEAD)  # the next request on the same connection has a time of its own
    rig.after(29)
    assert not wire.is_closing()
    rig.after(1)
    assert wire.is_closing()
    protocol.connection_lost(None)


async def test_a_client_that_does_not_read_is_disconnected() -> None:
    rig = Rig()
    protocol, wire = rig.connect()
    protocol.data_received(GET)
    await turns()
    protocol.pause_writing()
    rig.after(20)
    protocol.resume_writing()
    protocol.pause_writing()
    rig.after(20)
    assert not wire.is_closing()
    rig.after(10)
    assert wire.is_closing()
    protocol.connection_lost(None)
    await turns()


async def test_the_oldest_connection_without_a_request_is_closed_for_a_new_one() -> None:
    rig = Rig(most=3)
    busy, busy_wire = rig.connect()
    busy.data_received(GET)
    _, oldest = rig.connect()
    _, newer = rig.connect()
    _, newest = rig.connect()
    assert [wire.is_closing() for wire in (busy_wire, oldest, newer, newest)] == [False, True, False, False]
    assert len(rig.connections) == 3
    rig.answer.set()
    await turns()
    assert busy_wire.sent.endswith(b"ok")
    busy.connection_lost(None)


async def test_an_unused_connection_is_closed_before_a_used_one() -> None:
    rig = Rig(most=2)
    rig.answer.set()
    used, used_wire = rig.connect()
    used.data_received(GET)
    await turns()
    _, silent = rig.connect()
    rig.connect()
    assert (used_wire.is_closing(), silent.is_closing()) == (False, True)
    used.connection_lost(None)


async def test_a_new_connection_is_refused_only_while_all_others_are_answering() -> None:
    rig = Rig(most=2)
    running = [rig.connect() for _ in range(2)]
    for protocol, _ in running:
        protocol.data_received(GET)
    _, refused = rig.connect()
    assert refused.is_closing()
    assert [wire.is_closing() for _, wire in running] == [False, False]
    rig.answer.set()
    await turns()
    _, taken = rig.connect()
    assert not taken.is_closing()
    for protocol, _ in running:
        protocol.connection_lost(None)


async def test_addresses_are_limited_except_loopback() -> None:
    rig = Rig(most=10, per_address=2)
    wires = [rig.connect("203.0.113.5")[1] for _ in range(4)]
    assert [wire.is_closing() for wire in wires] == [True, True, False, False]
    assert not rig.connect("203.0.113.6")[1].is_closing()
    network = [rig.connect(f"2001:db8::{number}")[1] for number in range(1, 4)]
    assert [wire.is_closing() for wire in network] == [True, False, False]
    local = [rig.connect(peer)[1] for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "127.0.0.1")]
    assert not any(wire.is_closing() for wire in local)


@given(st.lists(st.tuples(st.sampled_from(["open", "call", "lose", "finish"]), st.integers(0, 9)), max_size=60))
def test_the_count_of_connections_never_exceeds_its_limits(steps: list[tuple[str, int]]) -> None:
    class Plain:
        def __init__(self, address: str) -> None:
            self.address, self.served, self.open = address, False, True
            self.waiting_since: float | None = None
            self.blocked_since: float | None = None

        def expire(self) -> None:
            self.open = False

        abort = expire

    connections = Connections(ConnectionLimits(most=5, per_address=3), Clock())
    made: list[Plain] = []
    for step, number in steps:
        alive = [one for one in made if one.open]
        if step == "open":
            new = Plain(str(number % 3))
            new.open = connections.admit(new)
            made.append(new)
        elif alive:
            one = alive[number % len(alive)]
            if step == "lose":
                one.open = False
                connections.remove(one)
            else:
                one.served = one.served or step == "call"
                connections.set_evictable(one, step == "finish")
        alive = [one for one in made if one.open]
        assert len(connections) == len(alive) <= 5
        assert all(sum(other.address == one.address for other in alive) <= 3 for one in alive)


async def test_the_log_has_one_line_for_any_number_of_closed_connections(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(most=2)
    with caplog.at_level(logging.WARNING):
        for _ in range(500):
            rig.connect()
        rig.after(10)
        rig.after(1)
    assert [record.getMessage() for record in caplog.records] == [
        "HTTP connections closed: 498 idle, replaced by others (2 are open)"
    ]


@pytest.mark.parametrize("lines", [b"Content-Length: 2\r\ncontent-length: 2\r\n", b"Content-Length : 2\r\n" * 2])
@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_two_equal_content_lengths_are_refused(lines: bytes, size: int) -> None:
    rig = Rig()
    rig.answer.set()
    protocol, wire = rig.connect()
    whole = HEAD + lines + b"\r\n{}"
    for start in range(0, len(whole), size):
        protocol.data_received(whole[start : start + size])
    await turns()
    assert wire.sent.startswith(b"HTTP/1.1 400 ")
    assert wire.is_closing()
    assert rig.bodies == []


async def test_header_lines_in_a_body_are_not_headers() -> None:
    rig = Rig()
    rig.answer.set()
    protocol, wire = rig.connect()
    body = b"\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n"
    for _ in range(2):
        protocol.data_received(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await turns()
    assert wire.sent.count(b"200 OK") == 2
    assert rig.bodies == [body, body]
    protocol.connection_lost(None)


@pytest.mark.parametrize("name", sorted(name.decode() for name in SINGLE_HEADERS - {b"transfer-encoding"}))
async def test_a_repeated_header_is_refused(serve: Serve, name: str) -> None:
    async with serve(token=TOKEN) as served:
        headers = modern_headers("who", TOKEN) | {"host": "127.0.0.1:8024"}
        sent = [*headers.items(), (name, headers.get(name, "1")), (name.upper(), headers.get(name, "1"))]
        answer = await served.http.post("/mcp", headers=sent, content=modern_call("who", {}))
        assert answer.status_code == 400
        assert name in answer.json()["error"]["message"]
        assert (await served.call("who", TOKEN)).status_code == 200
    assert len(served.callers) == 1


async def test_a_request_with_two_tokens_is_refused(serve: Serve) -> None:
    async with serve(token=TOKEN) as served:
        for tokens in ((TOKEN, "wrong"), ("wrong", TOKEN), (TOKEN, TOKEN)):
            headers = [*modern_headers("who").items(), *(("authorization", f"Bearer {token}") for token in tokens)]
            answer = await served.http.post("/mcp", headers=headers, content=modern_call("who", {}))
            assert answer.status_code == 400
    assert served.callers == []


async def test_incomplete_requests_do_not_count_as_running_calls(serve: Serve) -> None:
    async with serve(calls=1) as served:
        more = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b"{"
            await more.wait()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(served.http.post("/mcp", headers=modern_headers("who"), content=slowly()))
            await turns(50)
            assert (await served.call("who")).status_code == 200
            more.set()


async def test_large_requests_share_a_memory_limit_and_small_ones_do_not_count() -> None:
    memory = BodyMemory(100, free=10)
    go_on = asyncio.Event()
    answers: list[int | None] = []

    def body(size: int, waits: bool) -> Receive:
        messages: list[Message] = [{"type": "http.request", "body": b"x" * size, "more_body": waits}]

        async def receive() -> Message:
            if not messages:
                await go_on.wait()
                return {"type": "http.disconnect"}
            return messages.pop(0)

        return receive

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answers.append(200)

    async def send(message: Message) -> None:
        answers.append(message.get("status"))

    async def read(size: int, waits: bool = False) -> list[int | None]:
        answers.clear()
        await BufferedBody(app, 1_000, 30, memory)({"type": "http", "headers": []}, body(size, waits), send)
        return list(answers)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read(100, True))
        await turns()
        assert (await read(50))[0] == 503
        assert await read(10) == [200]
        go_on.set()
    assert await read(100) == [200]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit the files of a process")
def test_connections_are_limited_by_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    allowed = {}
    for files in (20, 256, 1_024, 4_096, resource.RLIM_INFINITY):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        allowed[files] = connections_allowed(2_000)
    assert list(allowed.values()) == [16, 128, 768, 2_000, 2_000]


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.9", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_addresses_are_counted_by_network(peer: str | None, address: str) -> None:
    assert address_of(peer) == address


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit the files of a process")
async def test_without_a_free_file_descriptor_the_waiting_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    connections = Connections(ConnectionLimits())
    with Listener(socket.create_server(("127.0.0.1", 0)), connections) as listener:
        listener.setblocking(False)
        accept = socket.socket.accept
        failures = [OSError(24, "Too many open files")]

        def scarce(sock: socket.socket) -> tuple[socket.socket, object]:
            if failures:
                raise failures.pop()
            return accept(sock)

        monkeypatch.setattr(socket.socket, "accept", scarce)
        with socket.create_connection(listener.getsockname()) as client:
            with pytest.raises(BlockingIOError):
                listener.accept()
            assert client.recv(1) == b""
        await turns()
        with socket.create_connection(listener.getsockname()):
            taken, _ = listener.accept()
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            taken.close()


# --- The server process ----------------------------------------------------------------------------------------------

FILES = 256
HALF_OPEN = 400


@contextmanager
def few_files() -> Iterator[ServerProcess]:
    """A server with 256 file descriptors."""
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES})); "
        "from b24_mcp.__main__ import main; main()"
    )
    with server_process(python=["-c", code]) as served:
        yield served


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit the files of a process")
async def test_a_client_is_served_among_more_half_open_connections_than_file_descriptors() -> None:
    with few_files() as served, ExitStack() as flood:
        url = httpx.URL(served.url)
        assert url.port is not None
        begun = (
            b"",
            HEAD + b"X-",
            HEAD + b"Content-Type: application/json\r\nContent-Length: 999\r\n\r\n{",
            b"\x16\x03",
        )
        for number in range(HALF_OPEN):
            one = flood.enter_context(socket.create_connection((url.host, url.port), 20))
            one.sendall(begun[number % len(begun)])
        async with Client(served.url) as client:
            for _ in range(3):
                answer = await client.call_tool("call_method", {"method": "profile"})
                content = answer.content[0]
                assert isinstance(content, TextContent)
                assert json.loads(content.text)["ok"] is True
        served.stop()
        assert await anyio.to_thread.run_sync(served.ended) == 0
    log = "".join(served.log)
    assert "HTTP connections closed: " in log
    assert len(served.log) < 30, log
    assert "Traceback" not in log
