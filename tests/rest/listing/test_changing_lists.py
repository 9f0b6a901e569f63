"""Lists that others change while they are read: rows that exist all the time are returned exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.rest.listing import keyset
from tests.fake_portal import Page, open_portal
from tests.rest.listing.lists import MemoryList, numbers, portal_with, read, title

Change = Callable[[list[int]], None]


@pytest.fixture(autouse=True, scope="module")
def short_lists_are_split() -> Iterator[None]:
    with mock.patch.object(keyset, "_WORTH_SPLITTING", 150):
        yield


def removing(position: int) -> Change:
    def change(ids: list[int]) -> None:
        if ids:
            del ids[position % len(ids)]

    return change


def adding(gap: int) -> Change:
    def change(ids: list[int]) -> None:
        ids.append(max(ids, default=0) + 1 + gap)

    return change


def exchanging(position: int) -> Change:
    """Remove a row and add another one at the same time, so that the count is unchanged."""

    def change(ids: list[int]) -> None:
        removing(position)(ids)
        adding(0)(ids)

    return change


def all_of(several: list[Change]) -> Change:
    """Apply several changes before the same page."""

    def change_all(ids: list[int]) -> None:
        for change in several:
            change(ids)

    return change_all


def turning_up(position: int) -> Change:
    """Add a row with an old id, as if it began to match the filter."""

    def change(ids: list[int]) -> None:
        missing = sorted(set(range(1, max(ids, default=1))) - set(ids))
        if missing:
            ids.append(missing[position % len(missing)])

    return change


def nothing(ids: list[int]) -> None:
    pass


def changes(*kinds: Callable[[int], Change]) -> st.SearchStrategy[list[Change]]:
    one = st.one_of(st.just(nothing), *(st.integers(0, 500).map(kind) for kind in kinds))
    return st.lists(one, max_size=40)


IDS = st.tuples(st.integers(0, 420), st.integers(1, 4)).map(
    lambda drawn: list(range(3, 3 + drawn[0] * drawn[1], drawn[1]))
)


@settings(deadline=None, max_examples=80)
@given(ids=IDS, script=changes(removing, adding, turning_up), family=st.sampled_from("ABC"), down=st.booleans())
def test_by_id_every_lasting_row_is_returned_exactly_once(
    ids: list[int], script: list[Change], family: str, down: bool
) -> None:
    async def run() -> None:
        deals = MemoryList(ids, family, changes=list(script))
        initial = set(ids)
        ever = set(ids)

        def watched(params: object) -> object:
            page = deals(params)
            ever.update(deals.ids)
            removed.update(initial - set(deals.ids))
            return page

        removed: set[int] = set()
        async with portal_with(crm__deal__list=watched) as (portal, _):
            listing = portal.listing("crm.deal.list", {"order": {"ID": "DESC"}} if down else None)
            seen = numbers(await read(listing))
        assert listing.strategy == "keyset"
        assert listing.complete
        assert len(seen) == len(set(seen))
        assert initial - removed <= set(seen) <= ever

    anyio.run(run)


@settings(deadline=None, max_examples=80)
@given(ids=IDS, script=changes(removing, adding, exchanging), family=st.sampled_from("ABC"))
def test_by_start_every_lasting_row_is_returned_once_or_noted_as_missing(
    ids: list[int], script: list[Change], family: str
) -> None:
    async def run() -> None:
        deals = MemoryList(ids, family, changes=list(script))
        initial = set(ids)
        removed: set[int] = set()
        at_pages: list[set[int]] = []

        def watched(params: Any) -> Page:
            page = deals(params)
            removed.update(initial - set(deals.ids))
            if "TITLE" in params["order"]:
                at_pages.append(set(deals.ids))
            return page

        async with portal_with(crm__deal__list=watched) as (portal, _):
            listing = portal.listing("crm.deal.list", {"order": {"TITLE": "DESC"}})
            seen = numbers(await read(listing))
        assert listing.strategy == "offset"
        assert len(seen) == len(set(seen))
        missing = initial - removed - set(seen)
        assert not missing or not listing.complete
        if at_pages[0] - at_pages[-1]:  # rows went between the first page and the last
            assert listing.notes

    anyio.run(run)


def busy(per_page: int, *kinds: Callable[[int], Change]) -> st.SearchStrategy[list[Change]]:
    """Return changes before each of the first pages."""
    one = st.tuples(st.sampled_from(kinds), st.integers(0, 2_000)).map(lambda drawn: drawn[0](drawn[1]))

    def together(drawn: list[list[Change]]) -> list[Change]:
        return [all_of(several) for several in drawn]

    return st.lists(st.lists(one, min_size=per_page, max_size=per_page), max_size=60).map(together)


LONGER = st.integers(0, 1_900).map(lambda count: list(range(3, 3 + count)))
ANY_CHANGE = (removing, adding, exchanging, turning_up)


async def read_watched(method: str, params: Any, rows: MemoryList, **options: Any) -> tuple[Any, list[int], set[int]]:
    """Read a list. Return the listing, the ids that were read, and those that were in the list the whole time."""
    lasting = set(rows.ids)

    def watched(given: Any) -> Page:
        page = rows(given)
        lasting.intersection_update(rows.ids)
        return page

    async with portal_with(**{method.replace(".", "__"): watched}) as (portal, _):
        listing = portal.listing(method, params, **options)
        return listing, numbers(await read(listing), rows.key), lasting


@settings(deadline=None, max_examples=120)
@given(
    ids=LONGER,
    script=st.one_of(busy(1, *ANY_CHANGE), busy(2, *ANY_CHANGE)),
    family=st.sampled_from("ABC"),
    false=st.booleans(),
)
@example(  # pages as calls of their own; the count is the same at each of them
    ids=list(range(3, 156)), script=[all_of([removing(0), removing(0)]), exchanging(0)], family="A", false=True
)
def test_a_sorted_list_is_complete_although_many_rows_change(
    ids: list[int], script: list[Change], family: str, false: bool
) -> None:
    async def run() -> None:
        deals = MemoryList(ids, family, changes=list(script))
        params: dict[str, Any] = {"order": {"TITLE": "DESC"}}
        listing, seen, lasting = await read_watched("crm.deal.list", params | ({"X": False} if false else {}), deals)
        assert listing.strategy == "offset"
        assert len(seen) == len(set(seen))
        assert lasting <= set(seen) or not listing.complete
        if not false and len(seen) < 1_000:
            assert lasting <= set(seen)
            assert listing.complete

    anyio.run(run)


@settings(deadline=None, max_examples=120)
@given(
    ids=LONGER,
    script=st.one_of(busy(1, removing, adding), busy(2, removing, adding), changes(removing, adding)),
    family=st.sampled_from("ABC"),
    counted=st.booleans(),
)
@example(  # the last page is full, and the row after it moves there
    ids=list(range(3, 55)), script=[removing(0), removing(0)], family="B", counted=False
)
@example(ids=list(range(3, 105)), script=[nothing, nothing, all_of([removing(60)] * 2)], family="C", counted=False)
def test_a_list_that_cannot_be_read_by_id_is_complete_or_notes_missing_rows(
    ids: list[int], script: list[Change], family: str, counted: bool
) -> None:
    async def run() -> None:
        rows = MemoryList(ids, family, counted=counted, changes=list(script))
        listing, seen, lasting = await read_watched("disk.folder.getchildren", {"id": 1}, rows)
        assert listing.strategy == "offset"
        assert len(seen) == len(set(seen))
        assert lasting <= set(seen) or (not listing.complete and "may be missing" in " ".join(listing.notes))

    anyio.run(run)


@pytest.mark.parametrize("per_page", [1, 2])
@pytest.mark.parametrize("family", ["A", "B", "C"])
async def test_ten_thousand_rows_in_the_readers_own_order_are_complete(family: str, per_page: int) -> None:
    def change(ids: list[int]) -> None:
        for number in range(per_page):
            del ids[(len(ids) * (number + 1)) // 5]

    deals = MemoryList(list(range(1, 10_001)), family, changes=[lambda ids: None] * 2 + [change] * 200)
    listing, seen, lasting = await read_watched("crm.deal.list", {"order": {"TITLE": "ASC"}}, deals)
    assert listing.complete
    assert lasting <= set(seen)
    assert len(seen) == len(set(seen))
    assert any("out of order" in note for note in listing.notes)


async def test_a_row_removed_after_the_first_page_does_not_end_a_sorted_list() -> None:
    deals = MemoryList(list(range(1, 10_001)), changes=[lambda ids: None] * 2 + [removing(4_000)])
    listing, seen, lasting = await read_watched("crm.deal.list", {"order": {"TITLE": "ASC"}}, deals)
    assert listing.complete
    assert lasting <= set(seen)
    assert not any("same rows" in note for note in listing.notes)


def step_list(rows: MemoryList, style: str) -> Callable[[Any], Any]:
    """The rows of a list, oldest first, with the paging of a family."""

    def page(given: Any) -> Any:
        if rows.changes:
            rows.changes.pop(0)(rows.ids)
        ids = sorted(rows.ids)
        if style == "limit":
            found = ids[int(given["OFFSET"]) :][: int(given["LIMIT"])]
        elif style == "page":
            found = ids[(int(given["page"]) - 1) * 50 :][:50]
        else:
            nav = given[2]["NAV_PARAMS"]
            start = (int(nav["iNumPage"]) - 1) * 50
            start = start if start < len(ids) else 0
            found = ids[start : start + 50]
            following = start + 50 if start + 50 < len(ids) else None
            return Page([{"ID": str(number)} for number in found], len(ids), following)
        return [{"ID": str(number)} for number in found]

    return page


STEP_LISTS: dict[str, tuple[str, Any]] = {
    "limit": ("im.search.chat.list", {"FIND": "abc"}),
    "page": ("biconnector.source.list", {}),
    "NAV_PARAMS": ("task.item.list", [{"ID": "asc"}, {}]),
}


@settings(deadline=None, max_examples=150)
@given(
    ids=st.integers(0, 400).map(lambda count: list(range(3, 3 + count))),
    script=st.one_of(
        busy(1, removing, adding, turning_up), busy(2, removing, adding, turning_up), changes(removing, adding)
    ),
    style=st.sampled_from(sorted(STEP_LISTS)),
)
@example(ids=list(range(3, 53)), script=[turning_up(0), removing(0), turning_up(1)], style="page")
def test_step_by_step_every_lasting_row_is_returned_once_or_noted_as_missing(
    ids: list[int], script: list[Change], style: str
) -> None:
    """A row that leaves and comes back restores the pages that are compared, so no reader can see that others moved."""

    async def run() -> None:
        rows = MemoryList(ids, changes=list(script))
        lasting, ever = set(ids), set(ids)
        came_back = False
        page = step_list(rows, style)

        def watched(given: Any) -> Any:
            nonlocal came_back
            before = set(rows.ids)
            answer = page(given)
            came_back = came_back or bool((set(rows.ids) - before) & ever)
            ever.update(rows.ids)
            lasting.intersection_update(rows.ids)
            return answer

        method, params = STEP_LISTS[style]
        async with portal_with(**{method.replace(".", "__"): watched}) as (portal, _):
            listing = portal.listing(method, params)
            seen = numbers(await read(listing))
        assert len(seen) == len(set(seen))
        is_noted = not listing.complete and "may be missing" in " ".join(listing.notes)
        assert lasting <= set(seen) or is_noted or came_back
        if style == "limit":
            assert lasting <= set(seen)

    anyio.run(run)


class ChangingV3:
    """A list of REST 3.0 by limit and offset, by page, or by the value of a cursor; `changes` run before each page."""

    def __init__(self, ids: list[int], script: list[Change]) -> None:
        self.ids, self.script, self.lasting = ids, script, set(ids)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        given = json.loads((await receive())["body"])
        if self.script:
            self.script.pop(0)(self.ids)
        self.lasting.intersection_update(self.ids)
        rows = [{"id": number, "at": number // 7} for number in sorted(self.ids)]
        if "cursor" in given:
            cursor = given["cursor"]
            rows = [row for row in rows if row[cursor["field"]] > int(cursor["value"])][
                : min(cursor.get("limit", 50), 50)
            ]
        else:
            asked = given.get("pagination", {})
            size = min(asked.get("limit", 50), 50)
            begin = (asked["page"] - 1) * size if "page" in asked else asked.get("offset", 0)
            rows = rows[begin : begin + size]
        body = json.dumps({"result": {"items": rows}, "time": {}}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})


V3_LISTS: list[tuple[str, Any]] = [
    ("mail.mailbox.list", {}),
    ("mail.mailbox.list", {"pagination": {"page": 1, "limit": 50}}),
    ("main.eventlog.tail", {}),
    ("main.eventlog.tail", {"cursor": {"field": "at", "value": -1}}),
]


@settings(deadline=None, max_examples=150)
@given(
    ids=st.integers(0, 300).map(lambda count: list(range(3, 3 + count))),
    script=st.one_of(busy(1, removing, adding), busy(2, removing, adding, turning_up), changes(removing, adding)),
    listed=st.sampled_from(V3_LISTS),
)
def test_in_rest_3_every_lasting_row_is_returned_once_or_noted_as_missing(
    ids: list[int], script: list[Change], listed: tuple[str, Any]
) -> None:
    async def run() -> None:
        app = ChangingV3(ids, list(script))
        async with open_portal(app) as portal:
            listing = portal.listing(*listed, version="v3")
            seen = numbers(await read(listing), "id")
        assert len(seen) == len(set(seen))
        assert app.lasting <= set(seen) or (not listing.complete and "may be missing" in " ".join(listing.notes))
        if "page" not in str(listed[1]):
            assert app.lasting <= set(seen)

    anyio.run(run)


LONG_LISTS: dict[str, tuple[str, Any]] = {
    "sorted, in batches": ("crm.deal.list", {"order": {"TITLE": "DESC"}}),
    "sorted, in single calls": ("crm.deal.list", {"order": {"TITLE": "DESC"}, "X": False}),
    "by start, in batches": ("disk.folder.getchildren", {"id": 1}),
    "by start, in single calls": ("disk.folder.getchildren", {"id": 1, "X": False}),
    "by start, not counted": ("disk.folder.getchildren", {"id": 1}),
    "in numbered pages": STEP_LISTS["NAV_PARAMS"],
}


@pytest.mark.parametrize("name", LONG_LISTS)
@pytest.mark.parametrize("page", [0, 1, 2, 13, 24, 25, 27, 28])
async def test_a_row_removed_while_another_is_added_hides_no_row_of_a_long_list(name: str, page: int) -> None:
    method, params = LONG_LISTS[name]
    by_title = "sorted" in name
    rows = MemoryList(list(range(3, 1_503)), counted=name != "by start, not counted")
    answer: Callable[[Any], Any] = step_list(rows, "NAV_PARAMS") if "numbered" in name else rows
    lasting = set(rows.ids)

    def exchange() -> None:
        """Remove the first row of the page and add one at the end, so that no earlier page changes."""
        rows.ids.sort(key=title if by_title else None, reverse=by_title)
        lasting.discard(rows.ids.pop(page * 50))
        new = range(max(rows.ids) + 1, max(rows.ids) + 10_000)
        rows.ids.append(min(new, key=title) if by_title else new[0])

    pending = [exchange]

    def watched(given: Any) -> Any:
        if pending and follows(given, page):
            pending.pop()()
        return answer(given)

    async with portal_with(**{method.replace(".", "__"): watched}) as (portal, _):
        listing = portal.listing(method, params)
        seen = numbers(await read(listing))
    assert not pending
    assert any("moved" in note for note in listing.notes)
    assert len(seen) == len(set(seen))
    assert lasting <= set(seen) or (not listing.complete and "may be missing" in " ".join(listing.notes))


def follows(given: Any, page: int) -> bool:
    """Whether this requests the page after a page, in the order of the reader."""
    if isinstance(given, list):
        return int(given[2]["NAV_PARAMS"]["iNumPage"]) == page + 2
    is_by_id = "ID" in (given.get("order") or {})
    return not is_by_id and int(given.get("start", 0)) == (page + 1) * 50


RESUMED: dict[str, tuple[str, Any]] = {
    "sorted": ("crm.deal.list", {"order": {"TITLE": "ASC"}}),
    "by start": ("disk.folder.getchildren", {"id": 1}),
    "by id": ("crm.deal.list", {}),
}


@settings(deadline=None, max_examples=120)
@given(
    ids=st.integers(0, 400).map(lambda count: list(range(3, 3 + count))),
    script=st.one_of(busy(1, removing, adding), busy(2, removing, adding), changes(removing, adding)),
    family=st.sampled_from("ABC"),
    name=st.sampled_from(sorted(RESUMED)),
    part=st.integers(1, 170),
)
def test_a_list_that_was_read_in_parts_is_complete_or_notes_missing_rows(
    ids: list[int], script: list[Change], family: str, name: str, part: int
) -> None:
    async def run() -> None:
        rows = MemoryList(ids, family, changes=list(script))
        lasting = set(ids)

        def watched(given: Any) -> Page:
            page = rows(given)
            lasting.intersection_update(rows.ids)
            return page

        method, params = RESUMED[name]
        seen: list[int] = []
        async with portal_with(**{method.replace(".", "__"): watched}) as (portal, _):
            listing = portal.listing(method, params, limit=part)
            seen += numbers(await read(listing))
            while listing.cursor is not None:
                cursor = json.loads(json.dumps(listing.cursor))
                listing = portal.listing(method, params, limit=part, resume=cursor)
                seen += numbers(await read(listing))
        said = not listing.complete or "may be missing or doubled" in " ".join(listing.notes)
        assert (lasting <= set(seen) and len(seen) == len(set(seen))) or said
        if not script:
            assert listing.complete
            assert len(seen) == len(set(seen))

    anyio.run(run)


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_sorted_list_that_changed_between_its_parts_is_not_complete(is_replaced: bool) -> None:
    deals = MemoryList(list(range(1, 401)))
    async with portal_with(crm__deal__list=deals) as (portal, _):
        first = portal.listing("crm.deal.list", {"order": {"TITLE": "ASC"}}, limit=200)
        early = numbers(await read(first))
        deals.ids.remove(early[-3])
        if is_replaced:
            deals.ids.append(900)
        rest = portal.listing("crm.deal.list", {"order": {"TITLE": "ASC"}}, resume=first.cursor)
        await read(rest)
    assert not rest.complete
    assert "rows that moved while the list was read may be missing" in rest.notes
