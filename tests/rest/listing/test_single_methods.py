"""What the table of single methods says holds in the requests that are sent."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.catalog import known_methods
from b24_mcp.catalog.lists import _table
from tests.fake_portal import Page
from tests.rest.listing.lists import numbers, portal_with, read

LINES = sorted(_table().items())
SPELLED = sorted(key for key, facts in LINES if facts.is_spelled)


@pytest.mark.parametrize(("method", "version"), [key for key, _ in LINES])
def test_every_line_is_a_list_of_the_catalogue_and_says_something(method: str, version: Any) -> None:
    known = known_methods().method(method, version)
    assert known is not None
    assert known.facts.paging is not None
    facts = _table()[method, version]
    assert facts != type(facts)()
    assert facts.variant in (None, "bare", "rising", "typed")
    if facts.argument is not None or facts.variant == "bare":
        assert known.facts.positional


@pytest.mark.parametrize(("method", "version"), SPELLED)
async def test_a_query_by_id_is_spelled_as_the_line_says(method: str, version: str) -> None:
    facts = _table()[method, version]
    documented = known_methods().method(method, "v2")
    assert documented is not None
    asked: list[dict[str, Any]] = []
    field = facts.id or "ID"

    def answer(params: Any) -> Page:
        asked.append(params)
        conditions = params.get(facts.filter or "filter", {})
        after = int(conditions.get(f">{field}", 0))
        rows = [{field: str(number)} for number in range(after + 1, 121)][:50]
        key = documented.facts.result.list_key
        return Page(rows if key is None else {key: rows}, 120, 50)

    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        listing = portal.listing(method)
        assert numbers(await read(listing), field) == list(range(1, 121))
    assert listing.strategy == "keyset"
    order: Any = "ASC" if facts.sort else {field: "ASC"}
    for params in asked:
        assert params[facts.order or "order"] == order
        assert params.get(facts.sort or "") == (field if facts.sort else None)
        assert (facts.select or "") not in params or facts.select != "none"


@pytest.mark.parametrize("method", sorted(key[0] for key, facts in LINES if not facts.by_id))
async def test_what_cannot_be_read_by_id_is_not(method: str) -> None:
    async with portal_with() as (portal, _):
        assert portal.listing(method).strategy == "offset"


async def test_conditions_at_the_top_level_are_kept_by_reading_by_start() -> None:
    async with portal_with() as (portal, _):
        assert portal.listing("user.get", {"NAME": "Ann"}).strategy == "offset"
        assert portal.listing("user.get", {"ADMIN_MODE": True}).strategy == "keyset"


async def test_rows_stand_under_the_key_of_the_line() -> None:
    answer = {"comments": [{"ID": "1"}], "other": [{"ID": "5"}]}
    async with portal_with(log__blogcomment__user__get=lambda _: answer) as (portal, _):
        assert (await anext(portal.listing("log.blogcomment.user.get"))) == [{"ID": "1"}]


@pytest.mark.parametrize(
    ("method", "position"), [("task.item.list", 2), ("task.items.getlist", 3), ("task.elapseditem.getlist", 4)]
)
async def test_the_argument_of_the_line_holds_the_page(method: str, position: int) -> None:
    asked: list[Any] = []

    def answer(params: Any) -> Page:
        asked.append(params)
        return Page([{"ID": "1"}], 1)

    async with portal_with(**{method.replace(".", "__"): answer}) as (portal, _):
        await read(portal.listing(method, []))
    assert asked[0][position]["NAV_PARAMS"] == {"nPageSize": 50, "iNumPage": 1}
    assert ("iNumPage" in asked[0][position]) == (method == "task.items.getlist")
