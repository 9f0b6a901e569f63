"""Changes of tasks: add, update, delete, moves between statuses. Each adds a line of history and an event.

Documentation: api-reference/tasks/{tasks-task-*,status,events-tasks}.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from b24_sandbox import dates, engine, errors, faceless, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT
from b24_sandbox.entities.task_parts import CHECKLIST, COMMENT, DEPENDENCE, HISTORY, RESULT
from b24_sandbox.entities.tasks import (
    AWAITING_CONTROL,
    COMPLETED,
    DEFERRED,
    ELAPSED,
    IN_PROGRESS,
    PENDING,
    TASK,
)
from b24_sandbox.errors import PortalError, present
from b24_sandbox.methods import tasks
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

api = MethodTable("task", tasks.PHP_CLASS)
register = api.register

UNDEFINED = "undefined"
_NOTED = ("TITLE", "DESCRIPTION", "STATUS", "DEADLINE", "RESPONSIBLE_ID", "CREATED_BY", "PRIORITY", "GROUP_ID")
_NOTED_LISTS = ("AUDITORS", "ACCOMPLICES", "TAGS")


def note(call: Call, task: int, field: str, before: Value = None, after: Value = None) -> None:
    """Add one line to the history of a task."""
    line: Map = {"CREATED_DATE": dates.iso(call.now), "USER_ID": call.user, "TASK_ID": task, "FIELD": field}
    line["FROM_VALUE"] = None if before is None else php.text(before)
    line["TO_VALUE"] = None if after is None else php.text(after)
    call.storage.insert(HISTORY, line)


def announce(call: Call, event: str, before: Map | None, after: Map | None, *, before_seen: str = UNDEFINED) -> None:
    """Announce an event of tasks. Absent values are the literal text `undefined`."""
    payload: Map = {
        "FIELDS_BEFORE": before or UNDEFINED,
        "FIELDS_AFTER": after or UNDEFINED,
        "IS_ACCESSIBLE_BEFORE": before_seen,
        "IS_ACCESSIBLE_AFTER": UNDEFINED if after else "N",
    }
    call.portal.changes.announce(event, payload, call.user)


def create(call: Call, sent: Map) -> int:
    """Create a task from UPPER-case names and return its id."""
    task = engine.create(tasks.FACE, call, _readable(call, sent))
    note(call, task, "NEW")
    announce(call, "ONTASKADD", None, {"ID": task}, before_seen="N")
    return task


def change(call: Call, task: int, sent: Map) -> None:
    """Update a task from UPPER-case names."""
    before = engine.stored(tasks.FACE, call, task)
    engine.change(tasks.FACE, call, task, _readable(call, sent))
    _noted(call, task, before)


def _readable(call: Call, sent: Map) -> Map:
    """Convert disk files from `n123` to their number, which is stored.

    Raises:
        PortalError: for a file that does not exist.
    """
    if "UF_TASK_WEBDAV_FILES" not in sent:
        return sent
    numbers = (php.integer(php.text(item).lstrip("n")) for item in php.as_list(sent["UF_TASK_WEBDAV_FILES"]))
    files = [number for number in numbers if number]
    for number in files:
        row = call.storage.row(OBJECT, number)
        if row is None or row["TYPE"] != "file":
            raise PortalError("ERROR_CORE", "Could not find file.<br>")
    return {**sent, "UF_TASK_WEBDAV_FILES": files}


def _noted(call: Call, task: int, before: Map) -> None:
    after = engine.stored(tasks.FACE, call, task)
    for name in _NOTED:
        if before[name] != after[name]:
            note(call, task, name, before[name], after[name])
    for name in _NOTED_LISTS:
        if before[name] != after[name]:
            note(call, task, name, *(",".join(map(php.text, values.items(row[name]))) for row in (before, after)))
    announce(call, "ONTASKUPDATE", {"ID": task}, {"ID": task})


def remove(call: Call, task: int) -> None:
    """Delete a task and all its parts. Its subtasks move to its parent."""
    row = engine.stored(tasks.FACE, call, task)
    call.storage.delete(TASK, task)
    for part in (CHECKLIST, COMMENT, HISTORY, RESULT, ELAPSED, DEPENDENCE):
        call.storage.delete_all(part, "TASK_ID = ?", [task])
    call.storage.delete_all(DEPENDENCE, "DEPENDS_ON_ID = ?", [task])
    for child in call.storage.ids(TASK, "PARENT_ID = ?", [task]):
        call.storage.update(TASK, child, {"PARENT_ID": row["PARENT_ID"]})
    announce(call, "ONTASKDELETE", {"ID": task}, None)


def _finished(call: Call, row: Row) -> int:
    """The status of a finished task. With control it waits for its author, unless the author completes it."""
    waits = row["TASK_CONTROL"] == "Y" and row["CREATED_BY"] != call.user
    return AWAITING_CONTROL if waits else COMPLETED


MOVES: dict[str, tuple[frozenset[int], Callable[[Call, Row], int]]] = {
    "start": (frozenset((PENDING, DEFERRED)), lambda call, row: IN_PROGRESS),
    "pause": (frozenset((IN_PROGRESS,)), lambda call, row: PENDING),
    "defer": (frozenset((PENDING, IN_PROGRESS)), lambda call, row: DEFERRED),
    "complete": (frozenset((PENDING, IN_PROGRESS, DEFERRED)), _finished),
    "renew": (frozenset((COMPLETED, AWAITING_CONTROL, DEFERRED)), lambda call, row: PENDING),
    "approve": (frozenset((AWAITING_CONTROL,)), lambda call, row: COMPLETED),
    "disapprove": (frozenset((AWAITING_CONTROL,)), lambda call, row: PENDING),
}
"""Action -> allowed current statuses and the new status."""
_JUDGING = ("approve", "disapprove")
"""Actions whose refusal has the code of a task that is not accessible."""


def act(call: Call, task: int, action: str) -> None:
    """Perform one of `MOVES`."""
    allowed, target = MOVES[action]
    row = call.storage.row(TASK, task)
    if row is None or row.integer("STATUS") not in allowed:
        raise tasks.not_allowed(tasks.NOT_ACCESSIBLE if action in _JUDGING else tasks.NOT_ALLOWED)
    changes: Map = {"STATUS": target(call, row)}
    if changes["STATUS"] == IN_PROGRESS:
        changes["DATE_START"] = dates.iso(call.now)
    faceless.change(call, TASK, row, changes)
    _noted(call, task, row)


def delegate(call: Call, task: int, user: Value) -> None:
    """Change the responsible user. The previous one stays as a participant."""
    row = present(call.storage.row(TASK, task), tasks.not_allowed())
    members = [*values.items(row["ACCOMPLICES"]), row["RESPONSIBLE_ID"]]
    change(call, task, {"RESPONSIBLE_ID": user, "ACCOMPLICES": members})


@api("tasks.task.update")
def _update(call: Call) -> Value:
    task = tasks.task_id(call)
    change(call, task, tasks.sent_fields(call))
    return tasks.reread(call, task)


@api("tasks.task.delete")
def _delete(call: Call) -> Value:
    remove(call, tasks.task_id(call))
    return {"task": True}


def _moved(action: str, call: Call) -> Value:
    task = tasks.task_id(call)
    act(call, task, action)
    return tasks.reread(call, task)


for _action in MOVES:
    api.add(f"tasks.task.{_action}", partial(_moved, _action))


@api("tasks.task.delegate")
def _delegate(call: Call) -> Value:
    task = tasks.task_id(call)
    present(call.exact("userId"), errors.missing_parameter("userId"))
    delegate(call, task, call.exact("userId"))
    return tasks.reread(call, task)


api.add("tasks.task.add", lambda call: tasks.reread(call, create(call, tasks.sent_fields(call))))
