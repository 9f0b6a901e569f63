"""REST 3.0: tasks shared with version 2, their results, chats, files and fields."""

from __future__ import annotations

import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.rest_v3 import DTO, REQUEST, V3, fields

NEW = {"title": "Prepare a report", "creatorId": 1, "responsibleId": 2}


async def _add(v3: V3, **more: object) -> int:
    return int((await v3.result("tasks.task.add", {"fields": {**NEW, **more}}))["item"]["id"])


async def test_an_added_task_is_returned_whole_without_related_objects(v3: V3) -> None:
    sent = {
        **NEW,
        "deadline": "2026-05-01T10:00:00+05:00",
        "crmItemIds": ["D_1"],
        "priority": "high",
        "needsControl": True,
    }
    item = (await v3.result("tasks.task.add", {"fields": sent}))["item"]
    assert item["title"] == NEW["title"]
    assert item["deadline"] == "2026-05-01T08:00:00+03:00"
    assert (item["crmItemIds"], item["priority"], item["status"]) == (["D_1"], "high", "pending")
    assert (item["needsControl"], item["parentId"], item["mark"]) == (True, None, "none")
    assert item["rights"]["edit"] is True
    assert not {"creator", "responsible", "group", "parent"} & set(item)


async def test_both_versions_show_the_same_task(v3: V3) -> None:
    task = await _add(v3)
    old = (await v3.old("tasks.task.get", {"taskId": task}))["task"]
    assert (old["title"], old["responsibleId"], old["createdBy"]) == (NEW["title"], "2", "1")
    await v3.old("tasks.task.complete", {"taskId": task})
    shown = await v3.result("tasks.task.get", {"id": task, "select": ["status", "closedById"]})
    assert shown == {"item": {"status": "completed", "closedById": 1}}


async def test_an_update_returns_true_and_changes_only_the_sent_fields(v3: V3) -> None:
    task = await _add(v3, description="text")
    assert await v3.result("tasks.task.update", {"id": task, "fields": {"title": "B", "requireResult": True}}) == {
        "result": True
    }
    selected = ["title", "description", "requireResult", "autocompleteSubTasks"]
    assert (await v3.result("tasks.task.get", {"id": task, "select": selected}))["item"] == {
        "title": "B",
        "description": "text",
        "requireResult": True,
        "autocompleteSubTasks": False,
    }


async def test_null_clears_a_field(v3: V3) -> None:
    task = await _add(v3, deadline="2026-05-01T10:00:00Z")
    await v3.result("tasks.task.update", {"id": task, "fields": {"deadline": None}})
    assert (await v3.result("tasks.task.get", {"id": task, "select": ["deadline"]}))["item"] == {"deadline": None}


async def test_a_deleted_task_is_missing_in_both_versions(v3: V3) -> None:
    task = await _add(v3)
    assert await v3.result("tasks.task.delete", {"id": task}) == {"result": True}
    assert (await v3.refused("tasks.task.get", {"id": task}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")
    assert await v3.old("tasks.task.list", {"filter": {"ID": task}}) == {"tasks": []}


@pytest.mark.parametrize("method", ["tasks.task.update", "tasks.task.delete"])
async def test_a_missing_task_is_access_denied(v3: V3, method: str) -> None:
    body = {"id": 99_999, "fields": {"title": "B"}}
    assert (await v3.refused(method, body))[:2] == (403, "ACCESSDENIEDEXCEPTION")


async def test_the_error_for_an_add_names_every_missing_field(v3: V3) -> None:
    status, code, error = await v3.refused("tasks.task.add", {"fields": {"title": "A"}})
    assert (status, code, fields(error)) == (400, REQUEST, ["creatorId", "responsibleId"])
    assert fields((await v3.refused("tasks.task.add", {}))[2]) == ["fields"]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("deadline", "2026-05-01", "DateTime"),
        ("deadline", "tomorrow", "DateTime"),
        ("deadline", 5, "DateTime"),
        ("responsibleId", "2", "int"),
        ("title", 5, "string"),
        ("needsControl", "Y", "bool"),
        ("needsControl", 1, "bool"),
        ("crmItemIds", "D_1", "array"),
        ("crmItemIds", [1], "array"),
        ("accomplices", ["3"], "many"),
        ("parentId", 5.0, "int"),
    ],
)
async def test_the_types_of_fields_are_checked(v3: V3, name: str, value: object, kind: str) -> None:
    status, code, error = await v3.refused("tasks.task.add", {"fields": {**NEW, name: value}})
    assert (status, code, fields(error)) == (400, REQUEST, [name])
    assert f"`{name}`" in error["validation"][0]["message"]
    assert kind == "many" or f"`{kind}`" in error["validation"][0]["message"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"responsibleId": 999}, "responsibleId"),
        ({"creatorId": 999}, "creatorId"),
        ({"parentId": 99_999}, "parentId"),
        ({"priority": "urgent"}, "priority"),
        ({"startPlan": "2026-05-02T00:00:00Z", "endPlan": "2026-05-01T00:00:00Z"}, "endPlan"),
        ({"title": " "}, "title"),
    ],
)
async def test_invalid_values_are_refused_with_the_name_of_the_field(
    v3: V3, more: dict[str, object], field: str
) -> None:
    status, code, error = await v3.refused("tasks.task.add", {"fields": {**NEW, **more}})
    assert (status, code, fields(error)) == (400, REQUEST, [field])


