"""What tasks decide: defaults, members, what is deleted with a task, rights on comments, stages and links."""

from __future__ import annotations

import pytest

from b24_sandbox.entities.task_parts import DEPENDENCE, RESULT
from tests.sandbox.conftest import Caller

NO_ACTION = "TASKS_ERROR_EXCEPTION_#4; Action is not allowed; 4/TE/ACTION_NOT_ALLOWED.<br>"


async def _task(write: Caller, **fields: object) -> int:
    made = await write.result("tasks.task.add", {"fields": {"TITLE": "Проверить", "RESPONSIBLE_ID": 1, **fields}})
    return int(made["task"]["id"])


async def _read(write: Caller, task: int) -> dict[str, object]:
    return dict((await write.result("tasks.task.get", {"taskId": task, "select": ["*"]}))["task"])


async def test_a_new_task_has_the_defaults_of_the_portal(write: Caller) -> None:
    task = await _read(write, await _task(write))
    names = ("status", "priority", "taskControl", "createdBy", "parentId", "groupId", "stageId", "closedDate")
    assert [task[name] for name in names] == ["2", "1", "N", "1", None, "0", "0", None]
    assert (task["allowChangeDeadline"], task["allowTimeTracking"], task["multitask"]) == ("N", "N", "N")


async def test_the_author_of_a_task_is_the_caller(write: Caller) -> None:
    task = await _read(write, await _task(write.as_user()))
    assert (task["createdBy"], task["changedBy"]) == ("4", "4")


async def test_completing_a_task_closes_it_and_renewing_opens_it(write: Caller) -> None:
    task = await _task(write)
    await write.result("tasks.task.complete", {"taskId": task})
    done = await _read(write, task)
    assert (done["closedBy"], done["closedDate"]) == ("1", "2026-03-01T12:00:00+03:00")
    await write.result("tasks.task.renew", {"taskId": task})
    again = await _read(write, task)
    assert (again["closedBy"], again["closedDate"], again["status"]) == (None, None, "2")


async def test_starting_a_task_sets_its_start(write: Caller) -> None:
    task = await _task(write)
    await write.result("tasks.task.start", {"taskId": task})
    assert (await _read(write, task))["dateStart"] == "2026-03-01T12:00:00+03:00"


async def test_only_the_author_skips_the_control_of_a_task(write: Caller) -> None:
    own, others = await _task(write, TASK_CONTROL="Y"), await _task(write.as_user(), TASK_CONTROL="Y")
    for task in (own, others):
        await write.result("tasks.task.complete", {"taskId": task})
    assert [(await _read(write, task))["status"] for task in (own, others)] == ["5", "4"]


async def test_everything_of_a_task_is_deleted_with_it(write: Caller) -> None:
    root = await _task(write)
    parent = await _task(write, PARENT_ID=root)
    child, other = await _task(write, PARENT_ID=parent), await _task(write)
    item = await write.result("task.checklistitem.add", [parent, {"TITLE": "Пункт"}])
    comment = await write.result("task.commentitem.add", [parent, {"POST_MESSAGE": "Готово"}])
    time = await write.result("task.elapseditem.add", [parent, {"SECONDS": 60, "COMMENT_TEXT": "Час"}])
    await write.result("tasks.task.result.addFromComment", {"commentId": comment})
    for first, second in ((parent, other), (child, parent)):
        link = {"taskIdFrom": first, "taskIdTo": second, "linkType": 2}
        await write.result("task.dependence.add", link)
    assert await write.result("tasks.task.delete", {"taskId": parent}) == {"task": True}
    assert (await _read(write, child))["parentId"] == str(root)
    for name, record in (("checklistitem", item), ("commentitem", comment), ("elapseditem", time)):
        await write.refused(f"task.{name}.get", [other, record])
    storage = write.sandbox.portal.storage
    assert storage.count(DEPENDENCE, "TASK_ID = ? or DEPENDS_ON_ID = ?", [parent, parent]) == 0
    assert storage.count(RESULT, "TASK_ID = ?", [parent]) == 0


async def test_an_item_is_deleted_with_the_items_below_it(write: Caller) -> None:
    task = await _task(write)
    upper = await write.result("task.checklistitem.add", [task, {"TITLE": "Верх"}])
    below = await write.result("task.checklistitem.add", [task, {"TITLE": "Низ", "PARENT_ID": upper}])
    beside = await write.result("task.checklistitem.add", [task, {"TITLE": "Рядом"}])
    await write.result("task.checklistitem.delete", [task, upper])
    left = {row["ID"] for row in await write.result("task.checklistitem.getlist", [task])}
    assert str(beside) in left
    assert not {str(upper), str(below)} & left


async def test_comments_are_changed_by_their_author_or_an_administrator(write: Caller) -> None:
    task, user = await _task(write), write.as_user()
    mine = await write.result("task.commentitem.add", [task, {"POST_MESSAGE": "Мой"}])
    theirs = await user.result("task.commentitem.add", [task, {"POST_MESSAGE": "Чужой"}])
    _, answer = await user.refused("task.commentitem.update", [task, mine, {"POST_MESSAGE": "Не мой"}])
    assert answer == {"error": "ERROR_CORE", "error_description": NO_ACTION}
    await user.refused("task.commentitem.delete", [task, mine])
    assert await user.result("task.commentitem.update", [task, theirs, {"POST_MESSAGE": "Свой"}]) is True
    assert await write.result("task.commentitem.delete", [task, theirs]) is True
    texts = [row["POST_MESSAGE"] for row in await write.result("task.commentitem.getlist", [task])]
    assert texts == ["Мой"]


