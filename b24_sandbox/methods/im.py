"""`im.chat.*`, `im.message.*`, `im.dialog.*`, `im.recent.*`, `im.notify.*`: chats, messages and notifications.

Parameters have UPPER-case names; a dialog is `chat57` or the id of a user. Documentation: api-reference/chats.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.im import CHAT, CHAT_MEMBER, MESSAGE, NOTIFICATION
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.im_people import COLORS, card, cards, window
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

COLUMNS = [field.name for field in CHAT.columns]
_NAMED_COLORS = {
    **dict(
        zip(
            "RED GREEN MINT LIGHT_BLUE DARK_BLUE PURPLE AQUA PINK LIME BROWN".split(),  # noqa: SIM905
            COLORS,
            strict=True,
        )
    ),
    "AZURE": "#29619b",
    "KHAKI": "#728f7a",
    "SAND": "#ba9c7b",
    "MARENGO": "#556574",
    "GRAY": "#909090",
    "GRAPHITE": "#5e5f5e",
}
_MESSAGE_COLUMNS = [field.name for field in MESSAGE.columns]
_NOT_FOUND = "You do not have access to the specified dialog"


def _text(call: Call, name: str) -> str:
    return php.text(call.upper_case().get(name))


def _number(call: Call, name: str) -> int:
    return php.integer(call.upper_case().get(name))


def _need(call: Call, name: str, code: str, words: str) -> str:
    sent = _text(call, name).strip()
    if not sent or sent == "0":
        raise PortalError(code, words)
    return sent


def members(call: Call, chat: Value) -> list[int]:
    """The members of a chat."""
    rows = call.portal.storage.rows(CHAT_MEMBER, ["USER_ID"], "CHAT_ID = ?", [chat], "USER_ID")
    return [row.integer("USER_ID") for row in rows]


def member_of(call: Call, chat: Value, user: int) -> Map | None:
    """The membership of a user in a chat, or `None`."""
    where = "CHAT_ID = ? and USER_ID = ?"
    found = call.portal.storage.rows(CHAT_MEMBER, ["ID", "LAST_READ", "PINNED", "MUTED", "UNREAD"], where, [chat, user])
    return found[0] if found else None


def chat_of(call: Call) -> Row:
    """The chat of `CHAT_ID` or `DIALOG_ID`; the caller must be a member."""
    sent = _text(call, "CHAT_ID") or _text(call, "DIALOG_ID").removeprefix("chat")
    if not php.integer(sent):
        raise PortalError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    row = call.portal.storage.row(CHAT, php.integer(sent))
    if row is None or member_of(call, row["ID"], call.user) is None:
        raise PortalError("ACCESS_ERROR", "Action unavailable")
    return row


def dialog_of(call: Call) -> Row:
    """The chat of `DIALOG_ID`. A dialog with a user is created on first use."""
    dialog = _need(call, "DIALOG_ID", "DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    storage = call.portal.storage
    if dialog.startswith("chat"):
        row = storage.row(CHAT, php.integer(dialog.removeprefix("chat")))
        if row is None or (row["TYPE"] != "open" and member_of(call, row["ID"], call.user) is None):
            raise PortalError("ACCESS_ERROR", _NOT_FOUND, 403)
        return row
    user = php.integer(dialog)
    if not user:
        raise PortalError("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    if storage.row(USER, user) is None:
        raise PortalError("ACCESS_ERROR", _NOT_FOUND, 403)
    pair = "-".join(map(str, sorted((user, call.user))))
    found = storage.rows(CHAT, ["ID"], "PAIR = ?", [pair])
    chat = found[0].id if found else _make(call, {"TYPE": "private", "PAIR": pair}, {user, call.user})
    return storage.row(CHAT, chat) or Row()


def _make(call: Call, columns: Map, people: set[int]) -> int:
    storage = call.portal.storage
    now = dates.iso(call.now)
    chat = storage.insert(CHAT, {"OWNER_ID": call.user, "DATE_CREATE": now, "LAST_MESSAGE_ID": 0, **columns})
    for user in sorted(people):
        storage.insert(CHAT_MEMBER, {"CHAT_ID": chat, "USER_ID": user, "LAST_READ": 0, "PINNED": 0})
    return chat


def _people(call: Call) -> set[int]:
    sent = {php.integer(user) for user in php.as_list(call.upper_case().get("USERS"))}
    return {user for user in sent if call.portal.storage.row(USER, user) is not None}


def _chat_add(call: Call) -> Value:
    kind = "open" if _text(call, "TYPE").upper() == "OPEN" else "chat"
    people = _people(call) | {call.user}
    cards_ = cards(call, sorted(people)[:3])
    columns: Map = {
        "TYPE": kind,
        "TITLE": _text(call, "TITLE") or ", ".join(php.text(person["name"]) for person in cards_),
        "DESCRIPTION": _text(call, "DESCRIPTION"),
        "COLOR": _NAMED_COLORS.get(_text(call, "COLOR"), COLORS[0]),
        "ENTITY_TYPE": _text(call, "ENTITY_TYPE"),
        "ENTITY_ID": _text(call, "ENTITY_ID"),
    }
    chat = _make(call, columns, people)
    if _text(call, "MESSAGE"):
        _say(call, chat, call.user, _text(call, "MESSAGE"))
    return chat


def _chat_get(call: Call) -> Value:
    bound = [_text(call, "ENTITY_TYPE"), _text(call, "ENTITY_ID")]
    found = call.portal.storage.rows(CHAT, ["ID"], "ENTITY_TYPE = ? and ENTITY_ID = ?", bound, limit=1)
    return {"ID": found[0]["ID"]} if found and all(bound) else None


def _set_title(call: Call) -> Value:
    title = _need(call, "TITLE", "TITLE_EMPTY", "Title can't be empty")
    call.portal.storage.update(CHAT, php.integer(chat_of(call)["ID"]), {"TITLE": title})
    return True


def _set_color(call: Call) -> Value:
    color = _NAMED_COLORS.get(_text(call, "COLOR"))
    if color is None:
        raise PortalError("WRONG_COLOR", "This color currently unavailable")
    row = chat_of(call)
    if row["COLOR"] == color:
        raise PortalError("WRONG_REQUEST", "This color currently set or chat doesn't exist")
    call.portal.storage.update(CHAT, row.id, {"COLOR": color})
    return True


def _set_owner(call: Call) -> Value:
    user = php.integer(_need(call, "USER_ID", "USER_ID_EMPTY", "User ID can't be empty"))
    row = chat_of(call)
    if row["OWNER_ID"] != call.user or user not in members(call, row["ID"]):
        raise PortalError("WRONG_REQUEST", "Change owner can only owner and user must be member in chat")
    call.portal.storage.update(CHAT, row.id, {"OWNER_ID": user})
    return True


def _user_add(call: Call) -> Value:
    row = chat_of(call)
    for user in sorted(_people(call) - set(members(call, row["ID"]))):
        columns: Map = {"CHAT_ID": row["ID"], "USER_ID": user, "LAST_READ": 0, "PINNED": 0}
        call.portal.storage.insert(CHAT_MEMBER, columns)
    return True


def _user_delete(call: Call) -> Value:
    user = php.integer(_need(call, "USER_ID", "USER_ID_EMPTY", "User ID can't be empty"))
    row = chat_of(call)
    if user != call.user and row["OWNER_ID"] != call.user:
        raise PortalError("ACCESS_DENIED_KICK", "Insufficient rights to exclude participants from the chat")
    member = member_of(call, row["ID"], user)
    if member is None:
        raise PortalError("USER_NOT_FOUND", "The specified user is not in the chat")
    call.portal.storage.delete(CHAT_MEMBER, php.integer(member["ID"]))
    return True


def _leave(call: Call) -> Value:
    member = member_of(call, chat_of(call)["ID"], call.user) or {}
    call.portal.storage.delete(CHAT_MEMBER, php.integer(member["ID"]))
    return True


def _say(call: Call, chat: int, author: int, text: str, reply: int = 0) -> int:
    storage = call.portal.storage
    columns: Map = {"CHAT_ID": chat, "AUTHOR_ID": author, "TEXT": text, "LIKES": "[]", "REPLY_ID": reply}
    message = storage.insert(MESSAGE, {**columns, "DATE_CREATE": dates.iso(call.now), "DELETED": 0, "EDITED": 0})
    storage.update(CHAT, chat, {"LAST_MESSAGE_ID": message})
    member = member_of(call, chat, author)
    if member is not None:
        storage.update(CHAT_MEMBER, php.integer(member["ID"]), {"LAST_READ": message})
    return message


def _message_add(call: Call) -> Value:
    sent = call.upper_case()
    if not _text(call, "MESSAGE").strip() and not sent.get("ATTACH"):
        raise PortalError("MESSAGE_EMPTY", "Message can't be empty")
    dialog = _text(call, "DIALOG_ID")
    if not dialog.startswith("chat"):
        user = php.integer(dialog)
        if not user:
            raise PortalError("USER_ID_EMPTY", "User ID can't be empty")
        if call.portal.storage.row(USER, user) is None:
            raise PortalError("USER_NOT_FOUND", "User not found")
    try:
        chat = php.integer(dialog_of(call)["ID"])
    except PortalError as refusal:  # this method has its own refusal text (measured behaviour)
        if refusal.code != "ACCESS_ERROR":
            raise
        raise PortalError("CANCELED", "You cannot send messages to this chat") from None
    reply = _number(call, "REPLY_ID")
    if reply and (call.portal.storage.row(MESSAGE, reply) or Row()).get("CHAT_ID") != chat:
        raise PortalError("REPLY_FROM_OTHER_CHAT_ERROR", "You can only reply to a message within the same chat")
    author = 0 if _text(call, "SYSTEM") == "Y" else call.user
    return _say(call, chat, author, _text(call, "MESSAGE"), reply)


def _message(call: Call) -> Map:
    message = php.integer(_need(call, "MESSAGE_ID", "MESSAGE_ID_ERROR", "Message ID can't be empty"))
    row = call.portal.storage.row(MESSAGE, message)
    if row is None:
        raise PortalError("MESSAGE_ID_ERROR", "Message ID can't be empty")
    return row


def _own_message(call: Call) -> Map:
    row = _message(call)
    if row["AUTHOR_ID"] != call.user or row["DELETED"]:
        raise PortalError("CANT_EDIT_MESSAGE", "Time has expired for modification or you don't have access")
    return row


def _message_update(call: Call) -> Value:
    """Update a message. An empty text deletes it."""
    row, text = _own_message(call), _text(call, "MESSAGE")
    changes: Map = {"TEXT": text, "EDITED": 1} if text else {"TEXT": "", "DELETED": 1}
    call.portal.storage.update(MESSAGE, php.integer(row["ID"]), changes)
    return True


def _message_delete(call: Call) -> Value:
    call.portal.storage.update(MESSAGE, php.integer(_own_message(call)["ID"]), {"TEXT": "", "DELETED": 1})
    return True


def _like(call: Call) -> Value:
    row = _message(call)
    likes = [php.integer(user) for user in values.items(row["LIKES"])]
    action = _text(call, "ACTION") or "auto"
    on = call.user not in likes if action == "auto" else action == "plus"
    if on == (call.user in likes):
        raise PortalError("WITHOUT_CHANGES", "Action completed without changes")
    changed = [*likes, call.user] if on else [user for user in likes if user != call.user]
    call.portal.storage.update(MESSAGE, php.integer(row["ID"]), {"LIKES": json.dumps(changed)})
    return True


def _message_shown(row: Row, read: int) -> Map:
    params: Map = {}
    if likes := values.items(row["LIKES"]):
        params["LIKE"] = likes
    if row["DELETED"]:
        params["IS_DELETED"] = "Y"
    if row["EDITED"]:
        params["IS_EDITED"] = "Y"
    if row["REPLY_ID"]:
        params["REPLY_ID"] = row["REPLY_ID"]
    return {
        "id": row["ID"],
        "chat_id": row["CHAT_ID"],
        "author_id": row["AUTHOR_ID"],
        "date": row["DATE_CREATE"],
        "text": row["TEXT"],
        "unread": row.id > read,
        "uuid": None,
        "replaces": [],
        "params": params,
        "disappearing_date": None,
    }


def _digits(call: Call, name: str, word: str) -> int:
    sent = _text(call, name)
    if sent and not sent.isdigit():
        raise PortalError(f"{name}_STRING", f"{word} ID can't be string")
    return php.integer(sent)


def _messages(call: Call) -> Value:
    """Messages, newest first. `LAST_ID` selects older ones, `FIRST_ID` newer ones (oldest first)."""
    row = dialog_of(call)
    last, first = _digits(call, "LAST_ID", "Last"), _digits(call, "FIRST_ID", "First")
    limit, _ = window(call, 20)
    where, bound, order = "CHAT_ID = ?", [row["ID"]], "ID desc"
    if "FIRST_ID" in call.upper_case():
        where, bound, order = f"{where} and ID > ?", [*bound, first], "ID asc"
    elif last:
        where, bound = f"{where} and ID < ?", [*bound, last]
    rows = call.portal.storage.rows(MESSAGE, _MESSAGE_COLUMNS, where, bound, order, limit)
    read = php.integer((member_of(call, row["ID"], call.user) or {}).get("LAST_READ"))
    authors = sorted({message.integer("AUTHOR_ID") for message in rows})
    shown = [_message_shown(message, read) for message in rows]
    return {"chat_id": row["ID"], "messages": shown, "users": cards(call, authors), "files": []}


def _unread(call: Call, chat: Value, read: int) -> int:
    return call.portal.storage.count(MESSAGE, "CHAT_ID = ? and ID > ? and AUTHOR_ID <> ?", [chat, read, call.user])


def chat_card(call: Call, row: Map) -> Map:
    """A chat in an answer."""
    member = member_of(call, row["ID"], call.user) or {}
    return {
        "id": row["ID"],
        "parent_chat_id": 0,
        "parent_message_id": 0,
        "name": php.text(row["TITLE"]),
        "description": php.text(row["DESCRIPTION"]),
        "owner": row["OWNER_ID"],
        "extranet": False,
        "avatar": "",
        "color": row["COLOR"] or COLORS[0],
        "type": row["TYPE"],
        "counter": _unread(call, row["ID"], php.integer(member.get("LAST_READ"))),
        "user_counter": len(members(call, row["ID"])),
        "message_count": call.portal.storage.count(MESSAGE, "CHAT_ID = ?", [row["ID"]]),
        "unread_id": 0,
        "last_message_id": row["LAST_MESSAGE_ID"],
        "last_id": php.integer(member.get("LAST_READ")),
        "marked_id": 0,
        "entity_type": php.text(row["ENTITY_TYPE"]),
        "entity_id": php.text(row["ENTITY_ID"]),
        "date_create": row["DATE_CREATE"],
        "message_type": {"open": "O", "private": "P"}.get(php.text(row["TYPE"]), "C"),
    }


def _dialog_get(call: Call) -> Value:
    row = dialog_of(call)
    return {**chat_card(call, row), "dialog_id": _text(call, "DIALOG_ID")}


def _dialog_read(call: Call) -> Value:
    row = dialog_of(call)
    upto = _number(call, "MESSAGE_ID") or row.integer("LAST_MESSAGE_ID")
    member = member_of(call, row["ID"], call.user)
    if member is not None:
        upto = max(upto, php.integer(member["LAST_READ"]))
        call.portal.storage.update(CHAT_MEMBER, php.integer(member["ID"]), {"LAST_READ": upto})
    return {
        "dialogId": _text(call, "DIALOG_ID"),
        "chatId": row["ID"],
        "lastId": upto,
        "counter": _unread(call, row["ID"], upto),
    }


def _dialog_unread(call: Call) -> Value:
    message = php.integer(_need(call, "MESSAGE_ID", "MESSAGE_ID_ERROR", "First unread message id can't be empty"))
    member = member_of(call, dialog_of(call)["ID"], call.user)
    if member is not None:
        call.portal.storage.update(CHAT_MEMBER, php.integer(member["ID"]), {"LAST_READ": message - 1})
    return True


def _dialog_users(call: Call) -> Value:
    people = members(call, dialog_of(call)["ID"])
    limit, offset = window(call, 50)
    if last := _number(call, "LAST_ID"):
        people = [user for user in people if user > last]
    return {
        "total": len(people),
        **{str(n): item for n, item in enumerate(cards(call, people[offset : offset + limit]))},
    }


def _recent_rows(call: Call) -> list[Map]:
    """The caller's chats with messages: pinned ones first, then the most recent."""
    storage = call.portal.storage
    shown_after = "coalesce(m.HIDDEN_UPTO, 0) < LAST_MESSAGE_ID"
    mine = f"ID in (select m.CHAT_ID from {CHAT_MEMBER.name} m where m.USER_ID = ? and {shown_after})"  # noqa: S608
    rows = storage.rows(CHAT, COLUMNS, f"{mine} and LAST_MESSAGE_ID > 0", [call.user], "LAST_MESSAGE_ID desc")
    skipped = {kind for name, kind in (("SKIP_CHAT", "chat"), ("SKIP_DIALOG", "private")) if _text(call, name) == "Y"}
    shown = [_recent_row(call, row) for row in rows if row["TYPE"] not in skipped]
    return sorted(shown, key=lambda item: not item["pinned"])


