"""The pool of network connections: which are reused, how many are open, and when they are closed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import httpx
import pytest

from b24_mcp.rest import Portal
from b24_mcp.rest.wire.connections import NetworkTransport
from tests.fake_portal import Conversation, Served, http_answer, open_portal, serve

_ANSWER = http_answer(b'{"result":1}')
_MOST = 20
_PATIENCE = 10


class Together:
    """Answers requests when a number of them have arrived. `writers` are their connections, in this order."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.writers: list[asyncio.StreamWriter] = []
        self._all_arrived = asyncio.Event()

    async def __call__(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        if len(self.writers) >= self.number:
            self._all_arrived.set()
        await self._all_arrived.wait()
        writer.write(_ANSWER)


class LibraryClock:
    """The clock of `httpcore`."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> LibraryClock:
    clock = LibraryClock()
    monkeypatch.setattr("httpcore._async.http11.time", clock)
    return clock


def network() -> httpx.AsyncClient:
    """A client without the limits of a portal."""
    return httpx.AsyncClient(transport=NetworkTransport(ssl.create_default_context(), None))


@asynccontextmanager
async def portal_of(answer: Conversation) -> AsyncIterator[tuple[Portal, Served]]:
    async with serve(answer, keep=True) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(_PATIENCE):
            yield portal, served


async def call_at_once(portal: Portal, number: int) -> list[object]:
    answers = await asyncio.gather(*(portal.call("profile") for _ in range(number)))
    return [answer.result for answer in answers]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await anyio.lowlevel.checkpoint()


async def test_calls_one_after_another_use_one_connection() -> None:
    async with portal_of(Together(1)) as (portal, served):
        for _ in range(10):
            await portal.call("profile")
        assert (served.connections, served.open) == (1, 1)


async def test_calls_at_once_have_a_connection_each_and_the_next_calls_reuse_them() -> None:
    async with portal_of(Together(8)) as (portal, served):
        for _ in range(3):
            await call_at_once(portal, 8)
        assert (served.connections, served.open) == (8, 8)


async def test_more_requests_than_connections_wait_for_a_connection() -> None:
    async with serve(Together(_MOST), keep=True) as served, network() as client:
        with anyio.fail_after(_PATIENCE):
            answers = await asyncio.gather(*(client.post(served.webhook()) for _ in range(45)))
        assert [answer.json() for answer in answers] == [{"result": 1}] * 45
        assert (served.connections, served.open) == (_MOST, _MOST)


@pytest.mark.parametrize("begun", [b"", _ANSWER[:-5]], ids=["before the response", "in the response"])
async def test_cancelled_requests_free_their_places_and_close_their_connections(begun: bytes) -> None:
    all_arrived, later = asyncio.Event(), Together(_MOST)

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if len(served.requests) > _MOST:
            await later(request, writer)
            return
        writer.write(begun)
        await writer.drain()
        if len(served.requests) == _MOST:
            all_arrived.set()
        await asyncio.Event().wait()

    async with serve(answer, keep=True) as served, network() as client:
        with anyio.fail_after(_PATIENCE):
            async with anyio.create_task_group() as tasks:
                for _ in range(_MOST + 5):  # five of them wait for a place
                    tasks.start_soon(client.post, served.webhook())
                await all_arrived.wait()
                tasks.cancel_scope.cancel()
            assert served.connections == _MOST
            await asyncio.gather(*(client.post(served.webhook()) for _ in range(_MOST)))
        assert served.connections == 2 * _MOST


@pytest.mark.parametrize("closed", [0, 1])
async def test_a_connection_that_the_portal_closed_is_not_reused(closed: int) -> None:
    together = Together(2)
    async with portal_of(together) as (portal, served):
        await call_at_once(portal, 2)
        together.writers[closed].close()
        await together.writers[closed].wait_closed()
        for _ in range(3):
            await portal.call("profile")
        assert served.connections == 2
        assert set(together.writers[2:]) == {together.writers[1 - closed]}


async def test_connections_that_were_idle_for_too_long_are_replaced_and_closed(clock: LibraryClock) -> None:
    async with portal_of(Together(3)) as (portal, served):
        await call_at_once(portal, 3)
        clock.now += 3.9
        await portal.call("profile")
        assert served.connections == 3
        clock.now += 4.1
        await portal.call("profile")
        assert served.connections == 4
        await until(lambda: served.open == 1)


async def test_an_idle_connection_is_closed_while_another_one_is_used(clock: LibraryClock) -> None:
    async with portal_of(Together(3)) as (portal, served):
        await call_at_once(portal, 3)
        for _ in range(3):
            clock.now += 2
            await portal.call("profile")
        await until(lambda: served.open == 1)
        assert served.connections == 3


async def test_an_idle_connection_is_closed_for_a_request_to_another_host_when_no_more_may_be_opened() -> None:
    async with (
        serve(Together(_MOST), keep=True) as first,
        serve(Together(1), keep=True) as second,
        network() as client,
    ):
        with anyio.fail_after(_PATIENCE):
            await asyncio.gather(*(client.get(first.webhook()) for _ in range(_MOST)))
            await client.get(second.webhook())
            await until(lambda: first.open == _MOST - 1)
            await client.get(second.webhook())
        assert (first.connections, first.open) == (_MOST, _MOST - 1)
        assert (second.connections, second.open) == (1, 1)


async def test_closing_a_portal_closes_its_connections() -> None:
    async with portal_of(Together(5)) as (portal, served):
        await call_at_once(portal, 5)
        await portal.aclose()
        await until(lambda: served.open == 0)
