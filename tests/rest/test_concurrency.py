"""Concurrent calls do not wait for each other; a response that is too large is cut off."""

from __future__ import annotations

import asyncio
import zlib

import anyio
import pytest

from b24_mcp.errors import B24Error
from tests.fake_portal import http_answer, open_portal, serve


async def test_a_slow_call_does_not_delay_the_others() -> None:
    released = anyio.Event()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"slow.method" in request:
            await released.wait()
        writer.write(http_answer(b'{"result":1}'))

    async with serve(answer) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portal.call, "slow.method")
                for _ in range(15):
                    assert (await portal.call("profile")).result == 1
                released.set()
    assert len(served.requests) == 16


async def test_sixteen_calls_at_once_all_arrive_before_the_first_is_answered() -> None:
    arrived = 0
    all_here = anyio.Event()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 16:
            all_here.set()
        await all_here.wait()
        writer.write(http_answer(b'{"result":1}'))

    async with serve(answer) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(20):
            answers = await asyncio.gather(*(portal.call("profile") for _ in range(16)))
    assert [answered.result for answered in answers] == [1] * 16


@pytest.mark.parametrize("packed", [False, True])
async def test_a_response_that_is_too_large_is_refused_while_it_arrives(packed: bool) -> None:
    sent = 0
    block = b"x" * 65_536
    packer = zlib.compressobj(wbits=31)

    async def endless(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        coding = b"Content-Encoding: gzip\r\n" if packed else b""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + coding + b"\r\n")
        writer.write(packer.compress(b'{"result":"') if packed else b'{"result":"')
        while sent < 4_000:
            writer.write(packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH) if packed else block)
            await writer.drain()
            sent += 1

    async with serve(endless) as served, open_portal(None, served.webhook(), largest_answer=1 << 20) as portal:
        with anyio.fail_after(30), pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.list")
    fault = caught.value.fault
    assert (fault.code, fault.executed) == ("B24MCP_TOO_LARGE", "unknown")
    assert "1 MB" in fault.message
    assert packed or sent < 4_000  # packed, all of it fits into the buffers of the network
