"""`tasks.task.result.*` and `tasks.task.chat.message.*`.

Documentation: api-reference/tasks/result, api-reference/tasks/tasks-task-chat-message-send.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, filter, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.tables import TASK_MESSAGE
from b24_sandbox.v3.task_dto import MESSAGE_DTO, RESULT_DTO
from b24_sandbox.v3.tasks import task_row


def _send(context: Context, params: Map) -> Value:
    """Send a message to the chat of a task. The answer does not contain its id."""
    columns, _ = engine.writable(MESSAGE_DTO, params, new=True)
    task_row(context, php.integer(columns["TASK_ID"]))
    engine.insert(MESSAGE_DTO, context, columns)
    return {"result": True}


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
    return engine.item(RESULT_DTO, context, engine.insert(RESULT_DTO, context, columns))


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
    if not strict.is_int(named["messageId"]):
        raise errors.wrong_type("messageId", "int")
    message = context.storage.row(TASK_MESSAGE, php.integer(named["messageId"]))
    if message is None:
        raise errors.invalid([("messageId", "Message is not from task chat")])
    if context.storage.row(TASK, message.integer("TASK_ID")) is None:
        raise errors.invalid([("taskId", "Task not found")])
    task_row(context, message.integer("TASK_ID"))
    columns = {"TASK_ID": message["TASK_ID"], "TEXT": message["TEXT"], "COMMENT_ID": message["ID"]}
    return engine.item(RESULT_DTO, context, engine.insert(RESULT_DTO, context, columns))


def _update(context: Context, params: Map) -> Value:
    record = engine.one_record(params)
    _no_files(params)
    columns, _ = engine.writable(RESULT_DTO, params, new=False)
    if not columns:
        raise errors.missing("text", errors.DTO)
    engine.change(RESULT_DTO, context, _own(context, record), columns)
    return engine.item(RESULT_DTO, context, record)


def _delete(context: Context, params: Map) -> Value:
    engine.remove(RESULT_DTO, context, _own(context, engine.one_record(params)).id)
    return {"result": True}


def _own(context: Context, record: int) -> Row:
    """A result, for its author and administrators."""
    row = engine.find(RESULT_DTO, context, record)
    if row is None or (not context.admin and row["CREATED_BY"] != context.user):
        raise errors.access_denied()
    return row


def _no_files(params: Map) -> None:
    if "fileIds" in php.as_map(params.get("fields")):
        raise errors.invalid([("fileIds", "Field `fileIds` is not available for filling")], errors.DTO)


BODIES: dict[str, Run] = {
    "tasks.task.result.list": _results,
    "tasks.task.result.add": _add,
    "tasks.task.result.addfromchatmessage": _add_from_message,
    "tasks.task.result.update": _update,
    "tasks.task.result.delete": _delete,
    "tasks.task.chat.message.send": _send,
}
