"""REST 3.0: follow-ups of calls, with a filter, a cursor and errors of their own."""

from __future__ import annotations

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from b24_sandbox.v3 import followup
from b24_sandbox.v3.tables import FOLLOW_UP
from tests.sandbox.conftest import http
from tests.sandbox.rest_v3 import REQUEST, V3, fields

GET, LIST = "call.followup.get", "call.followup.list"
PLAN, ENGINEER, EXPORT, PLAIN = 501, 502, 503, 504
PERIOD = {"startDate": {"from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}}
EVERYTHING = {"filter": PERIOD}
BASIC = {"callId", "callType", "initiatorId", "startDate", "endDate", "durationSeconds"}


async def _calls(v3: V3, sent: object) -> list[int]:
    return [item["callId"] for item in await v3.items(LIST, sent)]


async def test_calls_are_listed_from_the_latest_with_basic_data(reads: V3) -> None:
    result = await reads.result(LIST, EVERYTHING)
    assert (result["hasMore"], result["afterCursor"]) == (False, None)
    assert [item["callId"] for item in result["items"]] == [PLAIN, EXPORT, ENGINEER, PLAN]
    assert result["items"][-1] == {
        "callId": PLAN,
        "callType": 1,
        "initiatorId": 2,
        "startDate": "2026-02-20T09:00:00+00:00",
        "endDate": "2026-02-20T09:24:00+00:00",
        "durationSeconds": 1440,
    }
    assert await _calls(reads, {**EVERYTHING, "order": {"startDate": "asc"}}) == [PLAN, ENGINEER, EXPORT, PLAIN]


async def test_calls_are_narrowed_by_period_and_participant(reads: V3) -> None:
    ends = {"from": "2026-02-24T12:00:00+03:00", "to": "2026-02-26T12:00:00+03:00"}
    assert await _calls(reads, {"filter": {"startDate": ends}}) == [EXPORT, ENGINEER]
    assert await _calls(reads, {"filter": {**PERIOD, "participantId": 10}}) == [PLAIN, ENGINEER]


async def test_an_ordinary_user_sees_only_their_own_calls(reads: V3) -> None:
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    assert await _calls(seller, EVERYTHING) == [EXPORT, PLAN]
    assert await _calls(seller, {"filter": {**PERIOD, "participantId": 10}}) == []
    for call in (ENGINEER, 99999):
        assert (await seller.refused(GET, {"callId": call}))[:2] == (403, "access_denied")
    assert (await reads.refused(GET, {"callId": 99999}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_a_cursor_leads_through_all_pages(reads: V3) -> None:
    for direction, whole in (("desc", [PLAIN, EXPORT, ENGINEER, PLAN]), ("asc", [PLAN, ENGINEER, EXPORT, PLAIN])):
        found: list[int] = []
        page: dict[str, object] = {"limit": 3}
        while True:
            result = await reads.result(LIST, {**EVERYTHING, "order": {"startDate": direction}, "pagination": page})
            found += [item["callId"] for item in result["items"]]
            if not result["hasMore"]:
                break
            assert set(result["afterCursor"]) == {"startDate", "id"}
            page = {"limit": 3, "afterCursor": result["afterCursor"]}
        assert found == whole


async def test_heavy_blocks_shorten_the_page(reads: V3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followup, "LARGEST_HEAVY_PAGE", 1)
    heavy = await reads.result(LIST, {**EVERYTHING, "select": ["overview.topic"]})
    assert (len(heavy["items"]), heavy["hasMore"]) == (1, True)
    assert len(await reads.items(LIST, {**EVERYTHING, "select": ["summary"]})) == 4


async def test_a_call_is_read_with_all_its_data(reads: V3) -> None:
    item = (await reads.result(GET, {"callId": PLAN}))["item"]
    described = await reads.items("call.followup.field.list")
    assert list(item) == [field["name"] for field in described]
    assert item["outcomes"] == ["transcription", "overview", "summary", "insights", "evaluation"]
    assert item["participants"][0] == {
        "userId": 2,
        "talkedSeconds": 720,
        "name": "Олег Гаврилов",
        "avatar": "",
        "workPosition": "Руководитель отдела продаж",
    }
    assert (item["language"], item["version"], item["createdAt"]) == ("ru", 3, "2026-02-20T10:00:00+00:00")
    assert item["tracks"][0]["callId"] == PLAN
    assert item["evaluation"]["efficiencyValue"] == 75


async def test_missing_blocks_are_null(reads: V3) -> None:
    item = (await reads.result(GET, {"callId": PLAIN}))["item"]
    assert (item["outcomes"], item["overview"], item["language"]) == ([], None, None)
    asked = {"callId": PLAIN, "select": ["overview.topic"]}
    assert (await reads.result(GET, asked))["item"] == {"callId": PLAIN, "overview": None}


async def test_a_call_in_progress_has_no_end(own: Sandbox) -> None:
    async with http(own) as client:
        v3 = V3(own, client)
        await v3.items(LIST, EVERYTHING)
        own.portal.storage.update(FOLLOW_UP, PLAIN, {"END_DATE": None})
        item = (await v3.result(GET, {"callId": PLAIN, "select": ["endDate", "durationSeconds"]}))["item"]
    assert item == {"callId": PLAIN, "endDate": None, "durationSeconds": None}


async def test_a_selection_has_paths_into_blocks(reads: V3) -> None:
    asked = {"callId": ENGINEER, "select": ["overview.topic", "overview.agreements", "uuid"]}
    item = (await reads.result(GET, asked))["item"]
    assert set(item) == {"callId", "overview", "uuid"}
    assert item["overview"] == {"topic": "Гарантийный компрессор", "agreements": []}
    assert set((await reads.result(GET, {"callId": ENGINEER, "select": []}))["item"]) == BASIC


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (None, "[USER=11]Ильдар[/USER] выезжает к клиенту"),
        ("bb", "[USER=11]Ильдар[/USER] выезжает к клиенту"),
        ("html", '<a href="/company/personal/user/11/">Ильдар</a> выезжает к клиенту'),
        ("none", "Ильдар выезжает к клиенту"),
    ],
)
async def test_mentions_have_three_forms(reads: V3, form: str | None, text: str) -> None:
    asked = {"callId": ENGINEER, "select": ["overview.actionItems"], "mentionFormat": form}
    item = (await reads.result(GET, asked))["item"]
    assert item["overview"]["actionItems"][0]["actionItem"] == text


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, REQUEST),
        ({"filter": {}}, "invalid_date_range"),
        ({"filter": {"startDate": {"from": "2026-02-01T00:00:00Z"}}}, "invalid_date_range"),
        ({"filter": {"startDate": {"from": "2026-03-01", "to": "2026-03-02"}}}, "invalid_date_range"),
        (
            {"filter": {"startDate": {"from": "2026-03-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}}},
            "invalid_date_range",
        ),
        ({"filter": {**PERIOD, "participantId": "3"}}, REQUEST),
        ({**EVERYTHING, "select": ["participants.name"]}, "invalid_select_field"),
        ({**EVERYTHING, "select": "callId"}, "INVALIDSELECTEXCEPTION"),
        ({**EVERYTHING, "order": {"callId": "asc"}}, "invalid_order"),
        ({**EVERYTHING, "order": {"startDate": "up"}}, "invalid_order"),
        ({**EVERYTHING, "pagination": {"limit": 0}}, "invalid_pagination"),
        ({**EVERYTHING, "pagination": {"limit": "5"}}, "invalid_pagination"),
        ({**EVERYTHING, "pagination": {"afterCursor": {"id": 5}}}, "invalid_pagination"),
        ({**EVERYTHING, "pagination": 5}, "invalid_pagination"),
        ({**EVERYTHING, "mentionFormat": "markdown"}, REQUEST),
    ],
)
async def test_invalid_lists_are_refused(reads: V3, sent: object, code: str) -> None:
    assert (await reads.refused(LIST, sent))[:2] == (400, code)


async def test_a_call_is_named_by_a_number(reads: V3) -> None:
    for sent in ({}, {"callId": "501"}):
        refused = await reads.refused(GET, sent)
        assert (refused[1], fields(refused[2])) == (REQUEST, ["callId"])
    assert (await reads.result("call.followup.field.get", {"name": "overview"}))["item"]["type"] == "object"
