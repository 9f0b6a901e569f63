"""REST 3.0: the event log, working time, knowledge bases, and the API's descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.rest_v3 import DTO, REQUEST, V3, fields, portal


async def test_changes_on_the_portal_appear_in_the_event_log(v3: V3) -> None:
    last = (await v3.ids("main.eventlog.list", {"order": {"id": "desc"}, "pagination": {"limit": 1}}))[0]
    new = {"fields": {"title": "A", "creatorId": 1, "responsibleId": 2}}
    task = (await v3.result("tasks.task.add", new))["item"]["id"]
    entries = await v3.items("main.eventlog.tail", {"cursor": {"field": "id", "value": last}})
    assert [(entry["moduleId"], entry["itemId"], entry["userId"]) for entry in entries] == [("tasks", str(task), 1)]
    assert entries[0]["timestampX"] == "2026-03-01T12:00:00+03:00"


async def test_an_entry_is_shown_with_all_fields(reads: V3) -> None:
    item = (await reads.result("main.eventlog.get", {"id": 1}))["item"]
    assert list(item) == [
        "id", "timestampX", "severity", "auditTypeId", "moduleId", "itemId", "remoteAddr", "userAgent", "requestUri",
        "siteId", "userId", "guestId", "description",
    ]  # fmt: skip
    assert (item["id"], item["guestId"]) == (1, 0)


async def test_only_measured_fields_of_the_log_are_filterable(reads: V3) -> None:
    asked = {"select": ["name", "type", "filterable", "sortable"]}
    listed = await reads.items("main.eventlog.field.list", asked)
    assert {item["name"] for item in listed if item["filterable"]} == {
        "id", "timestampX", "auditTypeId", "userId", "guestId",
    }  # fmt: skip
    assert all(item["filterable"] == item["sortable"] for item in listed)
    assert next(item for item in listed if item["name"] == "timestampX")["type"] == "object"


async def test_a_portal_without_a_company_has_one_entry_in_its_log() -> None:
    async with portal(empty=True) as v3:
        assert await v3.ids("main.eventlog.list") == [1]
        assert await v3.items("note.collection.list") == []


async def test_a_portal_in_a_file_keeps_its_log_and_keys(tmp_path: Path) -> None:
    body = {"fields": {"name": "Kept"}}
    async with portal(db=tmp_path / "portal.db") as v3:
        first = await v3.send("note.collection.add", body, Idempotency_Key="key")
    async with portal(db=tmp_path / "portal.db") as v3:
        second = await v3.send("note.collection.add", body, Idempotency_Key="key")
        assert second.headers["Idempotent-Replayed"] == "true"
        assert len(await v3.ids("main.eventlog.list", {"pagination": {"limit": 1000}})) == 240
    assert first.content == second.content


async def test_working_time_belongs_to_one_employee(reads: V3) -> None:
    records = await reads.items("timeman.record.list", {"filter": [["userId", 3]]})
    assert len(records) == 15
    assert {record["userId"] for record in records} == {3}
    first = records[0]
    assert (first["state"], first["duration"], first["breakLength"]) == ("CLOSED", 30300, 2700)
    assert set(first) == {
        "id", "userId", "startTime", "endTime", "duration", "breakLength", "state", "isApproved",
    }  # fmt: skip
    assert first["isApproved"] is True


async def test_a_day_that_version_2_opens_and_closes_is_a_record(v3: V3) -> None:
    async def director() -> list[Any]:
        return await v3.items("timeman.record.list", {"filter": [["userId", 1]]})

    old = f"/rest/{v3.sandbox.webhook}/"
    assert await director() == []
    await v3.http.post(f"{old}timeman.open", json={"USER_ID": 1, "TIME": "2026-03-01T09:00:00+03:00"})
    (day,) = await director()
    assert (day["state"], day["startTime"], day["endTime"]) == ("OPENED", "2026-03-01T09:00:00+03:00", None)
    assert day["duration"] is None
    await v3.http.post(f"{old}timeman.close", json={"USER_ID": 1})
    (day,) = await director()
    assert (day["state"], day["duration"], day["breakLength"]) == ("CLOSED", 3 * 3600, 0)


async def test_a_day_that_was_not_closed_has_expired(reads: V3) -> None:
    days = await reads.items("timeman.record.list", {"filter": [["userId", 17]], "order": {"startTime": "desc"}})
    assert (days[0]["state"], days[0]["endTime"], days[0]["duration"]) == ("EXPIRED", None, None)


async def test_working_days_are_ordered_by_their_length(reads: V3) -> None:
    asked = {"filter": [["userId", 17]], "order": {"duration": "desc"}, "select": ["duration"]}
    lengths = [day["duration"] for day in await reads.items("timeman.record.list", asked)]
    assert lengths[:-1] == sorted(lengths[:-1], reverse=True)
    assert lengths[-1] is None


async def test_working_time_is_narrowed_by_its_start(reads: V3) -> None:
    day = ["2026-02-26T00:00:00+03:00", "2026-02-26T23:59:59+03:00"]
    asked = {"filter": [["userId", 3], ["startTime", "between", day]], "select": ["startTime"]}
    found = await reads.items("timeman.record.list", asked)
    assert [record["startTime"][:10] for record in found] == ["2026-02-26"]


async def test_working_time_requires_exactly_one_employee(reads: V3) -> None:
    start = ["startTime", ">", "2026-01-01T00:00:00Z"]
    for sent in ({}, {"filter": [start]}, {"filter": [["userId", ">", 1]]}):
        _, code, error = await reads.refused("timeman.record.list", sent)
        assert (code, fields(error)) == (REQUEST, ["filter.userId"])
    two = {"filter": [["userId", "in", [3, 4]]]}
    assert (await reads.refused("timeman.record.list", two))[:2] == (400, "INVALIDFILTEREXCEPTION")
    by_id = await reads.refused("timeman.record.list", {"filter": [["userId", 3], ["id", 5]]})
    assert fields(by_id[2]) == ["id"]


async def test_an_employee_can_read_only_their_own_working_time(reads: V3) -> None:
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    assert await seller.items("timeman.record.list", {"filter": [["userId", 4]]})
    foreign = await seller.refused("timeman.record.list", {"filter": [["userId", 3]]})
    assert foreign[:2] == (403, "ACCESSDENIEDEXCEPTION")


async def test_a_knowledge_base_is_added_renamed_archived_and_deleted(v3: V3) -> None:
    item = (await v3.result("note.collection.add", {"fields": {"name": "Docs", "position": 50}}))["item"]
    assert item == {
        "id": item["id"], "name": "Docs", "position": 50, "policyLevel": "view", "createdBy": 1,
        "createdAt": "2026-03-01T09:00:00Z", "updatedBy": 1, "updatedAt": "2026-03-01T09:00:00Z",
    }  # fmt: skip
    one = {"id": item["id"]}
    renamed = await v3.result("note.collection.update", {**one, "fields": {"name": "Papers"}})
    assert renamed["item"]["name"] == "Papers"
    assert await v3.result("note.collection.get", one) == renamed
    assert (await v3.ids("note.collection.list"))[0] == item["id"]
    assert await v3.result("note.collection.archive", one) == {"result": True}
    assert item["id"] not in await v3.ids("note.collection.list")
    assert (await v3.refused("note.collection.archive", one))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")
    assert await v3.result("note.collection.delete", one) == {"result": True}
    assert (await v3.refused("note.collection.get", one))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_knowledge_bases_are_paged_by_their_own_cursor(reads: V3) -> None:
    seen: list[int] = []
    pagination: dict[str, Any] = {"limit": 1}
    while True:
        page = await reads.result("note.collection.list", {"pagination": pagination})
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        pagination["afterCursor"] = page["nextCursor"]
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        ({"fields": {}}, DTO, "name"),
        ({"fields": {"name": ""}}, DTO, "name"),
        ({"fields": {"name": "n" * 256}}, DTO, "name"),
        ({"fields": {"name": 5}}, DTO, "name"),
        ({"fields": {"name": "A", "position": "1"}}, DTO, "position"),
        ({}, REQUEST, "fields"),
    ],
)
async def test_invalid_knowledge_bases_are_refused(reads: V3, sent: object, code: str, field: str) -> None:
    refused = await reads.refused("note.collection.add", sent)
    assert (refused[0], refused[1], fields(refused[2])) == (400, code, [field])


async def test_the_position_of_a_base_is_not_editable(reads: V3) -> None:
    refused = await reads.refused("note.collection.update", {"id": 1, "fields": {"name": "A", "position": 1}})
    assert fields(refused[2]) == ["position"]


async def test_the_openapi_document_has_no_envelope(reads: V3) -> None:
    document = (await reads.send("rest.documentation.openapi")).json()
    assert document["openapi"] == "3.0.0"
    assert not {"result", "time"} & set(document)
    assert document == (await reads.http.get(reads.base + "documentation")).json()
    operation = document["paths"]["/tasks.task.get"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert (schema["required"], schema["properties"]["id"]) == (["id"], {"type": "integer"})
    task = document["components"]["schemas"]["TaskDto"]
    assert task["properties"]["deadline"]["format"] == "date-time"
    assert set(task["required"]) == {"title", "creatorId", "responsibleId"}


async def test_every_reference_of_the_openapi_document_has_a_target(reads: V3) -> None:
    document = (await reads.send("documentation")).json()

    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


async def test_every_method_of_the_document_exists(reads: V3) -> None:
    document = (await reads.send("documentation")).json()
    for path in document["paths"]:
        response = await reads.http.get(reads.base + path.removeprefix("/"))
        assert response.status_code in (200, 400), path


async def test_scopes_are_listed_by_module_controller_and_method(reads: V3) -> None:
    everything = await reads.result("rest.scope.list")
    assert set(everything) == {"call", "humanresources", "mail", "main", "note", "rest", "tasks", "timeman"}
    add = everything["tasks"]["task"]["add"]
    assert add["scope"] == "tasks"
    assert {"title", "description", "fields"} <= set(add)
    assert set(await reads.result("scopes", {"filterModule": "note"})) == {"note"}
    narrowed = await reads.result("rest.scope.list", {"filterModule": "tasks", "filterMethod": "send"})
    assert narrowed == {"tasks": {"task.chat.message": {"send": narrowed["tasks"]["task.chat.message"]["send"]}}}
    assert fields((await reads.refused("rest.scope.list", {"filterModule": 5}))[2]) == ["filterModule"]
