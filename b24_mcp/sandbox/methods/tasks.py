"""``tasks.task.*``: UPPER-case names in requests, camelCase in answers, every number as text.

Documentation: api-reference/tasks.
"""

from collections.abc import Callable
from functools import partial

from b24_mcp.sandbox import dates, engine, errors, filters, paging, php, values
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.entities.staff import USER
from b24_mcp.sandbox.entities.tasks import (
    AWAITING_CONTROL,
    COMPLETED,
    DEFAULTS,
    DEFERRED,
    IN_PROGRESS,
    PENDING,
    TASK,
)
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.faces import Face, Query
from b24_mcp.sandbox.fields import Field
from b24_mcp.sandbox.methods.crm_item import array
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.registry import Registry

_ALIASES = {
    "REAL_STATUS": "STATUS",
    "STATUS_COMPLETE": "STATUS",
    "ACCOMPLICE": "ACCOMPLICES",
    "AUDITOR": "AUDITORS",
}
_ENUM_VALUES: dict[str, Value] = {
    "MARK": {"N": "Negative", "P": "Positive"},
    "PRIORITY": {"2": "High", "1": "Medium", "0": "Low"},
    "STATUS": {
        "2": "Pending",
        "3": "In progress",
        "4": "Pending review",
        "5": "Completed",
        "6": "Deferred",
    },
}
_YES_NO = {"Y": "Yes", "N": "No"}
_ICON = "/bitrix/images/tasks/default_avatar.png"
_OPEN = frozenset((PENDING, IN_PROGRESS, AWAITING_CONTROL, DEFERRED))


def find(name: str) -> Field | None:
    """The field a filter or order key of tasks means."""
    return TASK.fields.get(_ALIASES.get(name, name))


def _not_accessible() -> PortalError:
    return PortalError("1048582", "Task not found or not accessible")


def _not_allowed() -> PortalError:
    return PortalError("0", "Action on the task is not allowed")


def _task_id(call: Call) -> int:
    value = call.exact("taskId")
    if value is None:
        value = call.exact("id")
    if value is None:
        raise PortalError(
            "100", "CTaskItem All parameters in the constructor must have real class type (internal error)"
        )
    task = php.integer(value)
    if task <= 0:
        raise PortalError("0", "wrong task id")
    return task


def _query(call: Call) -> Query:
    select = [php.text(name) for name in array(call, "select").values()]
    return Query(array(call, "filter"), array(call, "order"), select or None)


def _values(call: Call, new: bool) -> Map:
    sent = array(call, "fields")
    if not sent:
        raise PortalError("100", "Could not find value for parameter {fields} (internal error)")
    return sent


def check(call: Call, columns: Map, stored: Map | None) -> None:
    """What the portal refuses about a task: no title, no such responsible person, parent or status."""
    storage = call.portal.storage
    if ("TITLE" in columns or stored is None) and not php.text(columns.get("TITLE")).strip():
        raise PortalError("ERROR_CORE", "Task title is not specified<br>")
    if stored is None and not columns.get("RESPONSIBLE_ID"):
        raise PortalError("ERROR_CORE", "Responsible person is not specified<br>")
    if "RESPONSIBLE_ID" in columns and storage.row(USER, php.integer(columns["RESPONSIBLE_ID"])) is None:
        raise PortalError("ERROR_CORE", "The user specified in the field Responsible person was not found<br>")
    parent = php.integer(columns.get("PARENT_ID"))
    if parent and storage.row(TASK, parent) is None:
        raise PortalError("ERROR_CORE", "The task specified in the field Parent task was not found<br>")
    if parent and stored is not None and parent == stored["ID"]:
        raise PortalError("ERROR_CORE", "Cannot bind the node to itself<br>")
    if "STATUS" in columns and columns["STATUS"] not in _OPEN | {COMPLETED}:
        raise PortalError("ERROR_CORE", "Invalid status<br>")
    begin, end = columns.get("START_DATE_PLAN"), columns.get("END_DATE_PLAN")
    if begin and end and php.text(end) < php.text(begin):
        raise PortalError("ERROR_CORE", "The planned end date is earlier than the start date<br>")


