"""Calls without a whole response: not executed before the request was sent, unknown after that."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from b24_mcp.errors import B24Error, Fault
from b24_mcp.rest import Failed, NotRun
from tests.fake_portal import CODE, http_answer, open_portal, serve

_WHOLE = http_answer(b'{"result":{"ID":"1"}}')


async def fault_of(address: str, **settings: Any) -> Fault:
    async with open_portal(None, address, **settings) as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add", {"fields": {"TITLE": "x"}})
    assert caught.value.method == "crm.deal.add"
    return caught.value.fault


def _refused_port() -> int:
    """A free port, on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_refused_connection_executed_nothing() -> None:
    fault = await fault_of(f"http://127.0.0.1:{_refused_port()}/rest/1/{CODE}/")
    assert (fault.code, fault.kind, fault.executed) == ("B24MCP_NO_CONNECTION", "unavailable", "no")
    assert fault.retryable
    assert fault.status is None


CUT: dict[str, Callable[[asyncio.StreamWriter], None]] = {
    "before the headers": lambda writer: None,
    "by a reset": lambda writer: writer.transport.abort(),
    "within the status line": lambda writer: writer.write(b"HTTP/1.1 20"),
    "within the headers": lambda writer: writer.write(_WHOLE[:40]),
    "after the headers": lambda writer: writer.write(_WHOLE[: _WHOLE.index(b"{")]),
    "within the body": lambda writer: writer.write(_WHOLE[:-3]),
    "within a chunk": lambda writer: writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"
    ),
    "by another protocol": lambda writer: writer.write(b"220 smtp ready\r\n\r\n"),
}


@pytest.mark.parametrize("play", CUT.values(), ids=CUT.keys())
async def test_a_connection_cut_after_sending_may_have_executed(play: Callable[[asyncio.StreamWriter], None]) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        play(writer)

    async with serve(answer) as served:
        fault = await fault_of(served.webhook())
    assert (fault.code, fault.executed, fault.retryable) == ("B24MCP_CONNECTION_LOST", "unknown", False)
    assert len(served.requests) == served.connections == 1


async def test_a_body_shorter_than_its_content_length_is_not_complete() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(b'{"result":1}', length=100))

    async with serve(answer) as served:
        fault = await fault_of(served.webhook())
    assert (fault.code, fault.executed) == ("B24MCP_CONNECTION_LOST", "unknown")


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b'{"result":1}' * 50, mtime=0)[:-30]])
async def test_a_broken_compressed_body_is_not_an_answer(body: bytes) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(body, headers="Content-Encoding: gzip\r\n"))

    async with serve(answer) as served:
        fault = await fault_of(served.webhook())
    assert (fault.code, fault.executed) == ("B24MCP_BAD_ANSWER", "unknown")


async def test_a_compressed_answer_is_read() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(gzip.compress(b'{"result":1}', mtime=0), headers="Content-Encoding: gzip\r\n"))

    async with serve(answer) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(5):
            assert (await portal.call("profile")).result == 1


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", _WHOLE[:-3]])
async def test_a_call_that_times_out_may_have_been_executed(begun: bytes) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        await asyncio.Event().wait()

    async with serve(answer) as served:
        fault = await fault_of(served.webhook(), seconds=0.2)
    assert (fault.code, fault.kind, fault.executed) == ("B24MCP_TIMEOUT", "unavailable", "unknown")
    assert not fault.retryable
    assert "0.2" in fault.message
    assert len(served.requests) == 1


async def test_a_connection_that_is_not_made_in_time_executed_nothing() -> None:
    """The TLS handshake never ends, so no byte of the call is sent."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fault = await fault_of(f"https://127.0.0.1:{port}/rest/1/{CODE}/", seconds=0.3)
    server.close()
    await server.wait_closed()
    assert (fault.code, fault.executed, fault.retryable) == ("B24MCP_NO_CONNECTION", "no", True)


async def test_the_rest_of_a_batch_is_not_sent_into_a_broken_connection() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        return

    async with serve(answer) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(5):
            run = await portal.batch({f"c{index}": {"method": "crm.deal.add"} for index in range(60)})
    outcomes = list(run.outcomes.values())
    assert len(served.requests) == 1
    assert run.error is not None
    assert run.error.fault.code == "B24MCP_CONNECTION_LOST"
    for outcome in outcomes[:50]:
        assert isinstance(outcome, Failed)
        assert outcome.error.fault.executed == "unknown"
    assert all(isinstance(outcome, NotRun) for outcome in outcomes[50:])


async def test_a_batch_into_a_refused_connection_ran_nothing() -> None:
    async with open_portal(None, f"http://127.0.0.1:{_refused_port()}/rest/1/{CODE}/") as portal:
        with anyio.fail_after(10):
            run = await portal.batch({"a": {"method": "crm.deal.add"}, "b": {"method": "crm.deal.add"}})
    assert all(isinstance(outcome, NotRun) for outcome in run.outcomes.values())
    assert run.error is not None
    assert run.error.fault.executed == "no"


async def test_a_cancelled_call_leaves_the_portal_usable() -> None:
    calls = 0
    arrived = asyncio.Event()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            arrived.set()
            await asyncio.Event().wait()
        writer.write(http_answer(b'{"result":1}'))

    async with serve(answer) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(portal.call, "profile")
                await arrived.wait()
                group.cancel_scope.cancel()
            assert (await portal.call("profile")).result == 1