async def test_the_number_of_comments_follows_them(write: Caller) -> None:
    task = await _task(write)
    comment = await write.result("task.commentitem.add", [task, {"POST_MESSAGE": "Раз"}])
    assert (await _read(write, task))["commentsCount"] == "1"
    await write.result("task.commentitem.delete", [task, comment])
    assert (await _read(write, task))["commentsCount"] == "0"


async def test_time_spent_is_the_sum_of_its_entries(write: Caller) -> None:
    task = await _task(write)
    first = await write.result("task.elapseditem.add", [task, {"SECONDS": 60, "COMMENT_TEXT": "a"}])
    await write.result("task.elapseditem.add", [task, {"MINUTES": 2, "COMMENT_TEXT": "b"}])
    assert (await _read(write, task))["timeSpentInLogs"] == "180"
    await write.result("task.elapseditem.update", [task, first, {"SECONDS": 120, "COMMENT_TEXT": "a"}])
    assert (await _read(write, task))["timeSpentInLogs"] == "240"
    await write.result("task.elapseditem.delete", [task, first])
    assert (await _read(write, task))["timeSpentInLogs"] == "120"


async def test_only_members_of_a_task_have_rights_on_it(write: Caller) -> None:
    task = await _task(write, RESPONSIBLE_ID=3, ACCOMPLICES=[5])
    rights = (await write.result("tasks.task.getAccess", {"taskId": task, "users": [1, 3, 5, 6]}))["allowedActions"]
    assert {user: rights[user]["EDIT"] for user in rights} == {"1": True, "3": True, "5": True, "6": False}


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (2, {"COMPLETE", "START", "DELEGATE", "DEFER"}),
        (3, {"COMPLETE", "PAUSE", "DELEGATE", "DEFER"}),
        (4, {"APPROVE", "DISAPPROVE", "RENEW"}),
        (5, {"RENEW"}),
        (6, {"COMPLETE", "START", "DELEGATE", "RENEW"}),
    ],
)
async def test_the_status_decides_the_actions(write: Caller, status: int, allowed: set[str]) -> None:
    task = await _task(write, STATUS=status)
    rights = (await write.result("tasks.task.getAccess", {"taskId": task}))["allowedActions"]["1"]
    words = ["COMPLETE", "APPROVE", "DISAPPROVE", "START", "PAUSE", "DELEGATE", "DEFER", "RENEW"]
    assert {word for word in words if rights[word]} == allowed
    as_text = await write.result("task.item.getallowedtaskactionsasstrings", [task])
    assert as_text["ACTION_REMOVE"] is True
    assert (await _read_actions(write, task))["remove"] is True


async def _read_actions(write: Caller, task: int) -> dict[str, bool]:
    return dict((await write.result("tasks.task.get", {"taskId": task}))["task"]["action"])


@pytest.mark.parametrize(("number", "allowed"), [(3, True), (4, False), (6, True), (8, True), (9, True), (17, False)])
async def test_actions_have_numbers(write: Caller, number: int, allowed: bool) -> None:
    assert await write.result("task.item.isactionallowed", [await _task(write), number]) is allowed


async def test_the_first_and_the_default_stages_stay(write: Caller) -> None:
    stages = list(await write.result("task.stages.get", {"entityId": 0}))
    _, answer = await write.refused("task.stages.delete", {"id": stages[0]})
    assert answer["error"] in ("IS_SYSTEM", "CANT_DELETE_FIRST")
    first = await write.result("task.stages.add", {"fields": {"TITLE": "Первая"}})
    _, answer = await write.refused("task.stages.delete", {"id": first})
    assert answer["error"] == "CANT_DELETE_FIRST"
    after = await write.result("task.stages.add", {"fields": {"TITLE": "Вторая", "AFTER_ID": first}})
    assert await write.result("task.stages.delete", {"id": after}) is True


async def test_a_plan_is_moved_by_its_owner_and_a_kanban_by_an_administrator(write: Caller) -> None:
    user = write.as_user()
    for caller, own, other in ((write, 1, 4), (user, 4, 1)):
        assert await caller.result("task.stages.canmovetask", {"entityId": own, "entityType": "U"}) is True
        assert await caller.result("task.stages.canmovetask", {"entityId": other, "entityType": "U"}) is False
    assert await write.result("task.stages.canmovetask", {"entityId": 1, "entityType": "G"}) is True
    assert await user.result("task.stages.canmovetask", {"entityId": 1, "entityType": "G"}) is False


async def test_plans_of_users_are_separate(write: Caller) -> None:
    mine = await write.result("task.stages.get", {"entityId": 0})
    theirs = await write.as_user().result("task.stages.get", {"entityId": 0})
    assert not set(mine) & set(theirs)
    assert {row["ENTITY_ID"] for row in theirs.values()} == {"4"}


@pytest.mark.parametrize(("second", "kind"), [("same", 2), ("other", 4), ("other", -1)])
async def test_an_impossible_link_is_refused(write: Caller, second: str, kind: int) -> None:
    task, other = await _task(write), await _task(write)
    link = {"taskIdFrom": task, "taskIdTo": task if second == "same" else other, "linkType": kind}
    _, answer = await write.refused("task.dependence.add", link)
    assert answer["error"] == "ACTION_NOT_ALLOWED"


async def test_a_link_exists_in_one_direction_only(write: Caller) -> None:
    task, other = await _task(write), await _task(write)
    await write.result("task.dependence.add", {"taskIdFrom": task, "taskIdTo": other, "linkType": 0})
    back = {"taskIdFrom": other, "taskIdTo": task, "linkType": 0}
    _, answer = await write.refused("task.dependence.add", back)
    assert answer["error"] == "ILLEGAL_NEW_LINK"
    _, answer = await write.refused("task.dependence.delete", back)
    assert answer["error"] == "ILLEGAL_NEW_LINK"
