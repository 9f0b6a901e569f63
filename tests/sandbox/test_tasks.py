"""Tasks: requests in UPPER case, answers in camelCase, statuses, the legacy positional methods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _new(write: Caller, **fields: object) -> str:
    answer = await write.result("tasks.task.add", {"fields": {"TITLE": "Дело", "RESPONSIBLE_ID": 2, **fields}})
    task: str = answer["task"]["id"]
    return task


async def test_a_new_task_is_shown_in_camel_case_with_numbers_as_text(write: Caller) -> None:
    fields = {"TITLE": "Дело", "RESPONSIBLE_ID": 2, "DEADLINE": "2026-03-05T18:00:00+03:00", "AUDITORS": [3, 4]}
    task = (await write.result("tasks.task.add", {"fields": fields}))["task"]
    assert (task["id"], task["status"], task["createdBy"], task["responsibleId"]) == ("151", "2", "1", "2")
    assert (task["deadline"], task["auditors"]) == ("2026-03-05T18:00:00+03:00", ["3", "4"])
    assert task["responsible"]["name"] == "Олег Гаврилов"
    assert set(task["auditorsData"]) == {"3", "4"}
    assert (task["accomplicesData"], task["group"]) == ([], [])
    assert task["closedDate"] is None


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({}, "100", "Could not find value for parameter {fields} (internal error)"),
        ({"RESPONSIBLE_ID": 1}, "ERROR_CORE", "Task title is not specified<br>"),
        ({"TITLE": "x"}, "ERROR_CORE", "Responsible person is not specified<br>"),
        ({"TITLE": "x", "RESPONSIBLE_ID": 777}, "ERROR_CORE", "was not found<br>"),
        ({"TITLE": "x", "RESPONSIBLE_ID": 1, "PARENT_ID": 7777}, "ERROR_CORE", "was not found<br>"),
        ({"TITLE": "x", "RESPONSIBLE_ID": 1, "STATUS": 99}, "ERROR_CORE", "Invalid status<br>"),
    ],
)
async def test_an_invalid_task_is_refused(call: Caller, fields: object, code: str, text: str) -> None:
    status, answer = await call.refused("tasks.task.add", {"fields": fields})
    assert (status, answer["error"]) == (400, code)
    assert answer["error_description"].endswith(text)


async def test_update_and_delete_answer_as_documented(write: Caller) -> None:
    task = await _new(write)
    updated = await write.result("tasks.task.update", {"taskId": task, "fields": {"TITLE": "Иное"}})
    assert updated["task"]["title"] == "Иное"
    assert await write.result("tasks.task.delete", {"taskId": task}) == {"task": True}
    assert await write.result("tasks.task.get", {"taskId": task}) == []
    status, answer = await write.refused("tasks.task.get", {"taskId": -1})
    assert (status, answer["error"]) == (400, "0")


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (["start"], "3"),
        (["start", "pause"], "2"),
        (["defer"], "6"),
        (["defer", "renew"], "2"),
        (["complete"], "5"),
        (["complete", "renew"], "2"),
    ],
)
async def test_actions_move_a_task_between_statuses(write: Caller, steps: list[str], status: str) -> None:
    task = await _new(write)
    answer: Any = None
    for step in steps:
        answer = await write.result(f"tasks.task.{step}", {"taskId": task})
    assert answer["task"]["status"] == status
    assert (answer["task"]["closedDate"] is not None) == (status == "5")


async def test_an_action_that_the_status_does_not_allow_is_refused(write: Caller) -> None:
    task = await _new(write)
    for action in ("pause", "renew"):
        _, answer = await write.refused(f"tasks.task.{action}", {"taskId": task})
        assert (answer["error"], answer["error_description"]) == ("0", "Action on the task is not allowed")


async def test_a_task_under_control_waits_for_its_author(write: Caller) -> None:
    task = await _new(write, CREATED_BY=3, TASK_CONTROL="Y")
    assert (await write.result("tasks.task.complete", {"taskId": task}))["task"]["status"] == "4"
    assert (await write.result("tasks.task.disapprove", {"taskId": task}))["task"]["status"] == "2"
    await write.result("tasks.task.complete", {"taskId": task})
    assert (await write.result("tasks.task.approve", {"taskId": task}))["task"]["status"] == "5"


async def test_delegation_keeps_the_former_responsible_user_as_a_participant(write: Caller) -> None:
    task = await _new(write)
    answer = await write.result("tasks.task.delegate", {"taskId": task, "userId": 5})
    assert (answer["task"]["responsibleId"], answer["task"]["accomplices"]) == ("5", ["2"])


async def test_task_filters_support_comparisons_arrays_and_special_names(call: Caller) -> None:
    async def total(filter_: dict[str, object]) -> int:
        answer = await call("tasks.task.list", {"filter": filter_, "select": ["ID"]})
        found: int = answer["total"]
        return found

    assert await total({"REAL_STATUS": [2, 3, 4, 5, 6]}) == 150
    assert await total({"REAL_STATUS": 5}) + await total({"!REAL_STATUS": 5}) == 150
    assert await total({"<=ID": 10, ">ID": 5}) == 5
    assert 0 < await total({"TITLE": "%счёт%"}) < 150
    assert 0 < await total({"AUDITOR": 3}) < 150
    assert await total({"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}) == 0


async def test_tasks_are_listed_newest_first_and_an_unknown_order_key_is_refused(call: Caller) -> None:
    tasks = (await call.result("tasks.task.list", {"select": ["ID"]}))["tasks"]
    assert [task["id"] for task in tasks[:3]] == ["150", "149", "148"]
    status, answer = await call.refused("tasks.task.list", {"order": {"NO_SUCH": "asc"}})
    assert (status, answer["error"]) == (400, "0")


async def test_select_limits_the_columns_of_a_single_task(call: Caller) -> None:
    task = (await call.result("tasks.task.get", {"taskId": 3, "select": ["ID", "TITLE"]}))["task"]
    assert "deadline" not in task
    assert task["title"]
    assert set(task) >= {"creator", "responsible", "action"}


async def test_get_fields_describes_types_values_and_defaults(call: Caller) -> None:
    fields = (await call.result("tasks.task.getFields"))["fields"]
    assert fields["ID"]["primary"] is True
    assert fields["TITLE"]["required"] is True
    assert fields["STATUS"]["values"]["5"] == "Completed"
    assert fields["PRIORITY"]["default"] == 1
    assert fields["AUDITORS"]["type"] == "user"


async def test_elapsed_time_is_added_with_positional_arguments(write: Caller) -> None:
    before = (await write("task.elapseditem.getlist", [{"ID": "asc"}]))["total"]
    record = await write.result("task.elapseditem.add", [7, {"SECONDS": 90, "COMMENT_TEXT": "звонок"}])
    rows = await write.result("task.elapseditem.getlist", [7, {"ID": "desc"}])
    assert (rows[0]["ID"], rows[0]["SECONDS"], rows[0]["MINUTES"]) == (str(record), "90", "1")
    assert (await write.result("tasks.task.get", {"taskId": 7}))["task"]["timeSpentInLogs"] == "90"
    every = await write("task.elapseditem.getlist", [{"ID": "asc"}])
    assert every["total"] == before + 1


async def test_legacy_add_has_the_fields_as_its_only_argument(write: Caller) -> None:
    assert await write.result("task.item.add", [{"TITLE": "x", "RESPONSIBLE_ID": 1}]) == 151
    assert (await write.result("task.item.getdata", [151]))["TITLE"] == "x"
    _, answer = await write.refused("task.item.add", ["text"])
    assert "256/TE/WRONG_ARGUMENTS" in answer["error_description"]
