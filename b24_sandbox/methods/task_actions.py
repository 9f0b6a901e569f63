"""Actions on a task besides changes: favourites, pins, observers, rights, counters, history, results.

Documentation: api-reference/tasks/{user-actions,result}, tasks-task-{get-access,counters-get,history-list}.
"""

from __future__ import annotations

from collections.abc import Callable

from b24_sandbox import dates, errors, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.task_parts import COMMENT, HISTORY, RESULT
from b24_sandbox.entities.tasks import AWAITING_CONTROL, COMPLETED, TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import camel
from b24_sandbox.methods import task_changes, tasks
from b24_sandbox.methods.crm_item import array
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry, Run
from b24_sandbox.row import Row

_EXPIRED, _NEW_COMMENTS = 6291456, 12582912


def _row(call: Call, code: str, words: str) -> Row:
    row = call.portal.storage.row(TASK, tasks.task_id(call))
    if row is None:
        raise PortalError(code, words)
    return row


def _flag(name: str, value: str, *, whole: bool) -> Callable[[Call], Value]:
    """Set a flag of a task. The answer is the whole task or `true`."""

    def run(call: Call) -> Value:
        row = _row(call, "1", "Task not found or not accessible")
        task = row.id
        call.portal.storage.update(TASK, task, {name: value})
        return tasks.reread(call, task) if whole else True

    return run


def _watch(*, on: bool) -> Callable[[Call], Value]:
    """Add or remove the caller as an observer."""

    def run(call: Call) -> Value:
        row = _row(call, "1048584", "a:0:{}")
        task = row.id
        watchers = [item for item in values.items(row["AUDITORS"]) if item != call.user]
        task_changes.change(call, task, {"AUDITORS": [*watchers, call.user] if on else watchers})
        return tasks.reread(call, task)

    return run


def _access(call: Call) -> Value:
    """Rights by user, under UPPER-case names."""
    row = _row(call, "1048582", "Task not found or not accessible")
    users = call.exact("users")
    if users is not None and not php.is_array(users):
        raise PortalError(
            "100",
            f"Invalid value {{{php.text(users)}}} to match with parameter {{users}}. Should be value of type array.",
        )
    people = [php.integer(user) for user in php.as_list(users)] or [call.user]
    allowed = tasks.actions(row.integer("STATUS"), row.text("TASK_CONTROL"), row.text("FAVORITE"))
    upper: Map = {_upper(name): value for name, value in allowed.items()}
    members = {row["CREATED_BY"], row["RESPONSIBLE_ID"], call.user, *values.items(row["ACCOMPLICES"])}
    nothing: Map = dict.fromkeys(upper, False)
    return {"allowedActions": {str(user): upper if user in members else nothing for user in people}}


def _upper(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in name).upper()


def _counters(call: Call) -> Value:
    """The number of a user's overdue tasks. All comments count as read here."""
    user = call.exact("userId")
    if user is not None and not php.text(user).isdigit():
        raise PortalError(
            "0", f"Invalid value {{{php.text(user)}}} to match with parameter {{userId}}. Should be value of type int."
        )
    bound: list[Value] = [php.integer(user) or call.user, dates.iso(call.now), AWAITING_CONTROL, COMPLETED]
    where = "RESPONSIBLE_ID = ? and DEADLINE < ? and STATUS not in (?, ?)"
    if group := php.integer(call.exact("groupId")):
        where, bound = where + " and GROUP_ID = ?", [*bound, group]
    expired = call.portal.storage.count(TASK, where, bound)
    return RowPage(
        {
            "expired": {"counter": expired, "code": _EXPIRED},
            "new_comments": {"counter": 0, "code": _NEW_COMMENTS},
        },
        total=expired,
    )


def _history(call: Call) -> Value:
    """All changes of a task, newest first by default."""
    row = _row(call, "0", "Access denied. (internal error)")
    conditions = {key: value for key, value in array(call, "filter").items() if key in HISTORY.fields}
    language = filters.Language(filters.COMPARISONS, HISTORY.fields.get)
    where = filters.build(HISTORY, language, {**conditions, "TASK_ID": row["ID"]}, call.now)
    names = {camel(name): field for name, field in HISTORY.fields.items()}
    order = filters.order(
        lambda name: names.get(name) or HISTORY.fields.get(name), array(call, "order"), None, "ID desc"
    )
    columns = [field.name for field in HISTORY.columns]
    storage = call.portal.storage
    lines = storage.rows(HISTORY, columns, where.sql, where.bound, order)
    return {"list": [_line(line, storage.row(USER, line.integer("USER_ID")) or Row()) for line in lines]}


def _line(line: Map, person: Row) -> Map:
    return {
        "id": line["ID"],
        "createdDate": line["CREATED_DATE"],
        "field": line["FIELD"],
        "value": {"from": line["FROM_VALUE"], "to": line["TO_VALUE"]},
        "user": {
            "id": person.get("ID"),
            "name": person.get("NAME"),
            "lastName": person.get("LAST_NAME"),
            "secondName": person.text("SECOND_NAME"),
            "login": person.get("EMAIL"),
        },
    }


