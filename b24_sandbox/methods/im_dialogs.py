"""`im.recent.hide|unread`, `im.chat.mute`, `im.dialog.messages.search`, `im.notify.history.search` and others.

Parameters have UPPER-case names. Documentation: api-reference/chats.
"""

from __future__ import annotations

from datetime import timedelta

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.entities.im import CHAT_MEMBER, MESSAGE, NOTIFICATION
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import disk_tree
from b24_sandbox.methods.im import chat_of, dialog_of, member_of, notice_shown
from b24_sandbox.methods.im_people import cards
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_IDLE = RecordsByCode("im_idle")
_FOLDERS = RecordsByCode("im_folder")
_SHORTEST = 3
_LONGEST_AWAY = 60 * 24 * 365
"""Minutes."""
_SCHEMA: Map = {
    "im": {
        "NAME": "Мессенджер",
        "MODULE_ID": "im",
        "LIST": [{"ID": "im|message", "NAME": "Личные сообщения"}, {"ID": "im|chat", "NAME": "Сообщения чатов"}],
    },
    "tasks": {"NAME": "Задачи", "MODULE_ID": "tasks", "LIST": [{"ID": "tasks|task_update", "NAME": "Изменения задач"}]},
    "rest": {
        "NAME": "Приложения",
        "MODULE_ID": "rest",
        "LIST": [{"ID": "rest|rest_notify", "NAME": "Уведомления приложений"}],
    },
}


def _text(call: Call, name: str) -> str:
    return php.text(call.upper_case().get(name))


def _mark(call: Call, chat: Row, changes: Map) -> Value:
    member = member_of(call, chat["ID"], call.user)
    if member is not None:
        call.portal.storage.update(CHAT_MEMBER, php.integer(member["ID"]), changes)
    return True


def _hide(call: Call) -> Value:
    """Hide a dialog from the recent ones until it has a new message."""
    chat = dialog_of(call)
    return _mark(call, chat, {"HIDDEN_UPTO": chat["LAST_MESSAGE_ID"]})


def _unread(call: Call) -> Value:
    return _mark(call, dialog_of(call), {"UNREAD": int(_text(call, "ACTION") != "N")})


def _mute(call: Call) -> Value:
    return _mark(call, chat_of(call), {"MUTED": int(_text(call, "MUTE") != "N")})


def _idle_start(call: Call) -> Value:
    """Mark the caller as away since `AGO` minutes."""
    since = call.now - 60 * min(max(php.integer(call.upper_case().get("AGO")), 0), _LONGEST_AWAY)
    _IDLE.put(call, str(call.user), {"since": dates.iso(since)})
    return True


def _idle_end(call: Call) -> Value:
    away = _IDLE.get(call, str(call.user))
    if away is not None:
        _IDLE.remove(call, away)
    return True


def _limit(call: Call, largest: int) -> int:
    limit = php.integer(call.upper_case().get("LIMIT"))
    return min(limit, largest) if limit > 0 else 50


def _period(call: Call, *, since: str, until: str, day: str) -> tuple[str, list[Value]]:
    """The condition for dates between two parameters or on one day."""
    where, bound = "1", list[Value]()
    for name, sign in ((since, ">="), (until, "<=")):
        moment = dates.parse(_text(call, name), call.now) if _text(call, name) else None
        if moment is not None:
            where, bound = f"{where} and DATE_CREATE {sign} ?", [*bound, dates.iso(moment.timestamp())]
    moment = dates.parse(_text(call, day), call.now) if _text(call, day) else None
    if moment is not None:
        begin = moment.astimezone(dates.PORTAL_ZONE).replace(hour=0, minute=0, second=0)
        ends = [dates.iso(begin.timestamp()), dates.iso((begin + timedelta(days=1)).timestamp())]
        where, bound = f"{where} and DATE_CREATE >= ? and DATE_CREATE < ?", [*bound, *ends]
    return where, bound


def _camel(card: Map) -> Map:
    """A user with the names of newer methods: `firstName`."""
    shown: Map = {}
    for name, value in card.items():
        first, *others = name.split("_")
        shown[first + "".join(map(str.capitalize, others))] = value
    return shown


