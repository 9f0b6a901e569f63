"""`task.item.*` and `task.items.getlist`: arguments by position; names are ignored.

Documentation: api-reference/tasks/deprecated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from b24_sandbox import filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import DEPENDENCE, HISTORY
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods import positional, task_changes, tasks
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_ACTIONS = {
    3: "complete",
    4: "approve",
    5: "disapprove",
    6: "start",
    7: "delegate",
    8: "remove",
    9: "edit",
    10: "defer",
    11: "renew",
    12: "create",
    13: "changeDeadline",
    14: "checklistAddItems",
    15: "elapsedtime.add",
    16: "edit.originator",
    17: "pause",
    18: "dayplan.timer.toggle",
}
_ACTION_NAMES = {
    1: "ACCEPT",
    2: "DECLINE",
    3: "COMPLETE",
    4: "APPROVE",
    5: "DISAPPROVE",
    6: "START",
    7: "DELEGATE",
    8: "REMOVE",
    9: "EDIT",
    10: "DEFER",
    11: "RENEW",
    12: "CREATE",
    13: "CHANGE_DEADLINE",
    14: "CHECKLIST_ADD_ITEMS",
    15: "ELAPSED_TIME_ADD",
    16: "CHANGE_DIRECTOR",
    17: "PAUSE",
    18: "START_TIME_TRACKING",
}


def shown(entity: Entity, row: Map) -> Map:
    """A stored record with every number as text."""
    return {name: values.show_text(entity.fields[name], value) for name, value in row.items()}


def list_page(
    call: Call,
    entity: Entity,
    language: filters.Language,
    order: Map,
    conditions: Map,
    params: Map | None = None,
    select: Iterable[Value] = (),
) -> RowPage:
    """One page of records by the rules of the old task lists. `params` may contain `NAV_PARAMS`."""
    storage = call.portal.storage
    where = filters.build(entity, language, conditions, call.now)
    ordered = filters.order(language.find, order, None)
    chosen = {php.text(name) for name in select}
    every = not chosen or "*" in chosen
    columns = [field.name for field in entity.columns if every or field.name in chosen or field.name == "ID"]
    start = call.start
    if start is None:
        navigation = php.as_map((params or {}).get("NAV_PARAMS"))
        start = (max(php.integer(navigation.get("iNumPage")), 1) - 1) * paging.PAGE_SIZE
    page = paging.family_d(
        start,
        lambda: storage.count(entity, where.sql, where.bound),
        lambda limit, offset: storage.rows(entity, columns, where.sql, where.bound, ordered, limit, offset),
    )
    return RowPage([shown(entity, php.as_map(row)) for row in php.as_list(page.result)], page.next, page.total)


def task_row(call: Call, task: int) -> Row:
    """The task of a positional call."""
    row = call.portal.storage.row(TASK, values.bounded(task))
    if row is None:
        raise positional.task_error(8, "Task not found or not accessible", "TASK_NOT_FOUND_OR_NOT_ACCESSIBLE")
    return row


def _list(call: Call, order: Map, conditions: Map, params: Map, select: Map) -> Value:
    return list_page(call, TASK, tasks.LANGUAGE, order, tasks.expanded(conditions, call.now), params, select.values())


def _items(call: Call, order: Map, conditions: Map, select: Map, params: Map) -> Value:
    """The same list with its arguments in another order."""
    return _list(call, order, conditions, params, select)


def _data(call: Call, task: int, escaped: Value) -> Value:
    return shown(TASK, task_row(call, task))


def _update(call: Call, task: int, sent: Map) -> Value:
    task_row(call, task)
    task_changes.change(call, task, sent)
    return None


def _delete(call: Call, task: int) -> Value:
    task_row(call, task)
    task_changes.remove(call, task)
    return True


def _act(action: str) -> Callable[[Call, int], Value]:
    def run(call: Call, task: int) -> Value:
        task_row(call, task)
        try:
            task_changes.act(call, task, action)
        except PortalError:
            raise positional.task_error(4, "Action is not allowed", "ACTION_NOT_ALLOWED") from None
        return None

    return run


def _delegate(call: Call, task: int, user: int) -> Value:
    task_row(call, task)
    task_changes.delegate(call, task, user)
    return None


def _favorite(value: str) -> Callable[[Call, int, Map], Value]:
    """Add or remove a favourite. `AFFECT_CHILDREN: Y` includes the subtasks."""

    def run(call: Call, task: int, params: Map) -> Value:
        storage = call.portal.storage
        chosen = [php.integer(task_row(call, task)["ID"])]
        if params.get("AFFECT_CHILDREN") == "Y":
            chosen += [row.id for row in storage.rows(TASK, ["ID"], "PARENT_ID = ?", [task])]
        for record in chosen:
            storage.update(TASK, record, {"FAVORITE": value})
        return None

    return run


def _allowed(row: Row) -> dict[int, bool]:
    known = tasks.actions(row.integer("STATUS"), row.text("TASK_CONTROL"), row.text("FAVORITE"))
    return {number: bool(known.get(_ACTIONS.get(number, ""), False)) for number in _ACTION_NAMES}


def _allowed_numbers(call: Call, task: int) -> Value:
    return [number for number, allowed in _allowed(task_row(call, task)).items() if allowed]


def _allowed_names(call: Call, task: int) -> Value:
    allowed = _allowed(task_row(call, task))
    return {f"ACTION_{name}": allowed[number] for number, name in _ACTION_NAMES.items()}


def _is_allowed(call: Call, task: int, action: int, user: Value) -> Value:
    return _allowed(task_row(call, task)).get(action, False)


def _depends_on(call: Call, task: int) -> Value:
    row = task_row(call, task)
    linked = call.portal.storage.rows(DEPENDENCE, ["DEPENDS_ON_ID"], "TASK_ID = ?", [task])
    return [
        php.integer(item) for item in (*values.items(row["DEPENDS_ON"]), *(link["DEPENDS_ON_ID"] for link in linked))
    ]


def _files(call: Call, task: int) -> Value:
    """Links to the files of a task, as the portal's pages use them."""
    return [
        {
            "ATTACHMENT_ID": php.text(file),
            "FILE_ID": php.text(file),
            "DOWNLOAD_URL": f"/bitrix/tools/disk/uf.php?attachedId={php.text(file)}&action=download&ncc=1",
            "VIEW_URL": f"/bitrix/tools/disk/uf.php?attachedId={php.text(file)}&action=show&ncc=1",
        }
        for file in values.items(task_row(call, task)["UF_TASK_WEBDAV_FILES"])
    ]


