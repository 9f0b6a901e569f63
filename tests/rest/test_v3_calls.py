"""Single calls in REST 3.0: addresses, answers, errors, keys, pages."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal
from tests.fake_portal import CODE, FakePortal, Reply, open_portal
from tests.rest.v3 import Recorder, v3_portal

NEW = {"fields": {"title": "New", "creatorId": 1, "responsibleId": 1}}


async def titles(portal: Portal) -> list[str]:
    params = {"select": ["title"], "order": {"id": "desc"}}
    answer = await portal.call("tasks.task.list", params, version="v3")
    return [task["title"] for task in answer.result["items"]]


async def refusal(portal: Portal, method: str, params: Any, **options: Any) -> B24Error:
    with pytest.raises(B24Error) as caught:
        await portal.call(method, params, version="v3", **options)
    return caught.value


async def test_a_call_goes_to_the_address_of_the_newer_generation() -> None:
    async with v3_portal() as (portal, recorder):
        answer = await portal.call("tasks.task.get", {"id": 5, "select": ["id", "title"]}, version="v3")
    assert recorder.paths == ["api/tasks.task.get"]
    assert answer.version == "v3"
    assert answer.result["item"]["id"] == 5
    assert answer.time is not None


async def test_a_name_is_sent_in_small_letters() -> None:
    async with v3_portal() as (portal, recorder):
        await portal.call("Tasks.Task.Get", {"id": 5}, version="v3")
    assert recorder.paths == ["api/tasks.task.get"]


async def test_a_call_without_parameters_sends_an_empty_object() -> None:
    async with v3_portal() as (portal, recorder):
        await portal.call("rest.scope.list", version="v3")
    assert recorder.sent[0].body == {}


async def test_the_description_a_portal_gives_of_itself_is_an_answer() -> None:
    async with v3_portal() as (portal, _):
        answer = await portal.call("rest.documentation.openapi", version="v3")
    assert answer.result["openapi"].startswith("3.")
    assert "/tasks.task.get" in answer.result["paths"]


async def test_validation_problems_of_fields_are_kept() -> None:
    async with v3_portal() as (portal, _):
        fault = (await refusal(portal, "tasks.task.add", {"fields": {"title": 5}})).fault
    assert fault.code == "BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION"
    assert (fault.kind, fault.executed, fault.status) == ("validation", "no", 400)
    assert fault.validation[0].field
    assert fault.validation[0].message


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("tasks.task.nosuch", {}, "unknown_method"),
        ("tasks.task.get", {"id": 999_999}, "not_found"),
        ("tasks.task.list", {"order": {"nosuch": "asc"}}, "validation"),
        ("tasks.task.list", {"pagination": {"limit": 0}}, "validation"),
    ],
)
async def test_refusals_have_the_same_kinds_as_in_the_older_generation(
    method: str, params: dict[str, Any], kind: str
) -> None:
    async with v3_portal() as (portal, _):
        fault = (await refusal(portal, method, params)).fault
    assert (fault.kind, fault.executed) == (kind, "no")


async def test_a_wrong_webhook_is_an_error_of_credentials_although_the_code_names_rights() -> None:
    error = {"code": "BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION", "message": "Access denied"}
    async with open_portal(FakePortal([Reply({"error": error}, 401)])) as portal:
        fault = (await refusal(portal, "tasks.task.get", {"id": 1})).fault
    assert (fault.kind, fault.executed) == ("auth", "no")


@pytest.mark.parametrize("body", ["<html>Not found</html>", ""])
async def test_a_portal_without_rest_3_is_named_as_such(body: str) -> None:
    async with open_portal(FakePortal([Reply(body, 404, "text/html")])) as portal:
        fault = (await refusal(portal, "tasks.task.get", {"id": 1})).fault
    assert (fault.code, fault.kind, fault.executed) == ("B24MCP_NO_V3", "unknown_method", "no")


@pytest.mark.parametrize(("params", "format"), [([1], "json"), ({"id": 1}, "xml")])
async def test_a_call_that_rest_3_cannot_express_is_not_sent(params: Any, format: str) -> None:
    async with v3_portal() as (portal, recorder):
        fault = (await refusal(portal, "tasks.task.get", params, format=format)).fault
    assert (fault.code, fault.executed) == ("B24MCP_VERSION", "no")
    assert recorder.sent == []


# --- Keys --------------------------------------------------------------------------------------------------------


async def test_every_write_has_its_own_key_and_reads_have_none() -> None:
    async with v3_portal() as (portal, recorder):
        for _ in range(2):
            await portal.call("tasks.task.add", NEW, version="v3")
        await portal.call("tasks.task.get", {"id": 5}, version="v3")
    first, second, none = [request.key for request in recorder.sent]
    assert first
    assert second
    assert first != second
    assert none is None


async def lose_the_answer(portal: Portal, recorder: Recorder) -> B24Error | None:
    recorder.sandbox.faults.fail("tasks.task.add", "cut_after")
    try:
        await portal.call("tasks.task.add", {"fields": {**NEW["fields"], "title": "Lost"}}, version="v3")
    except B24Error as exc:
        return exc
    return None


async def test_a_write_whose_answer_was_lost_is_retried_with_its_key_and_executed_once() -> None:
    async with v3_portal(deadline=60) as (portal, recorder):
        await portal.call("tasks.task.add", NEW, version="v3")
        assert await lose_the_answer(portal, recorder) is None
        assert (await titles(portal)).count("Lost") == 1
    lost, again = [request for request in recorder.sent if request.body.get("fields", {}).get("title") == "Lost"]
    assert lost == again


async def test_a_portal_that_never_returned_a_key_is_not_trusted_to_know_keys() -> None:
    async with v3_portal(deadline=60) as (portal, recorder):
        error = await lose_the_answer(portal, recorder)
        assert error is not None
        assert error.fault.executed == "unknown"
        assert recorder.paths == ["api/tasks.task.add"]
        assert (await titles(portal)).count("Lost") == 1


async def test_a_write_is_never_repeated_on_a_portal_that_ignores_keys() -> None:
    async with v3_portal(deadline=60) as (portal, recorder):
        await titles(portal)  # loads the newer generation; its keys are switched off below
        assert recorder.sandbox.rest_v3 is not None
        recorder.sandbox.rest_v3.service.idempotency = False
        await portal.call("tasks.task.add", NEW, version="v3")
        error = await lose_the_answer(portal, recorder)
        assert error is not None
        assert error.fault.executed == "unknown"
        assert (await titles(portal)).count("Lost") == 1


async def test_a_refused_write_is_retried_whether_or_not_the_portal_knows_keys() -> None:
    limit = {"code": "BITRIX_REST_V3_EXCEPTION_RATELIMITEXCEPTION", "message": "Too many requests"}
    app = FakePortal([Reply({"error": limit}, 429), Reply({"result": {"item": {"id": 1}}})])
    async with open_portal(app, deadline=60) as portal:
        answer = await portal.call("tasks.task.add", NEW, version="v3")
    assert answer.result == {"item": {"id": 1}}
    assert [request.path for request in app.requests] == [f"/rest/api/1/{CODE}/tasks.task.add"] * 2


# --- Pages -------------------------------------------------------------------------------------------------------


async def walk(portal: Portal, method: str, params: dict[str, Any]) -> list[int]:
    seen: list[int] = []
    for _ in range(100):
        answer = await portal.call(method, params, version="v3")
        seen += [row["id"] for row in answer.result["items"]]
        if answer.next is None:
            return seen
        assert isinstance(answer.next, dict)
        params = params | answer.next
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("pagination", [{}, {"limit": 7}, {"limit": 200}, {"page": 1}, {"offset": 0}])
async def test_adding_next_to_the_parameters_leads_through_every_row_once(pagination: dict[str, int]) -> None:
    params: dict[str, Any] = {"select": ["id"], "order": {"id": "asc"}}
    if pagination:
        params["pagination"] = pagination
    async with v3_portal() as (portal, _):
        seen = await walk(portal, "tasks.task.list", params)
        total = (await portal.call("tasks.task.list", {"select": ["ID"]})).total
    assert len(seen) == len(set(seen)) == total


@pytest.mark.parametrize("cursor", [None, {"field": "id", "value": 0, "limit": 20}])
async def test_a_tail_is_followed_by_its_cursor(cursor: dict[str, Any] | None) -> None:
    params: dict[str, Any] = {"select": ["id"]} | ({"cursor": cursor} if cursor else {})
    async with v3_portal() as (portal, _):
        for _ in range(3):
            await portal.call("tasks.task.get", {"id": 5}, version="v3")
        seen = await walk(portal, "main.eventlog.tail", params)
    assert seen == sorted(set(seen))
    assert len(seen) > 50


async def test_a_page_that_is_not_full_is_the_last() -> None:
    async with v3_portal() as (portal, _):
        answer = await portal.call(
            "tasks.task.list", {"filter": [["id", "in", [5, 6]]], "select": ["id"]}, version="v3"
        )
    assert len(answer.result["items"]) == 2
    assert answer.next is None


async def test_a_list_without_pages_has_no_next() -> None:
    async with v3_portal() as (portal, _):
        answer = await portal.call("tasks.task.field.list", version="v3")
    assert len(answer.result["items"]) >= 50
    assert answer.next is None


async def test_aggregates_are_called_like_any_method() -> None:
    async with v3_portal() as (portal, recorder):
        rows = await walk(portal, "main.eventlog.list", {"select": ["id"], "pagination": {"limit": 1000}})
        assert recorder.sandbox.rest_v3 is not None
        recorder.sandbox.rest_v3.service.aggregate = True
        answer = await portal.call("main.eventlog.aggregate", {"select": {"count": ["id"]}}, version="v3")
    assert answer.result == {"result": {"count": {"id": len(rows)}}}
