"""Old task methods: positional arguments, and the error texts for invalid ones."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller


async def test_arguments_are_read_by_position_whatever_their_names(write: Caller) -> None:
    item = await write.result("task.checklistitem.add", {"FOO": 7, "BAR": {"TITLE": "Позвонить"}})
    rows = await write.result("task.checklistitem.getlist", {"0": "7"})
    assert [row["ID"] for row in rows if row["TITLE"] == "Позвонить"] == [str(item)]


async def test_a_wrong_order_gives_the_portals_error_text(call: Caller) -> None:
    status, answer = await call.refused("task.elapseditem.add", [{"SECONDS": 60}, 7])
    assert (status, answer["error"]) == (400, "ERROR_CORE")
    assert answer["error_description"] == (
        "TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId) for method ctaskelapseditem::add() expected to be of type "
        '"integer", but given something else.; 256/TE/WRONG_ARGUMENTS<br>'
    )


async def test_a_missing_argument_has_another_error_than_a_wrong_one(call: Caller) -> None:
    _, answer = await call.refused("task.checklistitem.get", [7])
    assert answer["error_description"] == (
        "TASKS_ERROR_EXCEPTION_#256; Param #1 (itemId) expected by method ctaskchecklistitem::get(), but not given.; "
        "256/TE/WRONG_ARGUMENTS<br>"
    )


async def test_an_additional_query_parameter_shifts_the_arguments(call: Caller) -> None:
    response = await call.http.post(f"{call.base}task.item.getdata?bx24_request_id=abc", json=[7])
    assert response.json()["error"] == "ERROR_CORE"


async def test_a_text_equal_to_the_method_name_is_not_an_argument(call: Caller) -> None:
    response = await call.http.post(f"{call.base}task.item.getdata?method=task.item.getdata", json=[7])
    assert response.json()["result"]["ID"] == "7"


async def test_the_two_old_lists_differ_in_the_order_of_their_arguments(call: Caller) -> None:
    order, conditions, select = {"ID": "desc"}, {"<=ID": 3}, ["ID", "TITLE"]
    one = await call.result("task.item.list", [order, conditions, {}, select])
    other = await call.result("task.items.getlist", [order, conditions, select, {}])
    assert one == other
    assert [row["ID"] for row in one] == ["3", "2", "1"]
    assert set(one[0]) == {"ID", "TITLE"}


@pytest.mark.parametrize("page", [1, 4, 99])
async def test_old_lists_are_paged_by_number_and_return_the_first_page_beyond_the_end(call: Caller, page: int) -> None:
    arguments = [{"ID": "asc"}, {}, {"NAV_PARAMS": {"nPageSize": 50, "iNumPage": page}}, ["ID"]]
    answer = await call("task.item.list", arguments)
    first = 1
    assert (answer["total"], answer["result"][0]["ID"]) == (150, str(first))


async def test_a_negative_start_still_counts_in_old_lists(call: Caller) -> None:
    response = await call.http.post(f"{call.base}task.item.list?start=-1", json=[])
    assert (response.json()["total"], response.json()["next"]) == (150, 50)


async def test_actions_on_a_task_return_nothing(write: Caller) -> None:
    task = await write.result("task.item.add", [{"TITLE": "x", "RESPONSIBLE_ID": 2}])
    assert await write.result("task.item.startexecution", [task]) is None
    assert (await write.result("task.item.getdata", [task]))["STATUS"] == "3"
    _, answer = await write.refused("task.item.approve", [task])
    assert answer["error_description"].endswith("4/TE/ACTION_NOT_ALLOWED<br>")
    assert 3 in await write.result("task.item.getallowedactions", [task])
    assert (await write.result("task.item.getallowedtaskactionsasstrings", [task]))["ACTION_APPROVE"] is False
    assert await write.result("task.item.isactionallowed", [task, 17, 2]) is True
    assert await write.result("task.item.delegate", [task, 4]) is None
    assert await write.result("task.item.getexecutiveuserid", [task]) == 4
    assert await write.result("task.item.update", [task, {"DESCRIPTION": "[B]Текст[/B]", "TAGS": ["а"]}]) is None
    assert await write.result("task.item.getdescription", [task, 1]) == "[B]Текст[/B]"
    assert await write.result("task.item.gettags", [task]) == ["а"]
    assert await write.result("task.item.delete", [task]) is True
    _, answer = await write.refused("task.item.getdata", [task])
    assert "TASK_NOT_FOUND_OR_NOT_ACCESSIBLE" in answer["error_description"]


async def test_a_checklist_is_a_tree_and_stores_who_completed_an_item(write: Caller) -> None:
    root = await write.result("task.checklistitem.add", [7, {"TITLE": "Запуск", "PARENT_ID": 0}])
    one = await write.result("task.checklistitem.add", [7, {"TITLE": "Раз", "PARENT_ID": root, "SORT_INDEX": 0}])
    two = await write.result(
        "task.checklistitem.add", [7, {"TITLE": "Два", "PARENT_ID": root, "SORT_INDEX": 1, "MEMBERS": {"3": {}}}]
    )
    fresh = await write.result("task.checklistitem.get", [7, two])
    assert (fresh["TOGGLED_BY"], fresh["TOGGLED_DATE"], fresh["IS_COMPLETE"]) == (None, "", "N")
    assert [(member["ID"], member["NAME"]) for member in fresh["MEMBERS"]] == [("3", "Анна Соколова")]
    assert await write.result("task.checklistitem.complete", [7, two]) is True
    done = await write.result("task.checklistitem.get", [7, two])
    assert (done["IS_COMPLETE"], done["TOGGLED_BY"]) == ("Y", "1")
    assert await write.result("task.checklistitem.renew", [7, two]) is True
    assert await write.result("task.checklistitem.moveafteritem", [7, one, two]) is None
    listed = await write.result("task.checklistitem.getlist", [7, {"SORT_INDEX": "asc"}])
    assert [row["ID"] for row in listed if row["PARENT_ID"] == str(root)] == [str(two), str(one)]
    assert await write.result("task.checklistitem.update", [7, one, {"TITLE": "Раз!"}]) is None
    assert await write.result("task.checklistitem.delete", [7, root]) is True
    assert await write.result("task.checklistitem.getlist", [7]) == []
    _, answer = await write.refused("task.checklistitem.get", [7, two])
    assert "512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE" in answer["error_description"]


async def test_unknown_keys_are_refused_by_old_task_lists(call: Caller) -> None:
    _, answer = await call.refused("task.checklistitem.getlist", [7, {"IS_COMPLETED": "asc"}])
    assert answer["error_description"] == (
        "TASKS_ERROR_EXCEPTION_#256; Param #1 (arOrder) for method ctaskchecklistitem::getlist() must not contain "
        'key "IS_COMPLETED".; 256/TE/WRONG_ARGUMENTS<br>'
    )
    _, answer = await call.refused("task.commentitem.getlist", [7, {}, {"%POST_DATE": 1}])
    assert 'must not contain key "%POST_DATE"' in answer["error_description"]


async def test_comments_are_listed_without_paging_and_counted_on_the_task(write: Caller) -> None:
    first = await write.result("task.commentitem.add", [7, {"POST_MESSAGE": "Раз", "AUTHOR_ID": 3}])
    second = await write.result("task.comment.add", [7, "Два"])
    rows = await write.result("task.commentitem.getlist", [7, {"ID": "desc"}])
    assert [row["ID"] for row in rows] == [str(second), str(first)]
    assert (rows[1]["AUTHOR_ID"], rows[1]["AUTHOR_NAME"], rows[1]["POST_MESSAGE"]) == ("3", "Анна Соколова", "Раз")
    assert (await write.result("tasks.task.get", {"taskId": 7}))["task"]["commentsCount"] == "2"
    assert await write.result("task.commentitem.update", [7, first, {"POST_MESSAGE": "Три"}]) is True
    assert (await write.result("task.commentitem.get", [7, first]))["POST_MESSAGE"] == "Три"
    assert await write.result("task.commentitem.delete", [7, first]) is True
    _, answer = await write.refused("task.commentitem.delete", [7, first])
    assert "4/TE/ACTION_NOT_ALLOWED" in answer["error_description"]
    _, answer = await write.refused("task.commentitem.add", [7, {"POST_MESSAGE": ""}])
    assert answer["error"] == "ERROR_CORE"


async def test_updates_and_deletions_of_elapsed_time_change_its_sum(write: Caller) -> None:
    record = await write.result("task.elapseditem.add", [7, {"SECONDS": 120, "COMMENT_TEXT": "а"}])
    assert (await write.result("task.elapseditem.get", [7, record]))["MINUTES"] == "2"
    assert await write.result("task.elapseditem.update", [7, record, {"SECONDS": 60, "COMMENT_TEXT": "б"}]) is None
    assert (await write.result("tasks.task.get", {"taskId": 7}))["task"]["timeSpentInLogs"] == "60"
    assert await write.result("task.elapseditem.isactionallowed", [7, record, 3]) is True
    assert await write.result("task.elapseditem.delete", [7, record]) is None
    assert (await write.result("tasks.task.get", {"taskId": 7}))["task"]["timeSpentInLogs"] == "0"


async def test_the_manifest_lists_the_methods_of_the_family(call: Caller) -> None:
    manifest = await call.result("task.checklistitem.getmanifest")
    assert "moveafteritem" in manifest["REST: available methods"]
