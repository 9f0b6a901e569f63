"""REST 3.0: batches, their references, and idempotency keys."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox.app import SCOPE_USER_WEBHOOK, USER_WEBHOOK
from tests.sandbox.conftest import NOW
from tests.sandbox.rest_v3 import REQUEST, V3, fields, portal, refusal

NEW = {"title": "Batched", "creatorId": 1, "responsibleId": 2}
ADD = {"method": "tasks.task.add", "query": {"fields": NEW}}


async def _titles(v3: V3, title: str = "Batched") -> int:
    rows: list[Any] = []
    for page in (1, 2, 3, 4):
        asked = {"select": ["title"], "order": {"id": "desc"}, "pagination": {"page": page}}
        rows += await v3.items("tasks.task.list", asked)
    return sum(row["title"] == title for row in rows)


def _get(task: object, *select: str) -> dict[str, Any]:
    return {"method": "tasks.task.get", "query": {"id": task, "select": list(select) or ["id"]}}


def _list(*conditions: object) -> dict[str, Any]:
    return {"method": "tasks.task.list", "query": {"filter": list(conditions), "select": ["id", "title"]}}


async def test_a_batch_is_an_array_and_its_answer_too(v3: V3) -> None:
    answer = (
        await v3.send("batch", [_get(5), _list(["id", 7]), {"method": "tasks.task.delete", "query": {"id": 9}}])
    ).json()
    assert set(answer) == {"result", "time"}
    assert [set(item) for item in answer["result"]] == [{"item"}, {"items"}, {"result"}]


async def test_later_calls_can_use_earlier_results(v3: V3) -> None:
    body = [
        {**ADD, "as": "t"},
        {**_list(["id", {"$ref": "t.id"}]), "as": "l"},
        {"method": "tasks.task.list", "query": {"filter": [["parentId", "in", {"$refArray": "l.id"}]]}},
        {"method": "tasks.task.add", "query": {"fields": {**NEW, "title": "Child", "parentId": {"$ref": "l.0.id"}}}},
        {"method": "tasks.task.list", "query": {"filter": [["parentId", "in", {"$refArray": "l.id"}]]}},
    ]
    added, listed, before, child, after = await v3.result("batch", body)
    assert listed["items"] == [{"id": added["item"]["id"], "title": "Batched"}]
    assert before["items"] == []
    assert after["items"] == [{"id": child["item"]["id"]}]


async def test_a_call_without_an_alias_is_referenced_by_its_position(v3: V3) -> None:
    first, second = await v3.result("batch", [_get(5), _get({"$ref": "0.id"})])
    assert first == second == {"item": {"id": 5}}


async def test_references_can_read_related_objects(v3: V3) -> None:
    body = [
        {**_get(5, "responsible.id"), "as": "t"},
        {"method": "tasks.task.add", "query": {"fields": {**NEW, "responsibleId": {"$ref": "t.responsible.id"}}}},
    ]
    assert (await v3.result("batch", body))[1]["item"]["title"] == "Batched"


@pytest.mark.parametrize(
    "reference",
    [
        {"$ref": "t.item.id"},
        {"$ref": "t.nope"},
        {"$ref": "nope.id"},
        {"$ref": "t.parentId"},
        {"$ref": ""},
        {"$ref": 5},
        {"$ref": "u.result"},
        {"$ref": "e.0.id"},
        {"$refArray": "l"},
        {"$refArray": "l.nope"},
        {"$refArray": "e.id"},
        {"$refArray": "t.id"},
        {"$refArray": "l.items.id"},
        {"$ref": "9.id"},
    ],
)
async def test_a_reference_without_a_target_is_refused(v3: V3, reference: object) -> None:
    body = [
        {**_get(5, "id", "parentId"), "as": "t"},
        {**_list(["id", "in", [1, 2]]), "as": "l"},
        {**_list(["id", 99_999]), "as": "e"},
        {"method": "tasks.task.update", "query": {"id": 5, "fields": {"title": "U"}}, "as": "u"},
        _get(reference),
    ]
    assert (await v3.refused("batch", body))[:2] == (400, "INVALIDSELECTEXCEPTION")


async def test_the_first_failure_is_the_whole_answer_and_earlier_calls_stay_executed(v3: V3) -> None:
    status, code, error = await v3.refused("batch", [ADD, _get("x"), ADD])
    assert (status, code, fields(error)) == (400, REQUEST, ["id"])
    assert await _titles(v3) == 1


async def test_no_call_runs_when_one_method_is_unknown(v3: V3) -> None:
    body = [ADD, {"method": "crm.deal.list", "query": {}}]
    assert (await v3.refused("batch", body))[:2] == (404, "METHODNOTFOUNDEXCEPTION")
    assert await _titles(v3) == 0


@pytest.mark.parametrize(
    "item",
    [
        {"method": "tasks.task.list"},
        {"query": {}},
        {"method": "tasks.task.list", "query": None},
        "tasks.task.list",
        5,
        None,
        {"method": "tasks.task.list", "query": "id=1"},
        {"method": 5, "query": {}},
        {"method": None, "query": {}},
    ],
)
async def test_every_call_requires_a_method_and_a_query(v3: V3, item: object) -> None:
    assert (await v3.refused("batch", [ADD, item]))[:2] == (400, "INVALIDSELECTEXCEPTION")
    assert await _titles(v3) == 0


async def test_two_calls_with_the_same_alias_are_refused(v3: V3) -> None:
    body = [{**ADD, "as": "t"}, {**ADD, "as": "t"}]
    assert (await v3.refused("batch", body))[:2] == (400, "INVALIDSELECTEXCEPTION")
    assert (await v3.refused("batch", [{**ADD, "as": "1"}, ADD]))[1] == "INVALIDSELECTEXCEPTION"
    assert await _titles(v3) == 0


async def test_parallel_is_accepted(v3: V3) -> None:
    assert await v3.result("batch", [{**_get(5), "parallel": True}]) == [{"item": {"id": 5}}]


async def test_the_form_of_version_2_is_refused(v3: V3) -> None:
    body = {"halt": 0, "cmd": {"a": "tasks.task.get?id=5"}}
    assert (await v3.refused("batch", body))[:2] == (400, "INVALIDSELECTEXCEPTION")


async def test_a_token_in_the_body_turns_the_array_into_an_object_and_is_refused(v3: V3) -> None:
    token = v3.sandbox.portal.oauth.issue(1).access_token
    body = {"0": _get(5), "auth": token}
    status, code, error = refusal(await v3.http.post("/rest/api/batch", json=body))
    assert (status, code) == (400, "INVALIDSELECTEXCEPTION")
    assert '"method" and "query"' in error["message"]
    for params, headers in (({"auth": token}, {}), ({}, {"Authorization": f"Bearer {token}"})):
        response = await v3.http.post("/rest/api/batch", json=[_get(5)], params=params, headers=headers)
        assert response.json()["result"] == [{"item": {"id": 5}}]


async def test_more_than_50_calls_run(v3: V3) -> None:
    assert len(await v3.result("batch", [_get(5)] * 51)) == 51


async def test_scopes_and_rights_are_checked_for_every_call(v3: V3) -> None:
    narrow = V3(v3.sandbox, v3.http, SCOPE_USER_WEBHOOK)
    assert (await narrow.refused("batch", [_get(5)]))[:2] == (403, "INSUFFICIENTSCOPEEXCEPTION")
    seller = V3(v3.sandbox, v3.http, USER_WEBHOOK)
    log = {"method": "main.eventlog.list", "query": {}}
    assert (await seller.refused("batch", [log]))[:2] == (403, "ACCESSDENIEDEXCEPTION")


async def test_an_empty_batch_returns_an_empty_list(v3: V3) -> None:
    assert await v3.result("batch", []) == []


async def test_calls_inside_a_batch_are_not_charged() -> None:
    async with portal(cost=300.0, operating_limit=480.0) as v3:
        for _ in range(4):
            await v3.result("batch", [_get(5)])
        assert await v3.result("tasks.task.get", {"id": 5})


async def test_a_repeated_key_returns_the_stored_answer_and_runs_nothing(v3: V3) -> None:
    first = await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key-1")
    second = await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key-1")
    assert first.content == second.content
    assert (first.headers["Idempotency-Key"], "Idempotent-Replayed" in first.headers) == ("key-1", False)
    assert (second.headers["Idempotency-Key"], second.headers["Idempotent-Replayed"]) == ("key-1", "true")
    assert await _titles(v3) == 1


async def test_another_body_with_the_same_key_is_422(v3: V3) -> None:
    await v3.result("tasks.task.add", {"fields": NEW}, Idempotency_Key="key-1")
    other = {"fields": {**NEW, "title": "Other"}}
    refused = await v3.refused("tasks.task.add", other, Idempotency_Key="key-1")
    assert refused[:2] == (422, "IDEMPOTENCYKEYREUSEDEXCEPTION")
    assert await _titles(v3, "Other") == 0


async def test_keys_are_separate_for_each_method_and_caller(v3: V3) -> None:
    task = (await v3.result("tasks.task.add", {"fields": NEW}, Idempotency_Key="key"))["item"]["id"]
    update = await v3.send("tasks.task.update", {"id": task, "fields": {"title": "Batched"}}, Idempotency_Key="key")
    assert "Idempotent-Replayed" not in update.headers
    seller = V3(v3.sandbox, v3.http, USER_WEBHOOK)
    again = await seller.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key")
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (200, False)
    assert await _titles(v3) == 2


async def test_a_failure_is_not_stored(v3: V3) -> None:
    body = {"fields": {**NEW, "parentId": 151}}
    refused = await v3.send("tasks.task.add", body, Idempotency_Key="key")
    assert (refused.status_code, "Idempotency-Key" in refused.headers) == (400, False)
    assert (await v3.result("tasks.task.add", {"fields": {**NEW, "title": "Parent"}}))["item"]["id"] == 151
    again = await v3.send("tasks.task.add", body, Idempotency_Key="key")
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (200, False)


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\tinside", "é"])
async def test_an_invalid_key_is_refused(v3: V3, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    response = await v3.http.post(v3.base + "tasks.task.add", json={"fields": NEW}, headers=headers)
    assert refusal(response)[:2] == (400, "INVALIDIDEMPOTENCYKEYEXCEPTION")
    assert await _titles(v3) == 0


async def test_a_key_of_the_maximum_length_is_accepted(v3: V3) -> None:
    response = await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="k" * 255)
    assert response.headers["Idempotency-Key"] == "k" * 255


async def test_read_methods_ignore_the_key(v3: V3) -> None:
    for task in (5, 6):
        response = await v3.send("tasks.task.get", {"id": task, "select": ["id"]}, Idempotency_Key="key")
        assert response.json()["result"] == {"item": {"id": task}}
        assert "Idempotency-Key" not in response.headers


async def test_a_key_expires_after_24_hours() -> None:
    now = [NOW]
    async with portal(clock=lambda: now[0]) as v3:
        await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key")
        now[0] = NOW + 24 * 3600 - 1
        assert (
            "Idempotent-Replayed" in (await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key")).headers
        )
        now[0] = NOW + 24 * 3600
        late = await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key")
        assert (late.status_code, "Idempotent-Replayed" in late.headers) == (200, False)
        assert await _titles(v3) == 2


async def test_a_portal_without_the_feature_ignores_the_header(v3: V3) -> None:
    await v3.result("rest.scope.list")
    assert v3.sandbox.rest_v3 is not None
    v3.sandbox.rest_v3.service.idempotency = False
    for _ in range(2):
        response = await v3.send("tasks.task.add", {"fields": NEW}, Idempotency_Key="key")
        assert not {"idempotency-key", "idempotent-replayed"} & set(response.headers)
    assert await _titles(v3) == 2


async def test_a_key_applies_to_a_whole_batch(v3: V3) -> None:
    first = await v3.send("batch", [ADD], Idempotency_Key="key")
    second = await v3.send("batch", [ADD], Idempotency_Key="key")
    assert first.content == second.content
    assert await _titles(v3) == 1
