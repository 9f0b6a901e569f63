"""A method that is not a list, or an invalid cursor, is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import b24_mcp.access  # noqa: F401  # registers the code of a refusal by the gate
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Portal, parse_webhook
from b24_mcp.rest.guard import NoGuard
from b24_mcp.rest.planned import MethodCall
from tests.fake_portal import WEBHOOK, FakePortal
from tests.rest.listing.lists import MemoryList, portal_with, read


@pytest.mark.parametrize(
    ("method", "params", "code", "said"),
    [
        ("crm.deal.get", {"id": 1}, "B24MCP_NOT_A_LIST", "returns no list"),
        ("crm.deal.add", {}, "B24MCP_NOT_A_LIST", "more than read"),
        ("event.offline.get", {}, "B24MCP_NOT_A_LIST", "more than read"),
        ("imbot.v2.Event.get", {}, "B24MCP_NOT_A_LIST", "more than read"),
        ("no.such.list", {}, "B24MCP_NOT_A_LIST", "not in the catalogue"),
        ("crm deal list", {}, "B24MCP_METHOD_NAME", "crm deal list"),
        ("crm.deal.list", {"auth": "x"}, "B24MCP_PARAMS", "auth"),
        ("crm.deal.list", [{}], "B24MCP_PARAMS", "named"),
        *(
            (method, {"entityTypeId": 2, "start": start}, "B24MCP_PARAMS", "start is not a whole number")
            for method in ("crm.deal.list", "crm.item.list", "tasks.task.list")
            for start in ("abc", " ", "1.5", "1e3", "٣", "9" * 20, 0.5, float("inf"), True, [1], [], {"a": 1})
        ),
    ],
)
async def test_what_cannot_be_read_as_a_list_is_refused(method: str, params: Any, code: str, said: str) -> None:
    async with portal_with() as (portal, app):
        with pytest.raises(B24Error, match=said) as refused:
            portal.listing(method, params)
    assert refused.value.fault.code == code
    assert refused.value.fault.executed == "no"
    assert app.requests == []


@pytest.mark.parametrize("limit", [0, -5])
async def test_a_limit_is_at_least_one(limit: int) -> None:
    async with portal_with() as (portal, _):
        with pytest.raises(B24Error, match="limit") as refused:
            portal.listing("crm.deal.list", limit=limit)
    assert refused.value.fault.code == "B24MCP_PARAMS"


async def some_cursor(portal: Any, params: Any = None) -> dict[str, Any]:
    listing = portal.listing("crm.deal.list", params, limit=60)
    await read(listing)
    cursor: dict[str, Any] = listing.cursor
    return cursor


@pytest.mark.parametrize(
    ("method", "params", "version"),
    [("crm.lead.list", None, None), ("crm.deal.list", {"filter": {">ID": 3}}, None), ("tasks.task.list", None, "v3")],
)
async def test_a_cursor_is_valid_for_one_list_only(method: str, params: Any, version: Any) -> None:
    async with portal_with(crm__deal__list=MemoryList(list(range(1, 200)))) as (portal, app):
        cursor = await some_cursor(portal)
        sent = len(app.requests)
        with pytest.raises(B24Error, match="another list") as refused:
            portal.listing(method, params, version=version, resume=cursor)
    assert refused.value.fault.code == "B24MCP_CURSOR"
    assert len(app.requests) == sent


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": "magic"},
        {"strategy": None},
        {"ranges": []},
        {"ranges": "all"},
        {"ranges": [[1, 2]]},
        {"ranges": [["1", None, None]]},
        {"ranges": [[True, None, None]]},
        {"ranges": [[2**70, None, None]]},
        {"total": "many"},
        {"list": "0"},
        {"strategy": "offset"},
        {"strategy": "offset", "start": -1},
        {"strategy": "offset", "start": "50"},
        {"strategy": "offset", "start": 50, "skip": -1},
    ],
)
async def test_a_cursor_that_was_altered_is_refused(change: dict[str, Any]) -> None:
    async with portal_with(crm__deal__list=MemoryList(list(range(1, 200)))) as (portal, app):
        cursor = await some_cursor(portal)
        sent = len(app.requests)
        with pytest.raises(B24Error) as refused:
            portal.listing("crm.deal.list", resume=cursor | change)
    assert refused.value.fault.code == "B24MCP_CURSOR"
    assert len(app.requests) == sent


@pytest.mark.parametrize("cursor", [{}, {"list": None}, {"strategy": "keyset"}])
async def test_an_invalid_cursor_is_refused(cursor: dict[str, Any]) -> None:
    async with portal_with() as (portal, _):
        with pytest.raises(B24Error) as refused:
            portal.listing("crm.deal.list", resume=cursor)
    assert refused.value.fault.code == "B24MCP_CURSOR"


async def test_an_answer_without_a_list_is_an_error() -> None:
    async with portal_with(crm__deal__list=lambda _: {"ID": "1"}) as (portal, _):
        with pytest.raises(B24Error) as broken:
            await read(portal.listing("crm.deal.list"))
    assert broken.value.fault.code == "B24MCP_LIST_SHAPE"
    assert broken.value.fault.executed == "yes"


class NoDeals(NoGuard):
    """A guard that refuses to read deals, and records what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        self.asked += [(call.method, call.params) for call in calls]
        if any(call.method == "crm.deal.list" for call in calls):
            raise our_error("B24MCP_POLICY", "Deals are not for you.", method="crm.deal.list")


