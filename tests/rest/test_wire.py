"""The connection: bytes after a response, unusual statuses, compression, timeouts."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from b24_mcp.errors import B24Error, Fault
from b24_mcp.rest import Portal, PortalOptions, parse_webhook
from b24_mcp.rest.limits.deadline import SystemClock
from tests.fake_portal import CODE, http_answer, open_portal, serve

MINE = b'{"result":"mine"}'
STRAY = http_answer(b'{"result":"of another call"}')
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + MINE + b"\r\n0\r\n\r\n"


@asynccontextmanager
async def keeping(
    play: Callable[[int, asyncio.StreamWriter], Any], tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that keeps its connections open; `play` answers the n-th request. Counts connections."""
    counted = [0, 0]

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counted[0] += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                counted[1] += 1
                outcome = play(counted[1], writer)
                if outcome is not None:
                    await outcome
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls)
    try:
        scheme = "https" if tls else "http"
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/rest/1/{CODE}/", counted
    finally:
        server.close()


@asynccontextmanager
async def real(address: str, **options: Any) -> AsyncIterator[Portal]:
    """A portal object with the real clock."""
    portal = Portal(parse_webhook(address), PortalOptions(plan="none", **options), clock=SystemClock())
    try:
        yield portal
    finally:
        await portal.aclose()


@pytest.mark.parametrize("own", [http_answer(MINE), CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("stray", [STRAY, b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Len", b"x"])
@pytest.mark.parametrize("later", [False, True])
async def test_bytes_after_a_response_never_become_the_next_response(own: bytes, stray: bytes, later: bool) -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> Any:
        writer.write(own + (b"" if later else stray))

        async def send_later() -> None:
            await writer.drain()
            writer.write(stray)

        return send_later() if later else None

    async with keeping(play) as (address, counted), open_portal(None, address) as portal:
        with anyio.fail_after(10):
            for _ in range(4):
                assert (await portal.call("crm.deal.add")).result == "mine"
                await asyncio.sleep(0.01)  # the stray bytes arrive
    assert counted == [4, 4]


async def test_a_clean_connection_is_used_again() -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)

    async with keeping(play) as (address, counted), open_portal(None, address) as portal:
        with anyio.fail_after(10):
            for _ in range(5):
                await portal.call("profile")
    assert counted == [1, 5]


async def test_a_connection_that_was_closed_while_idle_makes_no_write_unknown() -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> Any:
        writer.write(http_answer(MINE))

        async def end() -> None:
            await writer.drain()
            writer.close()

        return end()

    async with keeping(play) as (address, counted), open_portal(None, address) as portal:
        with anyio.fail_after(10):
            for _ in range(3):
                assert (await portal.call("crm.deal.add")).result == "mine"
                await asyncio.sleep(0.01)  # the end of the connection arrives
    assert counted == [3, 3]


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 160 Odd\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 1000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
async def test_an_informational_status_does_not_make_a_call_wait(sent: bytes) -> None:
    async def waiting(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await asyncio.Event().wait()

    async with serve(lambda _, writer: waiting(0, writer)) as served:
        fault = await fault_of(served.webhook())
    assert (fault.code, fault.executed) == ("B24MCP_BAD_ANSWER", "unknown")
    assert "informational" in fault.message


async def test_an_error_under_status_160_is_read() -> None:
    body = b'{"error":"ERROR_CORE","error_description":"Wrong category"}'

    def play(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(body, status="160 Odd"))

    async with keeping(play) as (address, _):
        fault = await fault_of(address)
    assert (fault.code, fault.message, fault.status) == ("ERROR_CORE", "Wrong category", 160)


async def test_a_few_informational_statuses_before_an_answer_are_normal() -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + http_answer(MINE))

    async with keeping(play) as (address, _), open_portal(None, address) as portal:
        with anyio.fail_after(5):
            assert (await portal.call("profile")).result == "mine"


async def fault_of(address: str, **options: Any) -> Fault:
    async with open_portal(None, address, **options) as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add")
    return caught.value.fault


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(gzip.compress(bytes(50 << 20), mtime=0), mtime=0), "gzip, gzip"),
        (gzip.compress(bytes(50 << 20), mtime=0), "gzip"),
        (zlib.compress(bytes(50 << 20)), "deflate"),
        (_raw_deflate(bytes(50 << 20)), "deflate"),
        (gzip.compress(bytes(500 << 10), mtime=0) * 100, "gzip"),
        (b"\x1b" * 100, "br"),
        (b"\x28\xb5\x2f\xfd" * 100, "zstd"),
        (b"x" * (3 << 20), "identity"),
    ],
    ids=["twice", "gzip", "deflate", "raw deflate", "members", "br", "zstd", "plain"],
)
async def test_an_answer_is_unpacked_once_and_never_beyond_the_size(body: bytes, coding: str) -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(body, headers=f"Content-Encoding: {coding}\r\n"))

    async with keeping(play) as (address, _):
        tracemalloc.start()
        fault = await fault_of(address, largest_answer=1 << 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (fault.code in ("B24MCP_TOO_LARGE", "B24MCP_BAD_ANSWER"), fault.executed) == (True, "unknown")
    assert peak < 16 << 20


@pytest.mark.parametrize(
    "body",
    [gzip.compress(MINE, mtime=0), gzip.compress(MINE[:5], mtime=0) + gzip.compress(MINE[5:], mtime=0)],
    ids=["one", "two"],
)
async def test_gzip_of_one_or_more_members_is_read(body: bytes) -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(body, headers="Content-Encoding: gzip\r\n"))

    async with keeping(play) as (address, _), open_portal(None, address) as portal:
        assert (await portal.call("profile")).result == "mine"


@pytest.mark.parametrize("packed", [zlib.compress(MINE), _raw_deflate(MINE)], ids=["zlib", "raw"])
async def test_both_forms_of_deflate_are_read(packed: bytes) -> None:
    def play(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(packed, headers="Content-Encoding: deflate\r\n"))

    async with keeping(play) as (address, _), open_portal(None, address) as portal:
        assert (await portal.call("profile")).result == "mine"


async def test_a_response_that_arrives_byte_by_byte_ends_with_the_deadline_of_the_call() -> None:
    async def drip(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(b"", length=1000))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serve(drip) as served, real(served.webhook(), deadline=0.4) as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add")
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_TIMEOUT", "unknown")


async def test_a_call_that_waits_for_a_connection_ends_with_its_deadline_and_executed_nothing() -> None:
    async def hang(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serve(hang) as served, real(served.webhook(), deadline=0.5) as portal:
        faults: list[Fault] = []

        async def call() -> None:
            with pytest.raises(B24Error) as caught:
                await portal.call("crm.deal.add")
            faults.append(caught.value.fault)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                for _ in range(25):
                    tasks.start_soon(call)
        told = sorted((fault.code, fault.executed) for fault in faults)
        assert told == [("B24MCP_DEADLINE", "no")] * 5 + [("B24MCP_TIMEOUT", "unknown")] * 20
        assert len(served.requests) == 20
