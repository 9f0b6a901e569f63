"""`calendar.event.*`, `calendar.meeting.*`, `calendar.accessibility.get`: events and meetings.

Dates have the format of the portal's country, never ISO 8601. Documentation: api-reference/calendar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.calendar import CALENDAR, CALENDAR_EVENT
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError, present
from b24_sandbox.methods.calendar_sections import announce, missing, need, own_calendar, owner_of
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.shapes import constant, shape

method = MethodTable("calendar")
register = method.register

PORTAL_ZONE_NAME = "Europe/Moscow"
_DAY = 86400.0
_OFFSET = re.compile(r"([+-]\d{2}:?\d{2}|Z)\Z|[A-Za-z_]+/[A-Za-z_]+")
_HIDDEN = ("ATTENDEES", "RRULE", "REMIND", "UF_CRM_CAL_EVENT", "IS_MEETING")
_COLUMNS = [field.name for field in CALENDAR_EVENT.columns if field.name not in _HIDDEN]
_SENT = ("NAME", "DESCRIPTION", "ACCESSIBILITY", "IMPORTANCE", "PRIVATE_EVENT", "LOCATION", "COLOR", "TEXT_COLOR")
_NOT_SHARED = ("ID", "OWNER_ID", "SECTION_ID", "CAL_TYPE", "MEETING_STATUS")
_TRUE = ("Y", True, 1, "1")
_MINE = "CAL_TYPE = ? and OWNER_ID = ?"


def _regional(moment: datetime) -> str:
    return moment.strftime("%d.%m.%Y %H:%M:%S")


def _stored(moment: Value) -> datetime:
    return datetime.fromisoformat(php.text(moment))


def _seconds(moment: Value) -> int:
    return int(_stored(moment).timestamp())


def _moment(call: Call, name: str, zone: str) -> str:
    """The stored form of `from` or `from_ts`. A time without an offset is local to `zone`."""
    stamp = call.sent.text(f"{name}_ts")
    if not call.sent.text(name) and stamp:
        return dates.iso(php.integer(stamp))
    need(call, name)
    text = call.sent.text(name)
    moment = present(dates.parse(text, call.now), missing(call, name))
    if not _has_zone(text) and not _whole(call.sent):
        moment = moment.replace(tzinfo=dates.zone(zone)).astimezone(dates.PORTAL_ZONE)
    return moment.isoformat()


def _has_zone(text: str) -> bool:
    return _OFFSET.search(text.strip()) is not None


def _whole(sent: Sent) -> bool:
    """Whether an event is sent as whole days."""
    return sent.get("skip_time") in _TRUE


def _zones(sent: Sent) -> Map:
    """The zones of a sent event. A time with an offset and a whole day are in the zone of the caller."""
    begin, end = sent.text("timezone_from"), sent.text("timezone_to")
    zones: Map = {}
    for column, name, zone in (("TZ_FROM", "from", begin), ("TZ_TO", "to", end or begin)):
        if sent.get(name) is not None and (_whole(sent) or _has_zone(sent.text(name))):
            zones[column] = PORTAL_ZONE_NAME
        elif zone:
            zones[column] = zone
    return zones


def _local(moment: Value, zone: Value) -> datetime:
    """A stored moment as the clocks of a zone show it."""
    return _stored(moment).astimezone(dates.zone(php.text(zone)))


def _offset(moment: Value, zone: Value) -> str:
    """The offset of a zone from UTC at a moment, in seconds."""
    shift = _local(moment, zone).utcoffset()
    return str(int(shift.total_seconds()) if shift is not None else 0)


def _shown(call: Call, row: Row) -> Map:
    event: Map = {name: None if row[name] is None else row.text(name) for name in _COLUMNS}
    begin, end = _seconds(row["DATE_FROM"]), _seconds(row["DATE_TO"])
    whole = row["DT_SKIP_TIME"] == "Y"
    for name, zone in (("DATE_FROM", "TZ_FROM"), ("DATE_TO", "TZ_TO")):
        event[name] = _regional(_stored(row[name]))[:10] if whole else _regional(_local(row[name], row[zone]))
    event |= {name: _regional(_stored(row[name])) for name in ("DATE_CREATE", "TIMESTAMP_X")}
    return event | shape(
        "calendar.event",
        row,
        offset_from=_offset(row["DATE_FROM"], row["TZ_FROM"]),
        offset_to=_offset(row["DATE_TO"], row["TZ_TO"]),
        begin=begin,
        end=end,
        length=end - begin + (int(_DAY) if whole else 0),
        host=full_name(person(call.portal, row.integer("MEETING_HOST"))),
        guests=_guests(call, row),
        rule=json.loads(row.text("RRULE")) if row["RRULE"] else "",
        crm=values.items(row["UF_CRM_CAL_EVENT"]),
    )


def _guests(call: Call, row: Row) -> list[Map]:
    if not row["IS_MEETING"]:
        return []
    entries = call.storage.whole(CALENDAR_EVENT, "PARENT_ID = ?", [row["PARENT_ID"]])
    return [{"id": each["OWNER_ID"], "status": each["MEETING_STATUS"], "entryId": each.text("ID")} for each in entries]


def _columns(call: Call) -> Map:
    sent = call.sent
    columns: Map = {name: sent.text(name.lower()) for name in _SENT if name.lower() in sent}
    if "section" in sent:
        columns["SECTION_ID"] = sent.integer("section")
    columns |= _zones(sent)
    if "skip_time" in sent:
        columns["DT_SKIP_TIME"] = "Y" if _whole(sent) else "N"
    columns |= {
        name.upper(): json.dumps(sent[name], ensure_ascii=False) for name in ("rrule", "remind") if name in sent
    }
    if "crm_fields" in sent:
        columns["UF_CRM_CAL_EVENT"] = json.dumps(sent.texts("crm_fields"))
    if "attendees" in sent:
        guests = sent.integers("attendees")
        columns |= {"ATTENDEES": json.dumps(guests), "IS_MEETING": int(bool(guests))}
    return columns


def _check_section(call: Call, section: Value) -> None:
    """Refuse a calendar that does not exist or belongs to another owner."""
    if section and not call.storage.count(CALENDAR, f"ID = ? and {_MINE}", [section, *owner_of(call)]):
        raise PortalError("", "You specified an invalid calendar section ID or the user does not have access to it")


@method("calendar.event.add")
def _add(call: Call) -> Value:
    need(call, "type", "ownerId", "name")
    columns: Map = {**php.as_map(constant("calendar.new_event")), **_columns(call)}
    begin, end = (_moment(call, name, php.text(columns[f"TZ_{name.upper()}"])) for name in ("from", "to"))
    (kind, owner), now = owner_of(call), dates.iso(call.now)
    columns |= {"CAL_TYPE": kind, "OWNER_ID": owner, "DATE_FROM": begin, "DATE_TO": end}
    columns |= {"CREATED_BY": call.user, "DATE_CREATE": now, "TIMESTAMP_X": now}
    columns |= {"MEETING_HOST": call.user, "MEETING_STATUS": "H" if columns["IS_MEETING"] else None}
    _check_section(call, columns.get("SECTION_ID"))
    columns["SECTION_ID"] = columns.get("SECTION_ID") or own_calendar(call, kind, owner)
    event = call.storage.insert(CALENDAR_EVENT, columns)
    call.storage.update(CALENDAR_EVENT, event, {"PARENT_ID": event})
    _invite(call, event)
    return announce(call, "ENTRYADD", event)


def _invite(call: Call, event: int) -> None:
    """Write an entry of the event to the calendar of every guest, and delete the entries of former guests."""
    row = call.storage.row(CALENDAR_EVENT, event) or Row()
    guests = {php.integer(item) for item in values.items(row["ATTENDEES"])} - {row.integer("OWNER_ID")}
    entries = call.storage.whole(CALENDAR_EVENT, "PARENT_ID = ? and ID <> ?", [event, event])
    known = {entry.integer("OWNER_ID"): entry.id for entry in entries}
    shared = {name: value for name, value in row.items() if name not in _NOT_SHARED}
    for guest in guests | set(known):
        if guest not in guests:
            call.storage.delete(CALENDAR_EVENT, known[guest])
        elif guest in known:
            call.storage.update(CALENDAR_EVENT, known[guest], shared)
        elif call.storage.row(USER, guest) is not None:
            own: Map = {"OWNER_ID": guest, "CAL_TYPE": "user", "SECTION_ID": own_calendar(call, "user", guest)}
            call.storage.insert(CALENDAR_EVENT, {**shared, **own, "MEETING_STATUS": "Q"})


def _event(call: Call, name: str = "id") -> Row:
    need(call, name)
    return present(call.storage.row(CALENDAR_EVENT, call.sent.integer(name)), PortalError("", "Event not found"))


@method("calendar.event.update")
def _update(call: Call) -> Value:
    row = _event(call)
    need(call, "ownerId", "type")
    columns = _columns(call)
    _check_section(call, columns.get("SECTION_ID"))
    for name in ("from", "to"):
        if call.sent.get(name) or call.sent.get(f"{name}_ts"):
            zone = f"TZ_{name.upper()}"
            columns[f"DATE_{name.upper()}"] = _moment(call, name, php.text(columns.get(zone, row[zone])))
    call.storage.update(CALENDAR_EVENT, row.id, {**columns, "TIMESTAMP_X": dates.iso(call.now)})
    if row["PARENT_ID"] == row.id:
        _invite(call, row.id)
    return announce(call, "ENTRYUPDATE", row.id)


@method("calendar.event.delete")
def _delete(call: Call) -> Value:
    row = _event(call)
    column = "PARENT_ID" if row["PARENT_ID"] == row["ID"] else "ID"
    call.storage.delete_all(CALENDAR_EVENT, f"{column} = ?", [row["ID"]])
    announce(call, "ENTRYDELETE", row.id)
    return True


def _between(call: Call, owner: Sequence[Value], begin: str, end: str) -> list[Row]:
    clause = f"{_MINE} and DATE_TO >= ? and DATE_FROM <= ?"
    return call.storage.whole(CALENDAR_EVENT, clause, [*owner, begin, end], "DATE_FROM, ID")


def _bound(call: Call, name: str, days: float) -> str:
    """A date of a period. Defaults are a month back and three months ahead; a date without a time is its whole day."""
    sent = call.sent.text(name)
    if not sent:
        return dates.iso(call.now + days * _DAY)
    stored = dates.stored_moment(sent, call.now) or dates.iso(call.now)
    return f"{stored[:11]}23:59:59+03:00" if name == "to" and stored[11:19] == "00:00:00" else stored


@method("calendar.event.get")
def _list(call: Call) -> Value:
    need(call, "type")
    if call.sent.text("type") != "company_calendar":
        need(call, "ownerId")
    sections = call.sent.integers("section")
    rows = _between(call, owner_of(call), _bound(call, "from", -31), _bound(call, "to", 92))
    return [_shown(call, row) for row in rows if not sections or row["SECTION_ID"] in sections]


@method("calendar.event.get.nearest")
def _nearest(call: Call) -> Value:
    """The next events of a user: 60 days ahead, at most `maxEventsCount`."""
    kind, owner = owner_of(call)
    days = call.sent.integer("days") or 60
    begin, end = dates.iso(call.now), dates.iso(call.now + days * _DAY)
    rows = _between(call, (kind or "user", owner or call.user), begin, end)
    return [_shown(call, row) for row in rows[: call.sent.integer("maxEventsCount") or 75]]


@method("calendar.accessibility.get")
def _accessibility(call: Call) -> Value:
    """The busy times of each user."""
    need(call, "users", "from", "to")
    begin, end = _bound(call, "from", 0), _bound(call, "to", 0)
    return {
        str(user): [_busy(row) for row in _between(call, ("user", user), begin, end) if row["ACCESSIBILITY"] != "free"]
        for user in call.sent.integers("users")
    }


def _busy(row: Row) -> Map:
    times: Map = {"begin": _seconds(row["DATE_FROM"]), "end": _seconds(row["DATE_TO"])}
    times |= {
        name: _regional(_local(row[f"DATE_{name.upper()}"], row[f"TZ_{name.upper()}"])) for name in ("from", "to")
    }
    return shape("calendar.busy", row, **times)


def _my_entry(call: Call) -> Row:
    mine = [_event(call, "eventId")["PARENT_ID"], call.user]
    return present(
        call.storage.first(CALENDAR_EVENT, "PARENT_ID = ? and OWNER_ID = ?", mine),
        PortalError("", "An error occurred while retrieving the status"),
    )


@method("calendar.meeting.status.get")
def _status(call: Call) -> Value:
    """The caller's answer to an invitation; the host has accepted."""
    status = _my_entry(call)["MEETING_STATUS"]
    return "Y" if status == "H" else status


@method("calendar.meeting.status.set")
def _set_status(call: Call) -> Value:
    status = call.sent.text("status")
    if status not in ("Y", "N", "Q"):
        raise missing(call, "status")
    call.storage.update(CALENDAR_EVENT, _my_entry(call).id, {"MEETING_STATUS": status})
    return True


method.add("calendar.event.getbyid", lambda call: _shown(call, _event(call)))
