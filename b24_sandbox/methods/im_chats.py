"""`im.chat.*`, `im.dialog.*`: chats, dialogs and their members.

Parameters have UPPER-case names; a dialog is `chat57` or the id of a user. Documentation: api-reference/chats.
"""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.im import CHAT, CHAT_MEMBER, MESSAGE
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError, present
from b24_sandbox.methods import disk_tree
from b24_sandbox.methods.im_people import cards, color_of, paged, search_words, window
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = MethodTable("im")
register = method.register

_FOLDERS = RecordsByCode("im_folder")
_NOT_FOUND = "You do not have access to the specified dialog"


def need(call: Call, name: str, code: str, words: str) -> str:
    """A parameter that must not be empty; otherwise the error of `code` and `words`."""
    sent = call.upper.text(name).strip()
    if not sent or sent == "0":
        raise PortalError(code, words)
    return sent


def _need_user(call: Call) -> int:
    return php.integer(need(call, "USER_ID", "USER_ID_EMPTY", "User ID can't be empty"))


def members(call: Call, chat: Value) -> list[int]:
    """The members of a chat."""
    rows = call.storage.rows(CHAT_MEMBER, ["USER_ID"], "CHAT_ID = ?", [chat], "USER_ID")
    return [row.integer("USER_ID") for row in rows]


def member_of(call: Call, chat: Value, user: int) -> Row | None:
    """The membership of a user in a chat, or `None`."""
    return call.storage.first(CHAT_MEMBER, "CHAT_ID = ? and USER_ID = ?", [chat, user])


def mark(call: Call, chat: Row, changes: Map) -> bool:
    """Change the caller's membership in a chat, if there is one."""
    member = member_of(call, chat["ID"], call.user)
    if member is not None:
        call.storage.update(CHAT_MEMBER, member.id, changes)
    return True


def last_read(call: Call, chat: Row) -> int:
    """The last message of a chat that the caller has read."""
    return (member_of(call, chat["ID"], call.user) or Row()).integer("LAST_READ")


def unread(call: Call, chat: Row, read: int) -> int:
    """The number of messages of others in a chat after `read`."""
    bound = [chat["ID"], read, call.user]
    return call.storage.count(MESSAGE, "CHAT_ID = ? and ID > ? and AUTHOR_ID <> ?", bound)


def chat_of(call: Call) -> Row:
    """The chat of `CHAT_ID` or `DIALOG_ID`; the caller must be a member."""
    sent = call.upper.text("CHAT_ID") or call.upper.text("DIALOG_ID").removeprefix("chat")
    if not php.integer(sent):
        raise PortalError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    row = call.storage.row(CHAT, php.integer(sent))
    if row is None or member_of(call, row["ID"], call.user) is None:
        raise PortalError("ACCESS_ERROR", "Action unavailable")
    return row


def dialog_of(call: Call) -> Row:
    """The chat of `DIALOG_ID`. A dialog with a user is created on first use."""
    return dialog_named(call, need(call, "DIALOG_ID", "DIALOG_ID_EMPTY", "Dialog ID can't be empty"))