def _recent_row(call: Call, row: Row) -> Map:
    member = member_of(call, row["ID"], call.user) or {}
    message = call.portal.storage.row(MESSAGE, row.integer("LAST_MESSAGE_ID")) or Row()
    other = next((user for user in members(call, row["ID"]) if user != call.user), call.user)
    private = row["TYPE"] == "private"
    person = card(call.portal.storage.row(USER, other) or Row()) if private else {}
    return {
        "id": other if private else f"chat{row['ID']}",
        "chat_id": row["ID"],
        "type": "user" if private else "chat",
        "avatar": {"url": "", "color": person.get("color") or row["COLOR"] or COLORS[0]},
        "title": person.get("name") if private else row["TITLE"],
        "message": {
            "id": message.get("ID"),
            "text": message.get("TEXT"),
            "file": False,
            "author_id": message.get("AUTHOR_ID"),
            "attach": False,
            "sticker": None,
            "date": message.get("DATE_CREATE"),
            "status": "received",
            "uuid": None,
        },
        "counter": _unread(call, row["ID"], php.integer(member.get("LAST_READ"))),
        "last_id": php.integer(member.get("LAST_READ")),
        "pinned": bool(member.get("PINNED")),
        "unread": bool(member.get("UNREAD")),
        "has_reminder": False,
        "date_update": message.get("DATE_CREATE"),
        "date_last_activity": message.get("DATE_CREATE"),
        **({"user": person} if private else {"chat": chat_card(call, row)}),
    }


