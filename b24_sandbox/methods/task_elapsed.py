"""`task.elapseditem.*`: time spent on tasks. Documentation: api-reference/tasks/elapsed-item."""

from __future__ import annotations

from functools import partial

from b24_sandbox import dates, faceless, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.tasks import ELAPSED, TASK
from b24_sandbox.methods import positional
from b24_sandbox.methods.legacy_tasks import list_page, task_row
from b24_sandbox.methods.positional import PositionalTable
from b24_sandbox.methods.task_parts import ONE, columns_of, may, part_of
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Sent

method = PositionalTable()
register = method.register

_LANGUAGE = filters.Language(filters.COMPARISONS, ELAPSED.fields.get)


@method("task.elapseditem.getlist")
def _list(call: Call) -> RowPage:
    """Elapsed time. When the first argument is a map, the list covers all tasks."""
    sent = call.positional()
    everything = bool(sent) and php.is_array(sent[0])
    signature = "arOrder:array? arFilter:array? arSelect:array? arParams:array?"
    params = positional.parse(signature if everything else f"taskId:integer {signature}")
    *first, order, wanted, select, navigation = positional.arguments(call, "ctaskelapseditem::getlist", params)
    if not everything:
        wanted = {**wanted, "TASK_ID": task_row(call, first[0])["ID"]}
    return list_page(call, ELAPSED, _LANGUAGE, order, wanted, navigation, select.values())


@method.taking("task.elapseditem.get", ONE)
def _get(call: Call, task: int, item: int) -> Value:
    return faceless.texts(ELAPSED, part_of(call, ELAPSED, task, item))


def _columns(call: Call, sent: Sent, *, new: bool) -> Map:
    """The values to write. Seconds have priority; minutes are derived from them, or used when sent alone."""
    columns = columns_of("elapseditem", ELAPSED, sent, call.now)
    if not new and "SECONDS" not in columns and "MINUTES" not in columns:
        return columns
    seconds = php.integer(columns.get("SECONDS")) or php.integer(columns.get("MINUTES")) * 60
    return {**columns, "SECONDS": values.bounded(seconds), "MINUTES": values.bounded(seconds // 60)}


@method.taking("task.elapseditem.add", "taskId:integer arFields:array")
def _add(call: Call, task: int, sent: Sent) -> Value:
    task_row(call, task)
    now = dates.iso(call.now)
    columns: Map = {"COMMENT_TEXT": "", "DATE_START": now, "DATE_STOP": now, **_columns(call, sent, new=True)}
    columns |= {"CREATED_DATE": columns.get("CREATED_DATE") or now, "USER_ID": columns.get("USER_ID") or call.user}
    record = call.storage.insert(ELAPSED, {**columns, "TASK_ID": task, "SOURCE": 2})
    _sum_time(call, task)
    return record


def _sum_time(call: Call, task: int) -> None:
    spent = sum(row.integer("SECONDS") for row in call.storage.whole(ELAPSED, "TASK_ID = ?", [task]))
    call.storage.update(TASK, task, {"TIME_SPENT_IN_LOGS": values.bounded(spent)})


@method.taking("task.elapseditem.update", f"{ONE} arFields:array")
def _update(call: Call, task: int, item: int, sent: Sent) -> Value:
    part_of(call, ELAPSED, task, item)
    call.storage.update(ELAPSED, item, _columns(call, sent, new=False))
    _sum_time(call, task)
    return None


@method.taking("task.elapseditem.delete", ONE)
def _delete(call: Call, task: int, item: int) -> Value:
    part_of(call, ELAPSED, task, item)
    call.storage.delete(ELAPSED, item)
    _sum_time(call, task)
    return None


method.taking("task.elapseditem.isactionallowed", f"{ONE} actionId:integer")(partial(may, ELAPSED, 3))