def dialog_named(call: Call, dialog: str) -> Row:
    """The chat of a dialog. One with a user is created on first use."""
    if dialog.startswith("chat"):
        row = call.storage.row(CHAT, php.integer(dialog.removeprefix("chat")))
        if row is None or (row["TYPE"] != "open" and member_of(call, row["ID"], call.user) is None):
            raise PortalError("ACCESS_ERROR", _NOT_FOUND, 403)
        return row
    user = php.integer(dialog)
    if not user:
        raise PortalError("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    present(call.storage.row(USER, user), PortalError("ACCESS_ERROR", _NOT_FOUND, 403))
    pair = "-".join(map(str, sorted((user, call.user))))
    found = call.storage.first(CHAT, "PAIR = ?", [pair])
    return found or _make(call, {"TYPE": "private", "PAIR": pair}, {user, call.user})


def _make(call: Call, columns: Map, people: set[int]) -> Row:
    now = dates.iso(call.now)
    chat = call.storage.insert(CHAT, {"OWNER_ID": call.user, "DATE_CREATE": now, "LAST_MESSAGE_ID": 0, **columns})
    _join(call, chat, people)
    return call.storage.row(CHAT, chat) or Row()


def _join(call: Call, chat: Value, people: set[int]) -> None:
    for user in sorted(people):
        columns: Map = {"CHAT_ID": chat, "USER_ID": user, "LAST_READ": 0, "PINNED": 0}
        call.storage.insert(CHAT_MEMBER, columns)


def _people(call: Call) -> set[int]:
    return {user for user in call.upper.integers("USERS") if call.storage.row(USER, user) is not None}


def say(call: Call, chat: int, author: int, text: str, reply: int = 0) -> int:
    """Add a message to a chat and return its id. The author has read it."""
    columns: Map = {"CHAT_ID": chat, "AUTHOR_ID": author, "TEXT": text, "LIKES": "[]", "REPLY_ID": reply}
    message = call.storage.insert(MESSAGE, {**columns, "DATE_CREATE": dates.iso(call.now), "DELETED": 0, "EDITED": 0})
    call.storage.update(CHAT, chat, {"LAST_MESSAGE_ID": message})
    member = member_of(call, chat, author)
    if member is not None:
        call.storage.update(CHAT_MEMBER, member.id, {"LAST_READ": message})
    return message


def chat_card(call: Call, row: Row) -> Map:
    """A chat in an answer."""
    read = last_read(call, row)
    return shape(
        "im.chat",
        row,
        color=row["COLOR"] or color_of(),
        counter=unread(call, row, read),
        user_counter=len(members(call, row["ID"])),
        message_count=call.storage.count(MESSAGE, "CHAT_ID = ?", [row["ID"]]),
        last_id=read,
        message_type={"open": "O", "private": "P"}.get(row.text("TYPE"), "C"),
    )


def _color(call: Call) -> Value:
    return php.as_map(constant("im.named_colors")).get(call.upper.text("COLOR"))


@method("im.chat.add")
def _chat_add(call: Call) -> Value:
    sent = call.upper
    people = _people(call) | {call.user}
    names = ", ".join(php.text(person["name"]) for person in cards(call, sorted(people)[:3]))
    columns: Map = {name: sent.text(name) for name in ("DESCRIPTION", "ENTITY_TYPE", "ENTITY_ID")}
    columns |= {"TITLE": sent.text("TITLE") or names, "COLOR": _color(call) or color_of()}
    chat = _make(call, {"TYPE": "open" if sent.text("TYPE").upper() == "OPEN" else "chat", **columns}, people)
    if sent.text("MESSAGE"):
        say(call, chat.id, call.user, sent.text("MESSAGE"))
    return chat.id


@method("im.chat.get")
def _chat_get(call: Call) -> Value:
    bound = [call.upper.text("ENTITY_TYPE"), call.upper.text("ENTITY_ID")]
    found = call.storage.first(CHAT, "ENTITY_TYPE = ? and ENTITY_ID = ?", bound)
    return {"ID": found["ID"]} if found and all(bound) else None


@method("im.chat.updatetitle")
def _set_title(call: Call) -> Value:
    title = need(call, "TITLE", "TITLE_EMPTY", "Title can't be empty")
    call.storage.update(CHAT, chat_of(call).id, {"TITLE": title})
    return True


@method("im.chat.updatecolor")
def _set_color(call: Call) -> Value:
    color = present(_color(call), PortalError("WRONG_COLOR", "This color currently unavailable"))
    row = chat_of(call)
    if row["COLOR"] == color:
        raise PortalError("WRONG_REQUEST", "This color currently set or chat doesn't exist")
    call.storage.update(CHAT, row.id, {"COLOR": color})
    return True


@method("im.chat.setowner")
def _set_owner(call: Call) -> Value:
    user, row = _need_user(call), chat_of(call)
    if row["OWNER_ID"] != call.user or user not in members(call, row["ID"]):
        raise PortalError("WRONG_REQUEST", "Change owner can only owner and user must be member in chat")
    call.storage.update(CHAT, row.id, {"OWNER_ID": user})
    return True


@method("im.chat.user.add")
def _user_add(call: Call) -> Value:
    row = chat_of(call)
    _join(call, row["ID"], _people(call) - set(members(call, row["ID"])))
    return True


@method("im.chat.user.delete")
def _user_delete(call: Call) -> Value:
    user, row = _need_user(call), chat_of(call)
    if user != call.user and row["OWNER_ID"] != call.user:
        raise PortalError("ACCESS_DENIED_KICK", "Insufficient rights to exclude participants from the chat")
    member = member_of(call, row["ID"], user)
    if member is None:
        raise PortalError("USER_NOT_FOUND", "The specified user is not in the chat")
    call.storage.delete(CHAT_MEMBER, member.id)
    return True


@method("im.chat.leave")
def _leave(call: Call) -> Value:
    mine = [chat_of(call)["ID"], call.user]
    call.storage.delete_all(CHAT_MEMBER, "CHAT_ID = ? and USER_ID = ?", mine)
    return True


@method("im.chat.mute")
def _mute(call: Call) -> Value:
    return mark(call, chat_of(call), {"MUTED": int(call.upper.text("MUTE") != "N")})


@method("im.dialog.get")
def _dialog_get(call: Call) -> Value:
    return {**chat_card(call, dialog_of(call)), "dialog_id": call.upper.text("DIALOG_ID")}


@method("im.dialog.read")
def _dialog_read(call: Call) -> Value:
    row = dialog_of(call)
    upto = call.upper.integer("MESSAGE_ID") or row.integer("LAST_MESSAGE_ID")
    if member_of(call, row["ID"], call.user) is not None:
        upto = max(upto, last_read(call, row))
        mark(call, row, {"LAST_READ": upto})
    counter = unread(call, row, upto)
    return {"dialogId": call.upper.text("DIALOG_ID"), "chatId": row["ID"], "lastId": upto, "counter": counter}


@method("im.dialog.unread")
def _dialog_unread(call: Call) -> Value:
    message = php.integer(need(call, "MESSAGE_ID", "MESSAGE_ID_ERROR", "First unread message id can't be empty"))
    return mark(call, dialog_of(call), {"LAST_READ": message - 1})


@method("im.dialog.read.all")
def _read_all(call: Call) -> Value:
    for member in call.storage.whole(CHAT_MEMBER, "USER_ID = ?", [call.user]):
        chat = call.storage.row(CHAT, member.integer("CHAT_ID")) or Row()
        call.storage.update(CHAT_MEMBER, member.id, {"LAST_READ": chat.integer("LAST_MESSAGE_ID")})
    return True


@method("im.dialog.users.list")
def _dialog_users(call: Call) -> Value:
    people = members(call, dialog_of(call)["ID"])
    limit, offset = window(call, 50)
    if last := call.upper.integer("LAST_ID"):
        people = [user for user in people if user > last]
    shown = enumerate(cards(call, people[offset : offset + limit]))
    return {"total": len(people), **{str(number): item for number, item in shown}}


@method("im.search.chat.list")
def _search_chats(call: Call) -> Value:
    """The caller's chats and open chats whose title has words that begin with the words of the phrase."""
    words = search_words(call, 2).split()
    mine = f"ID in (select CHAT_ID from {CHAT_MEMBER.name} where USER_ID = ?)"  # noqa: S608
    where = f"TYPE <> 'private'{' and begins(TITLE, ?)' * len(words)} and (TYPE = 'open' or {mine})"
    rows = call.storage.whole(CHAT, where, [*words, call.user], "ID desc")
    part, total, following = paged(call, rows)
    return RowPage([chat_card(call, row) for row in part], following, total)


@method("im.disk.folder.get")
def _folder(call: Call) -> Value:
    """The folder with the files of a chat. It is created on first use."""
    if not call.upper.text("CHAT_ID") and not call.upper.text("DIALOG_ID"):
        raise PortalError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    chat = dialog_of(call) if call.upper.text("DIALOG_ID") else chat_of(call)
    return {"ID": chat_folder(call, chat)}


def chat_folder(call: Call, chat: Row) -> int:
    """The id of the folder with the files of a chat. It is created on first use."""
    code = chat.text("ID")
    known = _FOLDERS.get(call, code)
    if known is not None:
        return php.integer(known.data["folder"])
    name = f"{chat.text('TITLE')} ({code})"
    folder = disk_tree.add_folder(call, disk_tree.own_folder(call), name, unique=True)
    _FOLDERS.add(call, code, {"folder": folder})
    return folder


method.add("im.chat.user.list", lambda call: members(call, chat_of(call)["ID"]))
method.add("im.dialog.writing", lambda call: bool(dialog_of(call)))
method.add("im.revision.get", lambda call: constant("im.revision"))
