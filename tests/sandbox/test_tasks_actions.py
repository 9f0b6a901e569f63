"""Actions on tasks besides changes, and the visible status of a task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _new(write: Caller, **fields: object) -> str:
    answer = await write.result("tasks.task.add", {"fields": {"TITLE": "Дело", "RESPONSIBLE_ID": 2, **fields}})
    task: str = answer["task"]["id"]
    return task


async def _found(write: Caller, **filter_: object) -> list[str]:
    answer = await write.result("tasks.task.list", {"filter": filter_, "select": ["ID"], "order": {"ID": "asc"}})
    return [task["id"] for task in answer["tasks"]]


async def test_status_filters_by_the_visible_status_and_real_status_by_the_stored_one(write: Caller) -> None:
    late = await _new(write, TITLE="x", DEADLINE="2026-02-20T10:00:00+03:00", TAGS=["срочно-1"])
    soon = await _new(write, TITLE="x", DEADLINE="2026-03-02T10:00:00+03:00", TAGS=["срочно-1"])
    calm = await _new(write, TITLE="x", DEADLINE="2026-04-01T10:00:00+03:00", TAGS=["срочно-1"])
    free = await _new(write, TITLE="x", TAGS=["срочно-1"])
    mine: Any = {"TAG": "срочно-1"}
    assert await _found(write, STATUS=-1, **mine) == [late]
    assert await _found(write, STATUS=-3, **mine) == [soon]
    assert await _found(write, STATUS=2, **mine) == [calm, free]
    assert await _found(write, **{"!STATUS": [-1, -3]}, **mine) == [calm, free]
    assert await _found(write, **{"<STATUS": 0}, **mine) == [late, soon]
    assert await _found(write, REAL_STATUS=2, **mine) == [late, soon, calm, free]


async def test_tags_can_be_filtered_and_are_shown_only_when_selected(write: Caller) -> None:
    task = await _new(write, TAGS=["важное", "склад"])
    assert await _found(write, TAG="склад") == [task]
    shown = (await write.result("tasks.task.get", {"taskId": task, "select": ["ID", "TAGS"]}))["task"]
    assert [tag["title"] for tag in shown["tags"].values()] == ["важное", "склад"]
    assert "tags" not in (await write.result("tasks.task.get", {"taskId": task}))["task"]


async def test_selecting_one_system_field_shows_all_three(write: Caller) -> None:
    task = await _new(write, UF_CRM_TASK=["D_1"], UF_TASK_WEBDAV_FILES=["n26"])
    plain = (await write.result("tasks.task.get", {"taskId": task}))["task"]
    assert not {"ufCrmTask", "ufTaskWebdavFiles", "ufMailMessage"} & set(plain)
    named = (await write.result("tasks.task.get", {"taskId": task, "select": ["ID", "UF_CRM_TASK"]}))["task"]
    assert (named["ufCrmTask"], named["ufTaskWebdavFiles"], named["ufMailMessage"]) == (["D_1"], [26], None)


async def test_favorites_answer_true_and_can_be_filtered(write: Caller) -> None:
    assert await write.result("tasks.task.favorite.add", {"taskId": 5}) is True
    assert await _found(write, **{"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}) == ["5"]
    action = (await write.result("tasks.task.get", {"taskId": 5}))["task"]["action"]
    assert (action["addFavorite"], action["favorite.delete"]) == (False, True)
    assert await write.result("tasks.task.favorite.remove", {"taskId": 5}) is True
    assert await _found(write, **{"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}) == []
    status, answer = await write.refused("tasks.task.favorite.add", {"taskId": 99999})
    assert (status, answer["error"], answer["error_description"]) == (400, "1", "Task not found or not accessible")


@pytest.mark.parametrize(
    ("on", "off", "key"), [("pin", "unpin", "isPinned"), ("mute", "unmute", "isMuted")], ids=["pin", "mute"]
)
async def test_pin_and_mute_return_the_whole_task(write: Caller, on: str, off: str, key: str) -> None:
    assert (await write.result(f"tasks.task.{on}", {"id": 5}))["task"][key] == "Y"
    assert (await write.result(f"tasks.task.{off}", {"id": 5}))["task"][key] == "N"


async def test_watching_adds_an_observer(write: Caller) -> None:
    task = await _new(write, AUDITORS=[3])
    assert (await write.result("tasks.task.startwatch", {"taskId": task}))["task"]["auditors"] == ["3", "1"]
    assert (await write.result("tasks.task.stopwatch", {"taskId": task}))["task"]["auditors"] == ["3"]
    _, answer = await write.refused("tasks.task.startwatch", {"taskId": 99999})
    assert (answer["error"], answer["error_description"]) == ("1048584", "a:0:{}")


async def test_rights_are_listed_by_user_under_upper_case_names(write: Caller) -> None:
    task = await _new(write)
    rights = (await write.result("tasks.task.getaccess", {"taskId": task, "users": [2, 17]}))["allowedActions"]
    assert rights["2"]["COMPLETE"] is True
    assert rights["2"]["CHANGE_DEADLINE"] is True
    assert rights["2"]["ELAPSEDTIME.ADD"] is True
    assert set(rights["17"].values()) == {False}
    _, answer = await write.refused("tasks.task.getaccess", {"taskId": task, "users": "2"})
    assert answer["error"] == "100"


async def test_counters_have_their_total_in_the_envelope(write: Caller) -> None:
    before = await write("tasks.task.counters.get", {"userId": 2})
    await _new(write, DEADLINE="2026-02-01T10:00:00+03:00")
    after = await write("tasks.task.counters.get", {"userId": 2})
    assert after["total"] == before["total"] + 1 == after["result"]["expired"]["counter"]
    assert "total" not in after["result"]


async def test_history_lists_every_change_newest_first(write: Caller) -> None:
    task = await _new(write)
    await write.result("tasks.task.update", {"taskId": task, "fields": {"TITLE": "Иное"}})
    await write.result("tasks.task.start", {"taskId": task})
    lines = (await write.result("tasks.task.history.list", {"taskId": task}))["list"]
    assert [line["field"] for line in lines] == ["STATUS", "TITLE", "NEW"]
    assert lines[1]["value"] == {"from": "Дело", "to": "Иное"}
    assert (lines[0]["user"]["id"], lines[0]["user"]["lastName"]) == (1, "Левченко")
    ordered = await write.result(
        "tasks.task.history.list", {"taskId": task, "filter": {"FIELD": "TITLE"}, "order": {"createdDate": "asc"}}
    )
    assert [line["field"] for line in ordered["list"]] == ["TITLE"]
    legacy = await write.result("task.logitem.list", [task])
    assert [line["FIELD"] for line in legacy] == ["NEW", "TITLE", "STATUS"]


async def test_a_comment_becomes_a_result_only_once(write: Caller) -> None:
    comment = await write.result("task.commentitem.add", [7, {"POST_MESSAGE": "Готово"}])
    added = await write.result("tasks.task.result.addFromComment", {"commentId": comment})
    assert (added["taskId"], added["commentId"], added["text"]) == (7, comment, "Готово")
    _, answer = await write.refused("tasks.task.result.addFromComment", {"commentId": comment})
    assert (answer["error"], answer["error_description"]) == ("0", "Result already exists.")
    assert [row["id"] for row in await write.result("tasks.task.result.list", {"taskId": 7})] == [added["id"]]
    assert await write.result("tasks.task.result.deleteFromComment", {"commentId": comment}) is None
    assert await write.result("tasks.task.result.list", {"taskId": 7}) == []


async def test_a_file_of_the_disk_is_attached_to_a_task(write: Caller) -> None:
    assert await write.result("tasks.task.files.attach", {"taskId": 7, "fileId": 26}) == {"attachmentId": 26}
    assert (await write.result("task.item.getfiles", [7]))[0]["FILE_ID"] == "26"
    _, answer = await write.refused("tasks.task.files.attach", {"taskId": 7})
    assert answer["error"] == "100"


async def test_stages_of_a_plan_are_a_map_by_id_and_keep_their_order(write: Caller) -> None:
    first = await write.result("task.stages.get", {"entityId": 0})
    assert all(row["ENTITY_TYPE"] == "U" and row["ENTITY_ID"] == "1" for row in first.values())
    start = min(first.values(), key=lambda row: int(row["SORT"]))["ID"]
    added = await write.result("task.stages.add", {"fields": {"TITLE": "Ждём", "COLOR": "#FFAAEE", "AFTER_ID": start}})
    stages = await write.result("task.stages.get", {"entityId": 0})
    assert list(stages)[:3] != []
    ordered = sorted(stages.values(), key=lambda row: int(row["SORT"]))
    assert [row["ID"] for row in ordered[:2]] == [start, str(added)]
    assert await write.result("task.stages.movetask", {"id": 7, "stageId": added}) is True
    assert (await write.result("tasks.task.get", {"taskId": 7}))["task"]["stageId"] == str(added)
    assert await write.result("task.stages.delete", {"id": added}) is True
    _, answer = await write.refused("task.stages.delete", {"id": start})
    assert answer["error"] == "IS_SYSTEM"
    _, answer = await write.refused("task.stages.add", {"fields": {}})
    assert answer["error"] == "EMPTY_TITLE"


async def test_tasks_are_linked_and_unlinked_only_once(write: Caller) -> None:
    link = {"taskIdFrom": 5, "taskIdTo": 6, "linkType": 2}
    assert await write.result("task.dependence.add", link) == []
    _, answer = await write.refused("task.dependence.add", link)
    assert answer["error"] == "ILLEGAL_NEW_LINK"
    assert await write.result("task.item.getdependson", [6]) == [5]
    assert await write.result("task.dependence.delete", {"taskIdFrom": 5, "taskIdTo": 6}) == []
    _, answer = await write.refused("task.dependence.delete", {"taskIdFrom": 5, "taskIdTo": 6})
    assert answer["error"] == "ILLEGAL_NEW_LINK"