def _recent_list(call: Call) -> Value:
    rows = _recent_rows(call)
    limit, offset = window(call, 50)
    return {
        "items": rows[offset : offset + limit],
        "hasMorePages": offset + limit < len(rows),
        "hasMore": offset + limit < len(rows),
        "total": -1,
    }


def _recent_pin(call: Call) -> Value:
    member = member_of(call, dialog_of(call)["ID"], call.user)
    if member is not None:
        pinned = int(_text(call, "PIN") != "N")
        call.portal.storage.update(CHAT_MEMBER, php.integer(member["ID"]), {"PINNED": pinned})
    return True


def _counters(call: Call) -> Value:
    chats: Map = {}
    dialogs: Map = {}
    for row in _recent_rows(call):
        if row["counter"] and row["type"] == "user":
            dialogs[php.text(row["id"])] = row["counter"]
        elif row["counter"]:
            chats[php.text(row["chat_id"])] = row["counter"]
    notices = call.portal.storage.count(NOTIFICATION, "USER_ID = ? and IS_READ = 0", [call.user])
    chat, dialog = (sum(map(php.integer, found.values())) for found in (chats, dialogs))
    kinds: Map = {"ALL": chat + dialog + notices, "NOTIFY": notices, "CHAT": chat, "LINES": 0, "DIALOG": dialog}
    muted = call.portal.storage.rows(CHAT_MEMBER, ["CHAT_ID"], "USER_ID = ? and MUTED = 1", [call.user])
    others: Map = {"CHAT_MUTED": [row["CHAT_ID"] for row in muted], "CHAT_UNREAD": [], "LINES": [], "DIALOG_UNREAD": []}
    return {"TYPE": {**kinds, "MESSENGER": chat + dialog}, "CHAT": chats, "DIALOG": dialogs, **others}