async def test_an_unknown_field_is_refused(v3: V3) -> None:
    status, code, error = await v3.refused("tasks.task.add", {"fields": {**NEW, "TITLE": "A"}})
    assert (status, code) == (400, "UNKNOWNDTOPROPERTYEXCEPTION")
    assert "`TITLE`" in error["message"]


@pytest.mark.parametrize("name", ["creatorId", "id", "created", "rights"])
async def test_a_field_that_is_not_editable_is_refused(v3: V3, name: str) -> None:
    _, code, error = await v3.refused("tasks.task.update", {"id": 5, "fields": {name: 1}})
    assert (code, fields(error)) == (REQUEST, [name])
    assert "Editable" in error["validation"][0]["message"]


async def test_a_task_cannot_be_its_own_parent(v3: V3) -> None:
    assert fields((await v3.refused("tasks.task.update", {"id": 5, "fields": {"parentId": 5}}))[2]) == ["parentId"]


async def test_related_objects_are_selected_with_dots(v3: V3) -> None:
    parent = await _add(v3, title="Parent")
    task = await _add(v3, parentId=parent, accomplices=[3, 4], auditors=[5])
    selected = [
        "id",
        "responsible.name",
        "responsible.email",
        "creator.id",
        "accomplices.id",
        "parent.title",
        "group.name",
    ]
    item = (await v3.result("tasks.task.get", {"id": task, "select": selected}))["item"]
    assert item == {
        "id": task,
        "responsible": {"name": "Олег Гаврилов", "email": "user02@example.com"},
        "creator": {"id": 1},
        "accomplices": [{"id": 3}, {"id": 4}],
        "parent": {"title": "Parent"},
        "group": None,
    }


async def test_a_group_created_in_version_2_is_visible(v3: V3) -> None:
    group = int(await v3.old("sonet_group.create", {"NAME": "Workshop", "VISIBLE": "Y", "OPENED": "N"}))
    task = await _add(v3, groupId=group)
    item = (await v3.result("tasks.task.get", {"id": task, "select": ["groupId", "group.name", "group.isVisible"]}))[
        "item"
    ]
    assert item == {"groupId": group, "group": {"name": "Workshop", "isVisible": True}}


async def test_relations_can_be_followed_over_several_steps(v3: V3) -> None:
    task = await _add(v3, parentId=await _add(v3, responsibleId=7))
    item = (await v3.result("tasks.task.get", {"id": task, "select": ["parent.responsible.id"]}))["item"]
    assert item == {"parent": {"responsible": {"id": 7}}}


async def test_an_unknown_field_of_a_related_object_is_refused(reads: V3) -> None:
    status, code, error = await reads.refused("tasks.task.get", {"id": 5, "select": ["responsible.stageId"]})
    assert (status, code) == (400, "UNKNOWNDTOPROPERTYEXCEPTION")
    assert "`stageId`" in error["message"]
    assert "`UserDto`" in error["message"]


async def test_an_unknown_field_of_the_task_itself_is_ignored(reads: V3) -> None:
    assert await reads.result("tasks.task.get", {"id": 5, "select": ["id", "nope"]}) == {"item": {"id": 5}}


async def test_a_list_shows_only_ids_until_fields_are_selected(reads: V3) -> None:
    assert (await reads.items("tasks.task.list"))[0] == {"id": 1}
    assert set((await reads.items("tasks.task.list", {"select": ["id", "title"]}))[0]) == {"id", "title"}


@pytest.mark.parametrize("pagination", [None, {"limit": 1000}, {"limit": 5000, "page": 1}])
async def test_a_list_of_tasks_has_at_most_50_rows(reads: V3, pagination: object) -> None:
    assert await reads.ids("tasks.task.list", {"pagination": pagination}) == list(range(1, 51))


async def test_the_paging_of_the_sdk_reads_all_tasks(reads: V3) -> None:
    seen: list[int] = []
    last = 0
    while True:
        asked = {"order": {"id": "ASC"}, "filter": [["id", ">", last]], "pagination": {"page": 0, "limit": 50}}
        page = await reads.ids("tasks.task.list", asked)
        if not page:
            break
        seen += page
        last = page[-1]
    assert seen == list(range(1, 151))