def _attach(call: Call) -> Value:
    """Attach a file of the disk to a task. Here the attachment has the file's number."""
    row = _row(call, "0", "Access denied (internal error)")
    sent = call.exact("fileId")
    if sent is None:
        raise PortalError("100", "Could not find value for parameter {fileId} (internal error)")
    file = php.integer(php.text(sent).lstrip("n"))
    if not file:
        raise PortalError(
            "100",
            f"Invalid value {{{php.text(sent)}}} to match with parameter {{fileId}}. "
            "Should be value of type int. (internal error)",
        )
    files = values.items(row["UF_TASK_WEBDAV_FILES"])
    task_changes.change(call, row.id, {"UF_TASK_WEBDAV_FILES": [*files, file]})
    return {"attachmentId": file}


def _comment_id(call: Call) -> int:
    sent = call.exact("commentId")
    if sent is None:
        raise errors.missing_parameter("commentId")
    if not php.text(sent).isdigit():
        raise PortalError(
            "100",
            f"Invalid value {{{php.text(sent)}}} to match with parameter {{commentId}}. Should be value of type int.",
        )
    return php.integer(sent)


def _result_row(row: Row) -> Map:
    shown: Map = {camel(name): row[name] for name in ("ID", "TASK_ID", "COMMENT_ID", "CREATED_BY")}
    shown |= {"createdAt": row["CREATED_AT"], "updatedAt": row["UPDATED_AT"], "status": row["STATUS"]}
    files = values.items(row["FILES"])
    return {**shown, "text": row["TEXT"], "formattedText": row["TEXT"], "files": files or None}


def _result_add(call: Call) -> Value:
    """Convert a comment to a result of its task."""
    storage = call.portal.storage
    comment = storage.row(COMMENT, _comment_id(call))
    if comment is None:
        raise PortalError("0", "Comment not found.")
    if storage.count(RESULT, "COMMENT_ID = ?", [comment["ID"]]):
        raise PortalError("0", "Result already exists.")
    now = dates.iso(call.now)
    record = storage.insert(
        RESULT,
        {
            "TASK_ID": comment["TASK_ID"],
            "COMMENT_ID": comment["ID"],
            "CREATED_BY": comment["AUTHOR_ID"],
            "CREATED_AT": now,
            "UPDATED_AT": now,
            "STATUS": 0,
            "TEXT": comment["POST_MESSAGE"],
            "FILES": "[]",
        },
    )
    return _result_row(storage.row(RESULT, record) or Row())


def _result_remove(call: Call) -> Value:
    storage = call.portal.storage
    comment = _comment_id(call)
    if storage.row(COMMENT, comment) is None:
        raise PortalError("0", "Comment not found.")
    for row in storage.rows(RESULT, ["ID"], "COMMENT_ID = ?", [comment]):
        storage.delete(RESULT, row.id)
    return None


def _results(call: Call) -> Value:
    """The results of a task, newest first, as a bare list."""
    sent = call.exact("taskId")
    if sent is None:
        raise errors.missing_parameter("taskId")
    storage = call.portal.storage
    task = php.integer(sent)
    if storage.row(TASK, task) is None:
        raise PortalError("0", "Access denied.")
    columns = [field.name for field in RESULT.columns]
    return [_result_row(row) for row in storage.rows(RESULT, columns, "TASK_ID = ?", [task], "ID desc")]


def register(registry: Registry) -> None:
    """Register the actions and the controllers below that of tasks."""
    registry.controller(
        "tasks.task",
        tasks.PHP_CLASS,
        "task",
        {
            "getAccess": _access,
            "mute": _flag("IS_MUTED", "Y", whole=True),
            "unmute": _flag("IS_MUTED", "N", whole=True),
            "pin": _flag("IS_PINNED", "Y", whole=True),
            "unpin": _flag("IS_PINNED", "N", whole=True),
            "startwatch": _watch(on=True),
            "stopwatch": _watch(on=False),
        },
    )
    favorite = {"add": _flag("FAVORITE", "Y", whole=False), "remove": _flag("FAVORITE", "N", whole=False)}
    registry.controller("tasks.task.favorite", f"{tasks.PHP_CLASS}\\Favorite", "task", favorite)
    registry.controller("tasks.task.counters", f"{tasks.PHP_CLASS}\\Counters", "task", {"get": _counters})
    registry.controller("tasks.task.history", f"{tasks.PHP_CLASS}\\History", "task", {"list": _history})
    registry.controller("tasks.task.files", f"{tasks.PHP_CLASS}\\Files", "task", {"attach": _attach})
    results: dict[str, Run] = {"list": _results, "addFromComment": _result_add, "deleteFromComment": _result_remove}
    registry.controller("tasks.task.result", f"{tasks.PHP_CLASS}\\Result", "task", results)