def _add_file(call: Call, task: int, sent: Map) -> Value:
    """Store a file (base64 text) in the user's storage and attach it to the task."""
    from b24_sandbox.methods import disk_tree  # a lazy import: only this method of tasks uses the disk

    row = task_row(call, task)
    content = php.base64_decode(php.text(sent.get("CONTENT")))
    if not content:
        raise positional.task_error(8, "Action failed", "ACTION_FAILED_TO_BE_PROCESSED")
    name = php.text(sent.get("NAME")) or "file"
    file = disk_tree.add_file(call, disk_tree.own_folder(call), name, content, unique=True)
    kept = [*values.items(row["UF_TASK_WEBDAV_FILES"]), file]
    task_changes.change(call, task, {"UF_TASK_WEBDAV_FILES": kept})
    return {"ATTACHMENT_ID": file, "FILE_ID": file, "NAME": name}


def _remove_file(call: Call, task: int, file: int) -> Value:
    row = task_row(call, task)
    kept = [item for item in values.items(row["UF_TASK_WEBDAV_FILES"]) if php.integer(item) != file]
    task_changes.change(call, task, {"UF_TASK_WEBDAV_FILES": kept})
    return True


def _log(call: Call, task: int, order: Map, conditions: Map) -> Value:
    """The complete history of a task, oldest first."""
    task_row(call, task)
    language = filters.Language(filters.COMPARISONS, HISTORY.fields.get)
    where = filters.build(HISTORY, language, {**conditions, "TASK_ID": task}, call.now)
    columns = ["CREATED_DATE", "USER_ID", "TASK_ID", "FIELD", "FROM_VALUE", "TO_VALUE"]
    ordered = filters.order(HISTORY.fields.get, order, None)
    return call.portal.storage.rows(HISTORY, columns, where.sql, where.bound, ordered)


