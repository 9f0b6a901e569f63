"""`timeman.networkrange.*`, `timeman.timecontrol.*`, `timeman.schedule.get`, `calendar.user.settings.*`.

Documentation: api-reference/timeman/{networkrange,timecontrol,schedule}, api-reference/calendar.
"""

from __future__ import annotations

import ipaddress
import json
from calendar import monthrange
from datetime import datetime, timedelta

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.errors import PortalError, wrong_argument
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_SETTINGS = RecordsByCode("settings")
_RANGES: Map = {
    "ranges": [
        {"ip_range": "10.0.0.0-10.255.255.255", "name": "10.x.x.x"},
        {"ip_range": "172.16.0.0-172.31.255.255", "name": "172.x.x.x"},
        {"ip_range": "192.168.0.0-192.168.255.255", "name": "192.168.x.x"},
    ]
}
_CONTROL: Map = {
    "active": False,
    "minimum_idle_for_report": 15,
    "register_offline": True,
    "register_idle": True,
    "register_desktop": True,
    "report_request_type": "all",
    "report_request_users": [],
    "report_simple_type": "all",
    "report_simple_users": [],
    "report_full_type": "all",
    "report_full_users": [],
}
_CALENDAR: Map = {
    "view": "month",
    "meetSection": False,
    "crmSection": False,
    "showDeclined": False,
    "denyBusyInvitation": False,
    "collapseOffHours": "Y",
    "showWeekNumbers": "N",
    "showTasks": "Y",
    "syncTasks": "N",
    "showCompletedTasks": "N",
    "lastUsedSection": False,
    "sendFromEmail": False,
    "defaultSections": [],
    "syncPeriodPast": 3,
    "syncPeriodFuture": 12,
    "defaultReminders": {"fullDay": [], "withTime": [{"type": "min", "count": 15}]},
    "timezoneName": "Europe/Moscow",
    "timezoneOffsetUTC": 10800,
    "timezoneDefaultName": "",
    "work_time_start": "9.00",
    "work_time_end": "19.00",
}


def _kept(call: Call, code: str, defaults: Map, owner: str = "") -> Map:
    """Stored settings over the defaults."""
    stored = _SETTINGS.get(call, code, owner)
    return defaults if stored is None else {**defaults, **stored.data}


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
    return [php.as_map(item) for item in php.as_list(_kept(call, "networkrange", _RANGES)["ranges"])]


def _ranges_get(call: Call) -> Value:
    _administrator(call)
    return _ranges(call)


def _ranges_set(call: Call) -> Value:
    """Replace all ranges. When one is invalid, nothing changes and the answer lists the invalid ones."""
    _administrator(call)
    sent = call.upper_case().get("RANGES")
    if isinstance(sent, str):
        try:
            sent = json.loads(sent)
        except ValueError:
            sent = None
    if not php.is_array(sent):
        raise PortalError("INVALID_FORMAT", "A wrong format for the RANGES field is passed")
    ranges: list[Map] = [
        {"ip_range": php.text(item.get("ip_range")), "name": php.text(item.get("name"))}
        for item in map(php.as_map, php.as_list(sent))
    ]
    wrong: list[Map] = [item for item in ranges if _bounds(php.text(item["ip_range"])) is None]
    if wrong:
        return {"result": False, "error_ranges": wrong}
    _SETTINGS.put(call, "networkrange", {"ranges": ranges})
    return {"result": True}


def _ranges_check(call: Call) -> Value:
    """The range that an address is in, or `false`. Without an address that of the caller."""
    _administrator(call)
    address = php.text(call.upper_case().get("IP")) or "127.0.0.1"
    asked = _bounds(address)
    for item in _ranges(call):
        bounds = _bounds(php.text(item["ip_range"]))
        if asked is not None and bounds is not None and bounds[0] <= asked[0] <= bounds[1]:
            return {"ip": address, "range": item["ip_range"], "name": item["name"]}
    return False


def _control_get(call: Call) -> Value:
    _administrator(call)
    return _kept(call, "timecontrol", _CONTROL)


def _control_set(call: Call) -> Value:
    """Change the sent settings; each keeps the type of its default."""
    _administrator(call)
    current, sent = _kept(call, "timecontrol", _CONTROL), call.upper_case()
    for name, default in _CONTROL.items():
        value = sent.get(name.upper())
        if value is None:
            continue
        if isinstance(default, bool):
            current = {**current, name: php.truthy(value) and value not in ("N", "false")}
        elif isinstance(default, int):
            current = {**current, name: php.integer(value)}
        elif isinstance(default, list):
            current = {**current, name: [php.integer(item) for item in php.as_list(value)]}
        else:
            current = {**current, name: php.text(value)}
    _SETTINGS.put(call, "timecontrol", current)
    return True


def _headed(call: Call, user: int) -> list[Row]:
    return call.portal.storage.rows(DEPARTMENT, ["ID", "NAME"], "UF_HEAD = ?", [user])


def _reports_settings(call: Call) -> Value:
    """What the caller may see: an administrator all departments, a head his own ones."""
    control, headed = _kept(call, "timecontrol", _CONTROL), _headed(call, call.user)
    shown = call.portal.storage.rows(DEPARTMENT, ["ID", "NAME"]) if call.admin else headed
    return {
        "active": control["active"],
        "user_id": call.user,
        "user_admin": call.admin,
        "user_head": bool(headed),
        "departments": [{"id": row.text("ID"), "name": row["NAME"]} for row in shown],
        "minimum_idle_for_report": control["minimum_idle_for_report"],
        "report_view_type": "head" if call.admin or headed else "simple",
    }


