"""Whole lists of the sandbox's own methods, one of each family of paging."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rest.listing.conftest import DEALS, Opened
from tests.rest.listing.lists import numbers, read


async def total_of(opened: Opened, method: str, params: dict[str, Any] | None = None) -> int:
    return (await opened.portal.call(method, params)).total or 0


@pytest.mark.parametrize(
    ("method", "params", "key", "strategy"),
    [
        ("crm.contact.list", {}, "ID", "keyset"),
        ("crm.company.list", {"ORDER": {"id": "asc"}}, "ID", "keyset"),
        ("crm.stagehistory.list", {"entityTypeId": 2}, "ID", "keyset"),
        ("crm.item.list", {"entityTypeId": 3}, "id", "keyset"),
        ("catalog.product.list", {"select": ["id", "iblockId"], "filter": {"iblockId": 24}}, "id", "keyset"),
        ("tasks.task.list", {"select": ["ID", "TITLE"]}, "id", "keyset"),
        ("user.get", {"FILTER": {"ACTIVE": True}}, "ID", "keyset"),
        ("lists.element.get", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1}, "ID", "keyset"),
        ("sonet_group.get", {}, "ID", "keyset"),
        ("user.get", {"ACTIVE": True}, "ID", "offset"),
        ("user.get", {"sort": "LAST_NAME", "order": "DESC"}, "ID", "offset"),
        ("crm.contact.list", {"order": {"LAST_NAME": "ASC"}}, "ID", "offset"),
        ("department.get", {}, "ID", "offset"),
        ("disk.storage.getlist", {}, "ID", "offset"),
        ("crm.status.list", {}, "ID", "everything at once"),
    ],
)
async def test_every_row_of_a_list_is_returned_exactly_once(
    opened: Opened, method: str, params: dict[str, Any], key: str, strategy: str
) -> None:
    listing = opened.portal.listing(method, params)
    rows = await read(listing)
    assert (listing.strategy, listing.key, listing.complete, listing.notes) == (strategy, key, True, ())
    assert len(rows) == len(set(numbers(rows, key))) == listing.rows_seen == listing.total
    assert len(rows) == await total_of(opened, method, params) > 0
    assert listing.cursor is None


async def test_a_long_list_needs_few_requests_and_they_are_counted(opened: Opened) -> None:
    listing = opened.portal.listing("crm.deal.list", {"select": ["ID"]})
    rows = await read(listing)
    assert sorted(numbers(rows)) == list(range(1, DEALS + 1))
    # Pages of 50, 50 of them in a request; one request more each for the first page, the last id, the counts.
    assert listing.requests == len(opened.calls) <= DEALS / 2_500 + 5
    assert listing.total == DEALS
    assert listing.notes == ()


async def test_rows_are_those_of_a_plain_call(opened: Opened) -> None:
    select = ["TITLE", "OPPORTUNITY"]
    listing = opened.portal.listing("crm.item.list", {"entityTypeId": 2, "select": select, "filter": {"<=id": 130}})
    plain = await opened.portal.call("crm.item.list", {"entityTypeId": 2, "select": ["*"], "filter": {"id": 57}})
    rows = await read(listing)
    assert len(rows) == 130
    assert set(rows[0]) <= {"title", "opportunity"}
    assert plain.result["items"][0]["title"] in [row.get("title") for row in rows] or rows[0] == {}


async def test_an_id_that_was_not_selected_is_not_in_the_rows(opened: Opened) -> None:
    listing = opened.portal.listing("crm.deal.list", {"SELECT": ["TITLE"], "filter": {"<ID": 121}})
    rows = await read(listing)
    assert len(rows) == 120
    assert all(set(row) == {"TITLE"} for row in rows)
    assert listing.key is None
    assert "select" not in json.dumps(opened.calls[-1].params)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({">ID": 100}, range(101, DEALS + 1)),
        ({">=ID": 100, "<ID": 300}, range(100, 300)),
        ({">ID": "100", "<=ID": "300"}, range(101, 301)),
        ({"ID": [5, 70, 6_000]}, [5, 70, 6_000]),
        ({"!ID": [1, 2, 3], "<ID": 80}, range(4, 80)),
        ({">ID": 500, "<ID": 100}, []),
        ({"@ID": list(range(1, 200))}, range(1, 200)),
    ],
)
@pytest.mark.parametrize("order", [None, {"ID": "ASC"}, {"ID": "DESC"}])
async def test_conditions_of_the_readers_own_on_the_id_still_hold(
    opened: Opened, conditions: dict[str, Any], expected: Any, order: dict[str, str] | None
) -> None:
    params = {"filter": conditions, "select": ["ID"]} | ({"order": order} if order else {})
    listing = opened.portal.listing("crm.deal.list", params)
    seen = numbers(await read(listing))
    if order is not None:
        assert seen == sorted(expected, reverse=order["ID"] == "DESC")
    assert sorted(seen) == list(expected)
    assert listing.complete
    assert listing.strategy == "keyset"


async def test_an_order_of_the_readers_own_is_honoured(opened: Opened) -> None:
    listing = opened.portal.listing(
        "crm.deal.list", {"order": {"OPPORTUNITY": "DESC"}, "select": ["ID", "OPPORTUNITY"]}
    )
    rows = await read(listing)
    amounts = [float(row["OPPORTUNITY"]) for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    assert sorted(numbers(rows)) == list(range(1, DEALS + 1))
    assert listing.notes == ()
    assert listing.complete


async def test_a_positional_list_is_read_page_by_page(opened: Opened) -> None:
    listing = opened.portal.listing("task.item.list", [{"ID": "asc"}, {}])
    rows = await read(listing)
    assert listing.strategy == "NAV_PARAMS"
    assert len(set(numbers(rows))) == len(rows) == listing.total == await total_of(opened, "tasks.task.list")
    assert len(rows) > 100
    assert listing.complete


async def test_a_map_keeps_the_keys_of_its_rows(opened: Opened) -> None:
    listing = opened.portal.listing("task.stages.get", {"entityId": 0})
    plain = await opened.portal.call("task.stages.get", {"entityId": 0})
    rows = await read(listing)
    assert [row["ID"] for row in rows] == [row["ID"] for row in plain.result.values()]
    assert listing.key == "ID"


@pytest.mark.parametrize(
    ("method", "strategy"),
    [
        ("tasks.task.list", "keyset"),
        ("main.eventlog.list", "keyset"),
        ("main.eventlog.tail", "pagination"),
        ("note.collection.list", "pagination"),
        ("tasks.task.field.list", "everything at once"),
    ],
)
async def test_lists_of_rest_3_are_read_to_their_end(opened: Opened, method: str, strategy: str) -> None:
    listing = opened.portal.listing(method, version="v3")
    rows = await read(listing)
    assert (listing.strategy, listing.complete, listing.total) == (strategy, True, None)
    assert rows
    if listing.key:
        assert len({row[listing.key] for row in rows}) == len(rows)


async def test_tasks_in_rest_3_are_those_of_the_older_version(opened: Opened) -> None:
    newer = opened.portal.listing("tasks.task.list", {"select": ["id"], "filter": [["id", ">", 20]]}, version="v3")
    older = opened.portal.listing("tasks.task.list", {"select": ["ID"], "filter": {">ID": 20}})
    assert numbers(await read(newer), "id") == numbers(await read(older), "id")


async def test_an_order_in_rest_3_is_honoured(opened: Opened) -> None:
    listing = opened.portal.listing("tasks.task.list", {"select": ["id"], "order": {"id": "desc"}}, version="v3")
    seen = numbers(await read(listing), "id")
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) > 100
    assert listing.strategy == "pagination"
