"""`voximplant.sip.*`, `voximplant.line.*`, `voximplant.user.*Phone`: SIP lines of an application and the outgoing line.

Parameters have UPPER-case names, changes return `1`. Documentation: api-reference/telephony/voximplant.
"""

from __future__ import annotations

import hashlib

from b24_sandbox import faceless, filters, php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.telephony import SIP_LINE
from b24_sandbox.errors import PortalError, access_denied, present
from b24_sandbox.methods.records_by_code import RecordsByCode, application
from b24_sandbox.methods.telephony import SIP_PHONES
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("telephony")
register = method.register

_MOST_CLOUD_LINES = 10
_FIRST_REGISTRATION = 150_900
_OFFICE_ONLY = ("INCOMING_SERVER", "INCOMING_LOGIN", "INCOMING_PASSWORD")
_WRITTEN = ("SERVER", "LOGIN", "PASSWORD", "TITLE", "AUTH_USER", "OUTBOUND_PROXY", "DETECT_LINE_NUMBER")
_LANGUAGE = filters.Language(filters.OPERATORS, SIP_LINE.fields.get)
_SETTINGS = RecordsByCode("telephony_setting")


def _check(condition: object, words: str, code: str = "CHECK_FIELDS_ERROR") -> None:
    if not condition:
        raise PortalError(code, words)


def _manager(call: Call) -> None:
    if not call.admin:
        raise access_denied()


def _line(call: Call, code: str = "ERROR_NOT_FOUND") -> Row:
    """The line of the application with the `CONFIG_ID` of a call."""
    row = call.storage.row(SIP_LINE, call.upper.integer("CONFIG_ID"))
    found = row if row is not None and row.text("APP_ID") == application(call) else None
    return present(
        found, PortalError(code, "Specified CONFIG_ID is not found", 404 if code != "ERROR_ARGUMENT" else 400)
    )


def _check_values(call: Call, *, new: bool, line: int = 0) -> Map:
    sent = call.upper
    values: Map = {name: sent.text(name) for name in _WRITTEN if sent.get(name) is not None}
    _check(values.get("SERVER", "" if new else "kept"), "Server address not specified")
    _check(values.get("LOGIN", "" if new else "kept"), "Login for connecting to the server not specified")
    long = len(php.text(values.get("PASSWORD"))) > 100
    _check(not long, "Password for connecting to the server cannot exceed 100 characters")
    if title := values.get("TITLE"):
        taken = call.storage.ids(SIP_LINE, "TITLE = ? and ID <> ?", [title, line])
        _check(not taken, "The specified connection name is already registered in the system", "TITLE_EXISTS")
    return values


def _shown(row: Row, *, texts: bool) -> Map:
    hidden = ("ID", "APP_ID", "REG_ID") if row.text("TYPE") == "office" else ("ID", "APP_ID", *_OFFICE_ONLY)
    shown = {name: value for name, value in faceless.texts(SIP_LINE, row).items() if name not in hidden}
    if texts:
        return shown
    registration: Map = {"REG_ID": row.integer("REG_ID")} if "REG_ID" in shown else {}
    return {"ID": str(row.id), **shown, **registration, "REGISTRATION_STATUS_CODE": row["REGISTRATION_STATUS_CODE"]}


@method("voximplant.sip.add")
def _add(call: Call) -> Value:
    """Add a cloud line (the default) or the line of an office exchange."""
    _manager(call)
    kind = "office" if call.upper.text("TYPE") == "office" else "cloud"
    values, storage = _check_values(call, new=True), call.storage
    if kind == "cloud":
        lines = len(storage.ids(SIP_LINE, "TYPE = ?", ["cloud"]))
        _check(lines < _MOST_CLOUD_LINES, "You cannot connect more than 10 virtual PBXs.", "MAX_CLOUD_PBX")
    defaults: Map = {"DETECT_LINE_NUMBER": "N", "LINE_DETECT_HEADER_ORDER": "diversion;to", "TITLE": "", "PASSWORD": ""}
    line = storage.insert(SIP_LINE, {**defaults, **values, "TYPE": kind, "APP_ID": application(call)})
    own: Map = {"CONFIG_ID": line, "REG_ID": _FIRST_REGISTRATION + line}
    if kind == "office":
        secret = hashlib.md5(str(line).encode(), usedforsecurity=False).hexdigest()
        own = {"CONFIG_ID": line, "INCOMING_SERVER": "ip.sandbox.example.com", "INCOMING_LOGIN": f"sip{line}"}
        own["INCOMING_PASSWORD"] = secret
    storage.update(SIP_LINE, line, own)
    return _shown(present(storage.row(SIP_LINE, line), access_denied()), texts=False)


