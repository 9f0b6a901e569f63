"""Read methods of `tasks.task.*`: UPPER-case names in requests, camelCase in answers, every number as text.

Documentation: api-reference/tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from b24_sandbox import dates, engine, filters, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.tasks import (
    AWAITING_CONTROL,
    COMPLETED,
    DEFAULTS,
    DEFERRED,
    IN_PROGRESS,
    PENDING,
    TASK,
)
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import Field
from b24_sandbox.methods.crm_item import array
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_ALIASES = {
    "REAL_STATUS": "STATUS",
    "STATUS_COMPLETE": "STATUS",
    "ACCOMPLICE": "ACCOMPLICES",
    "AUDITOR": "AUDITORS",
    "TAG": "TAGS",
}
# Shown only when one of them is named in `select`, and then all three.
_SYSTEM_FIELDS = frozenset(("UF_CRM_TASK", "UF_TASK_WEBDAV_FILES", "UF_MAIL_MESSAGE"))
_NAMED_ONLY = _SYSTEM_FIELDS | {"TAGS", "DEPENDS_ON"}
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
_NOT_DESCRIBED = frozenset(("TAGS", "DEPENDS_ON", "DESCRIPTION_IN_BBCODE", "CHAT_ID"))
NOT_ACCESSIBLE, NOT_ALLOWED = "1048582", "0"
"""Codes of errors of tasks."""
_YES_NO = {"Y": "Yes", "N": "No"}
PHP_CLASS = "Bitrix\\Tasks\\Rest\\Controllers\\Task"
_ICON = "/bitrix/images/tasks/default_avatar.png"
_OPEN = frozenset((PENDING, IN_PROGRESS, AWAITING_CONTROL, DEFERRED))


def find(name: str) -> Field | None:
    """The field of a filter or order key of tasks."""
    return TASK.fields.get(_ALIASES.get(name, name))


def not_accessible() -> PortalError:
    """The error for a task that does not exist or is not visible."""
    return PortalError(NOT_ACCESSIBLE, "Task not found or not accessible")


def not_allowed(code: str = NOT_ALLOWED) -> PortalError:
    """The error for an action that the task's status or the user's rights do not allow."""
    return PortalError(code, "Action on the task is not allowed")


def task_id(call: Call) -> int:
    """The task of a call: `taskId` or `id`."""
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


def _query(call: Call) -> ListQuery:
    select = [php.text(name) for name in array(call, "select").values()]
    conditions = expanded(array(call, "filter"), call.now)
    return ListQuery(conditions, array(call, "order"), select or None)


def expanded(conditions: Map, now: float) -> Map:
    """Replace conditions on names without a column.

    `STATUS` is the status a user sees (almost overdue -3, not viewed -2, overdue -1, otherwise the real one),
    `ONLY_ROOT_TASKS` selects tasks without a parent.
    """
    plain: Map = {}
    for key, value in conditions.items():
        operator, name = filters.split(key, filters.COMPARISONS)
        if key.startswith("::SUBFILTER"):
            plain[key] = expanded(php.as_map(value), now)
        elif name == "STATUS":
            plain[f"::SUBFILTER-{key}"] = _seen_status(operator, value, now)
        elif name == "ONLY_ROOT_TASKS":
            if php.text(value) == "Y":
                plain["PARENT_ID"] = 0
        else:
            plain[key] = value
    return plain


def _seen_status(operator: str, value: Value, now: float) -> Map:
    sent = [php.integer(item) for item in php.as_list(value)]
    first = sent[0] if sent else 0
    tests: dict[str, Callable[[int], bool]] = {
        "=": lambda seen: seen in sent,
        "!": lambda seen: seen not in sent,
        "!=": lambda seen: seen not in sent,
        ">": lambda seen: seen > first,
        ">=": lambda seen: seen >= first,
        "<": lambda seen: seen < first,
        "<=": lambda seen: seen <= first,
    }
    moment, day_later = dates.iso(now), dates.iso(now + 86400)
    unhurried: Map = {"::LOGIC": "OR", "DEADLINE": "", ">=DEADLINE": day_later}
    closed: list[Value] = [AWAITING_CONTROL, COMPLETED]
    meanings: dict[int, Map] = {
        -3: {">=DEADLINE": moment, "<DEADLINE": day_later, "!REAL_STATUS": closed},
        -2: {"NOT_VIEWED": "Y", "!REAL_STATUS": closed, "::SUBFILTER-1": unhurried},
        -1: {"<DEADLINE": moment, "!REAL_STATUS": closed},
    }
    for status in (PENDING, IN_PROGRESS, DEFERRED):
        meanings[status] = {"REAL_STATUS": status, "!NOT_VIEWED": "Y", "::SUBFILTER-1": unhurried}
    for status in (AWAITING_CONTROL, COMPLETED):
        meanings[status] = {"REAL_STATUS": status}
    chosen = [meaning for seen, meaning in meanings.items() if tests[operator](seen)]
    return {"::LOGIC": "OR", **{str(place): meaning for place, meaning in enumerate(chosen)}} if chosen else {"ID": []}


def sent_fields(call: Call) -> Map:
    """The `fields` of an add or update. Empty `fields` are refused."""
    sent = array(call, "fields")
    if not sent:
        raise PortalError("100", "Could not find value for parameter {fields} (internal error)")
    return sent


def check(call: Call, columns: Map, stored: Row | None) -> None:
    """Refuse invalid values of a task: no title, or an unknown responsible user, parent or status."""
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


def _people(call: Call, rows: list[Row]) -> dict[int, Map]:
    """The short cards of all users named in the rows."""
    wanted: set[int] = set()
    for row in rows:
        wanted.update(row.integer(name) for name in ("CREATED_BY", "RESPONSIBLE_ID"))
        for name in ("AUDITORS", "ACCOMPLICES"):
            wanted.update(php.integer(item) for item in values.items(row.get(name)))
    marks = ", ".join("?" * len(wanted))
    columns = ["ID", "NAME", "LAST_NAME", "WORK_POSITION"]
    found = call.portal.storage.rows(USER, columns, f"ID in ({marks})", sorted(wanted))
    return {
        person.id: {
            "id": person.text("ID"),
            "name": f"{php.text(person['NAME'])} {php.text(person['LAST_NAME'])}".strip(),
            "link": f"/company/personal/user/{person['ID']}/",
            "icon": _ICON,
            "workPosition": person.text("WORK_POSITION"),
        }
        for person in found
    }


def _decorate(call: Call, rows: list[Row], shown: list[Map], *, single: bool) -> None:
    people = _people(call, rows)
    for row, task in zip(rows, shown, strict=True):
        task["group"] = []
        for column, key in (("CREATED_BY", "creator"), ("RESPONSIBLE_ID", "responsible")):
            if column in row:
                task[key] = people.get(row.integer(column), [])
        for column, key in (("ACCOMPLICES", "accomplicesData"), ("AUDITORS", "auditorsData")):
            if column in row:
                members = [php.integer(item) for item in values.items(row[column])]
                task[key] = {str(member): people[member] for member in members if member in people}
        if "STATUS" in row:
            task["subStatus"] = php.text(_sub_status(call, row))
        if single:
            task["action"] = actions(row.integer("STATUS"), row.text("TASK_CONTROL"), row.text("FAVORITE"))


def _sub_status(call: Call, row: Row) -> Value:
    """-1 for an overdue task, otherwise its status."""
    overdue = row.get("DEADLINE") and row.text("DEADLINE") < dates.iso(call.now)
    return -1 if overdue and row["STATUS"] in (PENDING, IN_PROGRESS) else row["STATUS"]


def actions(status: int, control: str, favorite: str) -> Map:
    """The actions an administrator may perform on a task in this status."""
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
        "checklistAddItems": True,
        "addFavorite": favorite != "Y",
        "deleteFavorite": favorite == "Y",
        "rate": True,
        "take": False,
        "edit.originator": False,
        "checklist.reorder": True,
        "elapsedtime.add": True,
        "dayplan.timer.toggle": False,
        "edit.plan": True,
        "checklist.add": True,
        "favorite.add": favorite != "Y",
        "favorite.delete": favorite == "Y",
    }


def _bad_order(name: str, direction: str) -> PortalError:
    return PortalError("0", "Invalid sorting key (internal error)")


def reread(call: Call, task: int) -> Value:
    """The whole task after a change."""
    return {"task": cut(engine.read(FACE, call, task), [])}


LANGUAGE = filters.Language(filters.COMPARISONS, find, groups=True, patterns=frozenset(("TITLE",)))
FACE = Face(
    TASK,
    TASK.fields,
    {field.name: field.camel for field in TASK.columns},
    values.show_text,
    paging.family_b,
    LANGUAGE,
    _query,
    task_id,
    lambda call, new: sent_fields(call),
    not_accessible,
    _describe,
    envelope="tasks",
    default_order="ID desc",
    refuse_order=_bad_order,
    described_in="fields",
    star=frozenset(field.name for field in TASK.columns if field.name not in _NAMED_ONLY),
    decorate_one=partial(_decorate, single=True),
    decorate_list=partial(_decorate, single=False),
    single=lambda task: {"task": task},
    check=check,
)


def cut(task: Map, select: list[str]) -> Map:
    """Reduce a single task to the fields of `select`. Values without a column stay."""
    every = not select or "*" in select
    columns = {wire: name for name, wire in FACE.shown.items()}
    kept = {"ID", *(set(FACE.shown) - _NAMED_ONLY if every else ()), *select}
    if kept & _SYSTEM_FIELDS:
        kept |= _SYSTEM_FIELDS
    shown = {key: value for key, value in task.items() if key not in columns or columns[key] in kept}
    if "ufTaskWebdavFiles" in shown:
        shown["ufTaskWebdavFiles"] = [php.integer(file) for file in php.as_list(shown["ufTaskWebdavFiles"])]
    if "TAGS" not in kept:
        return shown
    return {**shown, "tags": {str(n): {"id": n, "title": tag} for n, tag in enumerate(php.as_list(task["tags"]), 1)}}


def _get(call: Call) -> Value:
    """Return a task. For a missing or invisible task the answer is empty, without an error (measured behaviour)."""
    select = [php.text(name) for name in array(call, "select").values()]
    task = task_id(call)
    if task > 0 and call.portal.storage.row(TASK, task) is None:
        return []
    return {"task": cut(engine.read(FACE, call, task), select)}


def _fields(call: Call) -> Value:
    """The documented fields: without write-only and automatic ones, with two that are not columns."""
    described = php.as_map(php.as_map(engine.describe(FACE, call))["fields"])
    columns = {name: field for name, field in described.items() if name not in _NOT_DESCRIBED}
    counted: Map = {"title": None, "type": "integer", "default": 0}
    return {"fields": {**columns, "NEW_COMMENTS_COUNT": counted, "CHECKLIST": {"title": None, "type": "array"}}}


def register(registry: Registry) -> None:
    """Register the read methods of tasks."""
    registry.controller(
        "tasks.task",
        PHP_CLASS,
        "task",
        {
            "get": _get,
            "list": partial(engine.list_page, FACE),
            "getFields": _fields,
        },
    )
