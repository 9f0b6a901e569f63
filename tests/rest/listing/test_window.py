"""The number of requests at the same time, and requests in the background."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass

import anyio
import pytest

from b24_mcp.rest.listing.background import BackgroundRequests
from b24_mcp.rest.listing.window import RequestWindow
from tests.fake_portal import FakePortal, open_portal
from tests.rest.listing.lists import MemoryList, numbers, read


@dataclass
class Times:
    """A clock and the processor time of a process."""

    now: float = 0.0
    worked: float = 0.0

    def pass_by(self, seconds: float, *, busy: float) -> None:
        self.now += seconds
        self.worked += seconds * busy


def sizes(busy: Iterable[float], most: int = 8) -> list[int]:
    """Return the size after each answer, by the share of time in which the process works before it."""
    times = Times()
    window = RequestWindow(most, lambda: times.now, lambda: times.worked)
    found = []
    for share in busy:
        times.pass_by(1.0, busy=share)
        window.note_answer()
        found.append(window.size)
    return found


def test_a_process_that_waits_for_the_portal_sends_more_requests_at_once() -> None:
    assert sizes([0.1] * 4) == [4, 8, 8, 8]


def test_a_process_that_does_not_wait_sends_no_more_than_two() -> None:
    assert sizes([1.0] * 4) == [2, 2, 2, 2]


def test_a_process_that_waits_no_longer_sends_fewer_again() -> None:
    assert sizes([0.1] * 4 + [1.0] * 60)[-1] == 2


def test_answers_that_arrive_together_are_no_reason_to_send_fewer() -> None:
    assert min(sizes([0.05] + ([0.05] + [0.9] * 3) * 5)[1:]) == 8


def test_a_failure_halves_the_number_but_one_request_stays() -> None:
    window = RequestWindow(8, lambda: 0.0, lambda: 0.0)
    for _ in range(5):
        window.halve()
    assert window.size == 1


async def test_results_are_taken_in_the_order_of_their_arrival() -> None:
    requests = BackgroundRequests[str]()
    late = anyio.Event()

    async def slow() -> str:
        await late.wait()
        return "slow"

    async def fast() -> str:
        return "fast"

    requests.start(slow())
    requests.start(fast())
    assert await requests.next() == "fast"
    late.set()
    assert await requests.next() == "slow"
    assert not requests


async def test_a_reader_that_is_cancelled_leaves_no_request_behind() -> None:
    requests = BackgroundRequests[None]()
    ended = []

    async def endless() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("ended")

    requests.start(endless())
    requests.start(endless())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(requests.next)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert ended == ["ended", "ended"]
    assert not requests


async def test_a_request_that_raises_cancels_the_others() -> None:
    requests = BackgroundRequests[None]()

    async def broken() -> None:
        raise ArithmeticError

    requests.start(anyio.sleep_forever())
    requests.start(broken())
    with pytest.raises(ArithmeticError):
        await requests.next()
    assert not requests


async def test_pages_that_arrive_together_are_returned_together() -> None:
    app = FakePortal(methods={"crm.deal.list": MemoryList(list(range(1, 20_001)))})
    async with open_portal(app) as portal:
        parts = [numbers(part) async for part in portal.listing("crm.deal.list").by_request()]
    assert sorted(number for part in parts for number in part) == list(range(1, 20_001))
    assert 1 < len(parts) <= len(app.requests)


async def test_the_next_pages_are_requested_while_rows_are_used() -> None:
    app = FakePortal(methods={"crm.deal.list": MemoryList(list(range(1, 20_001)))})
    async with open_portal(app) as portal:
        listing = portal.listing("crm.deal.list")
        rows = 0
        async with aclosing(listing.by_request()) as parts:
            async for part in parts:
                rows += len(part)
                if rows > 1_000:
                    break
        before = len(app.requests)
        await anyio.wait_all_tasks_blocked()
        assert len(app.requests) > before
        rest = numbers(await read(listing))
    assert rows + len(rest) == 20_000
    assert listing.complete


async def test_a_listing_that_is_closed_sends_nothing_more_and_can_go_on() -> None:
    app = FakePortal(methods={"crm.deal.list": MemoryList(list(range(1, 20_001)))})
    async with open_portal(app) as portal:
        listing = portal.listing("crm.deal.list")
        seen: list[int] = []
        async with aclosing(listing.by_request()) as parts:
            async for part in parts:
                seen += numbers(part)
                if len(seen) > 1_000:
                    break
        await listing.aclose()
        before = len(app.requests)
        await anyio.wait_all_tasks_blocked()
        assert len(app.requests) == before
        seen += numbers(await read(listing))
    assert sorted(seen) == list(range(1, 20_001))
    assert listing.complete
