"""Read methods of `tasks.task.*`: UPPER-case names in requests, camelCase in answers, every number as text.

Documentation: api-reference/tasks.
"""

from __future__ import annotations

import operator
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
from b24_sandbox.people import full_name
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

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
_COMPARED = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_NOT_DESCRIBED = frozenset(("TAGS", "DEPENDS_ON", "DESCRIPTION_IN_BBCODE", "CHAT_ID"))
NOT_ACCESSIBLE, NOT_ALLOWED = "1048582", "0"
"""Codes of errors of tasks."""
PHP_CLASS = "Bitrix\\Tasks\\Rest\\Controllers\\Task"
api = MethodTable("task", PHP_CLASS)
register = api.register
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
    value = next((found for name in ("taskId", "id") if (found := call.exact(name)) is not None), None)
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
        sign, name = filters.split(key, filters.COMPARISONS)
        if key.startswith("::SUBFILTER"):
            plain[key] = expanded(php.as_map(value), now)
        elif name == "STATUS":
            plain[f"::SUBFILTER-{key}"] = _seen_status(sign, value, now)
        elif name == "ONLY_ROOT_TASKS":
            if php.text(value) == "Y":
                plain["PARENT_ID"] = 0
        else:
            plain[key] = value
    return plain


def _seen_status(sign: str, value: Value, now: float) -> Map:
    sent = [php.integer(item) for item in php.as_list(value)]
    first = sent[0] if sent else 0

    def wanted(seen: int) -> bool:
        return _COMPARED[sign](seen, first) if sign in _COMPARED else (seen in sent) == (sign == "=")

    meanings = shape("tasks.seen_status", now=dates.iso(now), later=dates.iso(now + 86400))
    chosen: Map = {seen: meaning for seen, meaning in meanings.items() if wanted(int(seen))}
    return (
        {"::LOGIC": "OR", **{str(place): chosen[seen] for place, seen in enumerate(chosen)}} if chosen else {"ID": []}
    )


def sent_fields(call: Call) -> Map:
    """The `fields` of an add or update. Empty `fields` are refused."""
    sent = array(call, "fields")
    if not sent:
        raise PortalError("100", "Could not find value for parameter {fields} (internal error)")
    return sent


def check(call: Call, columns: Map, stored: Row | None) -> None:
    """Refuse invalid values of a task: no title, or an unknown responsible user, parent or status."""
    sent, storage, new = Row(columns), call.storage, stored is None
    parent = sent.integer("PARENT_ID")
    responsible = sent.integer("RESPONSIBLE_ID")
    begin, end = sent.text("START_DATE_PLAN"), sent.text("END_DATE_PLAN")
    tests: tuple[tuple[bool, str], ...] = (
        (("TITLE" in sent or new) and not sent.text("TITLE").strip(), "Task title is not specified"),
        (new and not sent.get("RESPONSIBLE_ID"), "Responsible person is not specified"),
        (
            "RESPONSIBLE_ID" in sent and storage.row(USER, responsible) is None,
            "The user specified in the field Responsible person was not found",
        ),
        (
            parent != 0 and storage.row(TASK, parent) is None,
            "The task specified in the field Parent task was not found",
        ),
        (parent != 0 and stored is not None and parent == stored.id, "Cannot bind the node to itself"),
        ("STATUS" in sent and sent["STATUS"] not in _OPEN | {COMPLETED}, "Invalid status"),
        (begin != "" and "" < end < begin, "The planned end date is earlier than the start date"),
    )
    for broken, words in tests:
        if broken:
            raise PortalError("ERROR_CORE", f"{words}<br>")


def _describe(field: Field) -> Value:
    described: Map = {"title": field.title, "type": "enum" if field.type == "char" else field.type}
    if field.name == "ID":
        return {**described, "primary": True}
    allowed = php.as_map(constant("tasks.enum_values")).get(field.name)
    if field.type == "char":
        allowed = constant("tasks.yes_no")
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
    found = call.storage.whole(USER, f"ID in ({marks})", sorted(wanted))
    return {
        row.id: shape("tasks.person", row, name=full_name(row), link=f"/company/personal/user/{row.id}/")
        for row in found
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
            task["action"] = actions(row)


def _sub_status(call: Call, row: Row) -> Value:
    """-1 for an overdue task, otherwise its status."""
    overdue = row.get("DEADLINE") and row.text("DEADLINE") < dates.iso(call.now)
    return -1 if overdue and row["STATUS"] in (PENDING, IN_PROGRESS) else row["STATUS"]


def actions(row: Row) -> Map:
    """The actions an administrator may perform on a task."""
    status, favorite = row.integer("STATUS"), row.text("FAVORITE") == "Y"
    return shape(
        "tasks.actions",
        open=status in (PENDING, IN_PROGRESS, DEFERRED),
        waiting=status == AWAITING_CONTROL,
        start=status in (PENDING, DEFERRED),
        pause=status == IN_PROGRESS,
        defer=status in (PENDING, IN_PROGRESS),
        renew=status in (COMPLETED, AWAITING_CONTROL, DEFERRED),
        favorite=favorite,
        plain=not favorite,
    )


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


@api("tasks.task.get")
def _get(call: Call) -> Value:
    """Return a task. For a missing or invisible task the answer is empty, without an error (measured behaviour)."""
    select = [php.text(name) for name in array(call, "select").values()]
    task = task_id(call)
    if task > 0 and call.storage.row(TASK, task) is None:
        return []
    return {"task": cut(engine.read(FACE, call, task), select)}


@api("tasks.task.getFields")
def _fields(call: Call) -> Value:
    """The documented fields: without write-only and automatic ones, with two that are not columns."""
    described = php.as_map(php.as_map(engine.describe(FACE, call))["fields"])
    columns = {name: field for name, field in described.items() if name not in _NOT_DESCRIBED}
    return {"fields": {**columns, **php.as_map(constant("tasks.new_comments"))}}


api.add("tasks.task.list", lambda call: engine.list_page(FACE, call))