def _notify(call: Call, kind: str) -> Value:
    """Send a notification from the caller or from the system. It replaces one with the same tag."""
    user = _number(call, "USER_ID") or _number(call, "TO")
    if user <= 0:
        raise PortalError("USER_ID_EMPTY", "User ID can't be empty")
    text = _need(call, "MESSAGE", "MESSAGE_EMPTY", "Message can't be empty")
    system = kind == "system" or _text(call, "TYPE").upper() == "SYSTEM"
    storage, tag = call.portal.storage, _text(call, "TAG")
    if tag:
        for row in storage.rows(NOTIFICATION, ["ID"], "USER_ID = ? and TAG = ?", [user, tag]):
            storage.delete(NOTIFICATION, row.id)
    columns: Map = {"USER_ID": user, "AUTHOR_ID": 0 if system else call.user, "TEXT": text, "TAG": tag, "IS_READ": 0}
    return storage.insert(
        NOTIFICATION, {**columns, "SUB_TAG": _text(call, "SUB_TAG"), "DATE_CREATE": dates.iso(call.now)}
    )


def _notify_delete(call: Call) -> Value:
    storage = call.portal.storage
    for name, column in (("ID", "ID"), ("TAG", "TAG"), ("SUB_TAG", "SUB_TAG")):
        if sent := _text(call, name):
            found = storage.rows(NOTIFICATION, ["ID"], f'"{column}" = ?', [sent])
            for row in found:
                storage.delete(NOTIFICATION, row.id)
            return bool(found)
    raise PortalError("PARAMS_ERROR", "Incorrect params")