def _person(row: Map) -> Map:
    name, last_name = php.text(row["NAME"]), php.text(row["LAST_NAME"])
    return {
        "id": row["ID"],
        "name": f"{name} {last_name}".strip(),
        "first_name": name,
        "last_name": last_name,
        "work_position": php.text(row["WORK_POSITION"]),
        "avatar": "",
        "personal_gender": php.text(row["PERSONAL_GENDER"]),
        "last_activity_date": row["LAST_ACTIVITY_DATE"] or False,
    }


def _reports_users(call: Call) -> Value:
    """The active people of a department, or of the caller's departments."""
    own = call.portal.storage.row(USER, call.user) or Row()
    wanted = [php.integer(call.upper_case().get("DEPARTMENT_ID"))]
    if not wanted[0]:
        wanted = [php.integer(item) for item in values.items(own.get("UF_DEPARTMENT"))]
    inside = f"json_each.value in ({', '.join('?' * len(wanted))})"
    where = f"ACTIVE = 1 and exists (select 1 from json_each(UF_DEPARTMENT) where {inside})"  # noqa: S608
    columns = [field.name for field in USER.columns]
    return [_person(row) for row in call.portal.storage.rows(USER, columns, where, list[Value](wanted))]


def _reports(call: Call) -> Value:
    """The report of a month. Its days are empty: the sandbox measures no presence."""
    sent = call.upper_case()
    user = php.integer(sent.get("USER_ID")) or call.user
    row = call.portal.storage.row(USER, user)
    if row is None or (user != call.user and not call.admin):
        raise PortalError("USER_ACCESS_ERROR", "You don't have access to report for this user")
    now = datetime.fromtimestamp(call.now, dates.PORTAL_ZONE)
    year, month = php.integer(sent.get("YEAR")) or now.year, php.integer(sent.get("MONTH")) or now.month
    if not (1 <= month <= 12 and 1970 <= year <= 9998):
        year, month = now.year, now.month
    first = datetime(year, month, 1, tzinfo=dates.PORTAL_ZONE)
    last = first + timedelta(days=monthrange(year, month)[1]) - timedelta(seconds=1)
    report: Map = {
        "month_title": f"{first:%B}",
        "date_start": first.isoformat(),
        "date_finish": last.isoformat(),
        "days": [],
    }
    return {"report": report, "user": _person(row)}


def _report_add(call: Call) -> Value:
    sent = call.upper_case()
    if not php.text(sent.get("TEXT")):
        raise PortalError("TEXT_EMPTY", "Text can't be empty")
    raise PortalError("ACCESS_ERROR", "You don't have access for this report")  # there are no reports, see `_reports`


def _schedule(call: Call) -> Value:
    """The working time of everybody, which is schedule 1; an empty list for any other id."""
    if php.integer(call.upper_case().get("ID")) != 1:
        return []
    shift: Map = {"ID": 1, "NAME": "", "BREAK_DURATION": 3600, "WORK_TIME_START": 32400, "WORK_TIME_END": 64800}
    return {
        "ID": 1,
        "NAME": "Для всех сотрудников",
        "SCHEDULE_TYPE": "FIXED",
        "REPORT_PERIOD": "MONTH",
        "REPORT_PERIOD_OPTIONS": {"START_WEEK_DAY": 0},
        "CALENDAR_ID": 1,
        "ALLOWED_DEVICES": {"browser": True},
        "DELETED": "0",
        "IS_FOR_ALL_USERS": True,
        "WORKTIME_RESTRICTIONS": ["[]"],
        "CONTROLLED_ACTIONS": 3,
        "UPDATED_BY": 1,
        "DELETED_BY": 0,
        "DELETED_AT": "",
        "CREATED_BY": 0,
        "SHIFTS": [{**shift, "WORK_DAYS": "12345", "SCHEDULE_ID": 1, "DELETED": False}],
        "CALENDAR": {"ID": 1, "NAME": "", "PARENT_CALENDAR_ID": 0, "SYSTEM_CODE": "", "EXCLUSIONS": []},
    }


def _calendar_get(call: Call) -> Value:
    return _kept(call, "calendar", _CALENDAR, str(call.user))


def _calendar_set(call: Call) -> Value:
    """Change the caller's settings. Unknown names are dropped."""
    sent = call.params.get("settings")
    if not php.is_array(sent) or not php.as_map(sent):
        words = 'The required parameter "settings" for the method "calendar.user.settings.set" is not set'
        raise wrong_argument(words, "settings")
    changes = {name: value for name, value in php.as_map(sent).items() if name in _CALENDAR}
    owner = str(call.user)
    _SETTINGS.put(call, "calendar", {**_kept(call, "calendar", {}, owner), **changes}, owner)
    return True


def register(registry: Registry) -> None:
    """Register the settings of working time and calendars."""
    for name, run in (
        ("networkrange.get", _ranges_get),
        ("networkrange.set", _ranges_set),
        ("networkrange.check", _ranges_check),
        ("timecontrol.settings.get", _control_get),
        ("timecontrol.settings.set", _control_set),
        ("timecontrol.reports.settings.get", _reports_settings),
        ("timecontrol.reports.users.get", _reports_users),
        ("timecontrol.reports.get", _reports),
        ("timecontrol.report.add", _report_add),
        ("schedule.get", _schedule),
    ):
        registry.classic(f"timeman.{name}", "timeman", run)
    registry.classic("calendar.user.settings.get", "calendar", _calendar_get)
    registry.classic("calendar.user.settings.set", "calendar", _calendar_set)
