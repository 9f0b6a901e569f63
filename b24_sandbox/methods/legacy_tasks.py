"""`task.item.*` and `task.items.getlist`: arguments by position; names are ignored.

Documentation: api-reference/tasks/deprecated.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from b24_sandbox import faceless, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import DEPENDENCE, HISTORY
from b24_sandbox.entities.tasks import IN_PROGRESS, TASK
from b24_sandbox.errors import PortalError, present
from b24_sandbox.fields import Entity
from b24_sandbox.methods import disk_tree, positional, task_changes, tasks
from b24_sandbox.methods.positional import PositionalTable
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = PositionalTable()
register = method.register

_MOVES = {
    "startexecution": "start",
    "pauseexecution": "pause",
    "defer": "defer",
    "complete": "complete",
    "renew": "renew",
    "approve": "approve",
    "disapprove": "disapprove",
}
_ONE = "taskId:integer"
_LISTED = "arOrder:array? arFilter:array?"


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
    chosen = {php.text(name) for name in select}
    every = not chosen or "*" in chosen
    start = call.start
    if start is None:
        navigation = php.as_map((params or {}).get("NAV_PARAMS"))
        start = (max(php.integer(navigation.get("iNumPage")), 1) - 1) * paging.PAGE_SIZE
    return paging.stored_page(
        call.storage,
        entity,
        filters.build(entity, language, conditions, call.now),
        filters.order(language.find, order, None),
        (paging.family_d, start),
        lambda rows: [faceless.texts(entity, row) for row in rows],
        [field.name for field in entity.columns if every or field.name in chosen or field.name == "ID"],
    )


def failed(words: str) -> PortalError:
    """The error for an action that could not be done."""
    return positional.task_error(8, words, "ACTION_FAILED_TO_BE_PROCESSED")


def task_row(call: Call, task: int) -> Row:
    """The task of a positional call."""
    return present(
        call.storage.row(TASK, values.bounded(task)),
        positional.task_error(8, "Task not found or not accessible", "TASK_NOT_FOUND_OR_NOT_ACCESSIBLE"),
    )


def file_link(file: Value) -> Map:
    """The links to an attached file, as the portal's pages use them."""
    place = f"/bitrix/tools/disk/uf.php?attachedId={php.text(file)}&action="
    return shape("tasks.file", file=php.text(file), download=f"{place}download&ncc=1", view=f"{place}show&ncc=1")


@method.taking("task.item.add", "arNewTaskData:array")
def _add(call: Call, sent: Map) -> Value:
    return task_changes.create(call, sent)


@method.taking("task.item.update", f"{_ONE} arNewTaskData:array")
def _update(call: Call, task: int, sent: Map) -> Value:
    task_row(call, task)
    task_changes.change(call, task, sent)
    return None


@method.taking("task.item.list", f"{_LISTED} arParams:array? arSelect:array?")
def _list(call: Call, order: Map, conditions: Map, params: Map, select: Map) -> Value:
    return list_page(call, TASK, tasks.LANGUAGE, order, tasks.expanded(conditions, call.now), params, select.values())


@method.taking("task.items.getlist", f"{_LISTED} arSelect:array? arParams:array?", "ctasks::getlist")
def _items(call: Call, order: Map, conditions: Map, select: Map, params: Map) -> Value:
    """The same list with its arguments in another order."""
    return _list(call, order, conditions, params, select)


@method.taking("task.item.getdata", f"{_ONE} isEscaped:any?")
def _data(call: Call, task: int, escaped: Value) -> Value:
    return faceless.texts(TASK, task_row(call, task))


@method.taking("task.item.getdescription", f"{_ONE} format:integer?")
def _description(call: Call, task: int, form: int) -> Value:
    return task_row(call, task).text("DESCRIPTION")


@method.taking("task.item.getfiles", _ONE)
def _files(call: Call, task: int) -> Value:
    return [file_link(file) for file in values.items(task_row(call, task)["UF_TASK_WEBDAV_FILES"])]


@method.taking("task.item.gettags", _ONE)
def _tags(call: Call, task: int) -> Value:
    return values.items(task_row(call, task)["TAGS"])


@method.taking("task.item.getdependson", _ONE)
def _depends_on(call: Call, task: int) -> Value:
    row = task_row(call, task)
    linked = call.storage.whole(DEPENDENCE, "TASK_ID = ?", [task])
    return [*map(php.integer, values.items(row["DEPENDS_ON"])), *(link.integer("DEPENDS_ON_ID") for link in linked)]


def _allowed(row: Row) -> list[tuple[int, str, bool]]:
    """Number, old name and permission of each action."""
    known = tasks.actions(row)
    numbered = (php.as_list(action) for action in php.as_list(constant("tasks.numbered_actions")))
    return [(php.integer(number), php.text(name), bool(known.get(php.text(new)))) for number, name, new in numbered]