def _describe(field: Field) -> Value:
    described: Map = {"title": field.title, "type": "enum" if field.type == "char" else field.type}
    if field.name == "ID":
        return {**described, "primary": True}
    allowed = _ENUM_VALUES.get(field.name) or (_YES_NO if field.type == "char" else None)
    if allowed:
        described["type"] = "enum"
        described["values"] = allowed
    if field.required:
        described["required"] = True
    else:
        default = DEFAULTS.get(field.name)
        described["default"] = None if default == "[]" else default
    return described


def _people(call: Call, rows: list[Map]) -> dict[int, Map]:
    """Everybody named in the rows as the short cards tasks carry."""
    wanted: set[int] = set()
    for row in rows:
        wanted.update(php.integer(row.get(name)) for name in ("CREATED_BY", "RESPONSIBLE_ID"))
        for name in ("AUDITORS", "ACCOMPLICES"):
            wanted.update(php.integer(item) for item in values.items(row.get(name)))
    marks = ", ".join("?" * len(wanted))
    columns = ["ID", "NAME", "LAST_NAME", "WORK_POSITION"]
    found = call.portal.storage.rows(USER, columns, f"ID in ({marks})", sorted(wanted))
    return {
        php.integer(person["ID"]): {
            "id": php.text(person["ID"]),
            "name": f"{php.text(person['NAME'])} {php.text(person['LAST_NAME'])}".strip(),
            "link": f"/company/personal/user/{person['ID']}/",
            "icon": _ICON,
            "workPosition": php.text(person["WORK_POSITION"]),
        }
        for person in found
    }


def _decorate(call: Call, rows: list[Map], shown: list[Map], *, single: bool) -> None:
    people = _people(call, rows)
    for row, task in zip(rows, shown, strict=True):
        task["group"] = []
        for column, key in (("CREATED_BY", "creator"), ("RESPONSIBLE_ID", "responsible")):
            if column in row:
                task[key] = people.get(php.integer(row[column]), [])
        for column, key in (("ACCOMPLICES", "accomplicesData"), ("AUDITORS", "auditorsData")):
            if column in row:
                members = [php.integer(item) for item in values.items(row[column])]
                task[key] = {str(member): people[member] for member in members if member in people}
        if "STATUS" in row:
            task["subStatus"] = php.text(_sub_status(call, row))
        if single:
            task["action"] = _actions(php.integer(row["STATUS"]), php.text(row["TASK_CONTROL"]))


def _sub_status(call: Call, row: Map) -> Value:
    """-1 for an overdue task, its status otherwise."""
    overdue = row.get("DEADLINE") and php.text(row["DEADLINE"]) < dates.iso(call.now)
    return -1 if overdue and row["STATUS"] in (PENDING, IN_PROGRESS) else row["STATUS"]


def _actions(status: int, control: str) -> Map:
    """What an administrator may do with a task in this status."""
    open_task = status in (PENDING, IN_PROGRESS, DEFERRED)
    waiting = status == AWAITING_CONTROL
    return {
        "accept": False,
        "decline": False,
        "complete": open_task,
        "approve": waiting,
        "disapprove": waiting,
        "start": status in (PENDING, DEFERRED),
        "pause": status == IN_PROGRESS,
        "delegate": open_task,
        "remove": True,
        "edit": True,
        "defer": status in (PENDING, IN_PROGRESS),
        "renew": status in (COMPLETED, AWAITING_CONTROL, DEFERRED),
        "create": True,
        "changeDeadline": True,
        "rate": True,
    }


def _bad_order(name: str, direction: str) -> PortalError:
    return PortalError("0", "Invalid sorting key (internal error)")


def _reread(call: Call, face: Face, task: int) -> Value:
    return {"task": engine.read(face, call, task)}


