"""The size of one request: smaller for a slow portal, half after a failure; rows that were read are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import CallTime
from b24_mcp.rest.listing.pace import Pace, is_too_much
from tests.fake_portal import FakeClock, FakePortal, Page, PortalError, Recorded, Reply, open_portal
from tests.rest.listing.lists import MemoryList, numbers, read

GATEWAY = Reply("<html>Gateway</html>", 504, "text/html")


@dataclass
class WeakPortal(FakePortal):
    """Answers a batch of more than `most` commands with `failure`."""

    most: int = 50
    failure: Reply = GATEWAY

    def _run(self, request: Recorded) -> Reply:
        if request.method == "batch" and len(request.json["cmd"]) > self.most:
            return self.failure
        return super()._run(request)


def commands(request: Recorded) -> int:
    return len(request.json["cmd"]) if request.method == "batch" else 1


TOO_MUCH = [
    GATEWAY,
    Reply({"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}, 500),
    Reply('{"result":{"result":{"a":[', 200),
    Reply({"result": "x" * 3_000_000}),
]


@pytest.mark.parametrize("order", [{}, {"order": {"TITLE": "ASC"}}])
@pytest.mark.parametrize("failure", TOO_MUCH)
async def test_a_request_that_was_too_large_is_repeated_with_half_the_pages(
    failure: Reply, order: dict[str, Any]
) -> None:
    deals = MemoryList(list(range(1, 1_501)))
    app = WeakPortal(methods={"crm.deal.list": deals}, most=9, failure=failure)
    async with open_portal(app, largest_answer=2_000_000) as portal:
        listing = portal.listing("crm.deal.list", order)
        seen = numbers(await read(listing))
    assert sorted(seen) == list(range(1, 1_501))
    assert len(seen) == len(set(seen))
    assert listing.complete
    sizes = [commands(request) for request in app.requests]
    assert max(sizes) > 9 > min(sizes[-3:])
    assert listing.requests == len(app.requests) < 30


async def test_requests_pause_after_a_failure() -> None:
    app = WeakPortal(methods={"crm.deal.list": MemoryList(list(range(1, 501)))}, most=4)
    clock = FakeClock()
    async with open_portal(app, clock=clock) as portal:
        await read(portal.listing("crm.deal.list"))
    assert [seconds for seconds in clock.slept if seconds][:2] == [1.0, 2.0]


async def test_reading_ends_with_the_error_of_a_portal_that_keeps_failing() -> None:
    app = WeakPortal(methods={"crm.deal.list": MemoryList(list(range(1, 501)))}, most=0)
    seen: list[int] = []

    async def reading() -> None:
        async for rows in listing:
            seen.extend(numbers(rows))

    async with open_portal(app) as portal:
        app.methods = dict(app.methods)
        listing = portal.listing("crm.deal.list")
        seen += numbers(await anext(listing))
        app.methods["crm.deal.list"] = refusing  # single calls fail from now on, too
        with pytest.raises(B24Error) as failed:
            await reading()
    assert failed.value.fault.status == 500
    assert seen == list(range(1, 51))
    assert listing.cursor is not None
    assert len(app.requests) < 12


def refusing(_: Any) -> Any:
    raise PortalError("INTERNAL_SERVER_ERROR", "Internal server error", 500)


async def test_a_page_that_fails_inside_a_chain_is_read_again_from_the_last_good_id() -> None:
    deals = MemoryList(list(range(1, 901)))
    failures = [7, 11, 12]
    calls = 0

    def method(params: Any) -> Page:
        nonlocal calls
        calls += 1
        if calls in failures:
            raise PortalError("ERROR_CORE", "Database is locked", 500)
        return deals(params)

    app = FakePortal(methods={"crm.deal.list": method})
    async with open_portal(app, deadline=100) as portal:
        listing = portal.listing("crm.deal.list")
        with mock.patch("b24_mcp.rest.listing.pace.is_too_much", lambda fault: fault.code == "ERROR_CORE"):
            assert numbers(await read(listing)) == list(range(1, 901))
    assert listing.complete
    assert len(deals.asked) == 900 / 50 + 1  # every page once
    assert len(app.requests) < 10


@pytest.mark.parametrize(("seconds", "pages"), [(0.001, 50), (0.3, 50), (0.5, 30), (2.0, 7), (40.0, 1)])
def test_a_request_is_sized_for_about_fifteen_seconds(seconds: float, pages: int) -> None:
    pace = Pace(together=True)
    assert pace.pages == 1
    pace.learn([CallTime(duration=seconds)] * 3)
    assert pace.pages == pages


def test_the_pace_grows_again_after_a_failure_but_stays_below_it() -> None:
    pace = Pace(together=True)
    pace.learn([CallTime(duration=0.01)])
    pace.back_off(50)
    assert pace.pages == 25
    pace.back_off(25)
    assert pace.pages == 12
    for expected in (18, 18, 18):
        pace.learn([CallTime(duration=0.01)])
        assert pace.pages == expected


def test_pages_that_cannot_be_batched_are_requested_one_by_one() -> None:
    pace = Pace(together=False)
    for _ in range(5):
        pace.learn([CallTime(duration=0.01)])
        assert pace.pages == 1


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("B24MCP_TIMEOUT", None, True),
        ("B24MCP_TOO_LARGE", 200, True),
        ("B24MCP_BAD_ANSWER", 502, True),
        ("INTERNAL_SERVER_ERROR", 500, True),
        ("B24MCP_NO_CONNECTION", None, False),
        ("ACCESS_DENIED", 403, False),
        ("B24MCP_OPERATING", None, False),
    ],
)
def test_only_errors_that_a_smaller_request_may_avoid_are_too_much(
    code: str, status: int | None, expected: bool
) -> None:
    assert is_too_much(our_error(code, "", status=status).fault) is expected


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (50, 1), (51, 2), (200, 4), (1_000, 20)])
@pytest.mark.parametrize("order", [{}, {"order": {"TITLE": "ASC"}}])
async def test_a_limit_asks_for_no_more_pages_than_it_needs(limit: int, most: int, order: dict[str, Any]) -> None:
    deals = MemoryList(list(range(1, 8_001)))
    app = FakePortal(methods={"crm.deal.list": deals})
    async with open_portal(app) as portal:
        listing = portal.listing("crm.deal.list", order, limit=limit)
        rows = await read(listing)
    assert len(rows) == limit == listing.rows_seen
    assert len(deals.asked) <= most + 1
    assert not listing.complete
    assert listing.total == 8_000