@method("voximplant.sip.get")
def _get(call: Call) -> RowPage:
    """The lines of the application. `SORT` and `ORDER` are words."""
    _manager(call)
    sent, word = call.upper, call.upper.text("SORT").upper()
    conditions: Map = {**sent.inner("FILTER"), "=APP_ID": application(call)}
    where = filters.build(SIP_LINE, _LANGUAGE, conditions, call.now)
    order = filters.order(SIP_LINE.fields.get, {word: sent.text("ORDER") or "ASC"} if word else {}, None)
    return faceless.page(call, SIP_LINE, where, order, lambda rows: [_shown(row, texts=True) for row in rows])


@method("voximplant.sip.update")
def _update(call: Call) -> Value:
    _manager(call)
    line = _line(call)
    call.storage.update(SIP_LINE, line.id, _check_values(call, new=False, line=line.id))
    return 1


@method("voximplant.sip.delete")
def _delete(call: Call) -> Value:
    _manager(call)
    call.storage.delete(SIP_LINE, _line(call).id)
    return 1


@method("voximplant.sip.status")
def _status(call: Call) -> Value:
    """The registration of a cloud line: it waits, since the sandbox connects to no exchange."""
    _manager(call)
    number = call.upper.integer("REG_ID")
    found = call.storage.first(SIP_LINE, "REG_ID = ? and APP_ID = ?", [number, application(call)])
    present(found, PortalError("REG_ID_NOT_FOUND", "Settings not found"))
    return {"REG_ID": number, "LAST_UPDATED": "", "ERROR_MESSAGE": "", "STATUS_CODE": 0, "STATUS_RESULT": "wait"}


@method("voximplant.sip.connector.status")
def _connector(call: Call) -> Value:
    _manager(call)
    return {"FREE_MINUTES": 60, "PAID": False}


def _lines(call: Call) -> Map:
    """The names of all lines by their ids."""
    found: Map = {}
    for row in call.storage.whole(SIP_LINE):
        office = row.text("TYPE") == "office"
        usual = f"{'Office' if office else 'Cloud'} PBX ({row.id})"
        found[f"sip{row.id}" if office else f"reg{row.integer('REG_ID')}"] = row.text("TITLE") or usual
    return found


@method("voximplant.line.get")
def _line_names(call: Call) -> Value:
    _manager(call)
    return _lines(call)


@method("voximplant.line.outgoing.get")
def _outgoing(call: Call) -> Value:
    _manager(call)
    return _SETTINGS.over(call, "outgoing", {"line": ""})["line"]


@method("voximplant.line.outgoing.set")
def _set_outgoing(call: Call) -> Value:
    """Set the outgoing line. An unknown line changes nothing and returns `1` too."""
    _manager(call)
    line = call.upper.text("LINE_ID")
    if line in _lines(call):
        _SETTINGS.put(call, "outgoing", {"line": line})
    return 1


@method("voximplant.line.outgoing.sip.set")
def _set_outgoing_sip(call: Call) -> Value:
    _manager(call)
    line = _line(call, "ERROR_ARGUMENT")
    office = line.text("TYPE") == "office"
    _SETTINGS.put(call, "outgoing", {"line": f"sip{line.id}" if office else f"reg{line.integer('REG_ID')}"})
    return 1


def _phone(call: Call, state: str) -> Value:
    user = call.upper.integer("USER_ID")
    _check(user, "Parameter USER_ID is not set", "")
    _check(call.admin and call.storage.row(USER, user), "You are not allowed to modify user's settings", "")
    SIP_PHONES.put(call, str(user), {"PHONE_ENABLED": state})
    return 1


@method("voximplant.user.activatePhone")
def _activate(call: Call) -> Value:
    return _phone(call, "Y")


@method("voximplant.user.deactivatePhone")
def _deactivate(call: Call) -> Value:
    return _phone(call, "N")


@method("voximplant.url.get")
def _addresses(call: Call) -> Value:
    """The pages of telephony on the portal."""
    base = call.base
    return {
        "detail_statistics": f"{base}/telephony/detail.php",
        "buy_connector": f"{base}/settings/license_phone_sip.php",
        "edit_config": f"{base}/telephony/edit.php?ID=#CONFIG_ID#",
        "lines": f"{base}/telephony/lines.php",
    }
