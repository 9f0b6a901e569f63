"""Actions on a task besides changes: favourites, pins, observers, rights, counters, history, results.

Documentation: api-reference/tasks/{user-actions,result}, tasks-task-{get-access,counters-get,history-list}.
"""

from __future__ import annotations

from functools import partial

from b24_sandbox import dates, errors, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import COMMENT, HISTORY, RESULT
from b24_sandbox.entities.tasks import AWAITING_CONTROL, COMPLETED, TASK
from b24_sandbox.errors import PortalError, present
from b24_sandbox.fields import camel
from b24_sandbox.methods import task_changes, tasks
from b24_sandbox.methods.crm_item import array
from b24_sandbox.people import person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("task")
register = method.register
_api = method.controller(tasks.PHP_CLASS)
_favorite, _counter, _histories, _files, _results = (
    method.controller(f"{tasks.PHP_CLASS}\\{name}") for name in ("Favorite", "Counters", "History", "Files", "Result")
)


def _row(call: Call, code: str, words: str) -> Row:
    return present(call.storage.row(TASK, tasks.task_id(call)), PortalError(code, words))


def _flag(name: str, value: str, whole: bool, call: Call) -> Value:
    """Set a flag of a task. The answer is the whole task or `true`."""
    task = _row(call, "1", "Task not found or not accessible").id
    call.storage.update(TASK, task, {name: value})
    return tasks.reread(call, task) if whole else True


for _action, _column in (("mute", "IS_MUTED"), ("pin", "IS_PINNED")):
    _api.add(f"tasks.task.{_action}", partial(_flag, _column, "Y", True))
    _api.add(f"tasks.task.un{_action}", partial(_flag, _column, "N", True))
_favorite.add("tasks.task.favorite.add", partial(_flag, "FAVORITE", "Y", False))
_favorite.add("tasks.task.favorite.remove", partial(_flag, "FAVORITE", "N", False))


def _watch(call: Call, *, on: bool) -> Value:
    """Add or remove the caller as an observer."""
    row = _row(call, "1048584", "a:0:{}")
    watchers = [item for item in values.items(row["AUDITORS"]) if item != call.user]
    task_changes.change(call, row.id, {"AUDITORS": [*watchers, call.user] if on else watchers})
    return tasks.reread(call, row.id)


_api.add("tasks.task.startwatch", partial(_watch, on=True))
_api.add("tasks.task.stopwatch", partial(_watch, on=False))


@_api("tasks.task.getAccess")
def _access(call: Call) -> Value:
    """Rights by user, under UPPER-case names."""
    row = _row(call, "1048582", "Task not found or not accessible")
    people = [php.integer(user) for user in array(call, "users").values()] or [call.user]
    upper: Map = {_upper(name): value for name, value in tasks.actions(row).items()}
    members = {row["CREATED_BY"], row["RESPONSIBLE_ID"], call.user, *values.items(row["ACCOMPLICES"])}
    nothing: Map = dict.fromkeys(upper, False)
    return {"allowedActions": {str(user): upper if user in members else nothing for user in people}}


def _upper(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in name).upper()


@_counter("tasks.task.counters.get")
def _counters(call: Call) -> Value:
    """The number of a user's overdue tasks. All comments count as read here."""
    user = call.exact("userId")
    if user is not None and not php.text(user).isdigit():
        raise errors.wrong_type(user, "userId", "int", "0")
    bound: list[Value] = [php.integer(user) or call.user, dates.iso(call.now), AWAITING_CONTROL, COMPLETED]
    where = "RESPONSIBLE_ID = ? and DEADLINE < ? and STATUS not in (?, ?)"
    if group := call.sent.integer("groupId"):
        where, bound = where + " and GROUP_ID = ?", [*bound, group]
    expired = call.storage.count(TASK, where, bound)
    return RowPage(shape("tasks.counters", expired=expired), total=expired)


@_histories("tasks.task.history.list")
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
    lines = call.storage.whole(HISTORY, where.sql, where.bound, order)
    users = (shape("tasks.history_user", person(call.portal, line.integer("USER_ID"))) for line in lines)
    return {"list": [shape("tasks.history_line", line, user=user) for line, user in zip(lines, users, strict=True)]}


@_files("tasks.task.files.attach")
def _attach(call: Call) -> Value:
    """Attach a file of the disk to a task. Here the attachment has the file's number."""
    row = _row(call, "0", "Access denied (internal error)")
    sent = call.exact("fileId")
    if sent is None:
        raise PortalError("100", "Could not find value for parameter {fileId} (internal error)")
    file = php.integer(php.text(sent).lstrip("n"))
    if not file:
        refusal = errors.wrong_type(sent, "fileId", "int")
        raise PortalError(refusal.code, f"{refusal.description} (internal error)")
    files = values.items(row["UF_TASK_WEBDAV_FILES"])
    task_changes.change(call, row.id, {"UF_TASK_WEBDAV_FILES": [*files, file]})
    return {"attachmentId": file}


def _comment_id(call: Call) -> int:
    sent = present(call.exact("commentId"), errors.missing_parameter("commentId"))
    if not php.text(sent).isdigit():
        raise errors.wrong_type(sent, "commentId", "int")
    return php.integer(sent)


def _result_row(row: Row) -> Map:
    return shape("tasks.result", row, files=values.items(row["FILES"]) or None)


def _commented(call: Call) -> Row:
    return present(call.storage.row(COMMENT, _comment_id(call)), PortalError("0", "Comment not found."))


@_results("tasks.task.result.addFromComment")
def _result_add(call: Call) -> Value:
    """Convert a comment to a result of its task."""
    storage, comment = call.storage, _commented(call)
    if storage.count(RESULT, "COMMENT_ID = ?", [comment["ID"]]):
        raise PortalError("0", "Result already exists.")
    now = dates.iso(call.now)
    columns: Map = {"TASK_ID": comment["TASK_ID"], "COMMENT_ID": comment["ID"], "CREATED_BY": comment["AUTHOR_ID"]}
    columns |= {"CREATED_AT": now, "UPDATED_AT": now, "STATUS": 0, "TEXT": comment["POST_MESSAGE"], "FILES": "[]"}
    return _result_row(storage.row(RESULT, storage.insert(RESULT, columns)) or Row())


@_results("tasks.task.result.deleteFromComment")
def _result_remove(call: Call) -> Value:
    call.storage.delete_all(RESULT, "COMMENT_ID = ?", [_commented(call).id])
    return None


@_results("tasks.task.result.list")
def _result_list(call: Call) -> Value:
    """The results of a task, newest first, as a bare list."""
    present(call.exact("taskId"), errors.missing_parameter("taskId"))
    task = call.sent.integer("taskId")
    present(call.storage.row(TASK, task), PortalError("0", "Access denied."))
    return [_result_row(row) for row in call.storage.whole(RESULT, "TASK_ID = ?", [task], "ID desc")]
