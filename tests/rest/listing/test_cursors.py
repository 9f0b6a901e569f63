"""A listing that stopped is resumed by its cursor."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import anyio
import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest.listing import Listing, keyset
from tests.fake_portal import FakeClock, FakePortal, Page, PortalError, open_portal
from tests.rest.listing.conftest import DEALS, Opened
from tests.rest.listing.lists import MemoryList, numbers, portal_with, read

QUERIES: list[tuple[str, Any, str | None]] = [
    ("crm.deal.list", {"select": ["ID"], "filter": {"<=ID": 230}}, None),
    ("crm.deal.list", {"select": ["ID"], "filter": {"<=ID": 230}, "order": {"ID": "DESC"}}, None),
    ("crm.deal.list", {"filter": {"<=ID": 230}, "order": {"OPPORTUNITY": "ASC"}}, None),
    ("task.item.list", [{"ID": "asc"}, {}], None),
    ("tasks.task.list", {"select": ["id"]}, "v3"),
    ("main.eventlog.tail", {}, "v3"),
]


@pytest.mark.parametrize(("method", "params", "version"), QUERIES)
@pytest.mark.parametrize("limit", [1, 49, 50, 51, 120])
async def test_parts_of_any_size_make_the_whole_list(
    opened: Opened, method: str, params: Any, version: Any, limit: int
) -> None:
    whole = [str(row) for row in await read(opened.portal.listing(method, params, version=version))]
    parts: list[str] = []
    cursor: Any = None
    for _ in range(4):
        listing = opened.portal.listing(method, params, version=version, limit=limit, resume=cursor)
        rows = await read(listing)
        assert len(rows) == listing.rows_seen <= limit
        parts += map(str, rows)
        cursor = json.loads(json.dumps(listing.cursor))
        assert listing.complete == (cursor is None)
        if cursor is None:
            break
    else:
        last = opened.portal.listing(method, params, version=version, resume=cursor)
        parts += map(str, await read(last))
        assert last.complete
        assert last.cursor is None
    assert parts == whole


async def test_the_cursor_is_good_after_every_page_of_several_ranges(opened: Opened) -> None:
    listing = opened.portal.listing("crm.deal.list", {"select": ["ID"]})
    seen: list[int] = []
    pages = 0
    async for rows in listing:
        seen += numbers(rows)
        pages += 1
        if pages == 77:
            break
    cursor = json.loads(json.dumps(listing.cursor))
    assert not listing.complete
    rest = opened.portal.listing("crm.deal.list", {"select": ["ID"]}, resume=cursor)
    seen += numbers(await read(rest))
    assert sorted(seen) == list(range(1, DEALS + 1))
    assert rest.complete
    assert rest.total == DEALS


async def test_a_cursor_of_an_earlier_version_still_resumes_its_list(opened: Opened) -> None:
    listing = opened.portal.listing("crm.deal.list", {"select": ["ID"]}, limit=120)
    seen = numbers(await read(listing))
    cursor = json.loads(json.dumps(listing.cursor))
    cursor["lanes"] = cursor.pop("ranges")
    rest = opened.portal.listing("crm.deal.list", {"select": ["ID"]}, resume=cursor)
    assert seen + numbers(await read(rest)) == list(range(1, DEALS + 1))
    assert rest.complete


async def test_the_same_listing_continues_after_its_loop_was_left(opened: Opened) -> None:
    listing = opened.portal.listing("crm.deal.list", {"select": ["ID"]})
    first = await anext(listing)
    rest = await read(listing)
    assert sorted(numbers(first + rest)) == list(range(1, DEALS + 1))
    assert await read(listing) == []


@pytest.mark.parametrize("order", [{}, {"order": {"TITLE": "ASC"}}])
@pytest.mark.parametrize("hanging", [0, 1, 2])
async def test_a_cancelled_listing_loses_nothing(order: Any, hanging: int) -> None:
    deals = MemoryList(list(range(1, 5_001)))
    fake = FakePortal(methods={"crm.deal.list": deals})
    hangs = anyio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if len(fake.requests) == hanging and not hangs.is_set():
            hangs.set()
            await anyio.sleep_forever()
        await fake(scope, receive, send)

    async with open_portal(app) as portal:
        with mock.patch.object(keyset, "_WORTH_SPLITTING", 1_000 if hanging % 2 else 10_000):
            listing = portal.listing("crm.deal.list", order)
            seen: list[int] = []

            async def reading() -> None:
                async for rows in listing:
                    seen.extend(numbers(rows))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reading)
                with anyio.fail_after(10):
                    await hangs.wait()
                tasks.cancel_scope.cancel()
            assert not listing.complete
            elsewhere = portal.listing("crm.deal.list", order, resume=json.loads(json.dumps(listing.cursor)))
            assert sorted(seen + numbers(await read(elsewhere))) == list(range(1, 5_001))
            # What the same listing held already is handed out first.
            assert sorted(seen + numbers(await read(listing))) == list(range(1, 5_001))
            assert listing.complete


async def read_into(seen: list[int], listing: Listing) -> None:
    async for rows in listing:
        seen += numbers(rows)


async def test_an_error_ends_the_loop_and_the_cursor_resumes_after_the_returned_rows() -> None:
    deals = MemoryList(list(range(1, 401)))
    broken = True

    def method(params: Any) -> Page:
        page = deals(params)
        if broken and page.result and any(int(row["ID"]) == 275 for row in page.result):
            raise PortalError("ACCESS_DENIED", "Not this page", 403)
        return page

    async with portal_with(crm__deal__list=method) as (portal, _):
        listing = portal.listing("crm.deal.list")
        seen: list[int] = []
        with pytest.raises(B24Error, match="Not this page"):
            await read_into(seen, listing)
        assert seen == list(range(1, 251))
        assert not listing.complete
        assert any("stopped after 250 rows: ACCESS_DENIED" in note for note in listing.notes)
        broken = False
        rest = portal.listing("crm.deal.list", resume=json.loads(json.dumps(listing.cursor)))
        assert numbers(await read(rest)) == list(range(251, 401))
        assert numbers(await read(listing)) == list(range(251, 401))  # and so does the same one
    assert rest.complete


async def test_used_up_working_time_ends_the_loop_with_the_time_to_resume() -> None:
    fake = FakePortal(methods={"crm.deal.list": MemoryList(list(range(1, 401)))})
    clock = FakeClock()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def spent(message: Any) -> None:
            if "body" in message:
                told = json.loads(message["body"])
                told["time"] = {"operating": 470, "operating_reset_at": int(clock.now()) + 400}
                message = {**message, "body": json.dumps(told).encode()}
            await send(message)

        await fake(scope, receive, spent)

    seen: list[int] = []
    async with open_portal(app, clock=clock, deadline=100) as portal:
        listing = portal.listing("crm.deal.list")
        with pytest.raises(B24Error) as stopped:
            await read_into(seen, listing)
        assert stopped.value.fault.code == "B24MCP_OPERATING"
        assert seen == list(range(1, 51))
        assert "B24MCP_OPERATING" in listing.notes[0]
        clock.time += 500
        rest = portal.listing("crm.deal.list", resume=listing.cursor)
        seen += numbers(await anext(rest))
    assert seen == list(range(1, 101))


async def test_a_resumed_list_that_stopped_following_ids_starts_again_with_a_note() -> None:
    deals = MemoryList(list(range(1, 161)))
    async with portal_with(crm__deal__list=deals) as (portal, _):
        first = portal.listing("crm.deal.list", limit=60)
        await read(first)
        deals.knows_filter = False
        rest = portal.listing("crm.deal.list", resume=first.cursor)
        assert numbers(await read(rest)) == list(range(1, 161))
    assert rest.strategy == "offset"
    assert "the list was started again: rows of the earlier parts are repeated" in rest.notes
