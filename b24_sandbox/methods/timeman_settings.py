"""`timeman.networkrange.*`, `timeman.timecontrol.*`, `timeman.schedule.get`.

Documentation: api-reference/timeman/{networkrange,timecontrol,schedule}.
"""

from __future__ import annotations

import ipaddress
import json
from calendar import monthrange
from datetime import datetime, timedelta

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.shapes import constant, shape

method = MethodTable("timeman")
register = method.register

_SETTINGS = RecordsByCode("settings")


def _control(call: Call) -> Map:
    return _SETTINGS.over(call, "timecontrol", shape("timeman.control"))


def _administrator(call: Call) -> None:
    if not call.admin:
        raise PortalError("ACCESS_ERROR", "You don't have access to use this method")


def _bounds(text: str) -> tuple[ipaddress.IPv4Address, ipaddress.IPv4Address] | None:
    """The first and last address of `10.0.0.0-10.255.255.255`, or of one address."""
    first, _, last = text.partition("-")
    try:
        low, high = ipaddress.IPv4Address(first.strip()), ipaddress.IPv4Address((last or first).strip())
    except ValueError:
        return None
    return (low, high) if low <= high else None


def _ranges(call: Call) -> list[Map]:
    kept = _SETTINGS.over(call, "networkrange", {"ranges": constant("timeman.ranges")})
    return [php.as_map(item) for item in php.as_list(kept["ranges"])]


@method("timeman.networkrange.get")
def _ranges_get(call: Call) -> Value:
    _administrator(call)
    return _ranges(call)


@method("timeman.networkrange.set")
def _ranges_set(call: Call) -> Value:
    """Replace all ranges. When one is invalid, nothing changes and the answer lists the invalid ones."""
    _administrator(call)
    sent = call.upper.get("RANGES")
    if isinstance(sent, str):
        try:
            sent = json.loads(sent)
        except ValueError:
            sent = None
    if not php.is_array(sent):
        raise PortalError("INVALID_FORMAT", "A wrong format for the RANGES field is passed")
    items = [Sent(php.as_map(item)) for item in php.as_list(sent)]
    ranges: list[Map] = [{name: item.text(name) for name in ("ip_range", "name")} for item in items]
    wrong: list[Map] = [item for item in ranges if _bounds(php.text(item["ip_range"])) is None]
    if wrong:
        return {"result": False, "error_ranges": wrong}
    _SETTINGS.put(call, "networkrange", {"ranges": ranges})
    return {"result": True}


@method("timeman.networkrange.check")
def _ranges_check(call: Call) -> Value:
    """The range that an address is in, or `false`. Without an address that of the caller."""
    _administrator(call)
    address = call.upper.text("IP") or "127.0.0.1"
    asked = _bounds(address)
    for item in _ranges(call):
        bounds = _bounds(php.text(item["ip_range"]))
        if asked is not None and bounds is not None and bounds[0] <= asked[0] <= bounds[1]:
            return {"ip": address, "range": item["ip_range"], "name": item["name"]}
    return False


@method("timeman.timecontrol.settings.get")
def _control_get(call: Call) -> Value:
    _administrator(call)
    return _control(call)


@method("timeman.timecontrol.settings.set")
def _control_set(call: Call) -> Value:
    """Change the sent settings; each keeps the type of its default."""
    _administrator(call)
    current, sent = _control(call), call.upper
    for name, default in shape("timeman.control").items():
        value = sent.get(name.upper())
        if value is not None:
            current = {**current, name: _typed(value, default)}
    _SETTINGS.put(call, "timecontrol", current)
    return True


def _typed(value: Value, default: Value) -> Value:
    """A sent setting with the type of its default."""
    if isinstance(default, bool):
        return php.truthy(value) and value not in ("N", "false")
    if isinstance(default, int):
        return php.integer(value)
    return [php.integer(item) for item in php.as_list(value)] if isinstance(default, list) else php.text(value)


@method("timeman.timecontrol.reports.settings.get")
def _reports_settings(call: Call) -> Value:
    """What the caller may see: an administrator all departments, a head his own ones."""
    control, storage = _control(call), call.storage
    headed = storage.whole(DEPARTMENT, "UF_HEAD = ?", [call.user])
    return {
        "active": control["active"],
        "user_id": call.user,
        "user_admin": call.admin,
        "user_head": bool(headed),
        "departments": [
            shape("timeman.department", row) for row in (storage.whole(DEPARTMENT) if call.admin else headed)
        ],
        "minimum_idle_for_report": control["minimum_idle_for_report"],
        "report_view_type": "head" if call.admin or headed else "simple",
    }


def _person(row: Row) -> Map:
    return shape("timeman.person", row, name=full_name(row))


@method("timeman.timecontrol.reports.users.get")
def _reports_users(call: Call) -> Value:
    """The active people of a department, or of the caller's departments."""
    wanted = [call.upper.integer("DEPARTMENT_ID")]
    if not wanted[0]:
        wanted = [php.integer(item) for item in values.items(person(call.portal, call.user).get("UF_DEPARTMENT"))]
    inside = f"json_each.value in ({', '.join('?' * len(wanted))})"
    where = f"ACTIVE = 1 and exists (select 1 from json_each(UF_DEPARTMENT) where {inside})"  # noqa: S608
    return [_person(row) for row in call.storage.whole(USER, where, wanted)]


@method("timeman.timecontrol.reports.get")
def _reports(call: Call) -> Value:
    """The report of a month. Its days are empty: the sandbox measures no presence."""
    sent = call.upper
    user = sent.integer("USER_ID") or call.user
    row = call.storage.row(USER, user)
    if row is None or (user != call.user and not call.admin):
        raise PortalError("USER_ACCESS_ERROR", "You don't have access to report for this user")
    now = datetime.fromtimestamp(call.now, dates.PORTAL_ZONE)
    year, month = sent.integer("YEAR") or now.year, sent.integer("MONTH") or now.month
    if not (1 <= month <= 12 and 1970 <= year <= 9998):
        year, month = now.year, now.month
    first = datetime(year, month, 1, tzinfo=dates.PORTAL_ZONE)
    last = first + timedelta(days=monthrange(year, month)[1]) - timedelta(seconds=1)
    times = {"month": f"{first:%B}", "first": first.isoformat(), "last": last.isoformat()}
    return shape("timeman.report", user=_person(row), **times)


@method("timeman.timecontrol.report.add")
def _report_add(call: Call) -> Value:
    if not call.upper.text("TEXT"):
        raise PortalError("TEXT_EMPTY", "Text can't be empty")
    raise PortalError("ACCESS_ERROR", "You don't have access for this report")  # there are no reports, see `_reports`


@method("timeman.schedule.get")
def _schedule(call: Call) -> Value:
    """The working time of everybody, which is schedule 1; an empty list for any other id."""
    return constant("timeman.schedule") if call.upper.integer("ID") == 1 else []
