"""`task.stages.*` and `task.dependence.*`: columns of a kanban or a personal plan, links between tasks.

Documentation: api-reference/tasks/stages, api-reference/tasks/task-dependence-*.
"""

from __future__ import annotations

from b24_sandbox import errors, php
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import DEPENDENCE, STAGE
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

FIRST_STAGES = (
    ("NEW", "Не спланированы", "00C4FB"),
    (None, "Сделаю на неделе", "47D1E2"),
    (None, "Делаю сейчас", "FFA900"),
    ("FINISH", "Готово", "7BD500"),
)
"""System type, title and colour of the stages of a new plan or kanban."""
_COLUMNS = ["ID", "TITLE", "SORT", "COLOR", "SYSTEM_TYPE", "ENTITY_ID", "ENTITY_TYPE"]
_LINK_TYPES = range(4)


def _owner(call: Call, entity: int) -> tuple[int, str]:
    """The group and `G`, or the caller's own plan."""
    return (entity, "G") if entity > 0 else (call.user, "U")


def _stages(call: Call, owner: int, kind: str) -> list[Row]:
    """The stages in order. The standard stages of a plan are created on first use."""
    storage = call.portal.storage
    where, bound = "ENTITY_ID = ? and ENTITY_TYPE = ?", [owner, kind]
    if not storage.count(STAGE, where, bound):
        rows = [
            (title, number * 100, color, system, owner, kind)
            for number, (system, title, color) in enumerate(FIRST_STAGES, 1)
        ]
        storage.insert_many(STAGE, _COLUMNS[1:], rows)
    return storage.rows(STAGE, _COLUMNS, where, bound, "SORT, ID")


def _get(call: Call) -> Value:
    """Stages by their ids."""
    owner, kind = _owner(call, php.integer(call.exact("entityId")))
    shown: Map = {}
    for row in _stages(call, owner, kind):
        texts: Map = {name: None if value is None else php.text(value) for name, value in row.items()}
        shown[row.text("ID")] = {**texts, "ADDITIONAL_FILTER": [], "TO_UPDATE": [], "TO_UPDATE_ACCESS": None}
    return shown


def _place(call: Call, owner: int, kind: str, after: int, moved: int = 0) -> int:
    """Return the sort value of a stage behind `after` (0: first) and shift the following stages."""
    rows = [row for row in _stages(call, owner, kind) if row["ID"] != moved]
    order = [row.id for row in rows]
    place = order.index(after) + 1 if after in order else 0
    for number, stage in enumerate(order):
        sort = (number + 1 if number < place else number + 2) * 100
        call.portal.storage.update(STAGE, stage, {"SORT": sort})
    return (place + 1) * 100


def _add(call: Call) -> Value:
    fields = php.as_map(call.exact("fields"))
    title = php.text(fields.get("TITLE")).strip()
    if not title:
        raise PortalError("EMPTY_TITLE", "Stage title is not specified")
    owner, kind = _owner(call, php.integer(fields.get("ENTITY_ID")))
    sort = _place(call, owner, kind, php.integer(fields.get("AFTER_ID")))
    color = php.text(fields.get("COLOR")).lstrip("#") or "47D1E2"
    columns: Map = {"TITLE": title, "COLOR": color, "SORT": sort, "ENTITY_ID": owner, "ENTITY_TYPE": kind}
    return call.portal.storage.insert(STAGE, columns)


def _stage(call: Call, name: str) -> Row:
    row = call.portal.storage.row(STAGE, php.integer(call.exact(name)))
    if row is None:
        raise PortalError("NOT_FOUND", "Stage not found")
    return row


def _update(call: Call) -> Value:
    row = _stage(call, "id")
    fields = php.as_map(call.exact("fields"))
    changes: Map = {}
    if fields.get("TITLE"):
        changes["TITLE"] = php.text(fields["TITLE"])
    if fields.get("COLOR"):
        changes["COLOR"] = php.text(fields["COLOR"]).lstrip("#")
    stage = row.id
    if "AFTER_ID" in fields:
        after = php.integer(fields["AFTER_ID"])
        changes["SORT"] = _place(call, row.integer("ENTITY_ID"), row.text("ENTITY_TYPE"), after, stage)
    call.portal.storage.update(STAGE, stage, changes)
    return True


def _delete(call: Call) -> Value:
    row = _stage(call, "id")
    stage = row.id
    if row["SYSTEM_TYPE"]:
        raise PortalError("IS_SYSTEM", "The default stage cannot be deleted")
    if _stages(call, row.integer("ENTITY_ID"), row.text("ENTITY_TYPE"))[0]["ID"] == stage:
        raise PortalError("CANT_DELETE_FIRST", "Cannot delete the first stage. Move the stage to delete it")
    call.portal.storage.delete(STAGE, stage)
    return True


def _move_task(call: Call) -> Value:
    task = php.integer(call.exact("id"))
    row = _stage(call, "stageId")
    if call.portal.storage.row(TASK, task) is None:
        raise PortalError("TASK_NOT_FOUND", "Task not found or access to it is denied")
    call.portal.storage.update(TASK, task, {"STAGE_ID": row["ID"]})
    return True


def _can_move(call: Call) -> Value:
    """Whether the caller may move tasks: in the own plan, and as an administrator in any group."""
    entity, kind = php.integer(call.exact("entityId")), php.text(call.exact("entityType")).upper()
    return entity == call.user if kind == "U" else call.admin


def _ends(call: Call) -> tuple[int, int]:
    ends = []
    for name in ("taskIdFrom", "taskIdTo"):
        if call.exact(name) is None:
            raise errors.missing_parameter(name)
        task = php.integer(call.exact(name))
        if call.portal.storage.row(TASK, task) is None:
            raise PortalError("ACTION_NOT_ALLOWED", "Unable to add a link between tasks")
        ends.append(task)
    return ends[0], ends[1]


def _linked(call: Call, first: int, second: int) -> list[Row]:
    where = "TASK_ID = ? and DEPENDS_ON_ID = ?"
    return call.portal.storage.rows(DEPENDENCE, ["ID"], where, [second, first])


def _link(call: Call) -> Value:
    first, second = _ends(call)
    kind = php.integer(call.exact("linkType"))
    if first == second or kind not in _LINK_TYPES:
        raise PortalError("ACTION_NOT_ALLOWED", "Unable to add a link between tasks")
    if _linked(call, first, second) or _linked(call, second, first):
        raise PortalError("ILLEGAL_NEW_LINK", "A link between tasks already exists")
    call.portal.storage.insert(DEPENDENCE, {"TASK_ID": second, "DEPENDS_ON_ID": first, "TYPE": kind})
    return []


def _unlink(call: Call) -> Value:
    first, second = _ends(call)
    found = _linked(call, first, second)
    if not found:
        raise PortalError("ILLEGAL_NEW_LINK", "The dependency between tasks does not exist")
    call.portal.storage.delete(DEPENDENCE, found[0].id)
    return []


def register(registry: Registry) -> None:
    """Register stages and links."""
    for action, run in (
        ("get", _get),
        ("add", _add),
        ("update", _update),
        ("delete", _delete),
        ("movetask", _move_task),
        ("canmovetask", _can_move),
    ):
        registry.classic(f"task.stages.{action}", "task", run)
    registry.classic("task.dependence.add", "task", _link)
    registry.classic("task.dependence.delete", "task", _unlink)
