"""Lists whose next page follows from the one before: limits, page numbers, last ids, cursors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fake_portal import Page, open_portal
from tests.rest.listing.lists import numbers, portal_with, read

CHATS = [{"id": number, "name": f"Chat {number}"} for number in range(1, 131)]


def with_limits(rows: list[Any], limit: str, offset: str, most: int, seen: list[Any], inside: str | None = None) -> Any:
    def method(params: Any) -> Any:
        given = params if inside is None else params[inside]
        seen.append(given)
        size = min(int(given[limit]), most)
        return rows[int(given[offset]) : int(given[offset]) + size]

    return method


@pytest.mark.parametrize("most", [50, 20, 13])
async def test_upper_case_limits_are_followed_with_any_page_size(most: int) -> None:
    asked: list[Any] = []
    method = with_limits(CHATS, "LIMIT", "OFFSET", most, asked)
    async with portal_with(im__search__chat__list=method) as (portal, _):
        listing = portal.listing("im.search.chat.list", {"FIND": "chat"})
        assert await read(listing) == CHATS
    assert listing.complete
    assert all(given["FIND"] == "chat" for given in asked)
    assert listing.requests == len(asked) <= len(CHATS) / most + 2


async def test_a_full_page_is_followed_by_one_more_request_whatever_the_total_says() -> None:
    asked: list[Any] = []
    plain = with_limits(CHATS[:100], "LIMIT", "OFFSET", 50, asked)
    async with portal_with(im__search__chat__list=lambda params: Page(plain(params), 100)) as (portal, _):
        listing = portal.listing("im.search.chat.list", {"FIND": "chat"})
        assert await read(listing) == CHATS[:100]
    assert len(asked) == 3
    assert listing.total == 100
    assert listing.complete


async def test_a_total_saves_the_request_after_a_page_that_is_not_full() -> None:
    asked: list[Any] = []
    plain = with_limits(CHATS[:90], "LIMIT", "OFFSET", 50, asked)
    async with portal_with(im__search__chat__list=lambda params: Page(plain(params), 90)) as (portal, _):
        listing = portal.listing("im.search.chat.list", {"FIND": "chat"})
        assert await read(listing) == CHATS[:90]
    assert len(asked) == 2
    assert listing.complete


async def test_an_answer_without_more_rows_ends_the_list() -> None:
    def method(params: Any) -> Any:
        offset = int(params["OFFSET"])
        return {"items": CHATS[:99][offset : offset + 50], "hasMore": offset + 50 < 99}

    async with portal_with(im__recent__list=lambda params: Page(method(params), -1)) as (portal, app):
        listing = portal.listing("im.recent.list")
        assert await read(listing) == CHATS[:99]
    assert len(app.requests) == 2
    assert listing.total is None


async def test_a_limit_and_an_offset_of_the_readers_own_are_kept() -> None:
    asked: list[Any] = []
    method = with_limits(CHATS, "LIMIT", "OFFSET", 50, asked)
    async with portal_with(im__search__chat__list=method) as (portal, _):
        listing = portal.listing("im.search.chat.list", {"FIND": "chat", "LIMIT": 7, "OFFSET": 100})
        assert await read(listing) == CHATS[100:]
    assert {given["LIMIT"] for given in asked} == {7}


async def test_limits_inside_another_parameter_stay_there() -> None:
    asked: list[Any] = []
    method = with_limits(CHATS, "limit", "offset", 50, asked, inside="params")
    async with portal_with(landing__site__getList=method) as (portal, _):
        listing = portal.listing("landing.site.getList", {"params": {"filter": {"ACTIVE": "Y"}}, "scope": "GROUP"})
        assert await read(listing) == CHATS
    assert all(given["filter"] == {"ACTIVE": "Y"} for given in asked)


async def test_page_numbers_rise_until_a_page_is_not_full() -> None:
    def method(params: Any) -> Any:
        page = int(params["page"])
        return CHATS[(page - 1) * 50 : page * 50]

    async with portal_with(biconnector__source__list=method) as (portal, app):
        listing = portal.listing("biconnector.source.list")
        assert await read(listing) == CHATS
    assert len(app.requests) == 3 + 2  # all but the last a second time, to see that no row moved


def messages(newest: int, sizes: list[int] | None = None) -> Any:
    """Return messages from the newest to the oldest, as a chat does; a page may be larger than requested."""

    def method(params: Any) -> Any:
        size = sizes.pop(0) if sizes else int(params["LIMIT"])
        if "FIRST_ID" in params:
            first = int(params["FIRST_ID"]) + 1
            ids = list(range(first, min(first + size, newest + 1)))
        else:
            last = int(params.get("LAST_ID", newest + 1))
            ids = list(range(last - 1, max(last - 1 - size, 0), -1))
        return {"chat_id": 1, "messages": [{"id": number} for number in ids], "users": [{"id": 5}], "files": []}

    return method


@pytest.mark.parametrize("sizes", [None, [80, 50, 50]])
async def test_messages_are_read_back_to_the_first(sizes: list[int] | None) -> None:
    async with portal_with(im__dialog__messages__get=messages(165, sizes)) as (portal, _):
        listing = portal.listing("im.dialog.messages.get", {"DIALOG_ID": "chat1"})
        seen = numbers(await read(listing), "id")
    assert seen == list(range(165, 0, -1))
    assert listing.complete
    assert listing.key == "id"


async def test_messages_after_one_are_read_forward() -> None:
    async with portal_with(im__dialog__messages__get=messages(165)) as (portal, _):
        listing = portal.listing("im.dialog.messages.get", {"DIALOG_ID": "chat1", "FIRST_ID": 20})
        assert numbers(await read(listing), "id") == list(range(21, 166))
    assert listing.complete


async def test_notifications_that_wait_for_an_answer_come_first() -> None:
    waiting = [{"id": number, "notify_type": 1} for number in range(300, 240, -1)]
    others = [{"id": number, "notify_type": 2} for number in range(400, 330, -1)]
    asked: list[Any] = []

    def method(params: Any) -> Any:
        asked.append((params.get("LAST_ID"), params.get("LAST_TYPE")))
        rows = waiting + others
        if "LAST_ID" in params:
            ids = [row["id"] for row in rows]
            rows = rows[ids.index(params["LAST_ID"]) + 1 :]
        return {"total_count": 130, "notifications": rows[: params["LIMIT"]], "users": []}

    async with portal_with(im__notify__get=method) as (portal, _):
        listing = portal.listing("im.notify.get")
        assert await read(listing) == waiting + others
    assert asked == [(None, None), (251, 1), (361, 3), (331, 3)]


async def test_rows_that_are_repeated_because_others_were_added_are_left_out() -> None:
    chats = list(CHATS[:100])

    def method(params: Any) -> Any:
        offset = int(params["OFFSET"])
        if offset:
            chats.insert(0, {"id": 1_000 + offset})
        return chats[offset : offset + 50]

    async with portal_with(im__search__chat__list=method) as (portal, _):
        listing = portal.listing("im.search.chat.list", {"FIND": "chat"})
        rows = await read(listing)
    assert rows == CHATS[:100]
    assert "came a second time" in listing.notes[0]


async def test_a_map_keyed_by_id_is_read_as_rows_with_their_keys() -> None:
    found = {"5": {"name": "Ann"}, "9": {"id": 9, "name": "Bob"}, "x": 7}

    def method(params: Any) -> Any:
        return found if params["OFFSET"] == 0 else []

    async with portal_with(im__search__user__list=method) as (portal, _):
        rows = await read(portal.listing("im.search.user.list", {"FIND": "ann"}))
    assert rows == [{"key": "5", "name": "Ann"}, {"id": 9, "name": "Bob"}, {"key": "x", "value": 7}]


class Notes:
    """A list of REST 3.0 by limit and offset, in the order of its list."""

    def __init__(self, rows: list[dict[str, Any]], changes: dict[int, Any]) -> None:
        self.rows, self.changes, self.calls = rows, changes, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        self.changes.get(self.calls, lambda rows: None)(self.rows)
        asked = json.loads((await receive())["body"])["pagination"]
        page = self.rows[asked.get("offset", 0) :][: min(asked["limit"], 50)]
        body = json.dumps({"result": {"items": page}, "time": {}}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    ("change", "added", "complete", "noted"),
    [
        (lambda rows: None, [], True, False),
        (lambda rows: rows.append({"id": 900}), [900], True, False),
        (lambda rows: rows.insert(0, {"id": 900}), [], True, True),
        (lambda rows: rows.pop(3), [], True, True),
    ],
)
async def test_a_shift_in_a_list_of_rest_3_is_seen_at_the_seam(
    change: Any, added: list[int], complete: bool, noted: bool
) -> None:
    app = Notes([{"id": number} for number in range(1, 221)], {2: change})
    async with open_portal(app) as portal:
        listing = portal.listing("mail.mailbox.list", version="v3")
        seen = numbers(await read(listing), "id")
    assert seen == [*range(1, 221), *added]
    assert (listing.complete, bool(listing.notes)) == (complete, noted)
    assert app.calls == (5 if len(app.rows) >= 220 else 7)  # where the seam is not found, the page before is read again


@pytest.mark.parametrize("limit", [1, 49, 50, 51, 99, 100, 148])
async def test_a_resumed_list_of_rest_3_repeats_no_row(limit: int) -> None:
    app = Notes([{"id": number} for number in range(1, 221)], {})
    async with open_portal(app) as portal:
        first = portal.listing("mail.mailbox.list", version="v3", limit=limit)
        seen = numbers(await read(first), "id")
        rest = portal.listing("mail.mailbox.list", version="v3", resume=json.loads(json.dumps(first.cursor)))
        seen += numbers(await read(rest), "id")
    assert seen == list(range(1, 221))
    assert rest.complete
    assert rest.notes == ()
