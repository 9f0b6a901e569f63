"""``task.item.*`` and ``task.elapseditem.*``: arguments by position, whatever their names.

Documentation: api-reference/tasks/deprecated, api-reference/tasks/elapsed-item.
"""

from b24_mcp.sandbox import dates, engine, filters, paging, php, values
from b24_mcp.sandbox.answer import Page
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.entities.tasks import ELAPSED, TASK
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.fields import Entity
from b24_mcp.sandbox.methods import tasks
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.registry import Registry

_ELAPSED_LANGUAGE = filters.Language(filters.COMPARISONS, ELAPSED.fields.get)


def _argument(call: Call, position: int) -> Value:
    sent = call.positional()
    return sent[position] if position < len(sent) else None


def _wrong(call: Call, position: int, name: str, kind: str) -> PortalError:
    return PortalError(
        "ERROR_CORE",
        f"TASKS_ERROR_EXCEPTION_#256; Param #{position} ({name}) for method {call.method.name}()"
        f' expected to be of type "{kind}", but given something else.; 256/TE/WRONG_ARGUMENTS<br>',
    )


def _number(call: Call, position: int, name: str) -> int:
    value = _argument(call, position)
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdigit())):
        raise _wrong(call, position, name, "integer")
    return php.integer(value)


def _array(call: Call, position: int, name: str, *, required: bool = False) -> Map:
    value = _argument(call, position)
    if value in (None, "") and not required:
        return {}
    if not php.is_array(value):
        raise _wrong(call, position, name, "array")
    return php.as_map(value)


def _shown(entity: Entity, row: Map) -> Map:
    return {name: values.show_text(entity.fields[name], value) for name, value in row.items()}


def _start(call: Call, params: Map) -> int:
    """``start``, or the page of ``NAV_PARAMS``."""
    if call.start is not None:
        return call.start
    navigation = php.as_map(params.get("NAV_PARAMS"))
    return (max(php.integer(navigation.get("iNumPage")), 1) - 1) * paging.PAGE_SIZE


def _list(
    call: Call, entity: Entity, language: filters.Language, order: Map, conditions: Map, params: Map, select: Map
) -> Page:
    storage = call.portal.storage
    where = filters.build(entity, language, conditions, call.now)
    ordered = filters.order(language.find, order, None)
    chosen = {php.text(name) for name in select.values()}
    every = not chosen or "*" in chosen
    columns = [field.name for field in entity.columns if every or field.name in chosen or field.name == "ID"]
    page = paging.family_d(
        _start(call, params),
        lambda: storage.count(entity, where.sql, where.bound),
        lambda limit, offset: storage.rows(entity, columns, where.sql, where.bound, ordered, limit, offset),
    )
    return Page([_shown(entity, php.as_map(row)) for row in php.as_list(page.result)], page.next, page.total)


def _task_list(call: Call) -> Value:
    order, conditions, params, select = (
        _array(call, position, name) for position, name in enumerate(("arOrder", "arFilter", "arParams", "arSelect"))
    )
    return _list(call, TASK, tasks.LANGUAGE, order, conditions, params, select)


def _task(call: Call) -> Map:
    row = call.portal.storage.row(TASK, values.bounded(_number(call, 0, "taskId")))
    if row is None:
        raise PortalError(
            "ERROR_CORE",
            "TASKS_ERROR_EXCEPTION_#8; Task not found or not accessible; 8/TE/TASK_NOT_FOUND_OR_NOT_ACCESSIBLE<br>",
        )
    return row


def _task_data(call: Call) -> Value:
    return _shown(TASK, _task(call))


def _task_add(call: Call) -> Value:
    return engine.create(tasks.FACE, call, _array(call, 0, "arNewTaskData", required=True))


def _elapsed_list(call: Call) -> Value:
    """With a map in the first place the list is of all tasks."""
    conditions: Map = {}
    first = 0
    if not php.is_array(_argument(call, 0)):
        conditions["TASK_ID"] = _task(call)["ID"]
        first = 1
    order, sent, select, params = (
        _array(call, first + position, name)
        for position, name in enumerate(("arOrder", "arFilter", "arSelect", "arParams"))
    )
    return _list(call, ELAPSED, _ELAPSED_LANGUAGE, order, {**sent, **conditions}, params, select)


def _elapsed_add(call: Call) -> Value:
    task = php.integer(_task(call)["ID"])
    sent = _array(call, 1, "arFields", required=True)
    seconds = php.integer(sent.get("SECONDS")) or php.integer(sent.get("MINUTES")) * 60
    now = dates.iso(call.now)
    record = call.portal.storage.insert(
        ELAPSED,
        {
            "TASK_ID": task,
            "USER_ID": values.bounded(php.integer(sent.get("USER_ID")) or call.user),
            "COMMENT_TEXT": php.text(sent.get("COMMENT_TEXT")),
            "SECONDS": values.bounded(seconds),
            "MINUTES": values.bounded(seconds // 60),
            "SOURCE": 2,
            "CREATED_DATE": dates.stored_moment(php.text(sent.get("CREATED_DATE")), call.now) or now,
            "DATE_START": now,
            "DATE_STOP": now,
        },
    )
    spent = sum(
        php.integer(row["SECONDS"]) for row in call.portal.storage.rows(ELAPSED, ["SECONDS"], "TASK_ID = ?", [task])
    )
    call.portal.storage.update(TASK, task, {"TIME_SPENT_IN_LOGS": values.bounded(spent)})
    return record


def register(registry: Registry) -> None:
    """Add the positional task methods."""
    registry.classic("task.item.list", "task", _task_list)
    registry.classic("task.item.getdata", "task", _task_data)
    registry.classic("task.item.add", "task", _task_add)
    registry.classic("task.elapseditem.getlist", "task", _elapsed_list)
    registry.classic("task.elapseditem.add", "task", _elapsed_add)
