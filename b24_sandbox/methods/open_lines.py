"""`imconnector.*` and `imopenlines.config.*`: connectors of applications to open lines.

Connectors are registered, switched on for a line and used to send messages. Messages of connectors are acknowledged
and not stored. Documentation: api-reference/imopenlines.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError, empty_argument
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("imopenlines")
register = method.register

_CONNECTORS = RecordsByCode("connector")
_LINES = RecordsByCode("open_line")
_BUILT_IN: Map = {"livechat": "Онлайн-чат", "network": "Битрикс24.Network"}
_FIRST_LINE: Map = {"LINE_NAME": "Открытая линия 1", "ACTIVE": "Y", "QUEUE": [1], "CRM": "Y", "QUEUE_TYPE": "evenly"}


def _argument(call: Call, name: str) -> Value:
    value = call.upper.get(name)
    if value in (None, "", []):
        raise empty_argument(name)
    return value


def _failed(code: str, words: str) -> Map:
    """A refusal that is a result: status 200."""
    return {"result": False, "error": code, "error_description": words}


@method("imconnector.register", app_only=True)
def _register(call: Call) -> Value:
    """Register a connector, or change the one with this id."""
    sent = call.upper
    code, name, handler = sent.get("ID"), sent.get("NAME"), sent.get("PLACEMENT_HANDLER")
    if not isinstance(code, str) or not code:
        return _failed("CONNECTOR_ID_REQUIRED", "Connector ID is not specified")
    if "." in code:
        words = "Application registration error. Using a dot in the connector identifier is not allowed"
        return _failed("APPLICATION_REGISTRATION_ERROR_POINT", words)
    if not isinstance(name, str) or not name:
        return _failed("NAME_REQUIRED", "Connector name is not specified")
    if not isinstance(sent.inner("ICON").get("DATA_IMAGE"), str):
        return _failed("ICON_REQUIRED", "Connector icon is not specified")
    if not isinstance(handler, str) or not handler:
        return _failed("NO_PLACEMENT_HANDLER", "Failed to get embedding handler URL")
    _CONNECTORS.put(call, code, {**_CONNECTORS.over(call, code, {"lines": {}}), "name": name, "handler": handler})
    return {"result": True}


@method("imconnector.unregister", app_only=True)
def _unregister(call: Call) -> Value:
    known = _CONNECTORS.get(call, call.upper.text("ID"))
    if known is None:
        return _failed("APPLICATION_UNREGISTRATION_ERROR", "Error unregistering the application")
    _CONNECTORS.remove(call, known)
    return {"result": True}


def _connector(call: Call) -> RecordByCode | None:
    return _CONNECTORS.get(call, php.text(_argument(call, "CONNECTOR")))


@method("imconnector.list", app_only=True)
def _list(call: Call) -> Value:
    return {**_BUILT_IN, **{record.code: record.data["name"] for record in _CONNECTORS.all(call)}}


def _of_line(record: RecordByCode | None, line: int) -> Map:
    return {} if record is None else php.as_map(php.as_map(record.data["lines"]).get(str(line)))


def _change_line(call: Call, record: RecordByCode, line: int, changes: Map) -> None:
    lines = {**php.as_map(record.data["lines"]), str(line): {**_of_line(record, line), **changes}}
    _CONNECTORS.update(call, record, {"lines": lines})


@method("imconnector.activate", app_only=True)
def _activate(call: Call) -> Value:
    """Switch a connector on or off for a line."""
    record, line = _connector(call), php.integer(_argument(call, "LINE"))
    active = php.text(_argument(call, "ACTIVE")) in ("1", "Y")
    if record is None:
        return False
    _change_line(call, record, line, {"active": active})
    return True


@method("imconnector.status", app_only=True)
def _status(call: Call) -> Value:
    record, line = _connector(call), call.upper.integer("LINE")
    active = bool(_of_line(record, line).get("active"))
    code = call.upper.text("CONNECTOR")
    return {"LINE": line, "CONNECTOR": code, "ERROR": False, "CONFIGURED": active, "STATUS": active}


@method("imconnector.connector.data.set", app_only=True)
def _data_set(call: Call) -> Value:
    record, line = _connector(call), php.integer(_argument(call, "LINE"))
    data = php.as_map(_argument(call, "DATA"))
    if record is None:
        return False
    _change_line(call, record, line, {"data": data})
    return True


def _working(call: Call) -> None:
    """Check that the connector is switched on for the line."""
    record, line = _connector(call), php.integer(_argument(call, "LINE"))
    if not _of_line(record, line).get("active"):
        raise PortalError("NOT_ACTIVE_LINE", "This line is inactive or the connector is not enabled for it")


@method("imconnector.send.messages", app_only=True)
@method("imconnector.update.messages", app_only=True)
@method("imconnector.delete.messages", app_only=True)
def _exchange(call: Call) -> Value:
    """Acknowledge messages. The answer repeats them."""
    _working(call)
    results: list[Map] = []
    for message in map(php.as_map, php.as_list(_argument(call, "MESSAGES"))):
        user = php.text(php.as_map(message.get("user")).get("id"))
        results.append({**message, "user": user, "SUCCESS": True})
    return {"SUCCESS": True, "DATA": {"RESULT": results}}


@method("imconnector.send.status.delivery", app_only=True)
@method("imconnector.send.status.reading", app_only=True)
def _statuses(call: Call) -> Value:
    _working(call)
    _argument(call, "MESSAGES")
    return {"SUCCESS": True, "DATA": []}


@method("imconnector.chat.name.set", app_only=True)
def _chat_name(call: Call) -> Value:
    _working(call)
    for name in ("CHAT_ID", "NAME"):
        _argument(call, name)
    return {"SUCCESS": True, "DATA": []}


def _lines(call: Call) -> list[RecordByCode]:
    """The open lines. A portal has one from the beginning."""
    if not _LINES.all(call):
        _LINES.add(call, "1", _FIRST_LINE)
    return _LINES.all(call)


def _line_shown(line: RecordByCode) -> Map:
    return {"ID": line.code, **line.data}


@method("imopenlines.config.list.get")
def _line_list(call: Call) -> Value:
    """The open lines by `PARAMS`: `select`, `filter`, `order` by `ID`, `limit` and `offset`."""
    params = call.upper.inner("PARAMS")
    rows = [_line_shown(line) for line in _lines(call)]
    for name, wanted in params.inner("filter").items():
        allowed = {php.text(value) for value in php.as_list(wanted)}
        rows = [row for row in rows if php.text(row.get(name.lstrip("=@"))) in allowed]
    if params.inner("order").text("ID").upper() == "DESC":
        rows.reverse()
    offset, limit = max(params.integer("offset"), 0), params.integer("limit")
    rows = rows[offset : offset + limit] if limit > 0 else rows[offset:]
    names = set(params.texts("select"))
    if names and "*" not in names:
        rows = [{name: value for name, value in row.items() if name in names} for row in rows]
    return rows


@method("imopenlines.config.get")
def _line_get(call: Call) -> Value:
    wanted = call.upper.text("CONFIG_ID")
    if not wanted:
        raise PortalError("CONFIG_ID_EMPTY", "Config ID can't be empty")
    found = next((line for line in _lines(call) if line.code == wanted), None)
    return False if found is None else _line_shown(found)


@method("imopenlines.config.path.get")
def _path(call: Call) -> Value:
    return {"SERVER_ADDRESS": call.base, "PUBLIC_PATH": "/contact_center/"}