async def test_tasks_are_filtered_by_id_and_not_by_title(reads: V3) -> None:
    assert await reads.ids("tasks.task.list", {"filter": [["id", "in", [3, 5]]]}) == [3, 5]
    _, code, error = await reads.refused("tasks.task.list", {"filter": [["title", "A"]]})
    assert (code, fields(error)) == (REQUEST, ["title"])
    assert "`TaskDto`" in error["validation"][0]["message"]


async def test_tasks_are_ordered_by_documented_fields(reads: V3) -> None:
    rows = await reads.items("tasks.task.list", {"select": ["deadline"], "order": {"deadline": "desc"}})
    assert [row["deadline"] for row in rows] == sorted((row["deadline"] for row in rows), reverse=True)
    assert fields((await reads.refused("tasks.task.list", {"order": {"guid": "asc"}}))[2]) == ["guid"]


async def test_a_user_sees_only_tasks_of_which_the_user_is_a_member(v3: V3) -> None:
    seller = V3(v3.sandbox, v3.http, USER_WEBHOOK)
    mine = await _add(v3, auditors=[4])
    foreign = await _add(v3)
    assert await seller.ids("tasks.task.list", {"filter": [["id", "in", [mine, foreign]]]}) == [mine]
    assert (await seller.refused("tasks.task.get", {"id": foreign}))[1] == "ENTITYNOTFOUNDEXCEPTION"
    assert (await seller.refused("tasks.task.update", {"id": foreign, "fields": {"title": "B"}}))[0] == 403


async def test_access_is_a_flat_object_of_flags(v3: V3) -> None:
    task = await _add(v3)
    flags = await v3.result("tasks.task.access.get", {"id": task})
    assert (flags["read"], flags["start"], flags["pause"], flags["renew"]) == (True, True, False, False)
    assert set(map(type, flags.values())) == {bool}
    await v3.old("tasks.task.start", {"taskId": task})
    flags = await v3.result("tasks.task.access.get", {"id": task})
    assert (flags["start"], flags["pause"]) == (False, True)


async def test_attached_files_are_added_to_the_existing_ones(v3: V3) -> None:
    task = await _add(v3)
    assert await v3.result("tasks.task.file.attach", {"taskId": task, "fileIds": [26, 27]}) == {"result": True}
    await v3.result("tasks.task.file.attach", {"taskId": task, "fileIds": [27, 28]})
    shown = await v3.result("tasks.task.get", {"id": task, "select": ["fileIds"]})
    assert shown["item"] == {"fileIds": [26, 27, 28]}
    for body, field in (
        ({"taskId": task}, "fileIds"),
        ({"fileIds": [1]}, "taskId"),
        ({"taskId": task, "fileIds": ["1"]}, "fileIds"),
    ):
        assert fields((await v3.refused("tasks.task.file.attach", body))[2]) == [field]


async def test_sending_a_message_returns_true_and_it_can_become_a_result(v3: V3) -> None:
    task = await _add(v3)
    sent = {"fields": {"taskId": task, "text": "Done"}}
    assert await v3.result("tasks.task.chat.message.send", sent) == {"result": True}
    item = (await v3.result("tasks.task.result.addfromchatmessage", {"fields": {"messageId": 1}}))["item"]
    assert (item["taskId"], item["text"], item["messageId"], item["authorId"]) == (task, "Done", 1, 1)
    _, code, error = await v3.refused("tasks.task.chat.message.send", {"fields": {"text": "Done"}})
    assert (code, fields(error)) == (DTO, ["taskId"])
    missing = await v3.refused("tasks.task.chat.message.send", {"fields": {"taskId": 99_999, "text": "Done"}})
    assert missing[:2] == (403, "ACCESSDENIEDEXCEPTION")


async def test_a_result_is_added_updated_and_deleted(v3: V3) -> None:
    task = await _add(v3)
    item = (await v3.result("tasks.task.result.add", {"fields": {"taskId": task, "text": "First"}}))["item"]
    assert item == {
        "id": item["id"],
        "taskId": task,
        "text": "First",
        "authorId": 1,
        "createdAt": "2026-03-01T12:00:00+03:00",
        "updatedAt": None,
        "status": "open",
        "fileIds": [],
        "rights": {"edit": True, "remove": True},
        "messageId": None,
    }
    changed = await v3.result("tasks.task.result.update", {"id": item["id"], "fields": {"text": "Second"}})
    assert (changed["item"]["text"], changed["item"]["updatedAt"]) == ("Second", "2026-03-01T12:00:00+03:00")
    listed = {"filter": [["taskId", task]], "select": ["id", "text", "author.name"]}
    assert await v3.items("tasks.task.result.list", listed) == [
        {"id": item["id"], "text": "Second", "author": {"name": "Марина Левченко"}}
    ]
    assert (await v3.result("tasks.task.get", {"id": task, "select": ["containsResults"]}))["item"]["containsResults"]
    assert await v3.result("tasks.task.result.delete", {"id": item["id"]}) == {"result": True}
    assert await v3.items("tasks.task.result.list", {"filter": [["taskId", task]]}) == []


