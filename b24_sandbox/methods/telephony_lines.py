"""`telephony.externalLine.*`: the telephone lines of an application. Documentation: api-reference/telephony."""

from __future__ import annotations

from b24_sandbox.call import Call
from b24_sandbox.errors import present
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode, application
from b24_sandbox.methods.telephony import core
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("telephony", app_only=True)
register = method.register

_LINES = RecordsByCode("external_line")


def _number(call: Call) -> str:
    number = call.upper.text("NUMBER").strip()
    if not number:
        raise core("NUMBER should not be empty")
    return number


def _line(call: Call) -> RecordByCode:
    number = _number(call)
    return present(_LINES.get(call, number, application(call)), core(f"Could not find line with number {number}"))


def _values(call: Call) -> Map:
    sent = call.upper
    found: Map = {"NAME": sent.text("NAME")} if sent.get("NAME") is not None else {}
    if sent.get("CRM_AUTO_CREATE") is not None:
        found["CRM_AUTO_CREATE"] = "Y" if sent.text("CRM_AUTO_CREATE") in ("Y", "1") else "N"
    return found


@method("telephony.externalLine.add")
def _add(call: Call) -> Value:
    number, owner = _number(call), application(call)
    if _LINES.get(call, number, owner) is not None:
        raise core("Line already exists")
    return {"ID": _LINES.add(call, number, {"NAME": "", "CRM_AUTO_CREATE": "Y", **_values(call)}, owner)}


@method("telephony.externalLine.update")
def _update(call: Call) -> Value:
    changes = _values(call)
    _number(call)
    if not changes:
        raise core("There are no fields to update")
    line = _line(call)
    _LINES.update(call, line, changes)
    return {"ID": str(line.id)}


@method("telephony.externalLine.delete")
def _delete(call: Call) -> Value:
    _LINES.remove(call, _line(call))
    return []


@method("telephony.externalLine.get")
def _get(call: Call) -> Value:
    return [{"NUMBER": line.code, **line.data} for line in _LINES.all(call, application(call))]
