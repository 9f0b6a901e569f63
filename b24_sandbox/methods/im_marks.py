"""Marks of a user in the messenger: all dialogs read, notifications read, recently found dialogs.

Parameters have UPPER-case names. Documentation: api-reference/chats (`im.dialog.read.all`, `im.notify.read.all`,
`im.notify.read.list`, `im.search.last.*`).
"""

from __future__ import annotations

import json

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.entities.groups import OPTION
from b24_sandbox.entities.im import CHAT, CHAT_MEMBER, NOTIFICATION
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.im import chat_card
from b24_sandbox.methods.im_people import card
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_FOUND = "im_search_last"


def _read_all(call: Call) -> Value:
    storage = call.portal.storage
    for member in storage.rows(CHAT_MEMBER, ["ID", "CHAT_ID"], "USER_ID = ?", [call.user]):
        chat = storage.row(CHAT, member.integer("CHAT_ID")) or Row()
        storage.update(CHAT_MEMBER, member.id, {"LAST_READ": chat.integer("LAST_MESSAGE_ID")})
    return True


def _mark(call: Call, flag: int, where: str = "1", bound: tuple[Value, ...] = ()) -> None:
    storage = call.portal.storage
    for row in storage.rows(NOTIFICATION, ["ID"], f"USER_ID = ? and {where}", [call.user, *bound]):
        storage.update(NOTIFICATION, row.id, {"IS_READ": flag})


def _notify_read_all(call: Call) -> Value:
    _mark(call, 1)
    return {"result": True, "newCounter": 0}


def _notify_read_list(call: Call) -> Value:
    """Mark notifications as read. The first invalid id ends the work without an error."""
    sent = call.upper_case()
    if not php.is_array(sent.get("IDS")):
        raise PortalError("PARAMS_ERROR", "No IDS param or it is not an array")
    flag = 0 if php.text(sent.get("ACTION")) == "N" else 1
    for record in map(php.integer, php.as_list(sent["IDS"])):
        if record <= 0:
            break
        _mark(call, flag, "ID = ?", (record,))
    return True


def _found(call: Call) -> tuple[int, list[str]]:
    """The id of the row with recently found dialogs (0: no row) and the dialogs, latest first."""
    # The negative id keeps it apart from options that an application stores for the user.
    rows = call.portal.storage.rows(OPTION, ["ID", "VALUE"], "USER_ID = ? and NAME = ?", [-call.user, _FOUND])
    return (rows[0].id, json.loads(php.text(rows[0]["VALUE"]))) if rows else (0, [])


def _keep(call: Call, row: int, dialogs: list[str]) -> None:
    text = json.dumps(dialogs)
    if row:
        call.portal.storage.update(OPTION, row, {"VALUE": text})
    else:
        call.portal.storage.insert(OPTION, {"USER_ID": -call.user, "NAME": _FOUND, "VALUE": text})


def _dialog(call: Call) -> str:
    dialog = php.text(call.upper_case().get("DIALOG_ID"))
    if php.integer(dialog.removeprefix("chat")) <= 0:
        raise PortalError("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    return dialog


def _shown(call: Call, dialog: str) -> Map | None:
    number = php.integer(dialog.removeprefix("chat"))
    if dialog.startswith("chat"):
        chat = call.portal.storage.row(CHAT, number)
        member = call.portal.storage.rows(
            CHAT_MEMBER, ["ID"], "CHAT_ID = ? and USER_ID = ?", [number, call.user], limit=1
        )
        if chat is None or not member:
            return None
        shown = chat_card(call, chat)
        avatar = {"url": "", "color": shown["color"]}
        return {"id": dialog, "type": "chat", "avatar": avatar, "title": shown["name"], "chat": shown}
    person = call.portal.storage.row(USER, number)
    if person is None:
        return None
    shown = card(person)
    avatar = {"url": "", "color": shown["color"]}
    return {"id": number, "type": "user", "avatar": avatar, "title": shown["name"], "user": shown}


def _last_get(call: Call) -> Value:
    sent = call.upper_case()
    skipped = {kind for kind, name in (("chat", "SKIP_CHAT"), ("user", "SKIP_DIALOG")) if sent.get(name) == "Y"}
    shown = (_shown(call, dialog) for dialog in _found(call)[1])
    return [item for item in shown if item is not None and item["type"] not in skipped]


def _last_add(call: Call) -> Value:
    dialog = _dialog(call)
    if _shown(call, dialog) is None:
        return False
    row, dialogs = _found(call)
    _keep(call, row, [dialog, *(other for other in dialogs if other != dialog)])
    return True


def _last_delete(call: Call) -> Value:
    dialog = _dialog(call)
    row, dialogs = _found(call)
    if dialog in dialogs:
        _keep(call, row, [other for other in dialogs if other != dialog])
    return dialog in dialogs


def register(registry: Registry) -> None:
    """Register the marks."""
    for name, run in (
        ("dialog.read.all", _read_all),
        ("notify.read.all", _notify_read_all),
        ("notify.read.list", _notify_read_list),
        ("search.last.get", _last_get),
        ("search.last.add", _last_add),
        ("search.last.delete", _last_delete),
    ):
        registry.classic(f"im.{name}", "im", run)
