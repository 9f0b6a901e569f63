"""`task.commentitem.*`, `task.comment.add`: comments. Documentation: api-reference/tasks/comment-item."""

from __future__ import annotations

import json
from functools import partial

from b24_sandbox import dates, faceless, filters, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.task_parts import COMMENT
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import present
from b24_sandbox.methods import positional, task_changes
from b24_sandbox.methods.legacy_tasks import failed, file_link
from b24_sandbox.methods.positional import PositionalTable
from b24_sandbox.methods.task_parts import ONE, check_keys, columns_of, may, part_of, refused
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row, Sent

method = PositionalTable()
register = method.register

_LANGUAGE = filters.Language(filters.COMPARISONS, COMMENT.fields.get)


def _shown(row: Row) -> Map:
    shown = faceless.texts(COMMENT, row, ("UF_FORUM_MESSAGE_DOC", "TASK_ID"))
    attached = {php.text(file): file_link(file) for file in values.items(row["UF_FORUM_MESSAGE_DOC"])}
    return {"POST_MESSAGE_HTML": None, **shown, **({"ATTACHED_OBJECTS": attached} if attached else {})}


@method.taking("task.commentitem.getlist", "taskId:integer arOrder:array? arFilter:array?")
def _list(call: Call, task: int, order: Map, conditions: Map) -> Value:
    """All comments of a task."""
    present(call.storage.row(TASK, task), failed("Action failed"))
    check_keys(call, 1, "arOrder", order, "order")
    check_keys(call, 2, "arFilter", conditions, "filter")
    where = filters.build(COMMENT, _LANGUAGE, {**conditions, "TASK_ID": task}, call.now)
    ordered = filters.order(COMMENT.fields.get, order, None)
    return [_shown(row) for row in call.storage.whole(COMMENT, where.sql, where.bound, ordered)]


@method.taking("task.commentitem.get", ONE)
def _get(call: Call, task: int, item: int) -> Value:
    return _shown(part_of(call, COMMENT, task, item))


@method.taking("task.commentitem.add", "taskId:integer arFields:array")
def _add(call: Call, task: int, sent: Sent) -> Value:
    present(call.storage.row(TASK, task), refused("Insufficient permissions to add a comment."))
    check_keys(call, 1, "arFields", sent, "written")
    if not sent.text("POST_MESSAGE").strip():
        raise refused("Comment text is not specified")
    columns = columns_of("commentitem", COMMENT, sent, call.now)
    author = php.integer(columns.get("AUTHOR_ID")) or call.user
    name = full_name(person(call.portal, author))
    columns |= {"TASK_ID": task, "AUTHOR_ID": author, "AUTHOR_NAME": name, "AUTHOR_EMAIL": ""}
    columns |= {"POST_DATE": columns.get("POST_DATE") or dates.iso(call.now), "UF_FORUM_MESSAGE_DOC": _files(sent)}
    comment = call.storage.insert(COMMENT, columns)
    _count(call, task)
    task_changes.note(call, task, "COMMENT", None, comment)
    task_changes.announce(call, "ONTASKCOMMENTADD", None, {"ID": comment, "TASK_ID": task})
    return comment


@method.taking("task.comment.add", "taskId:integer commentText:string")
def _add_text(call: Call, task: int, text: str) -> Value:
    return _add(call, task, Sent(POST_MESSAGE=text))


def _files(sent: Sent) -> str:
    return json.dumps([php.integer(file.lstrip("n")) for file in sent.texts("UF_FORUM_MESSAGE_DOC")])


def _count(call: Call, task: int) -> None:
    call.storage.update(TASK, task, {"COMMENTS_COUNT": call.storage.count(COMMENT, "TASK_ID = ?", [task])})


def _check_own(call: Call, task: int, item: int) -> None:
    """Refuse to change a comment that does not exist, and for others than administrators one of another author."""
    row = call.storage.row(COMMENT, item)
    author = None if row is None else row.integer("AUTHOR_ID")
    if call.storage.row(TASK, task) is None or author is None or not (call.admin or author == call.user):
        raise positional.task_error(4, "Action is not allowed", "ACTION_NOT_ALLOWED", ".")


def _announce(call: Call, event: str, task: int, item: int, action: str) -> None:
    known: Map = {"ID": item, "TASK_ID": task}
    task_changes.announce(call, event, known, {**known, "ACTION": action})


@method.taking("task.commentitem.update", f"{ONE} arFields:array")
def _update(call: Call, task: int, item: int, sent: Sent) -> Value:
    _check_own(call, task, item)
    if not sent.text("POST_MESSAGE").strip():
        raise refused("Comment text not specified.")
    columns: Map = {"POST_MESSAGE": sent.text("POST_MESSAGE")}
    if "UF_FORUM_MESSAGE_DOC" in sent:
        columns["UF_FORUM_MESSAGE_DOC"] = _files(sent)
    call.storage.update(COMMENT, item, columns)
    _announce(call, "ONTASKCOMMENTUPDATE", task, item, "EDIT")
    return True


@method.taking("task.commentitem.delete", ONE)
def _delete(call: Call, task: int, item: int) -> Value:
    _check_own(call, task, item)
    call.storage.delete(COMMENT, item)
    _count(call, task)
    _announce(call, "ONTASKCOMMENTDELETE", task, item, "DEL")
    return True


method.taking("task.commentitem.isactionallowed", f"{ONE} actionId:integer")(partial(may, COMMENT, 3))