def _notify_get(call: Call) -> Value:
    """The caller's notifications, newest first."""
    last = _digits(call, "LAST_ID", "Last notification")
    if bool(_text(call, "LAST_ID")) != bool(_text(call, "LAST_TYPE")):
        raise PortalError("LAST_ID_AND_LAST_TYPE", "Parameters LAST_ID and LAST_TYPE should be used together.")
    limit, _ = window(call, 50)
    where, bound = "USER_ID = ?", [call.user]
    storage = call.portal.storage
    total = storage.count(NOTIFICATION, where, bound)
    unread = storage.count(NOTIFICATION, f"{where} and IS_READ = 0", bound)
    if last:
        where, bound = f"{where} and ID < ?", [*bound, last]
    columns = [field.name for field in NOTIFICATION.columns]
    rows = storage.rows(NOTIFICATION, columns, where, bound, "ID desc", limit)
    return {
        "total_count": total,
        "total_unread_count": unread,
        "chat_id": 0,
        "notifications": [notice_shown(row) for row in rows],
        "users": cards(call, sorted({row.integer("AUTHOR_ID") for row in rows})),
    }


def notice_shown(row: Row) -> Map:
    """A notification in an answer."""
    return {
        "id": row["ID"],
        "chat_id": 0,
        "author_id": row["AUTHOR_ID"],
        "date": row["DATE_CREATE"],
        "notify_type": 2 if row["AUTHOR_ID"] else 3,
        "notify_module": "rest",
        "notify_event": "rest_notify",
        "notify_tag": row.text("TAG"),
        "notify_sub_tag": row.text("SUB_TAG"),
        "notify_title": "",
        "setting_name": "rest|rest_notify",
        "text": row["TEXT"],
        "notify_read": "Y" if row["IS_READ"] else "N",
        "params": None,
    }


