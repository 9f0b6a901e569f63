"""`task.checklistitem.*`, `task.commentitem.*`, `task.elapseditem.*`: parts of a task, arguments by position.

Documentation: api-reference/tasks/{checklist-item,comment-item,elapsed-item}.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from b24_sandbox import dates, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.task_parts import CHECKLIST, COMMENT
from b24_sandbox.entities.tasks import ELAPSED, TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods import legacy_tasks, positional, task_changes
from b24_sandbox.methods.legacy_tasks import list_page, task_row
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_ORDERED = {
    CHECKLIST.name: "ID PARENT_ID CREATED_BY TITLE SORT_INDEX IS_COMPLETE IS_IMPORTANT TOGGLED_BY TOGGLED_DATE",
    COMMENT.name: "ID AUTHOR_ID AUTHOR_NAME AUTHOR_EMAIL POST_DATE",
    ELAPSED.name: "ID TASK_ID USER_ID SECONDS MINUTES CREATED_DATE DATE_START DATE_STOP",
}
_FILTERED = {COMMENT.name: "ID AUTHOR_ID AUTHOR_NAME POST_DATE", ELAPSED.name: "ID TASK_ID USER_ID CREATED_DATE"}
_WRITTEN = {
    CHECKLIST.name: "PARENT_ID TITLE SORT_INDEX IS_COMPLETE IS_IMPORTANT MEMBERS",
    COMMENT.name: "POST_MESSAGE AUTHOR_ID POST_DATE UF_FORUM_MESSAGE_DOC",
    ELAPSED.name: "USER_ID COMMENT_TEXT SECONDS MINUTES SOURCE CREATED_DATE DATE_START DATE_STOP",
}


def _known(call: Call, position: int, name: str, sent: Map, allowed: str, operators: tuple[str, ...] = ()) -> None:
    """Refuse keys that a family does not know, unlike all other families."""
    for key in sent:
        if filters.split(key, operators)[1].upper() not in allowed.split():
            php_method = f"ctask{call.method.name.split('.')[1]}::{call.method.name.split('.')[2].lower()}"
            raise positional.wrong(
                f'Param #{position} ({name}) for method {php_method}() must not contain key "{key}".'
            )


def _item(call: Call, entity: Entity, task: int, item: int) -> Row:
    """A part of a task by its own id. The task must exist, but it need not own the part."""
    task_row(call, task)
    row = call.portal.storage.row(entity, values.bounded(item))
    if row is None:
        raise positional.task_error(
            512, "Check listitem not found or not accessible", "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE"
        )
    return row


def _columns(entity: Entity, sent: Map, now: float) -> Map:
    names = _WRITTEN[entity.name].split()
    return {name: values.stored(entity.fields[name], sent[name], now) for name in names if name in sent}


def _failed(words: str) -> PortalError:
    return positional.task_error(8, words, "ACTION_FAILED_TO_BE_PROCESSED")


def _checklist_row(call: Call, row: Row) -> Map:
    shown = legacy_tasks.shown(CHECKLIST, row)
    shown["TOGGLED_DATE"] = row.text("TOGGLED_DATE")
    shown["MEMBERS"] = [_member(call, php.text(item)) for item in values.items(row["MEMBERS"])]
    return {**shown, "ATTACHMENTS": []}


def _member(call: Call, stored: str) -> Map:
    user, _, kind = stored.partition(":")
    person = call.portal.storage.row(USER, php.integer(user)) or Row()
    return {
        "ID": user,
        "TYPE": kind or "A",
        "NAME": f"{php.text(person.get('NAME'))} {php.text(person.get('LAST_NAME'))}".strip(),
        "PERSONAL_PHOTO": person.get("PERSONAL_PHOTO"),
        "PERSONAL_GENDER": person.text("PERSONAL_GENDER"),
        "IMAGE": "",
        "IS_COLLABER": False,
    }


def _checklist(call: Call, task: int, order: Map) -> Value:
    """The whole checklist, without paging."""
    if call.portal.storage.row(TASK, task) is None:
        raise _failed("Action failed")
    _known(call, 1, "arOrder", order, _ORDERED[CHECKLIST.name])
    ordered = filters.order(CHECKLIST.fields.get, order, None, "PARENT_ID, SORT_INDEX, ID")
    columns = [field.name for field in CHECKLIST.columns]
    rows = call.portal.storage.rows(CHECKLIST, columns, "TASK_ID = ?", [task], ordered)
    return [_checklist_row(call, row) for row in rows]


def _members(sent: Map) -> Map:
    """Convert the members of an item from id -> `{TYPE}` to the stored form `id:type`."""
    if "MEMBERS" not in sent:
        return sent
    members = php.as_map(sent["MEMBERS"])
    return {
        **sent,
        "MEMBERS": [f"{user}:{php.text(php.as_map(role).get('TYPE')) or 'A'}" for user, role in members.items()],
    }


def _checklist_add(call: Call, task: int, sent: Map) -> Value:
    storage = call.portal.storage
    if storage.row(TASK, task) is None:
        raise _failed("Adding item: action not allowed")
    if not php.text(sent.get("TITLE")).strip():
        raise _failed("Item name not specified")
    columns = _columns(CHECKLIST, _members(sent), call.now)
    if "PARENT_ID" not in columns:
        columns["PARENT_ID"] = _root(call, task)
    CHECKLIST.prepare(call.portal, columns, None, call.user)
    task_changes.note(call, task, "CHECKLIST_ITEM_CREATE", "", columns["TITLE"])
    return storage.insert(CHECKLIST, {**columns, "TASK_ID": task})


def _root(call: Call, task: int) -> int:
    """The first checklist of a task. It is created when it is missing."""
    storage = call.portal.storage
    found = storage.rows(CHECKLIST, ["ID"], "TASK_ID = ? and PARENT_ID = 0", [task], limit=1)
    if found:
        return found[0].id
    columns: Map = {"TITLE": "BX_CHECKLIST_1", "TASK_ID": task}
    CHECKLIST.prepare(call.portal, columns, None, call.user)
    return storage.insert(CHECKLIST, columns)


def _checklist_update(call: Call, task: int, item: int, sent: Map) -> Value:
    row = _item(call, CHECKLIST, task, item)
    columns = _columns(CHECKLIST, _members(sent), call.now)
    CHECKLIST.prepare(call.portal, columns, row, call.user)
    call.portal.storage.update(CHECKLIST, item, columns)
    return None


def _checklist_delete(call: Call, task: int, item: int) -> Value:
    """Delete an item with everything below it."""
    row = _item(call, CHECKLIST, task, item)
    storage = call.portal.storage
    doomed = [item]
    while doomed:
        record = doomed.pop()
        doomed += [below.id for below in storage.rows(CHECKLIST, ["ID"], "PARENT_ID = ?", [record])]
        storage.delete(CHECKLIST, record)
    task_changes.note(call, task, "CHECKLIST_ITEM_REMOVE", row["TITLE"], "")
    return True


def _toggle(value: str) -> Callable[[Call, int, int], Value]:
    def run(call: Call, task: int, item: int) -> Value:
        if task <= 0 or item <= 0:
            raise PortalError("ERROR_CORE", "TASKS_ERROR_ASSERT_EXCEPTION<br>")
        row = _item(call, CHECKLIST, task, item)
        columns: Map = {"IS_COMPLETE": value}
        CHECKLIST.prepare(call.portal, columns, row, call.user)
        call.portal.storage.update(CHECKLIST, item, columns)
        return True

    return run


def _move_after(call: Call, task: int, item: int, after: int) -> Value:
    """Move an item behind another one: it gets the same parent, and the following items move down by one."""
    storage = call.portal.storage
    _item(call, CHECKLIST, task, item)
    leader = _item(call, CHECKLIST, task, after)
    place = leader.integer("SORT_INDEX") + 1
    below = "PARENT_ID = ? and SORT_INDEX >= ? and ID <> ?"
    for row in storage.rows(CHECKLIST, ["ID", "SORT_INDEX"], below, [leader["PARENT_ID"], place, after]):
        storage.update(CHECKLIST, row.id, {"SORT_INDEX": row.integer("SORT_INDEX") + 1})
    storage.update(CHECKLIST, item, {"PARENT_ID": leader["PARENT_ID"], "SORT_INDEX": place})
    return None


def _may(entity: Entity) -> Callable[[Call, int, int, int], Value]:
    """An administrator may perform every action on a part."""

    def run(call: Call, task: int, item: int, action: int) -> Value:
        if call.portal.storage.row(TASK, task) is None or call.portal.storage.row(entity, item) is None:
            raise PortalError("ERROR_CORE", "TASKS_ERROR_ASSERT_EXCEPTION<br>")
        return 1 <= action <= (4 if entity is CHECKLIST else 3)

    return run


def _comment_row(row: Row) -> Map:
    shown = legacy_tasks.shown(COMMENT, row)
    del shown["UF_FORUM_MESSAGE_DOC"], shown["TASK_ID"]
    attached = {
        php.text(file): {
            "ATTACHMENT_ID": php.text(file),
            "FILE_ID": php.text(file),
            "DOWNLOAD_URL": f"/bitrix/tools/disk/uf.php?attachedId={php.text(file)}&action=download&ncc=1",
            "VIEW_URL": f"/bitrix/tools/disk/uf.php?attachedId={php.text(file)}&action=show&ncc=1",
        }
        for file in values.items(row["UF_FORUM_MESSAGE_DOC"])
    }
    return {"POST_MESSAGE_HTML": None, **shown, **({"ATTACHED_OBJECTS": attached} if attached else {})}


def _comments(call: Call, task: int, order: Map, conditions: Map) -> Value:
    """All comments of a task."""
    if call.portal.storage.row(TASK, task) is None:
        raise _failed("Action failed")
    _known(call, 1, "arOrder", order, _ORDERED[COMMENT.name])
    _known(call, 2, "arFilter", conditions, _FILTERED[COMMENT.name], filters.COMPARISONS)
    language = filters.Language(filters.COMPARISONS, COMMENT.fields.get)
    where = filters.build(COMMENT, language, {**conditions, "TASK_ID": task}, call.now)
    columns = [field.name for field in COMMENT.columns]
    rows = call.portal.storage.rows(
        COMMENT, columns, where.sql, where.bound, filters.order(COMMENT.fields.get, order, None)
    )
    return [_comment_row(row) for row in rows]


def _comment_add(call: Call, task: int, sent: Map) -> Value:
    if call.portal.storage.row(TASK, task) is None:
        raise PortalError("ERROR_CORE", "Insufficient permissions to add a comment.<br>")
    _known(call, 1, "arFields", sent, _WRITTEN[COMMENT.name])
    if not php.text(sent.get("POST_MESSAGE")).strip():
        raise PortalError("ERROR_CORE", "Comment text is not specified<br>")
    columns = _columns(COMMENT, sent, call.now)
    author = php.integer(columns.get("AUTHOR_ID")) or call.user
    person = call.portal.storage.row(USER, author) or Row()
    columns |= {
        "TASK_ID": task,
        "AUTHOR_ID": author,
        "AUTHOR_NAME": f"{php.text(person.get('NAME'))} {php.text(person.get('LAST_NAME'))}".strip(),
        "AUTHOR_EMAIL": "",
        "POST_DATE": columns.get("POST_DATE") or dates.iso(call.now),
        "UF_FORUM_MESSAGE_DOC": _file_numbers(sent),
    }
    comment = call.portal.storage.insert(COMMENT, columns)
    _count_comments(call, task)
    task_changes.note(call, task, "COMMENT", None, comment)
    task_changes.announce(call, "ONTASKCOMMENTADD", None, {"ID": comment, "TASK_ID": task})
    return comment


def _file_numbers(sent: Map) -> str:
    files = php.as_list(sent.get("UF_FORUM_MESSAGE_DOC"))
    return json.dumps([php.integer(php.text(item).lstrip("n")) for item in files])


def _count_comments(call: Call, task: int) -> None:
    storage = call.portal.storage
    storage.update(TASK, task, {"COMMENTS_COUNT": storage.count(COMMENT, "TASK_ID = ?", [task])})


def _forbidden() -> PortalError:
    return positional.task_error(4, "Action is not allowed", "ACTION_NOT_ALLOWED", ".")


def _own_comment(call: Call, task: int, item: int) -> None:
    """Refuse to change a comment that does not exist, and for others than administrators one of another author."""
    row = call.portal.storage.row(COMMENT, item)
    if call.portal.storage.row(TASK, task) is None or row is None:
        raise _forbidden()
    if not call.admin and row.integer("AUTHOR_ID") != call.user:
        raise _forbidden()


def _comment_update(call: Call, task: int, item: int, sent: Map) -> Value:
    _own_comment(call, task, item)
    if not php.text(sent.get("POST_MESSAGE")).strip():
        raise PortalError("ERROR_CORE", "Comment text not specified.<br>")
    columns: Map = {"POST_MESSAGE": php.text(sent["POST_MESSAGE"])}
    if "UF_FORUM_MESSAGE_DOC" in sent:
        columns["UF_FORUM_MESSAGE_DOC"] = _file_numbers(sent)
    call.portal.storage.update(COMMENT, item, columns)
    task_changes.announce(
        call,
        "ONTASKCOMMENTUPDATE",
        {"ID": item, "TASK_ID": task},
        {"ID": item, "TASK_ID": task, "ACTION": "EDIT"},
    )
    return True


def _comment_delete(call: Call, task: int, item: int) -> Value:
    _own_comment(call, task, item)
    call.portal.storage.delete(COMMENT, item)
    _count_comments(call, task)
    task_changes.announce(
        call,
        "ONTASKCOMMENTDELETE",
        {"ID": item, "TASK_ID": task},
        {"ID": item, "TASK_ID": task, "ACTION": "DEL"},
    )
    return True


def _comment_of_text(call: Call, task: int, text: str) -> Value:
    return _comment_add(call, task, {"POST_MESSAGE": text})


_ELAPSED_LANGUAGE = filters.Language(filters.COMPARISONS, ELAPSED.fields.get)


def _elapsed_list(call: Call) -> RowPage:
    """Elapsed time. When the first argument is a map, the list covers all tasks."""
    sent = call.positional()
    rest = "arOrder:array? arFilter:array? arSelect:array? arParams:array?"
    conditions: Map = {}
    if sent and php.is_array(sent[0]):
        taken = positional.arguments(call, "ctaskelapseditem::getlist", positional.parse(rest))
    else:
        signature = positional.parse(f"taskId:integer {rest}")
        task, *taken = positional.arguments(call, "ctaskelapseditem::getlist", signature)
        conditions["TASK_ID"] = task_row(call, task)["ID"]
    order, wanted, select, params = taken
    return list_page(call, ELAPSED, _ELAPSED_LANGUAGE, order, {**wanted, **conditions}, params, select.values())


def _seconds(columns: Map) -> Map:
    """Convert elapsed time: seconds have priority; minutes are derived from them, or used when sent alone."""
    seconds = php.integer(columns.get("SECONDS")) or php.integer(columns.get("MINUTES")) * 60
    return {**columns, "SECONDS": values.bounded(seconds), "MINUTES": values.bounded(seconds // 60)}


def _elapsed_add(call: Call, task: int, sent: Map) -> Value:
    task_row(call, task)
    now = dates.iso(call.now)
    columns = _seconds(_columns(ELAPSED, sent, call.now))
    record = call.portal.storage.insert(
        ELAPSED,
        {
            "COMMENT_TEXT": "",
            "DATE_START": now,
            "DATE_STOP": now,
            **columns,
            "CREATED_DATE": columns.get("CREATED_DATE") or now,
            "TASK_ID": task,
            "USER_ID": columns.get("USER_ID") or call.user,
            "SOURCE": 2,
        },
    )
    _sum_time(call, task)
    return record


def _sum_time(call: Call, task: int) -> None:
    storage = call.portal.storage
    spent = sum(row.integer("SECONDS") for row in storage.rows(ELAPSED, ["SECONDS"], "TASK_ID = ?", [task]))
    storage.update(TASK, task, {"TIME_SPENT_IN_LOGS": values.bounded(spent)})


def _elapsed_update(call: Call, task: int, item: int, sent: Map) -> Value:
    _item(call, ELAPSED, task, item)
    columns = _columns(ELAPSED, sent, call.now)
    if "SECONDS" in columns or "MINUTES" in columns:
        columns = _seconds(columns)
    call.portal.storage.update(ELAPSED, item, columns)
    _sum_time(call, task)
    return None


def _elapsed_delete(call: Call, task: int, item: int) -> Value:
    _item(call, ELAPSED, task, item)
    call.portal.storage.delete(ELAPSED, item)
    _sum_time(call, task)
    return None


_ONE = "taskId:integer itemId:integer"
METHODS: tuple[tuple[str, str, Callable[..., Value]], ...] = (
    ("checklistitem.getlist", "taskId:integer arOrder:array?", _checklist),
    ("checklistitem.get", _ONE, lambda call, task, item: _checklist_row(call, _item(call, CHECKLIST, task, item))),
    ("checklistitem.add", "taskId:integer arFields:array", _checklist_add),
    ("checklistitem.update", f"{_ONE} arFields:array", _checklist_update),
    ("checklistitem.delete", _ONE, _checklist_delete),
    ("checklistitem.complete", _ONE, _toggle("Y")),
    ("checklistitem.renew", _ONE, _toggle("N")),
    ("checklistitem.moveafteritem", f"{_ONE} afterItemId:integer", _move_after),
    ("checklistitem.isactionallowed", f"{_ONE} actionId:integer", _may(CHECKLIST)),
    ("commentitem.getlist", "taskId:integer arOrder:array? arFilter:array?", _comments),
    ("commentitem.get", _ONE, lambda call, task, item: _comment_row(_item(call, COMMENT, task, item))),
    ("commentitem.add", "taskId:integer arFields:array", _comment_add),
    ("commentitem.update", f"{_ONE} arFields:array", _comment_update),
    ("commentitem.delete", _ONE, _comment_delete),
    ("commentitem.isactionallowed", f"{_ONE} actionId:integer", _may(COMMENT)),
    ("elapseditem.get", _ONE, lambda call, task, item: legacy_tasks.shown(ELAPSED, _item(call, ELAPSED, task, item))),
    ("elapseditem.add", "taskId:integer arFields:array", _elapsed_add),
    ("elapseditem.update", f"{_ONE} arFields:array", _elapsed_update),
    ("elapseditem.delete", _ONE, _elapsed_delete),
    ("elapseditem.isactionallowed", f"{_ONE} actionId:integer", _may(ELAPSED)),
    ("comment.add", "taskId:integer commentText:string", _comment_of_text),
)
"""Name below `task`, parameters in order, function."""


def register(registry: Registry) -> None:
    """Register the parts of tasks."""
    for name, signature, run in METHODS:
        family, _, action = name.partition(".")
        positional.register(registry, f"task.{name}", f"ctask{family}::{action}", signature, run)
    registry.classic("task.elapseditem.getlist", "task", _elapsed_list)
    for family in ("checklistitem", "commentitem", "elapseditem"):
        registry.classic(f"task.{family}.getmanifest", "task", legacy_tasks.manifest(family))
