"""Methods that do not behave as lists: another strategy reads them, or reading stops with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fake_portal import Page, PortalError, open_portal
from tests.rest.listing.lists import MemoryList, numbers, portal_with, read


async def test_a_method_that_ignores_conditions_on_the_id_is_read_by_start() -> None:
    deals = MemoryList(list(range(1, 321)), knows_filter=False)
    async with portal_with(crm__deal__list=deals) as (portal, _):
        listing = portal.listing("crm.deal.list")
        seen = numbers(await read(listing))
    assert sorted(seen) == list(range(1, 321))
    assert len(seen) == len(set(seen))
    assert listing.strategy == "offset"
    assert listing.complete
    assert listing.notes == ("crm.deal.list was not read by keyset: it does not follow its filter and order by ID",)


async def test_a_method_that_ignores_the_order_is_read_by_start() -> None:
    deals = MemoryList(list(range(1, 321)), knows_order=False)

    def shuffled(params: Any) -> Page:
        page = deals(params)
        return Page(page.result[::-1], page.total, page.next)

    async with portal_with(crm__deal__list=shuffled) as (portal, _):
        listing = portal.listing("crm.deal.list")
        seen = numbers(await read(listing))
    assert sorted(seen) == list(range(1, 321))
    assert len(seen) == len(set(seen))
    assert listing.complete


async def test_a_method_that_refuses_conditions_on_the_id_is_read_by_start() -> None:
    deals = MemoryList(list(range(1, 121)), family="B", key="id", list_key="items")

    def strict(params: Any) -> Page:
        if params.get("filter"):
            raise PortalError("INVALID_ARG_VALUE", "id cannot be filtered", 400)
        return deals(params)

    async with portal_with(crm__type__list=lambda p: strict(p)) as (portal, _):
        listing = portal.listing("crm.type.list", {})
        assert (await portal.call("crm.type.list")).total == 120
        deals.list_key = "types"
        assert numbers(await read(listing), "id") == list(range(1, 121))
    assert listing.complete
    assert "refused to filter by id" in listing.notes[0]


@pytest.mark.parametrize("total", [500, None])
async def test_a_method_that_ignores_start_is_stopped_and_explained(total: int | None) -> None:
    def method(params: Any) -> Page:
        return Page([{"ID": str(number)} for number in range(50)], total, 50 if total else None)

    async with portal_with(department__get=method) as (portal, app):
        listing = portal.listing("department.get")
        seen = numbers(await read(listing))
    assert seen == list(range(50))
    assert not listing.complete
    assert "the same rows whatever start is" in listing.notes[0]
    assert len(app.requests) <= 3


async def test_rows_without_an_id_that_never_end_are_stopped_too() -> None:
    def method(_: Any) -> Page:
        return Page([{"TYPE_ID": "1"}] * 50)

    async with portal_with(crm__address__list=method) as (portal, app):
        listing = portal.listing("crm.address.list")
        rows = await read(listing)
    assert len(rows) == 50
    assert not listing.complete
    assert listing.key is None
    assert len(app.requests) <= 3


async def test_reading_stops_with_a_note_if_a_method_ignores_the_cursor() -> None:
    def method(_: Any) -> Any:
        return [{"id": number} for number in range(50)]

    async with portal_with(im__search__chat__list=method) as (portal, app):
        listing = portal.listing("im.search.chat.list", {"FIND": "abc"})
        assert len(await read(listing)) == 50
    assert not listing.complete
    assert "the same rows on every page" in listing.notes[0]
    assert len(app.requests) == 2


async def test_a_list_without_pages_needs_one_request() -> None:
    async with portal_with(crm__deal__list=lambda _: Page([{"ID": str(n)} for n in range(1, 131)], 130)) as (
        portal,
        app,
    ):
        listing = portal.listing("crm.deal.list")
        assert len(await read(listing)) == 130
    assert listing.complete
    assert len(app.requests) == 1


async def test_a_list_documented_without_pages_is_read_by_start_if_it_has_pages() -> None:
    async with portal_with(crm__status__list=MemoryList(list(range(1, 171)))) as (portal, _):
        listing = portal.listing("crm.status.list")
        assert numbers(await read(listing)) == list(range(1, 171))
    assert listing.complete
    assert listing.strategy == "offset"


async def test_pages_that_omit_hidden_rows_are_followed_to_the_end() -> None:
    files = MemoryList(list(range(1, 331)), family="C")

    def without_some(params: Any) -> Page:
        page = files(params)
        return Page([row for row in page.result if int(row["ID"]) % 3], page.total, page.next)

    async with portal_with(disk__folder__getchildren=without_some) as (portal, _):
        listing = portal.listing("disk.folder.getchildren", {"id": 1})
        seen = numbers(await read(listing))
    assert seen == [number for number in range(1, 331) if number % 3]
    assert listing.complete
    assert len(files.asked) == 8 + 6  # one page twice between requests, then all but the last to see that nothing moved
    assert "counted 330 rows at the beginning and gave 220" in listing.notes[0]


async def test_pages_that_are_not_full_do_not_end_reading_by_id() -> None:
    deals = MemoryList(list(range(1, 331)))

    def without_some(params: Any) -> Page:
        page = deals(params)
        return Page([row for row in page.result if int(row["ID"]) != 120], page.total, page.next)

    async with portal_with(crm__deal__list=without_some) as (portal, _):
        listing = portal.listing("crm.deal.list")
        seen = numbers(await read(listing))
    assert seen == [number for number in range(1, 331) if number != 120]
    assert "counted 330 rows at the beginning and gave 329" in listing.notes[0]


async def test_no_total_means_reading_until_a_page_is_not_full() -> None:
    sprints = list(range(1, 231))

    def method(params: Any) -> Any:
        start = int(params.get("start", 0))
        return [{"id": number} for number in sprints[start : start + 50]]

    async with portal_with(booking__v1__clienttype__list=lambda p: {"clientType": method(p)}) as (portal, _):
        listing = portal.listing("booking.v1.clienttype.list")
        assert numbers(await read(listing), "id") == sprints
    assert listing.complete
    assert listing.total is None


async def test_a_text_that_looks_like_a_reference_never_goes_through_a_batch() -> None:
    deals = MemoryList(list(range(1, 161)))
    seen_params: list[Any] = []

    def method(params: Any) -> Page:
        seen_params.append(params)
        conditions = {name: value for name, value in params.get("filter", {}).items() if name != "TITLE"}
        return deals({**params, "filter": conditions})

    async with portal_with(crm__deal__list=method) as (portal, app):
        listing = portal.listing("crm.deal.list", {"filter": {"TITLE": "$result[a]"}})
        assert numbers(await read(listing)) == list(range(1, 161))
    assert {request.method for request in app.requests} == {"crm.deal.list"}
    assert all(params["filter"]["TITLE"] == "$result[a]" for params in seen_params)


async def test_references_without_a_value_add_no_rows_and_no_notes() -> None:
    """A list whose rows are removed after they were counted, so that a chain is longer than the list."""
    deals = MemoryList(list(range(1, 1_001)))

    def thinning(ids: list[int]) -> None:
        del ids[130:]

    deals.changes = [lambda ids: None, thinning]
    async with portal_with(crm__deal__list=deals) as (portal, _):
        listing = portal.listing("crm.deal.list")
        seen = numbers(await read(listing))
    assert seen == list(range(1, 131))
    assert len(deals.asked) > 10
    assert listing.complete
    assert listing.notes == (
        "the portal counted 1000 rows at the beginning and gave 130: "
        "others added or removed some meanwhile, or this user may not see them all",
    )


@pytest.mark.parametrize("value", [False, True, None, [], {}])
@pytest.mark.parametrize("order", [{}, {"ELEMENT_ORDER": {"NAME": "ASC"}}])
async def test_a_value_that_no_query_string_carries_is_the_same_on_every_page(value: Any, order: Any) -> None:
    elements = MemoryList(list(range(1, 356)))

    def method(params: Any) -> Page:
        conditions = dict(params["FILTER"])
        if conditions.pop("%PROPERTY_199") != value:
            return Page([], 0)
        sorting = {"order": params["ELEMENT_ORDER"]} if "ID" in params["ELEMENT_ORDER"] else {}
        return elements({"filter": conditions, "start": params["start"], **sorting})

    given = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": "29", "FILTER": {"%PROPERTY_199": value}}
    async with portal_with(lists__element__get=method) as (portal, app):
        listing = portal.listing("lists.element.get", given | order)
        assert numbers(await read(listing)) == list(range(1, 356))
    assert listing.complete
    assert {request.method for request in app.requests} == {"lists.element.get"}
    assert all(request.json["FILTER"]["%PROPERTY_199"] == value for request in app.requests)


@pytest.mark.parametrize("rows", [51, 100, 150, 230])
@pytest.mark.parametrize("total", [50, None])
async def test_next_is_followed_beyond_a_total_that_is_too_small(rows: int, total: int | None) -> None:
    addresses = [{"TYPE_ID": "1", "ENTITY_ID": str(number)} for number in range(rows)]

    def method(params: Any) -> Page:
        start = int(params.get("start", 0))
        start = start if start < rows else 0
        following = start + 50 if start + 50 < rows else None
        return Page(addresses[start : start + 50], total if following else (total and 50), following)

    async with portal_with(crm__address__list=method) as (portal, _):
        listing = portal.listing("crm.address.list")
        assert await read(listing) == addresses
    assert listing.complete
    assert listing.total is None
    assert listing.notes == ()


async def test_next_is_followed_beyond_a_total_that_is_too_small_by_id_too() -> None:
    deals = MemoryList(list(range(1, 231)))

    def method(params: Any) -> Page:
        page = deals(params)
        return Page(page.result, min(50, page.total or 0), page.next)

    async with portal_with(crm__deal__list=method) as (portal, _):
        for order in ({}, {"order": {"TITLE": "ASC"}}):
            listing = portal.listing("crm.deal.list", order)
            assert sorted(numbers(await read(listing))) == list(range(1, 231))
            assert listing.complete


@pytest.mark.parametrize("order", [{}, {"order": {"title": "ASC"}}])
async def test_a_full_page_without_a_next_is_followed_by_one_more_request(order: dict[str, Any]) -> None:
    """A list with more rows than it counts, and without `next`."""
    deals = MemoryList(list(range(1, 81)), family="B", key="id", list_key="items")

    def method(params: Any) -> Page:
        page = deals(params | {"order": {("id" if name == "id" else "TITLE"): "ASC" for name in params["order"]}})
        return Page(page.result, 50)

    async with portal_with(crm__item__list=method) as (portal, _):
        listing = portal.listing("crm.item.list", {"entityTypeId": 2, **order})
        assert sorted(numbers(await read(listing), "id")) == list(range(1, 81))
    assert listing.complete


def as_object(rows: list[Any]) -> dict[str, Any]:
    """A list whose indexes have gaps, as PHP writes it."""
    return {str(7 + position): row for position, row in enumerate(rows)}


@pytest.mark.parametrize(
    ("method", "list_key", "key", "params"),
    [
        ("crm.item.list", "items", "id", {"entityTypeId": 2}),
        ("crm.item.list", "items", "id", {"entityTypeId": 2, "order": {"title": "ASC"}}),
        ("crm.item.list", "others", "id", {"entityTypeId": 2}),
        ("crm.deal.list", None, "ID", {}),
        ("crm.deal.list", None, "ID", {"order": {"TITLE": "ASC"}}),
        ("tasks.task.list", "tasks", "id", {}),
    ],
)
@pytest.mark.parametrize("count", [3, 50, 230])
async def test_a_list_written_as_an_object_is_read_as_rows(
    method: str, list_key: str | None, key: str, params: dict[str, Any], count: int
) -> None:
    rows = MemoryList(list(range(1, count + 1)), key=key)

    def answer(given: Any) -> Page:
        order = {key if name.lower() == "id" else "TITLE": sense for name, sense in given["order"].items()}
        conditions = {name.replace("ID", key): value for name, value in given.get("filter", {}).items()}
        page = rows({"filter": conditions, "order": order, "start": given["start"]})
        found = as_object(page.result)
        return Page(found if list_key is None else {list_key: found}, page.total, page.next)

    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        listing = portal.listing(method, params)
        assert sorted(numbers(await read(listing), key)) == list(range(1, count + 1))
    assert (listing.complete, listing.notes) == (True, ())


async def test_pages_of_steps_written_as_objects_are_read_as_rows() -> None:
    chats = [{"id": number} for number in range(1, 131)]

    def answer(params: Any) -> Any:
        return {"items": as_object(chats[int(params["OFFSET"]) :][:50])}

    async with portal_with(im__recent__list=answer) as (portal, _):
        listing = portal.listing("im.recent.list")
        assert await read(listing) == chats
    assert listing.complete


async def test_pages_of_rest_3_written_as_objects_are_read_and_followed() -> None:
    tasks = [{"id": number} for number in range(1, 131)]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given = json.loads((await receive())["body"])
        after = given["filter"][-1][2] if given.get("filter") else 0
        body = json.dumps({"result": {"items": as_object(tasks[after : after + 50])}, "time": {}}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    async with open_portal(app) as portal:
        listing = portal.listing("tasks.task.list", version="v3")
        assert await read(listing) == tasks
    assert listing.complete