def _planner(call: Call) -> Value:
    """Tasks of the day: the tasks the user has started."""
    rows = call.portal.storage.rows(TASK, ["ID"], "RESPONSIBLE_ID = ? and STATUS = 3", [call.user])
    return [row["ID"] for row in rows]


def manifest(alias: str) -> Callable[[Call], Value]:
    """The description of a family. Its keys have spaces and colons, which makes its XML invalid, as on the portal."""
    return lambda call: {
        "Manifest version": "2.0",
        "Warning": "don't rely on format of this manifest, it can be changed without any notification",
        "REST: shortname alias to class": alias,
        "REST: available methods": {
            method.rpartition(".")[2]: {"staticMethod": True}
            for method in call.portal.registry.listed("task")
            if method.startswith(f"task.{alias}.")
        },
    }


METHODS: tuple[tuple[str, str, Callable[..., Value]], ...] = (
    ("add", "arNewTaskData:array", task_changes.create),
    ("update", "taskId:integer arNewTaskData:array", _update),
    ("list", "arOrder:array? arFilter:array? arParams:array? arSelect:array?", _list),
    ("getdata", "taskId:integer isEscaped:any?", _data),
    (
        "getdescription",
        "taskId:integer format:integer?",
        lambda call, task, _: php.text(task_row(call, task)["DESCRIPTION"]),
    ),
    ("getfiles", "taskId:integer", _files),
    ("gettags", "taskId:integer", lambda call, task: values.items(task_row(call, task)["TAGS"])),
    ("getdependson", "taskId:integer", _depends_on),
    ("getallowedactions", "taskId:integer", _allowed_numbers),
    ("getallowedtaskactionsasstrings", "taskId:integer", _allowed_names),
    ("isactionallowed", "taskId:integer actionId:integer userId:any?", _is_allowed),
    ("getexecutiveuserid", "taskId:integer", lambda call, task: task_row(call, task)["RESPONSIBLE_ID"]),
    ("startexecution", "taskId:integer", _act("start")),
    ("pauseexecution", "taskId:integer", _act("pause")),
    ("defer", "taskId:integer", _act("defer")),
    ("complete", "taskId:integer", _act("complete")),
    ("renew", "taskId:integer", _act("renew")),
    ("approve", "taskId:integer", _act("approve")),
    ("disapprove", "taskId:integer", _act("disapprove")),
    ("delete", "taskId:integer", _delete),
    ("delegate", "taskId:integer userId:integer", _delegate),
    ("addtofavorite", "taskId:integer params:array?", _favorite("Y")),
    ("deletefromfavorite", "taskId:integer params:array?", _favorite("N")),
    ("addfile", "taskId:integer fileParameters:array", _add_file),
    ("deletefile", "taskId:integer fileId:integer", _remove_file),
)
"""Action, parameters in order, function; all under `task.item`."""


def register(registry: Registry) -> None:
    """Register the positional task methods."""
    for action, signature, run in METHODS:
        positional.register(registry, f"task.item.{action}", f"ctaskitem::{action}", signature, run)
    signature = "arOrder:array? arFilter:array? arSelect:array? arParams:array?"
    positional.register(registry, "task.items.getlist", "ctasks::getlist", signature, _items)
    positional.register(
        registry,
        "task.logitem.list",
        "ctasklogitem::list",
        "taskId:integer arOrder:array? arFilter:array?",
        _log,
    )
    positional.register(registry, "task.planner.getlist", "ctaskplannermaintance::getlist", "", _planner)
    registry.classic("task.item.getmanifest", "task", manifest("item"))
