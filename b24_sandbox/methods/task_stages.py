"""`task.stages.*` and `task.dependence.*`: columns of a kanban or a personal plan, links between tasks.

Documentation: api-reference/tasks/stages, api-reference/tasks/task-dependence-*.
"""

from __future__ import annotations

from b24_sandbox import errors, php
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import DEPENDENCE, STAGE
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError, present
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = MethodTable("task")
register = method.register

_LINK_TYPES = range(4)


def _owner(call: Call, entity: int) -> tuple[int, str]:
    """The group and `G`, or the caller's own plan."""
    return (entity, "G") if entity > 0 else (call.user, "U")


def _stages(call: Call, owner: int, kind: str) -> list[Row]:
    """The stages in order. The standard stages of a plan are created on first use."""
    where, bound = "ENTITY_ID = ? and ENTITY_TYPE = ?", [owner, kind]
    if not call.storage.count(STAGE, where, bound):
        for number, stage in enumerate(php.as_list(constant("tasks.first_stages")), 1):
            placed: Map = {"SORT": number * 100, "ENTITY_ID": owner, "ENTITY_TYPE": kind}
            call.storage.insert(STAGE, {**php.as_map(stage), **placed})
    return call.storage.whole(STAGE, where, bound, "SORT, ID")


@method("task.stages.get")
def _get(call: Call) -> Value:
    """Stages by their ids."""
    rows = _stages(call, *_owner(call, call.sent.integer("entityId")))
    return {row.text("ID"): shape("tasks.stage", row) for row in rows}


def _place(call: Call, owner: int, kind: str, after: int, moved: int = 0) -> int:
    """Return the sort value of a stage behind `after` (0: first) and shift the following stages."""
    rows = [row for row in _stages(call, owner, kind) if row["ID"] != moved]
    order = [row.id for row in rows]
    place = order.index(after) + 1 if after in order else 0
    for number, stage in enumerate(order):
        sort = (number + 1 if number < place else number + 2) * 100
        call.storage.update(STAGE, stage, {"SORT": sort})
    return (place + 1) * 100


@method("task.stages.add")
def _add(call: Call) -> Value:
    fields = call.sent.inner("fields")
    title = fields.text("TITLE").strip()
    if not title:
        raise PortalError("EMPTY_TITLE", "Stage title is not specified")
    owner, kind = _owner(call, fields.integer("ENTITY_ID"))
    sort = _place(call, owner, kind, fields.integer("AFTER_ID"))
    color = fields.text("COLOR").lstrip("#") or "47D1E2"
    columns: Map = {"TITLE": title, "COLOR": color, "SORT": sort, "ENTITY_ID": owner, "ENTITY_TYPE": kind}
    return call.storage.insert(STAGE, columns)


def _stage(call: Call, name: str) -> Row:
    return present(call.storage.row(STAGE, call.sent.integer(name)), PortalError("NOT_FOUND", "Stage not found"))


@method("task.stages.update")
def _update(call: Call) -> Value:
    row, fields = _stage(call, "id"), call.sent.inner("fields")
    changes: Map = {"COLOR": fields.text("COLOR").lstrip("#")} if fields.get("COLOR") else {}
    if fields.get("TITLE"):
        changes["TITLE"] = fields.text("TITLE")
    if "AFTER_ID" in fields:
        after = fields.integer("AFTER_ID")
        changes["SORT"] = _place(call, row.integer("ENTITY_ID"), row.text("ENTITY_TYPE"), after, row.id)
    call.storage.update(STAGE, row.id, changes)
    return True


@method("task.stages.delete")
def _delete(call: Call) -> Value:
    row = _stage(call, "id")
    if row["SYSTEM_TYPE"]:
        raise PortalError("IS_SYSTEM", "The default stage cannot be deleted")
    if _stages(call, row.integer("ENTITY_ID"), row.text("ENTITY_TYPE"))[0].id == row.id:
        raise PortalError("CANT_DELETE_FIRST", "Cannot delete the first stage. Move the stage to delete it")
    call.storage.delete(STAGE, row.id)
    return True


@method("task.stages.movetask")
def _move_task(call: Call) -> Value:
    task = call.sent.integer("id")
    row = _stage(call, "stageId")
    if call.storage.row(TASK, task) is None:
        raise PortalError("TASK_NOT_FOUND", "Task not found or access to it is denied")
    call.storage.update(TASK, task, {"STAGE_ID": row["ID"]})
    return True


@method("task.stages.canmovetask")
def _can_move(call: Call) -> Value:
    """Whether the caller may move tasks: in the own plan, and as an administrator in any group."""
    entity, kind = call.sent.integer("entityId"), call.sent.text("entityType").upper()
    return entity == call.user if kind == "U" else call.admin


def _refused() -> PortalError:
    return PortalError("ACTION_NOT_ALLOWED", "Unable to add a link between tasks")


def _ends(call: Call) -> tuple[int, int]:
    """The tasks of a link: the one that goes first and the one that depends on it."""
    for name in ("taskIdFrom", "taskIdTo"):
        present(call.exact(name), errors.missing_parameter(name))
        present(call.storage.row(TASK, call.sent.integer(name)), _refused())
    return call.sent.integer("taskIdFrom"), call.sent.integer("taskIdTo")


def _links(call: Call, first: int, second: int) -> list[int]:
    return call.storage.ids(DEPENDENCE, "TASK_ID = ? and DEPENDS_ON_ID = ?", [second, first])


@method("task.dependence.add")
def _link(call: Call) -> Value:
    first, second = _ends(call)
    kind = call.sent.integer("linkType")
    if first == second or kind not in _LINK_TYPES:
        raise _refused()
    if _links(call, first, second) or _links(call, second, first):
        raise PortalError("ILLEGAL_NEW_LINK", "A link between tasks already exists")
    call.storage.insert(DEPENDENCE, {"TASK_ID": second, "DEPENDS_ON_ID": first, "TYPE": kind})
    return []


@method("task.dependence.delete")
def _unlink(call: Call) -> Value:
    found = _links(call, *_ends(call))
    if not found:
        raise PortalError("ILLEGAL_NEW_LINK", "The dependency between tasks does not exist")
    call.storage.delete(DEPENDENCE, found[0])
    return []
