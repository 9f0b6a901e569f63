"""`tasks.task.*` of REST 3.0 over the tasks of version 2.

Documentation: api-reference/tasks/{tasks-task-*-rest-v3,tasks-task-access-get,tasks-task-file-attach}. Refusals of
version 2 become validation errors here.
"""

from __future__ import annotations

from b24_sandbox import php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.methods import task_changes
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import RegisteredMethod
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, query, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.task_dto import TASK_DTO, file_ids, rights


def task_row(context: Context, task: int) -> Row:
    """A task the user may access. A missing task and an inaccessible one give the same error."""
    row = engine.find(TASK_DTO, context, task)
    if row is None:
        raise errors.access_denied()
    return row


def _add(context: Context, params: Map) -> Value:
    columns, extras = engine.writable(TASK_DTO, params, new=True)
    _check(context, columns, None)
    with errors.validating():
        task = task_changes.create(_call(context), _sent(columns))
    engine.write_extras(TASK_DTO, context, task, extras)
    shown = query.selection(TASK_DTO, None, TASK_DTO.default)
    row = context.storage.row(TASK, task) or Row()  # the creator of a task for others sees it in this answer only
    return {"item": engine.show(TASK_DTO, context, [row], shown)[0]}


def _update(context: Context, params: Map) -> Value:
    task = engine.record_id(params)
    columns, extras = engine.writable(TASK_DTO, params, new=False)
    row = task_row(context, task)
    _check(context, columns, row)
    with errors.validating():
        task_changes.change(_call(context), task, _sent(columns))
    engine.write_extras(TASK_DTO, context, task, extras)
    return {"result": True}


def _delete(context: Context, params: Map) -> Value:
    task = engine.record_id(params)
    task_row(context, task)
    with errors.validating():
        task_changes.remove(_call(context), task)
    return {"result": True}


def _sent(columns: Map) -> Map:
    """Columns in the form of version 2: lists as lists."""
    return {
        name: values.items(value) if TASK.fields[name].multiple and value is not None else value
        for name, value in columns.items()
    }


def _call(context: Context) -> Call:
    """A call of version 2 that writes tasks."""
    return context.call(RegisteredMethod("tasks.task", "task", lambda call: None), {})


def _check(context: Context, columns: Map, row: Row | None) -> None:
    """Refuse invalid values of a task, with the name of the field."""
    wrong: list[tuple[str, str]] = []
    if "TITLE" in columns and not php.text(columns["TITLE"]).strip():
        wrong.append(("title", errors.missing_text("title")))
    for name, column in (("responsibleId", "RESPONSIBLE_ID"), ("creatorId", "CREATED_BY")):
        if column in columns and context.storage.row(USER, php.integer(columns[column])) is None:
            wrong.append((name, "The specified user was not found" if name == "responsibleId" else ""))
    parent = php.integer(columns.get("PARENT_ID"))
    if parent and context.storage.row(TASK, parent) is None:
        wrong.append(("parentId", "The specified parent task was not found"))
    elif parent and row is not None and parent == row["ID"]:
        wrong.append(("parentId", "A task cannot be its own parent"))
    merged = {**(row or Row()), **columns}
    begin, end = merged.get("START_DATE_PLAN"), merged.get("END_DATE_PLAN")
    if begin and end and php.text(end) < php.text(begin):
        wrong.append(("endPlan", "The planned end is earlier than the planned start"))
    if wrong:
        raise errors.invalid(wrong)


def _access(context: Context, params: Map) -> Value:
    return rights(engine.stored(TASK_DTO, context, engine.record_id(params)))


def _attach(context: Context, params: Map) -> Value:
    task = engine.record_id(params, "taskId")
    files = params.get("fileIds")
    if files is None:
        raise errors.missing("fileIds")
    if not isinstance(files, list) or not all(map(strict.is_int, files)):
        raise errors.wrong_type("fileIds", "array")
    row = task_row(context, task)
    if any(php.integer(file) <= 0 for file in files):
        raise errors.invalid([("", "Insufficient permissions")])
    kept = file_ids(row)
    merged: Map = {"UF_TASK_WEBDAV_FILES": [*kept, *(file for file in dict.fromkeys(files) if file not in kept)]}
    with errors.validating():
        task_changes.change(_call(context), task, merged)
    return {"result": True}


BODIES: dict[str, Run] = {
    "tasks.task.add": _add,
    "tasks.task.update": _update,
    "tasks.task.delete": _delete,
    "tasks.task.access.get": _access,
    "tasks.task.file.attach": _attach,
}