def _messages_search(call: Call) -> Value:
    """The messages of a chat that contain a text, newest first. A text of one or two letters is ignored."""
    if not php.integer(_text(call, "CHAT_ID")):
        raise PortalError("CHAT_ID_EMPTY", "CHAT_ID can't be empty")
    chat = chat_of(call)
    where, bound = _period(call, since="DATE_FROM", until="DATE_TO", day="DATE")
    where, bound = f"CHAT_ID = ? and DELETED = 0 and {where}", [chat["ID"], *bound]
    if len(_text(call, "SEARCH_MESSAGE")) >= _SHORTEST:
        where, bound = f"{where} and contains(TEXT, ?)", [*bound, _text(call, "SEARCH_MESSAGE")]
    order = php.as_map(call.upper_case().get("ORDER"))
    ascending = php.text(order.get("ID")).upper() == "ASC"
    if last := php.integer(_text(call, "LAST_ID")):
        where, bound = f"{where} and ID {'>' if ascending else '<'} ?", [*bound, last]
    columns = ["ID", "CHAT_ID", "AUTHOR_ID", "DATE_CREATE", "TEXT"]
    rows = call.portal.storage.rows(
        MESSAGE, columns, where, bound, f"ID {'asc' if ascending else 'desc'}", _limit(call, 200)
    )
    read = php.integer((member_of(call, chat["ID"], call.user) or {}).get("LAST_READ"))
    empty: Map = {name: [] for name in ("files", "additionalMessages", "stickers", "reactions", "usersShort")}
    return {
        "users": [_camel(card) for card in cards(call, sorted({row.integer("AUTHOR_ID") for row in rows}))],
        **empty,
        "copilot": None,
        "tariffRestrictions": {"isHistoryLimitExceeded": False},
        "messages": [_message(row, read) for row in rows],
    }


def _message(row: Map, read: int) -> Map:
    unread = php.integer(row["ID"]) > read
    return {
        "id": row["ID"],
        "chatId": row["CHAT_ID"],
        "chat_id": row["CHAT_ID"],
        "authorId": row["AUTHOR_ID"],
        "author_id": row["AUTHOR_ID"],
        "date": row["DATE_CREATE"],
        "text": row["TEXT"],
        "isSystem": not row["AUTHOR_ID"],
        "uuid": None,
        "forward": None,
        "params": [],
        "viewedByOthers": False,
        "block": None,
        "unread": unread,
        "viewed": not unread,
        "viewedCount": 0,
    }


def _history_search(call: Call) -> Value:
    """The caller's notifications by text, date and author, newest first."""
    sent, text = call.upper_case(), _text(call, "SEARCH_TEXT")
    others = ("SEARCH_TYPE", "SEARCH_TYPES", "SEARCH_DATE", "SEARCH_AUTHORS", "SEARCH_DATE_FROM", "GROUP_TAG")
    if len(text) < _SHORTEST and not any(sent.get(name) for name in others):
        raise PortalError("SEARCH_TEXT_ERROR", "SEARCH_TEXT can't be less than 3 symbols")
    last = _text(call, "LAST_ID")
    if last and not last.isdigit():
        raise PortalError("LAST_ID_STRING", "Last notification ID can't be string")
    where, bound = _period(call, since="SEARCH_DATE_FROM", until="SEARCH_DATE_TO", day="SEARCH_DATE")
    where, bound = f"USER_ID = ? and {where}", [call.user, *bound]
    if text:
        where, bound = f"{where} and contains(TEXT, ?)", [*bound, text]
    authors = [php.integer(author) for author in php.as_list(sent.get("SEARCH_AUTHORS"))]
    if authors:
        where, bound = f"{where} and AUTHOR_ID in ({', '.join('?' * len(authors))})", [*bound, *authors]
    storage = call.portal.storage
    total = storage.count(NOTIFICATION, where, bound)
    if last:
        where, bound = f"{where} and ID < ?", [*bound, php.integer(last)]
    columns = [field.name for field in NOTIFICATION.columns]
    rows = storage.rows(NOTIFICATION, columns, where, bound, "ID desc", _limit(call, 50))
    return {
        "chat_id": 0,
        "total_results": total,
        "notifications": [notice_shown(row) for row in rows],
        "users": cards(call, sorted({row.integer("AUTHOR_ID") for row in rows})),
    }


def _folder(call: Call) -> Value:
    """The folder with the files of a chat. It is created on first use."""
    if not _text(call, "CHAT_ID") and not _text(call, "DIALOG_ID"):
        raise PortalError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    chat = dialog_of(call) if _text(call, "DIALOG_ID") else chat_of(call)
    code = chat.text("ID")
    known = _FOLDERS.get(call, code)
    if known is not None:
        return {"ID": known.data["folder"]}
    name = f"{php.text(chat['TITLE'])} ({code})"
    folder = disk_tree.add_folder(call, disk_tree.own_folder(call), name, unique=True)
    _FOLDERS.add(call, code, {"folder": folder})
    return {"ID": folder}


def register(registry: Registry) -> None:
    """Register the methods."""
    for name, run in (
        ("recent.hide", _hide),
        ("recent.unread", _unread),
        ("chat.mute", _mute),
        ("user.status.idle.start", _idle_start),
        ("user.status.idle.end", _idle_end),
        ("dialog.messages.search", _messages_search),
        ("notify.history.search", _history_search),
        ("notify.schema.get", lambda call: dict(_SCHEMA)),
        ("disk.folder.get", _folder),
    ):
        registry.classic(f"im.{name}", "im", run)
