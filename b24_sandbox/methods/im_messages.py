"""`im.message.*`, `im.dialog.messages.*`: messages. Documentation: api-reference/chats/messages."""

from __future__ import annotations

import json
from datetime import timedelta

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.im import MESSAGE
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError, present
from b24_sandbox.fields import camel
from b24_sandbox.methods.im_chats import chat_of, dialog_of, last_read, need, say
from b24_sandbox.methods.im_people import authors, window
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("im")
register = method.register

SHORTEST = 3
"""The length of the shortest text that is searched."""


@method("im.message.add")
def _add(call: Call) -> Value:
    sent, storage = call.upper, call.storage
    if not sent.text("MESSAGE").strip() and not sent.get("ATTACH"):
        raise PortalError("MESSAGE_EMPTY", "Message can't be empty")
    if not sent.text("DIALOG_ID").startswith("chat"):
        user = sent.integer("DIALOG_ID")
        if not user:
            raise PortalError("USER_ID_EMPTY", "User ID can't be empty")
        present(storage.row(USER, user), PortalError("USER_NOT_FOUND", "User not found"))
    try:
        chat = dialog_of(call).id
    except PortalError as refusal:  # this method has its own refusal text (measured behaviour)
        if refusal.code != "ACCESS_ERROR":
            raise
        raise PortalError("CANCELED", "You cannot send messages to this chat") from None
    reply = sent.integer("REPLY_ID")
    if reply and (storage.row(MESSAGE, reply) or Row()).get("CHAT_ID") != chat:
        raise PortalError("REPLY_FROM_OTHER_CHAT_ERROR", "You can only reply to a message within the same chat")
    author = 0 if sent.text("SYSTEM") == "Y" else call.user
    return say(call, chat, author, sent.text("MESSAGE"), reply)


def _message(call: Call) -> Row:
    message = php.integer(need(call, "MESSAGE_ID", "MESSAGE_ID_ERROR", "Message ID can't be empty"))
    return present(call.storage.row(MESSAGE, message), PortalError("MESSAGE_ID_ERROR", "Message ID can't be empty"))


def _change_own(call: Call, changes: Map) -> Value:
    row = _message(call)
    if row["AUTHOR_ID"] != call.user or row["DELETED"]:
        raise PortalError("CANT_EDIT_MESSAGE", "Time has expired for modification or you don't have access")
    call.storage.update(MESSAGE, row.id, changes)
    return True


@method("im.message.update")
def _update(call: Call) -> Value:
    """Update a message. An empty text deletes it."""
    text = call.upper.text("MESSAGE")
    return _change_own(call, {"TEXT": text, "EDITED": 1} if text else {"TEXT": "", "DELETED": 1})


@method("im.message.like")
def _like(call: Call) -> Value:
    row = _message(call)
    likes = [php.integer(user) for user in values.items(row["LIKES"])]
    action = call.upper.text("ACTION") or "auto"
    on = call.user not in likes if action == "auto" else action == "plus"
    if on == (call.user in likes):
        raise PortalError("WITHOUT_CHANGES", "Action completed without changes")
    changed = [*likes, call.user] if on else [user for user in likes if user != call.user]
    call.storage.update(MESSAGE, row.id, {"LIKES": json.dumps(changed)})
    return True


def _params(row: Row) -> Map:
    params: Map = {"LIKE": likes} if (likes := values.items(row["LIKES"])) else {}
    params |= {f"IS_{flag}": "Y" for flag in ("DELETED", "EDITED") if row[flag]}
    return {**params, **({"REPLY_ID": row["REPLY_ID"]} if row["REPLY_ID"] else {})}


def digits(call: Call, name: str, word: str) -> int:
    """A number that must not be other text."""
    sent = call.upper.text(name)
    if sent and not sent.isdigit():
        raise PortalError(f"{name}_STRING", f"{word} ID can't be string")
    return php.integer(sent)


@method("im.dialog.messages.get")
def _list(call: Call) -> Value:
    """Messages, newest first. `LAST_ID` selects older ones, `FIRST_ID` newer ones (oldest first)."""
    chat = dialog_of(call)
    last, first = digits(call, "LAST_ID", "Last"), digits(call, "FIRST_ID", "First")
    limit, _ = window(call, 20)
    where, bound, order = "CHAT_ID = ?", [chat["ID"]], "ID desc"
    if "FIRST_ID" in call.upper:
        where, bound, order = f"{where} and ID > ?", [*bound, first], "ID asc"
    elif last:
        where, bound = f"{where} and ID < ?", [*bound, last]
    rows = call.storage.whole(MESSAGE, where, bound, order, limit)
    read = last_read(call, chat)
    shown = [shape("im.message", row, unread=row.id > read, params=_params(row)) for row in rows]
    return {"chat_id": chat["ID"], "messages": shown, "users": authors(call, rows), "files": []}


def limit_of(call: Call, largest: int) -> int:
    """`LIMIT` of a search, 50 by default."""
    limit = call.upper.integer("LIMIT")
    return min(limit, largest) if limit > 0 else 50


def period(call: Call, *, since: str, until: str, day: str) -> tuple[str, list[Value]]:
    """The condition for dates between two parameters or on one day."""
    where, bound = "1", list[Value]()
    for name, sign in ((since, ">="), (until, "<=")):
        moment = dates.parse(call.upper.text(name), call.now)
        if moment is not None:
            where, bound = f"{where} and DATE_CREATE {sign} ?", [*bound, dates.iso(moment.timestamp())]
    moment = dates.parse(call.upper.text(day), call.now)
    if moment is not None:
        begin = moment.astimezone(dates.PORTAL_ZONE).replace(hour=0, minute=0, second=0)
        ends = [dates.iso(begin.timestamp()), dates.iso((begin + timedelta(days=1)).timestamp())]
        where, bound = f"{where} and DATE_CREATE >= ? and DATE_CREATE < ?", [*bound, *ends]
    return where, bound


@method("im.dialog.messages.search")
def _search(call: Call) -> Value:
    """The messages of a chat that contain a text, newest first. A text of one or two letters is ignored."""
    sent = call.upper
    if not sent.integer("CHAT_ID"):
        raise PortalError("CHAT_ID_EMPTY", "CHAT_ID can't be empty")
    chat = chat_of(call)
    where, bound = period(call, since="DATE_FROM", until="DATE_TO", day="DATE")
    where, bound = f"CHAT_ID = ? and DELETED = 0 and {where}", [chat["ID"], *bound]
    if len(sent.text("SEARCH_MESSAGE")) >= SHORTEST:
        where, bound = f"{where} and contains(TEXT, ?)", [*bound, sent.text("SEARCH_MESSAGE")]
    ascending = sent.inner("ORDER").text("ID").upper() == "ASC"
    if last := sent.integer("LAST_ID"):
        where, bound = f"{where} and ID {'>' if ascending else '<'} ?", [*bound, last]
    order = f"ID {'asc' if ascending else 'desc'}"
    rows = call.storage.whole(MESSAGE, where, bound, order, limit_of(call, 200))
    read = last_read(call, chat)
    users = [{camel(name): value for name, value in card.items()} for card in authors(call, rows)]
    return shape("im.found_messages", users=users, messages=[_found(row, row.id > read) for row in rows])


def _found(row: Row, unread: bool) -> Map:
    return shape("im.found_message", row, system=not row["AUTHOR_ID"], unread=unread, viewed=not unread)


method.add("im.message.delete", lambda call: _change_own(call, {"TEXT": "", "DELETED": 1}))