@method.taking("task.item.getallowedactions", _ONE)
def _allowed_numbers(call: Call, task: int) -> Value:
    return [number for number, _, allowed in _allowed(task_row(call, task)) if allowed]


@method.taking("task.item.getallowedtaskactionsasstrings", _ONE)
def _allowed_names(call: Call, task: int) -> Value:
    return {f"ACTION_{name}": allowed for _, name, allowed in _allowed(task_row(call, task))}


@method.taking("task.item.isactionallowed", f"{_ONE} actionId:integer userId:any?")
def _is_allowed(call: Call, task: int, action: int, user: Value) -> Value:
    return any(allowed for number, _, allowed in _allowed(task_row(call, task)) if number == action)


@method.taking("task.item.getexecutiveuserid", _ONE)
def _responsible(call: Call, task: int) -> Value:
    return task_row(call, task)["RESPONSIBLE_ID"]


def _act(action: str, call: Call, task: int) -> Value:
    task_row(call, task)
    try:
        task_changes.act(call, task, action)
    except PortalError:
        raise positional.task_error(4, "Action is not allowed", "ACTION_NOT_ALLOWED") from None
    return None


for _name, _action in _MOVES.items():
    method.taking(f"task.item.{_name}", _ONE)(partial(_act, _action))


@method.taking("task.item.delete", _ONE)
def _delete(call: Call, task: int) -> Value:
    task_row(call, task)
    task_changes.remove(call, task)
    return True


@method.taking("task.item.delegate", f"{_ONE} userId:integer")
def _delegate(call: Call, task: int, user: int) -> Value:
    task_row(call, task)
    task_changes.delegate(call, task, user)
    return None


def _favorite(value: str, call: Call, task: int, params: Map) -> Value:
    """Add or remove a favourite. `AFFECT_CHILDREN: Y` includes the subtasks."""
    chosen = [task_row(call, task).id]
    if params.get("AFFECT_CHILDREN") == "Y":
        chosen += call.storage.ids(TASK, "PARENT_ID = ?", [task])
    for record in chosen:
        call.storage.update(TASK, record, {"FAVORITE": value})
    return None


method.taking("task.item.addtofavorite", f"{_ONE} params:array?")(partial(_favorite, "Y"))
method.taking("task.item.deletefromfavorite", f"{_ONE} params:array?")(partial(_favorite, "N"))


@method.taking("task.item.addfile", f"{_ONE} fileParameters:array")
def _add_file(call: Call, task: int, sent: Map) -> Value:
    """Store a file (base64 text) in the user's storage and attach it to the task."""
    row = task_row(call, task)
    content = php.base64_decode(php.text(sent.get("CONTENT")))
    if not content:
        raise failed("Action failed")
    name = php.text(sent.get("NAME")) or "file"
    file = disk_tree.add_file(call, disk_tree.own_folder(call), name, content, unique=True)
    kept = [*values.items(row["UF_TASK_WEBDAV_FILES"]), file]
    task_changes.change(call, task, {"UF_TASK_WEBDAV_FILES": kept})
    return {"ATTACHMENT_ID": file, "FILE_ID": file, "NAME": name}


@method.taking("task.item.deletefile", f"{_ONE} fileId:integer")
def _remove_file(call: Call, task: int, file: int) -> Value:
    row = task_row(call, task)
    kept = [item for item in values.items(row["UF_TASK_WEBDAV_FILES"]) if php.integer(item) != file]
    task_changes.change(call, task, {"UF_TASK_WEBDAV_FILES": kept})
    return True


@method.taking("task.logitem.list", f"{_ONE} {_LISTED}")
def _log(call: Call, task: int, order: Map, conditions: Map) -> Value:
    """The complete history of a task, oldest first."""
    task_row(call, task)
    language = filters.Language(filters.COMPARISONS, HISTORY.fields.get)
    where = filters.build(HISTORY, language, {**conditions, "TASK_ID": task}, call.now)
    columns = [name for name in HISTORY.fields if name != "ID"]
    ordered = filters.order(HISTORY.fields.get, order, None)
    return call.storage.rows(HISTORY, columns, where.sql, where.bound, ordered)


@method.taking("task.planner.getlist", "", "ctaskplannermaintance::getlist")
def _planner(call: Call) -> Value:
    """Tasks of the day: the tasks the user has started."""
    return call.storage.ids(TASK, "RESPONSIBLE_ID = ? and STATUS = ?", [call.user, IN_PROGRESS])


def _manifest(alias: str, call: Call) -> Value:
    """The description of a family. Its keys have spaces and colons, which makes its XML invalid, as on the portal."""
    names = [name for name in call.portal.registry.listed("task") if name.startswith(f"task.{alias}.")]
    return shape(
        "tasks.manifest", alias=alias, methods={name.rpartition(".")[2]: {"staticMethod": True} for name in names}
    )


for _alias in ("item", "checklistitem", "commentitem", "elapseditem"):
    method.add(f"task.{_alias}.getmanifest", partial(_manifest, _alias))
