"""`task.checklistitem.*`: checklists. Documentation: api-reference/tasks/checklist-item."""

from __future__ import annotations

from functools import partial

from b24_sandbox import faceless, filters, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import CHECKLIST
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import present
from b24_sandbox.methods import task_changes
from b24_sandbox.methods.legacy_tasks import failed
from b24_sandbox.methods.positional import PositionalTable
from b24_sandbox.methods.task_parts import ONE, check_keys, columns_of, may, part_of, refused
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row, Sent
from b24_sandbox.shapes import shape

method = PositionalTable()
register = method.register


def _shown(call: Call, row: Row) -> Map:
    members = [_member(call, php.text(item)) for item in values.items(row["MEMBERS"])]
    shown = faceless.texts(CHECKLIST, row)
    return {**shown, "TOGGLED_DATE": row.text("TOGGLED_DATE"), "MEMBERS": members, "ATTACHMENTS": []}


def _member(call: Call, stored: str) -> Map:
    user, _, kind = stored.partition(":")
    row = person(call.portal, php.integer(user))
    return shape("tasks.checklist_member", row, user=user, kind=kind or "A", name=full_name(row))


def _columns(call: Call, sent: Sent) -> Map:
    """The values to write. Members are sent as id -> `{TYPE}` and stored as `id:type`."""
    members = {user: php.text(php.as_map(role).get("TYPE")) or "A" for user, role in sent.inner("MEMBERS").items()}
    if "MEMBERS" in sent:
        sent = Sent({**sent, "MEMBERS": [f"{user}:{role}" for user, role in members.items()]})
    return columns_of("checklistitem", CHECKLIST, sent, call.now)


@method.taking("task.checklistitem.getlist", "taskId:integer arOrder:array?")
def _list(call: Call, task: int, order: Map) -> Value:
    """The whole checklist, without paging."""
    present(call.storage.row(TASK, task), failed("Action failed"))
    check_keys(call, 1, "arOrder", order, "order")
    ordered = filters.order(CHECKLIST.fields.get, order, None, "PARENT_ID, SORT_INDEX, ID")
    return [_shown(call, row) for row in call.storage.whole(CHECKLIST, "TASK_ID = ?", [task], ordered)]


@method.taking("task.checklistitem.get", ONE)
def _get(call: Call, task: int, item: int) -> Value:
    return _shown(call, part_of(call, CHECKLIST, task, item))


@method.taking("task.checklistitem.add", "taskId:integer arFields:array")
def _add(call: Call, task: int, sent: Sent) -> Value:
    present(call.storage.row(TASK, task), failed("Adding item: action not allowed"))
    if not sent.text("TITLE").strip():
        raise failed("Item name not specified")
    columns = {"TASK_ID": task, **_columns(call, sent)}
    if "PARENT_ID" not in columns:
        columns["PARENT_ID"] = _root(call, task)
    task_changes.note(call, task, "CHECKLIST_ITEM_CREATE", "", columns["TITLE"])
    return faceless.add(call, CHECKLIST, columns)


def _root(call: Call, task: int) -> int:
    """The first checklist of a task. It is created when it is missing."""
    found = call.storage.ids(CHECKLIST, "TASK_ID = ? and PARENT_ID = 0", [task])
    return found[0] if found else faceless.add(call, CHECKLIST, {"TITLE": "BX_CHECKLIST_1", "TASK_ID": task})


@method.taking("task.checklistitem.update", f"{ONE} arFields:array")
def _update(call: Call, task: int, item: int, sent: Sent) -> Value:
    faceless.change(call, CHECKLIST, part_of(call, CHECKLIST, task, item), _columns(call, sent))
    return None


@method.taking("task.checklistitem.delete", ONE)
def _delete(call: Call, task: int, item: int) -> Value:
    """Delete an item with everything below it."""
    row, storage = part_of(call, CHECKLIST, task, item), call.storage
    doomed = [item]
    while doomed:
        record = doomed.pop()
        doomed += storage.ids(CHECKLIST, "PARENT_ID = ?", [record])
        storage.delete(CHECKLIST, record)
    task_changes.note(call, task, "CHECKLIST_ITEM_REMOVE", row["TITLE"], "")
    return True


@method.taking("task.checklistitem.complete", ONE)
def _complete(call: Call, task: int, item: int) -> Value:
    return _toggle(call, task, item, "Y")


@method.taking("task.checklistitem.renew", ONE)
def _renew(call: Call, task: int, item: int) -> Value:
    return _toggle(call, task, item, "N")


def _toggle(call: Call, task: int, item: int, complete: str) -> Value:
    if task <= 0 or item <= 0:
        raise refused("TASKS_ERROR_ASSERT_EXCEPTION")
    faceless.change(call, CHECKLIST, part_of(call, CHECKLIST, task, item), {"IS_COMPLETE": complete})
    return True


@method.taking("task.checklistitem.moveafteritem", f"{ONE} afterItemId:integer")
def _move_after(call: Call, task: int, item: int, after: int) -> Value:
    """Move an item behind another one: it gets the same parent, and the following items move down by one."""
    part_of(call, CHECKLIST, task, item)
    leader = part_of(call, CHECKLIST, task, after)
    place = leader.integer("SORT_INDEX") + 1
    below = "PARENT_ID = ? and SORT_INDEX >= ? and ID <> ?"
    for row in call.storage.whole(CHECKLIST, below, [leader["PARENT_ID"], place, after]):
        call.storage.update(CHECKLIST, row.id, {"SORT_INDEX": row.integer("SORT_INDEX") + 1})
    call.storage.update(CHECKLIST, item, {"PARENT_ID": leader["PARENT_ID"], "SORT_INDEX": place})
    return None


method.taking("task.checklistitem.isactionallowed", f"{ONE} actionId:integer")(partial(may, CHECKLIST, 4))