def _notify_read(call: Call) -> Value:
    """Mark one notification as read, or also all older ones."""
    flag = 0 if _text(call, "ACTION") == "N" else 1
    only = _text(call, "ONLY_CURRENT") == "Y"
    where = f"USER_ID = ? and ID {'=' if only else '<='} ?"
    storage = call.portal.storage
    for row in storage.rows(NOTIFICATION, ["ID"], where, [call.user, _number(call, "ID")]):
        storage.update(NOTIFICATION, row.id, {"IS_READ": flag})
    return True


METHODS: tuple[tuple[str, Callable[[Call], Value]], ...] = (
    ("chat.add", _chat_add),
    ("chat.get", _chat_get),
    ("chat.updatetitle", _set_title),
    ("chat.updatecolor", _set_color),
    ("chat.setowner", _set_owner),
    ("chat.user.add", _user_add),
    ("chat.user.delete", _user_delete),
    ("chat.user.list", lambda call: members(call, chat_of(call)["ID"])),
    ("chat.leave", _leave),
    ("message.add", _message_add),
    ("message.update", _message_update),
    ("message.delete", _message_delete),
    ("message.like", _like),
    ("dialog.get", _dialog_get),
    ("dialog.messages.get", _messages),
    ("dialog.read", _dialog_read),
    ("dialog.unread", _dialog_unread),
    ("dialog.writing", lambda call: bool(dialog_of(call))),
    ("dialog.users.list", _dialog_users),
    ("recent.get", _recent_rows),
    ("recent.list", _recent_list),
    ("recent.pin", _recent_pin),
    ("counters.get", _counters),
    ("notify", partial(_notify, kind="personal")),
    ("notify.personal.add", partial(_notify, kind="personal")),
    ("notify.system.add", partial(_notify, kind="system")),
    ("notify.delete", _notify_delete),
    ("notify.get", _notify_get),
    ("notify.read", _notify_read),
)


def register(registry: Registry) -> None:
    """Register the methods of chats."""
    for name, run in METHODS:
        registry.classic(f"im.{name}", "im", run)
    revisions: Map = {"rest": 32, "web": 130, "mobile": 22, "desktop": 6, "im_revision_mobile": 22}
    registry.classic("im.revision.get", "im", lambda call: dict(revisions))