LANGUAGE = filters.Language(filters.COMPARISONS, find, groups=True, patterns=frozenset(("TITLE",)))
FACE = Face(
    TASK,
    TASK.fields,
    {field.name: field.camel for field in TASK.columns},
    values.show_text,
    paging.family_b,
    LANGUAGE,
    _query,
    _task_id,
    _values,
    _not_accessible,
    _describe,
    envelope="tasks",
    default_order="ID desc",
    refuse_order=_bad_order,
    described_in="fields",
    star=frozenset(field.name for field in TASK.columns),
    decorate_one=partial(_decorate, single=True),
    decorate_list=partial(_decorate, single=False),
    added=_reread,
    changed=_reread,
    single=lambda task: {"task": task},
    removed={"task": True},
    check=check,
)


def _get(call: Call) -> Value:
    """``select`` cuts the answer to the named fields; what is no column stays."""
    answer = php.as_map(engine.get(FACE, call))
    select = [php.text(name) for name in array(call, "select").values()]
    if not select or "*" in select:
        return answer
    columns = set(FACE.shown.values())
    kept = {"id", *(FACE.shown[name] for name in select if name in FACE.shown)}
    task = php.as_map(answer["task"])
    return {"task": {key: value for key, value in task.items() if key in kept or key not in columns}}


def _move(call: Call, allowed: frozenset[int], target: Callable[[Map], int]) -> Value:
    """Change the status of a task where its present status allows it."""
    task = _task_id(call)
    row = call.portal.storage.row(TASK, task)
    if row is None or php.integer(row["STATUS"]) not in allowed:
        raise _not_allowed()
    changes: Map = {"STATUS": target(row)}
    if changes["STATUS"] == IN_PROGRESS:
        changes["DATE_START"] = dates.iso(call.now)
    TASK.prepare(call.portal, changes, row, call.user)
    call.portal.storage.update(TASK, task, changes)
    return _reread(call, FACE, task)


def _to(target: int, *allowed: int) -> Callable[[Call], Value]:
    return lambda call: _move(call, frozenset(allowed), lambda row: target)


def _complete(call: Call) -> Value:
    """A task under control waits for its author, unless the author completes it."""

    def target(row: Map) -> int:
        waits = row["TASK_CONTROL"] == "Y" and row["CREATED_BY"] != call.user
        return AWAITING_CONTROL if waits else COMPLETED

    return _move(call, frozenset((PENDING, IN_PROGRESS, DEFERRED)), target)


def _delegate(call: Call) -> Value:
    """Another person becomes responsible, the present one stays as a participant."""
    task = _task_id(call)
    if call.exact("userId") is None:
        raise errors.missing_parameter("userId")
    row = call.portal.storage.row(TASK, task)
    if row is None:
        raise _not_allowed()
    members = [*values.items(row["ACCOMPLICES"]), row["RESPONSIBLE_ID"]]
    engine.change(FACE, call, task, {"RESPONSIBLE_ID": call.exact("userId"), "ACCOMPLICES": members})
    return _reread(call, FACE, task)


def register(registry: Registry) -> None:
    """Add the task controller."""
    registry.controller(
        "tasks.task",
        "Bitrix\\Tasks\\Rest\\Controllers\\Task",
        "task",
        {
            "add": partial(engine.add, FACE),
            "get": _get,
            "list": partial(engine.list_page, FACE),
            "update": partial(engine.update, FACE),
            "delete": partial(engine.delete, FACE),
            "getFields": partial(engine.describe, FACE),
            "start": _to(IN_PROGRESS, PENDING, DEFERRED),
            "pause": _to(PENDING, IN_PROGRESS),
            "defer": _to(DEFERRED, PENDING, IN_PROGRESS),
            "complete": _complete,
            "renew": _to(PENDING, COMPLETED, AWAITING_CONTROL, DEFERRED),
            "approve": _to(COMPLETED, AWAITING_CONTROL),
            "disapprove": _to(PENDING, AWAITING_CONTROL),
            "delegate": _delegate,
        },
    )
