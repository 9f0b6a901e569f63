"""`tasks.task.result.*` and `tasks.task.chat.message.*`.

Documentation: api-reference/tasks/result, api-reference/tasks/tasks-task-chat-message-send.
"""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import engine, errors, filter, query, values
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.errors import ApiError
from b24_sandbox.v3.method import Run, declared, fields_of
from b24_sandbox.v3.tables import TASK_MESSAGE
from b24_sandbox.v3.task_dto import MESSAGE_DTO, RESULT_DTO
from b24_sandbox.v3.tasks import SCOPE, task_row


def _send(context: Context, params: Map) -> Value:
    """Send a message to the chat of a task. The answer does not contain its id."""
    columns, _ = engine.writable(MESSAGE_DTO, params, new=True)
    task_row(context, php.integer(columns["TASK_ID"]))
    _insert_message(context, columns)
    return {"result": True}


def _insert_message(context: Context, columns: Map) -> None:
    context.storage.insert(TASK_MESSAGE, {**columns, "AUTHOR_ID": context.user, "CREATED_AT": dates.iso(context.now)})


def _results(context: Context, params: Map) -> Value:
    """List the results of a task. A condition on `taskId` is required."""
    sent = params.get("filter")
    if sent is None or sent in ([], {}):
        raise errors.invalid([("filter", "The field value cannot be empty")])
    filter.compile_filter(RESULT_DTO, sent)
    tasks = filter.equal_values(sent, "taskId")
    if not tasks:
        raise errors.invalid(
            [("filter.taskId", "A filter by the required field `taskId` must be specified")],
            "VALIDATION_REQUESTFILTERVALIDATIONEXCEPTION",
        )
    for task in tasks:
        task_row(context, php.integer(task))
    return engine.list_page(RESULT_DTO, context, params)


def _add(context: Context, params: Map) -> Value:
    _no_files(params)
    columns, _ = engine.writable(RESULT_DTO, params, new=True)
    task = php.integer(columns["TASK_ID"])
    if task <= 0:
        raise errors.invalid([("taskId", "Task id must be positive")])
    if context.storage.row(TASK, task) is None:
        raise errors.invalid([("taskId", "Task not found")])
    task_row(context, task)
    return _item(context, _insert(context, columns))


def _add_from_message(context: Context, params: Map) -> Value:
    sent = params.get("fields")
    if sent is None:
        raise errors.missing("fields")
    _no_files(params)
    named = php.as_map(sent)
    for name in named:
        if name != "messageId":
            raise errors.unknown_property(name, RESULT_DTO.name)
    if named.get("messageId") is None:
        raise errors.missing("messageId", errors.DTO)
    if not values.is_int(named["messageId"]):
        raise errors.wrong_type("messageId", "int")
    message = context.storage.row(TASK_MESSAGE, php.integer(named["messageId"]))
    if message is None:
        raise errors.invalid([("messageId", "Message is not from task chat")])
    if context.storage.row(TASK, message.integer("TASK_ID")) is None:
        raise errors.invalid([("taskId", "Task not found")])
    task_row(context, message.integer("TASK_ID"))
    columns = {"TASK_ID": message["TASK_ID"], "TEXT": message["TEXT"], "COMMENT_ID": message["ID"]}
    return _item(context, _insert(context, columns))


def _insert(context: Context, columns: Map) -> int:
    return engine.insert(
        RESULT_DTO,
        context,
        {**columns, "CREATED_BY": context.user, "CREATED_AT": dates.iso(context.now), "STATUS": 0, "FILES": "[]"},
        {},
    )


def _update(context: Context, params: Map) -> Value:
    record = engine.one_record(params)
    _no_files(params)
    columns, _ = engine.writable(RESULT_DTO, params, new=False)
    if not columns:
        raise errors.missing("text", errors.DTO)
    _own(context, record)
    engine.update(RESULT_DTO, context, record, {**columns, "UPDATED_AT": dates.iso(context.now)}, {})
    return _item(context, record)


def _delete(context: Context, params: Map) -> Value:
    record = engine.one_record(params)
    _own(context, record)
    engine.delete(RESULT_DTO, context, record)
    return {"result": True}


def _own(context: Context, record: int) -> None:
    """Check that the acting user is the author of a result."""
    try:
        row = engine.stored(RESULT_DTO, context, record)
    except ApiError:
        raise errors.access_denied() from None
    if not context.admin and row["CREATED_BY"] != context.user:
        raise errors.access_denied()


def _no_files(params: Map) -> None:
    if "fileIds" in php.as_map(params.get("fields")):
        raise errors.invalid([("fileIds", "Field `fileIds` is not available for filling")], errors.DTO)


def _item(context: Context, record: int) -> Value:
    chosen = query.selection(RESULT_DTO, None, RESULT_DTO.default)
    return {"item": engine.show(RESULT_DTO, context, [engine.stored(RESULT_DTO, context, record)], chosen)[0]}


_RESULT_TABLE = """
list items | filter:array* select:array order:object pagination:object | Results of a task
add item w | fields:object* | Add a result
addfromchatmessage item w | fields:object* | Make a message a result
update item w | id:integer fields:object* | Change a result
delete result w | id:integer | Remove a result
"""
_BODIES: dict[str, Run] = {
    "list": _results,
    "add": _add,
    "addfromchatmessage": _add_from_message,
    "update": _update,
    "delete": _delete,
}
_RESULT, _MESSAGE = "tasks.task.result", "tasks.task.chat.message"

METHODS = [
    *declared(_RESULT, SCOPE, RESULT_DTO, _RESULT_TABLE, _BODIES),
    *fields_of(_RESULT, SCOPE, RESULT_DTO),
    *declared(_MESSAGE, SCOPE, MESSAGE_DTO, "send result w | fields:object* | Write to the chat", {"send": _send}),
    *fields_of(_MESSAGE, SCOPE, MESSAGE_DTO),
]
