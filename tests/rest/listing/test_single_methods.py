"""Each column of the table of lists decides what is sent."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import b24_mcp.catalog.lists as lists_module
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.lists import ListFacts, _table
from tests.fake_portal import Page, open_portal
from tests.rest.listing.lists import NumberedRows, numbers, portal_with, read

LINES = sorted((key, facts) for key, facts in _table().items() if not key[0].startswith("*"))
FAMILIES = sorted((key, facts) for key, facts in _table().items() if key[0].startswith("*"))
SPELLED = sorted(key for key, facts in LINES if facts.is_spelled)


@pytest.mark.parametrize(("method", "version"), [key for key, _ in LINES])
def test_every_line_is_a_list_of_the_catalogue_and_is_not_empty(method: str, version: Any) -> None:
    known = known_methods().method(method, version)
    assert known is not None
    assert known.facts.paging is not None
    facts = _table()[method, version]
    assert facts != ListFacts()
    if facts.argument is not None or facts.bare or facts.first_optional:
        assert known.facts.positional
    if facts.first_optional or facts.bare:
        assert facts.argument
    if facts.rising or facts.row_type is not None:
        assert known.facts.paging == "LAST_ID"


def test_the_columns_are_those_of_the_type_and_of_its_documentation() -> None:
    header = (Path(lists_module.__file__).parent / "data" / "lists.tsv").read_text("utf-8").splitlines()[0]
    columns = header.split("\t")
    assert columns == ["method", "version", *(field.name for field in fields(ListFacts))]
    assert lists_module.__doc__ is not None
    assert [column for column in columns if f"`{column}`" not in lists_module.__doc__] == []


def test_the_lines_of_families_are_those_of_methods_with_a_start() -> None:
    assert [key for key, _ in FAMILIES] == [("*", "v2"), ("*", "v3"), ("*A", "v2"), ("*B", "v2"), ("*C", "v2")]
    assert all(facts != ListFacts() for _, facts in FAMILIES)


class Spelled:
    """A list of 120 rows that reads its query from parameters with given names only."""

    def __init__(self, filter: str, field: str, list_key: str | None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._filter, self._field, self._list_key = filter, field, list_key

    def __call__(self, params: Any) -> Page:
        self.asked.append(params)
        after = int(params.get(self._filter, {}).get(f">{self._field}", 0))
        rows = [{self._field: str(number)} for number in range(after + 1, 121)][:50]
        return Page(rows if self._list_key is None else {self._list_key: rows}, 120, 50)


@pytest.mark.parametrize(("method", "version"), SPELLED)
async def test_a_query_by_id_is_spelled_as_the_line_says(method: str, version: str) -> None:
    facts = _table()[method, version]
    documented = known_methods().method(method, "v2")
    assert documented is not None
    field = facts.id or "ID"
    answer = Spelled(facts.filter or "filter", field, documented.facts.result.list_key)
    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        listing = portal.listing(method)
        assert numbers(await read(listing), field) == list(range(1, 121))
    assert listing.strategy == "keyset"
    order: Any = "ASC" if facts.sort else {field: "ASC"}
    for params in answer.asked:
        assert params[facts.order or "order"] == order
        assert params.get(facts.sort or "") == (field if facts.sort else None)
        assert (facts.select or "") not in params or facts.select != "none"


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("entity.item.get", {}, {"FILTER": {">ID": 50}, "SORT": {"ID": "ASC"}}),
        ("lists.element.get", {"SELECT": ["NAME"]}, {"FILTER": {">ID": 50}, "ELEMENT_ORDER": {"ID": "ASC"}}),
        ("user.get", {}, {"FILTER": {">ID": 50}, "sort": "ID", "order": "ASC"}),
        ("voximplant.statistic.get", {}, {"FILTER": {">ID": 50}, "SORT": "ID", "ORDER": "ASC"}),
        ("crm.stagehistory.list", {}, {"filter": {">ID": 50}, "order": {"ID": "ASC"}}),
        ("catalog.product.list", {}, {"filter": {">id": 50}, "order": {"id": "ASC"}}),
        ("crm.deal.list", {}, {"filter": {">ID": 50}, "order": {"ID": "ASC"}}),
    ],
)
async def test_the_second_page_is_requested_with_these_names(
    method: str, params: dict[str, Any], expected: dict[str, Any]
) -> None:
    field = "id" if method == "catalog.product.list" else "ID"
    documented = known_methods().method(method, "v2")
    assert documented is not None
    names = {name for name in expected if name.lower() == "filter"}
    answer = Spelled(names.pop(), field, documented.facts.result.list_key)
    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        await read(portal.listing(method, params, limit=60))
    select = {"SELECT": ["NAME", "ID"]} if params else {}
    assert answer.asked[1] == {**expected, **select, "start": -1}


async def test_a_method_without_select_is_not_sent_one() -> None:
    answer = Spelled("FILTER", "ID", None)
    async with portal_with(entity__item__get=answer) as (portal, _):
        await read(portal.listing("entity.item.get", {"select": ["NAME"]}, limit=60))
    assert {tuple(params["select"]) for params in answer.asked} == {("NAME",)}


@pytest.mark.parametrize(("method", "sent"), [("tasks.task.list", {"filter", "FILTER"}), ("crm.deal.list", {"FILTER"})])
async def test_an_exact_method_knows_one_spelling_only(method: str, sent: set[str]) -> None:
    asked: list[dict[str, Any]] = []

    def answer(params: Any) -> Page:
        asked.append(params)
        rows = [{"id": str(number)} for number in range(len(asked) * 50 - 49, len(asked) * 50 + 1)]
        return Page({"tasks": rows} if method == "tasks.task.list" else rows, 500, 50)

    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        await read(portal.listing(method, {"FILTER": {"TITLE": "x"}}, limit=60))
    assert {name for name in asked[1] if name.lower() == "filter"} == sent


@pytest.mark.parametrize(
    "method",
    sorted(
        {key[0] for key, facts in LINES if not facts.by_id}
        | {"crm.address.list", "disk.storage.getlist", "sale.status.list", "user.search"}
    ),
)
async def test_a_list_without_numeric_ids_is_read_by_start(method: str) -> None:
    async with portal_with() as (portal, _):
        assert portal.listing(method).strategy == "offset"


async def test_conditions_at_the_top_level_are_kept_by_reading_by_start() -> None:
    async with portal_with() as (portal, _):
        assert portal.listing("user.get", {"NAME": "Ann"}).strategy == "offset"
        assert portal.listing("user.get", {"ADMIN_MODE": True}).strategy == "keyset"


async def test_rows_are_under_the_key_of_the_line() -> None:
    answer = {"comments": [{"ID": "1"}], "other": [{"ID": "5"}]}
    async with portal_with(log__blogcomment__user__get=lambda _: answer) as (portal, _):
        assert (await anext(portal.listing("log.blogcomment.user.get"))) == [{"ID": "1"}]


@pytest.mark.parametrize(
    ("method", "given", "position"),
    [
        ("task.item.list", [], 2),
        ("task.items.getlist", [], 3),
        ("task.items.getlist", [{"ID": "asc"}], 3),
        ("task.elapseditem.getlist", [], 4),
        ("task.elapseditem.getlist", [7, {"ID": "asc"}], 4),
        ("task.elapseditem.getlist", [{"ID": "asc"}], 3),
    ],
)
async def test_the_argument_of_the_line_holds_the_page(method: str, given: list[Any], position: int) -> None:
    asked: list[Any] = []

    def answer(params: Any) -> Page:
        asked.append(params)
        return Page([{"ID": "1"}], 1)

    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        await read(portal.listing(method, given))
    assert asked[0][: len(given)] == given
    assert asked[0][position]["NAV_PARAMS"] == {"nPageSize": 50, "iNumPage": 1}
    assert ("iNumPage" in asked[0][position]) == (method == "task.items.getlist")


async def test_ids_that_rise_are_continued_after_the_last_row() -> None:
    asked: list[Any] = []

    def answer(params: Any) -> Any:
        asked.append(params.get("LAST_ID"))
        after = params.get("LAST_ID", 0)
        return [{"id": number} for number in range(after + 1, 121)][: params["LIMIT"]]

    async with portal_with(im__dialog__users__list=answer) as (portal, _):
        listing = portal.listing("im.dialog.users.list", {"DIALOG_ID": "chat1"})
        assert numbers(await read(listing), "id") == list(range(1, 121))
    assert asked == [None, 50, 100, 120]


@pytest.mark.parametrize(("method", "limit"), [("tasks.task.list", 50), ("mail.mailbox.list", 500)])
async def test_a_page_has_the_most_rows_that_the_method_allows(method: str, limit: int) -> None:
    app = NumberedRows(120)
    async with open_portal(app) as portal:
        assert numbers(await read(portal.listing(method, version="v3")), "id") == list(range(1, 121))
    assert {page["limit"] for page in app.asked} == {limit}