async def test_a_list_of_results_requires_a_task(reads: V3) -> None:
    _, code, error = await reads.refused("tasks.task.result.list", {"filter": [["id", ">", 1]]})
    assert (code, fields(error)) == ("VALIDATION_REQUESTFILTERVALIDATIONEXCEPTION", ["filter.taskId"])
    _, code, error = await reads.refused("tasks.task.result.list", {})
    assert (code, fields(error)) == (REQUEST, ["filter"])
    asked = {"filter": [["taskId", 5]], "select": ["nope"]}
    assert (await reads.refused("tasks.task.result.list", asked))[1] == "UNKNOWNDTOPROPERTYEXCEPTION"


async def test_invalid_results_are_refused(v3: V3) -> None:
    add = "tasks.task.result.add"
    for sent, code, field in (
        ({"text": "A"}, DTO, "taskId"),
        ({"taskId": 5}, DTO, "text"),
        ({"taskId": 5, "text": "A", "fileIds": [1]}, DTO, "fileIds"),
        ({"taskId": 0, "text": "A"}, REQUEST, "taskId"),
        ({"taskId": 99_999, "text": "A"}, REQUEST, "taskId"),
        ({"taskId": "5", "text": "A"}, REQUEST, "taskId"),
    ):
        refused = await v3.refused(add, {"fields": sent})
        assert (refused[1], fields(refused[2])) == (code, [field]), sent
    assert fields((await v3.refused("tasks.task.result.delete", {}))[2]) == [None]
    assert (await v3.refused("tasks.task.result.delete", {"id": 1, "filter": [["id", 1]]}))[1] == REQUEST
    assert (await v3.refused("tasks.task.result.delete", {"id": 9999}))[:2] == (403, "ACCESSDENIEDEXCEPTION")


async def test_a_field_list_describes_every_property(reads: V3) -> None:
    asked = ["name", "type", "filterable", "sortable", "editable", "requiredGroups", "elementType"]
    listed = {item.pop("name"): item for item in await reads.items("tasks.task.field.list", {"select": asked})}
    plain = {"filterable": False, "sortable": False, "editable": False, "requiredGroups": None, "elementType": None}
    assert listed["id"] == {**plain, "type": "int", "filterable": True, "sortable": True}
    assert listed["creatorId"] == {**plain, "type": "int", "sortable": True, "requiredGroups": ["add"]}
    assert listed["responsible"] == {**plain, "type": "object"}
    assert listed["deadline"] == {**plain, "type": "object", "sortable": True, "editable": True}
    assert (listed["inMute"]["type"], listed["inMute"]["elementType"]) == ("array", "int")


async def test_a_single_field_is_described_with_all_details(reads: V3) -> None:
    item = (await reads.result("tasks.task.field.get", {"name": "id"}))["item"]
    assert list(item) == [
        "name",
        "type",
        "title",
        "description",
        "validationRules",
        "requiredGroups",
        "filterable",
        "sortable",
        "editable",
        "multiple",
        "elementType",
    ]
    asked = {"name": "id", "select": ["type", "name"]}
    assert (await reads.result("tasks.task.field.get", asked))["item"] == {"name": "id", "type": "int"}


async def test_invalid_requests_for_fields_are_refused(reads: V3) -> None:
    _, code, error = await reads.refused("tasks.task.field.get", {"name": "nope"})
    assert code == "BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION"
    assert "`nope`" in error["message"]
    assert fields((await reads.refused("tasks.task.field.get", {}))[2]) == ["name"]
    _, code, error = await reads.refused("tasks.task.field.list", {"select": ["nope"]})
    assert code == "UNKNOWNDTOPROPERTYEXCEPTION"
    assert "`DtoFieldDto`" in error["message"]
    assert (await reads.refused("tasks.task.field.list", {"select": "name"}))[1] == "INVALIDSELECTEXCEPTION"


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("tasks.task.access", ["id"]),
        ("tasks.task.file", ["taskId", "fileIds"]),
        ("tasks.task.chat.message", ["id", "taskId", "text"]),
    ],
)
async def test_small_objects_have_a_list_of_fields(reads: V3, prefix: str, names: list[str]) -> None:
    assert [item["name"] for item in await reads.items(f"{prefix}.field.list")] == names
