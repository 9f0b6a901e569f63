"""`calendar.section.*`, `calendar.user.settings.*`, `calendar.settings.get`: calendars and their settings.

Also what all methods of calendars share. Documentation: api-reference/calendar.
"""

from __future__ import annotations

from datetime import datetime

from b24_sandbox import dates
from b24_sandbox.call import Call
from b24_sandbox.entities.calendar import CALENDAR, CALENDAR_EVENT
from b24_sandbox.errors import PortalError, present, wrong_argument
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = MethodTable("calendar")
register = method.register

_SETTINGS = RecordsByCode("settings")
_SENT = ("NAME", "DESCRIPTION", "COLOR", "TEXT_COLOR")


def missing(call: Call, name: str) -> PortalError:
    """The error for a parameter that was not sent."""
    return PortalError("", f'The required parameter "{name}" for the method "{call.method.name}" is not set')


def need(call: Call, *names: str) -> None:
    """Refuse a call in which one of these parameters is empty."""
    for name in names:
        if call.exact(name) in (None, ""):
            raise missing(call, name)


def owner_of(call: Call) -> tuple[str, int]:
    """The kind and the id of the owner whose calendars a call is about."""
    return call.sent.text("type"), call.sent.integer("ownerId")


def own_calendar(call: Call, kind: str, owner: int) -> int:
    """The first calendar of an owner. It is created when it is missing."""
    found = call.storage.ids(CALENDAR, "CAL_TYPE = ? and OWNER_ID = ?", [kind, owner])
    return found[0] if found else _create(call, kind, owner, {"NAME": "Календарь", "COLOR": "#9dcf00"})


def _create(call: Call, kind: str, owner: int, columns: Map) -> int:
    now = dates.iso(call.now)
    stamps: Map = {"CREATED_BY": call.user, "DATE_CREATE": now, "TIMESTAMP_X": now}
    return call.storage.insert(CALENDAR, {**columns, "CAL_TYPE": kind, "OWNER_ID": owner, **stamps})


def announce(call: Call, change: str, record: int) -> int:
    """Announce a change of an event or a calendar. The id is returned."""
    call.portal.changes.announce(f"ONCALENDAR{change}", {"id": record}, call.user)
    return record


def _shown(row: Row) -> Map:
    texts: Map = {name: None if value is None else row.text(name) for name, value in row.items()}
    for name in ("DATE_CREATE", "TIMESTAMP_X"):
        texts[name] = datetime.fromisoformat(row.text(name)).strftime("%Y-%m-%d %H:%M:%S")
    return {**texts, **shape("calendar.section")}


@method("calendar.section.get")
def _get(call: Call) -> Value:
    need(call, "type", "ownerId")
    rows = call.storage.whole(CALENDAR, "CAL_TYPE = ? and OWNER_ID = ?", owner_of(call))
    return [_shown(row) for row in rows]


def _columns(call: Call) -> Map:
    return {name: call.sent.text(name.lower()) for name in _SENT if name.lower() in call.sent}


@method("calendar.section.add")
def _add(call: Call) -> Value:
    need(call, "type", "ownerId", "name")
    return announce(call, "SECTIONADD", _create(call, *owner_of(call), _columns(call)))


def _section(call: Call) -> int:
    need(call, "type", "ownerId", "id")
    section = call.sent.integer("id")
    present(call.storage.row(CALENDAR, section), PortalError("", "Calendar not found"))
    return section


@method("calendar.section.update")
def _update(call: Call) -> Value:
    section = _section(call)
    call.storage.update(CALENDAR, section, {**_columns(call), "TIMESTAMP_X": dates.iso(call.now)})
    return announce(call, "SECTIONUPDATE", section)


@method("calendar.section.delete")
def _delete(call: Call) -> Value:
    section = _section(call)
    call.storage.delete_all(CALENDAR_EVENT, "SECTION_ID = ?", [section])
    call.storage.delete(CALENDAR, section)
    announce(call, "SECTIONDELETE", section)
    return True


@method("calendar.user.settings.get")
def _settings_get(call: Call) -> Value:
    return _SETTINGS.over(call, "calendar", shape("calendar.user_settings"), str(call.user))


@method("calendar.user.settings.set")
def _settings_set(call: Call) -> Value:
    """Change the caller's settings. Unknown names are dropped."""
    sent, owner = call.sent.inner("settings"), str(call.user)
    if not sent:
        raise wrong_argument(missing(call, "settings").description, "settings")
    changes = {name: value for name, value in sent.items() if name in shape("calendar.user_settings")}
    _SETTINGS.put(call, "calendar", {**_SETTINGS.over(call, "calendar", {}, owner), **changes}, owner)
    return True


method.add("calendar.settings.get", lambda call: constant("calendar.settings"))
