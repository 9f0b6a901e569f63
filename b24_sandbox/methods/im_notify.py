"""`im.notify.*`: notifications. Documentation: api-reference/chats/notifications."""

from __future__ import annotations

from collections.abc import Sequence

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.entities.im import NOTIFICATION
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.im_chats import need
from b24_sandbox.methods.im_messages import SHORTEST, digits, limit_of, period
from b24_sandbox.methods.im_people import authors, window
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = MethodTable("im")
register = method.register


@method("im.notify")
@method("im.notify.personal.add")
def _personal(call: Call) -> Value:
    return _send(call, system=call.upper.text("TYPE").upper() == "SYSTEM")


def _send(call: Call, *, system: bool) -> int:
    """Send a notification from the caller or from the system. It replaces one with the same tag."""
    sent, storage = call.upper, call.storage
    user = sent.integer("USER_ID") or sent.integer("TO")
    if user <= 0:
        raise PortalError("USER_ID_EMPTY", "User ID can't be empty")
    text = need(call, "MESSAGE", "MESSAGE_EMPTY", "Message can't be empty")
    if sent.text("TAG"):
        storage.delete_all(NOTIFICATION, "USER_ID = ? and TAG = ?", [user, sent.text("TAG")])
    columns: Map = {"USER_ID": user, "AUTHOR_ID": 0 if system else call.user, "TEXT": text, "IS_READ": 0}
    columns |= {"TAG": sent.text("TAG"), "SUB_TAG": sent.text("SUB_TAG"), "DATE_CREATE": dates.iso(call.now)}
    return storage.insert(NOTIFICATION, columns)


@method("im.notify.delete")
def _delete(call: Call) -> Value:
    for name in ("ID", "TAG", "SUB_TAG"):
        if sent := call.upper.text(name):
            return call.storage.delete_all(NOTIFICATION, f'"{name}" = ?', [sent]) > 0
    raise PortalError("PARAMS_ERROR", "Incorrect params")


def _before(call: Call, where: str, bound: Sequence[Value], limit: int) -> list[Row]:
    """The notifications before `LAST_ID`, newest first."""
    if last := digits(call, "LAST_ID", "Last notification"):
        where, bound = f"{where} and ID < ?", [*bound, last]
    return call.storage.whole(NOTIFICATION, where, bound, "ID desc", limit)


def _shown(call: Call, rows: list[Row]) -> Map:
    notices: list[Map] = [shape("im.notice", row, kind=2 if row["AUTHOR_ID"] else 3) for row in rows]
    return {"chat_id": 0, "notifications": notices, "users": authors(call, rows)}


@method("im.notify.get")
def _list(call: Call) -> Value:
    """The caller's notifications, newest first."""
    digits(call, "LAST_ID", "Last notification")
    if bool(call.upper.text("LAST_ID")) != bool(call.upper.text("LAST_TYPE")):
        raise PortalError("LAST_ID_AND_LAST_TYPE", "Parameters LAST_ID and LAST_TYPE should be used together.")
    storage, where, bound = call.storage, "USER_ID = ?", [call.user]
    total = storage.count(NOTIFICATION, where, bound)
    new = storage.count(NOTIFICATION, f"{where} and IS_READ = 0", bound)
    rows = _before(call, where, bound, window(call, 50)[0])
    return {"total_count": total, "total_unread_count": new, **_shown(call, rows)}


@method("im.notify.history.search")
def _search(call: Call) -> Value:
    """The caller's notifications by text, date and author, newest first."""
    sent, text = call.upper, call.upper.text("SEARCH_TEXT")
    others = ("SEARCH_TYPE", "SEARCH_TYPES", "SEARCH_DATE", "SEARCH_AUTHORS", "SEARCH_DATE_FROM", "GROUP_TAG")
    if len(text) < SHORTEST and not any(sent.get(name) for name in others):
        raise PortalError("SEARCH_TEXT_ERROR", "SEARCH_TEXT can't be less than 3 symbols")
    where, bound = period(call, since="SEARCH_DATE_FROM", until="SEARCH_DATE_TO", day="SEARCH_DATE")
    where, bound = f"USER_ID = ? and {where}", [call.user, *bound]
    if text:
        where, bound = f"{where} and contains(TEXT, ?)", [*bound, text]
    if people := sent.integers("SEARCH_AUTHORS"):
        where, bound = f"{where} and AUTHOR_ID in ({', '.join('?' * len(people))})", [*bound, *people]
    rows = _before(call, where, bound, limit_of(call, 50))
    return {"total_results": call.storage.count(NOTIFICATION, where, bound), **_shown(call, rows)}


def _mark(call: Call, flag: int, where: str = "1", bound: Sequence[Value] = ()) -> None:
    for record in call.storage.ids(NOTIFICATION, f"USER_ID = ? and {where}", [call.user, *bound]):
        call.storage.update(NOTIFICATION, record, {"IS_READ": flag})


def _flag(call: Call) -> int:
    return 0 if call.upper.text("ACTION") == "N" else 1


@method("im.notify.read")
def _read(call: Call) -> Value:
    """Mark one notification as read, or also all older ones."""
    sign = "=" if call.upper.text("ONLY_CURRENT") == "Y" else "<="
    _mark(call, _flag(call), f"ID {sign} ?", [call.upper.integer("ID")])
    return True


@method("im.notify.read.all")
def _read_all(call: Call) -> Value:
    _mark(call, 1)
    return {"result": True, "newCounter": 0}


@method("im.notify.read.list")
def _read_list(call: Call) -> Value:
    """Mark notifications as read. The first invalid id ends the work without an error."""
    if not php.is_array(call.upper.get("IDS")):
        raise PortalError("PARAMS_ERROR", "No IDS param or it is not an array")
    for record in call.upper.integers("IDS"):
        if record <= 0:
            break
        _mark(call, _flag(call), "ID = ?", [record])
    return True


method.add("im.notify.system.add", lambda call: _send(call, system=True))
method.add("im.notify.schema.get", lambda call: constant("im.notify_schema"))
