"""`im.recent.*`, `im.search.last.*`, `im.counters.get`: the dialogs that a user has used.

Documentation: api-reference/chats/{recent,search}.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.entities.im import CHAT, CHAT_MEMBER, MESSAGE, NOTIFICATION
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.im_chats import chat_card, dialog_of, mark, member_of, members, unread
from b24_sandbox.methods.im_people import card, color_of, window
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("im")
register = method.register

_FOUND = RecordsByCode("im_search_last")


def _skipped(call: Call, person: str) -> set[str]:
    """The kinds of dialogs that are not asked for. `person` is the kind of a dialog with a user."""
    kinds = (("SKIP_CHAT", "chat"), ("SKIP_DIALOG", person))
    return {kind for name, kind in kinds if call.upper.text(name) == "Y"}


@method("im.recent.get")
def _rows(call: Call) -> list[Map]:
    """The caller's chats with messages: pinned ones first, then the most recent."""
    shown_after = "coalesce(m.HIDDEN_UPTO, 0) < LAST_MESSAGE_ID"
    mine = f"ID in (select m.CHAT_ID from {CHAT_MEMBER.name} m where m.USER_ID = ? and {shown_after})"  # noqa: S608
    where = f"{mine} and LAST_MESSAGE_ID > 0"
    rows = call.storage.whole(CHAT, where, [call.user], "LAST_MESSAGE_ID desc")
    skipped = _skipped(call, "private")
    shown = [_row(call, row) for row in rows if row["TYPE"] not in skipped]
    return sorted(shown, key=lambda item: not item["pinned"])


def _row(call: Call, row: Row) -> Map:
    member = member_of(call, row["ID"], call.user) or Row()
    read = member.integer("LAST_READ")
    about: Map = {"kind": "chat", "dialog": f"chat{row['ID']}", "title": row["TITLE"], "color": row["COLOR"]}
    shown: Map = {}
    if row["TYPE"] == "private":
        other = next((user for user in members(call, row["ID"]) if user != call.user), call.user)
        shown["user"] = user = card(call.storage.row(USER, other) or Row())
        about = {"kind": "user", "dialog": other, "title": user["name"], "color": user["color"]}
    else:
        shown["chat"] = chat_card(call, row)
    about["color"] = about["color"] or color_of()
    about |= {"chat": row["ID"], "counter": unread(call, row, read), "last_id": read}
    about |= {"pinned": member.get("PINNED"), "unread": member.get("UNREAD")}
    message = call.storage.row(MESSAGE, row.integer("LAST_MESSAGE_ID"))
    return {**shape("im.recent", message, **about), **shown}


@method("im.recent.list")
def _list(call: Call) -> Value:
    rows = _rows(call)
    limit, offset = window(call, 50)
    more = offset + limit < len(rows)
    return {"items": rows[offset : offset + limit], "hasMorePages": more, "hasMore": more, "total": -1}


@method("im.recent.pin")
def _pin(call: Call) -> Value:
    return mark(call, dialog_of(call), {"PINNED": int(call.upper.text("PIN") != "N")})


@method("im.recent.hide")
def _hide(call: Call) -> Value:
    """Hide a dialog from the recent ones until it has a new message."""
    chat = dialog_of(call)
    return mark(call, chat, {"HIDDEN_UPTO": chat["LAST_MESSAGE_ID"]})


@method("im.recent.unread")
def _unread(call: Call) -> Value:
    return mark(call, dialog_of(call), {"UNREAD": int(call.upper.text("ACTION") != "N")})


@method("im.counters.get")
def _counters(call: Call) -> Value:
    chats: Map = {}
    dialogs: Map = {}
    for row in _rows(call):
        if row["counter"] and row["type"] == "user":
            dialogs[php.text(row["id"])] = row["counter"]
        elif row["counter"]:
            chats[php.text(row["chat_id"])] = row["counter"]
    notices = call.storage.count(NOTIFICATION, "USER_ID = ? and IS_READ = 0", [call.user])
    chat, dialog = (sum(map(php.integer, found.values())) for found in (chats, dialogs))
    kinds: Map = {"ALL": chat + dialog + notices, "NOTIFY": notices, "CHAT": chat, "LINES": 0, "DIALOG": dialog}
    muted = call.storage.whole(CHAT_MEMBER, "USER_ID = ? and MUTED = 1", [call.user])
    others: Map = {"CHAT_MUTED": [row["CHAT_ID"] for row in muted], "CHAT_UNREAD": [], "LINES": [], "DIALOG_UNREAD": []}
    return {"TYPE": {**kinds, "MESSENGER": chat + dialog}, "CHAT": chats, "DIALOG": dialogs, **others}


def _found(call: Call) -> list[str]:
    """The dialogs that were found recently, latest first."""
    known = _FOUND.get(call, str(call.user))
    return [] if known is None else [php.text(dialog) for dialog in php.as_list(known.data["dialogs"])]


def _keep(call: Call, dialogs: list[str]) -> None:
    _FOUND.put(call, str(call.user), {"dialogs": dialogs})


def _dialog(call: Call) -> str:
    dialog = call.upper.text("DIALOG_ID")
    if php.integer(dialog.removeprefix("chat")) <= 0:
        raise PortalError("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    return dialog


def _shown(call: Call, dialog: str) -> Map | None:
    """A dialog that was found; `None` when it is gone or the caller may not see it."""
    storage, number = call.storage, php.integer(dialog.removeprefix("chat"))
    kind = "chat" if dialog.startswith("chat") else "user"
    row = storage.row(CHAT if kind == "chat" else USER, number)
    if row is None or (kind == "chat" and member_of(call, number, call.user) is None):
        return None
    shown = chat_card(call, row) if kind == "chat" else card(row)
    avatar = {"url": "", "color": shown["color"]}
    own = dialog if kind == "chat" else number
    return {"id": own, "type": kind, "avatar": avatar, "title": shown["name"], kind: shown}


@method("im.search.last.get")
def _last_get(call: Call) -> Value:
    skipped = _skipped(call, "user")
    shown = (_shown(call, dialog) for dialog in _found(call))
    return [item for item in shown if item is not None and item["type"] not in skipped]


@method("im.search.last.add")
def _last_add(call: Call) -> Value:
    dialog = _dialog(call)
    if _shown(call, dialog) is None:
        return False
    _keep(call, [dialog, *(other for other in _found(call) if other != dialog)])
    return True


@method("im.search.last.delete")
def _last_delete(call: Call) -> Value:
    dialog, dialogs = _dialog(call), _found(call)
    _keep(call, [other for other in dialogs if other != dialog])
    return dialog in dialogs