async def test_the_guard_is_asked_before_anything_is_sent() -> None:
    guard = NoDeals()
    app = FakePortal(methods={"crm.lead.list": MemoryList(list(range(1, 121)))})
    portal = Portal(parse_webhook(WEBHOOK), app=app, guard=guard)
    with pytest.raises(B24Error, match="not for you"):
        portal.listing("CRM.Deal.List", {"filter": {">ID": 1}})
    assert len(await read(portal.listing("crm.lead.list", {"select": ["ID"]}))) == 120
    await portal.aclose()
    assert guard.asked == [
        ("crm.deal.list", {"filter": {">ID": 1}}),
        ("crm.lead.list", {"select": ["ID"]}),
    ]


@pytest.mark.parametrize(
    ("method", "params", "said", "argument"),
    [
        ("crm.deal.list", {"limit": 10}, "crm.deal.list has no limit", "the argument limit"),
        ("crm.deal.list", {"LIMIT": "10"}, "has no LIMIT", "the argument limit"),
        ("crm.deal.list", {"page": 2}, "has no page", "the argument limit"),
        ("crm.item.list", {"entityTypeId": 2, "offset": 50}, "has no offset", "the argument resume"),
        ("crm.deal.list", {"start": "abc"}, "start is not a whole number", "the argument resume"),
        ("crm.deal.list", {"start": -50}, "start is not a whole number", "the argument resume"),
        ("crm.deal.list", {"start": True}, "start is not a whole number", "the argument resume"),
        ("crm.deal.list", {"start": {"a": 1}}, "start is not a whole number", "the argument resume"),
        ("crm.deal.list", {"start": 1.5}, "start is not a whole number", "the argument resume"),
        ("im.search.chat.list", {"FIND": "abc", "OFFSET": "x"}, "OFFSET is not", "the argument resume"),
        ("im.search.chat.list", {"FIND": "abc", "LIMIT": 0}, "LIMIT is not a whole number of 1", "the argument limit"),
        ("biconnector.source.list", {"page": 0}, "page is not a whole number of 1", "the argument limit"),
        ("landing.site.getList", {"params": {"offset": -1}}, "params.offset is not", "the argument resume"),
    ],
)
async def test_refused_paging_names_the_argument_to_use(method: str, params: Any, said: str, argument: str) -> None:
    async with portal_with() as (portal, app):
        with pytest.raises(B24Error) as refused:
            portal.listing(method, params)
    assert refused.value.fault.code == "B24MCP_PARAMS"
    assert said in refused.value.fault.message
    assert argument in (refused.value.fault.hint or "")
    assert app.requests == []


@pytest.mark.parametrize("pagination", [{"limit": 0}, {"limit": "many"}, {"offset": -1}, {"page": 0}])
async def test_a_pagination_of_rest_3_that_is_not_a_number_is_refused(pagination: dict[str, Any]) -> None:
    async with portal_with() as (portal, app):
        with pytest.raises(B24Error, match="pagination") as refused:
            portal.listing("mail.mailbox.list", {"pagination": pagination}, version="v3")
    assert refused.value.fault.code == "B24MCP_PARAMS"
    assert app.requests == []


@pytest.mark.parametrize("start", [0, -1, "0", None, ""])
async def test_a_start_that_is_the_beginning_changes_nothing(start: Any) -> None:
    async with portal_with(crm__deal__list=MemoryList(list(range(1, 121)))) as (portal, _):
        listing = portal.listing("crm.deal.list", {"start": start})
        assert len(await read(listing)) == 120
    assert (listing.strategy, listing.complete, listing.notes) == ("keyset", True, ())


async def test_a_start_of_the_readers_own_is_followed_and_noted() -> None:
    async with portal_with(crm__deal__list=MemoryList(list(range(1, 171)))) as (portal, _):
        listing = portal.listing("crm.deal.list", {"start": 100})
        assert len(await read(listing)) == 70
    assert listing.notes[0] == "the rows before start=100 in params were left out"
