"""`calendar.*`: calendars, events and meetings. Dates have the format of the portal's country, never ISO 8601.

Documentation: api-reference/calendar.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.calendar import CALENDAR, CALENDAR_EVENT
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

PORTAL_ZONE_NAME = "Europe/Moscow"
_DAY = 86400.0
_OFFSET = re.compile(r"([+-]\d{2}:?\d{2}|Z)\Z|[A-Za-z_]+/[A-Za-z_]+")
_HIDDEN = ("ATTENDEES", "RRULE", "REMIND", "UF_CRM_CAL_EVENT", "IS_MEETING")
_COLUMNS = [field.name for field in CALENDAR_EVENT.columns]
_SENT = ("NAME", "DESCRIPTION", "ACCESSIBILITY", "IMPORTANCE", "PRIVATE_EVENT", "LOCATION", "COLOR", "TEXT_COLOR")


def _missing(call: Call, name: str) -> PortalError:
    words = f'The required parameter "{name}" for the method "{call.method.name}" is not set'
    return PortalError("", words)


def _need(call: Call, *names: str) -> None:
    for name in names:
        if call.exact(name) in (None, ""):
            raise _missing(call, name)


def _regional(moment: Value) -> str:
    return datetime.fromisoformat(php.text(moment)).strftime("%d.%m.%Y %H:%M:%S")


def _seconds(moment: Value) -> int:
    return int(datetime.fromisoformat(php.text(moment)).timestamp())


def _moment(call: Call, name: str, zone: str) -> str:
    """The stored form of `from` or `from_ts`. A time without an offset is local to `zone`."""
    sent = call.exact(f"{name}_ts")
    if call.exact(name) in (None, "") and sent not in (None, ""):
        return dates.iso(php.integer(sent))
    _need(call, name)
    text = php.text(call.exact(name))
    moment = dates.parse(text, call.now)
    if moment is None:
        raise _missing(call, name)
    if not _has_zone(text) and not _whole(call.params):
        moment = moment.replace(tzinfo=dates.zone(zone)).astimezone(dates.PORTAL_ZONE)
    return moment.isoformat()


def _has_zone(text: str) -> bool:
    return _OFFSET.search(text.strip()) is not None


def _whole(sent: Map) -> bool:
    """Whether an event is sent as whole days."""
    return sent.get("skip_time") in ("Y", True, 1, "1")


def _zones(sent: Map) -> Map:
    """The zones of a sent event. A time with an offset and a whole day are in the zone of the caller."""
    begin, end = sent.get("timezone_from"), sent.get("timezone_to")
    zones: Map = {}
    for column, name, zone in (("TZ_FROM", "from", begin), ("TZ_TO", "to", end or begin)):
        time = sent.get(name)
        if time is not None and (_whole(sent) or _has_zone(php.text(time))):
            zones[column] = PORTAL_ZONE_NAME
        elif zone not in (None, ""):
            zones[column] = php.text(zone)
    return zones


def _local(moment: Value, zone: Value) -> datetime:
    """A stored moment as the clocks of a zone show it."""
    return datetime.fromisoformat(php.text(moment)).astimezone(dates.zone(php.text(zone)))


def _offset(moment: Value, zone: Value) -> str:
    """The offset of a zone from UTC at a moment, in seconds."""
    shift = _local(moment, zone).utcoffset()
    return str(int(shift.total_seconds()) if shift is not None else 0)


def _shown(call: Call, row: Map) -> Map:
    event: Map = {name: None if row[name] is None else php.text(row[name]) for name in _COLUMNS if name not in _HIDDEN}
    begin, end = _seconds(row["DATE_FROM"]), _seconds(row["DATE_TO"])
    whole = row["DT_SKIP_TIME"] == "Y"
    for name, zone in (("DATE_FROM", "TZ_FROM"), ("DATE_TO", "TZ_TO")):
        event[name] = _regional(row[name])[:10] if whole else _regional(_local(row[name], row[zone]).isoformat())
    for name in ("DATE_CREATE", "TIMESTAMP_X"):
        event[name] = _regional(row[name])
    host = call.portal.storage.row(USER, php.integer(row["MEETING_HOST"])) or Row()
    return {
        **event,
        "DELETED": "N",
        "TZ_OFFSET_FROM": _offset(row["DATE_FROM"], row["TZ_FROM"]),
        "TZ_OFFSET_TO": _offset(row["DATE_TO"], row["TZ_TO"]),
        "DATE_FROM_TS_UTC": str(begin),
        "DATE_TO_TS_UTC": str(end),
        "DT_LENGTH": end - begin + (int(_DAY) if whole else 0),
        "IS_MEETING": bool(row["IS_MEETING"]),
        "MEETING": {
            "HOST_NAME": f"{php.text(host.get('NAME'))} {php.text(host.get('LAST_NAME'))}".strip(),
            "NOTIFY": False,
            "REINVITE": False,
            "ALLOW_INVITE": False,
            "HIDE_GUESTS": False,
            "MEETING_CREATOR": row["MEETING_HOST"],
            "LANGUAGE_ID": "ru",
            "MAIL_FROM": "",
        },
        "ATTENDEE_LIST": [
            {"id": guest, "status": status, "entryId": php.text(entry)} for guest, status, entry in _guests(call, row)
        ],
        "RRULE": json.loads(php.text(row["RRULE"])) if row["RRULE"] else "",
        "REMIND": json.loads(php.text(row["REMIND"])) if row["REMIND"] else [],
        "UF_CRM_CAL_EVENT": values.items(row["UF_CRM_CAL_EVENT"]) or False,
        "SECT_ID": php.text(row["SECTION_ID"]),
    }


def _guests(call: Call, row: Map) -> list[tuple[Value, Value, Value]]:
    if not row["IS_MEETING"]:
        return []
    columns = ["ID", "OWNER_ID", "MEETING_STATUS"]
    found = call.portal.storage.rows(CALENDAR_EVENT, columns, "PARENT_ID = ?", [row["PARENT_ID"]])
    return [(entry["OWNER_ID"], entry["MEETING_STATUS"], entry["ID"]) for entry in found]


def _columns(call: Call) -> Map:
    sent = call.params
    columns: Map = {name: php.text(sent[name.lower()]) for name in _SENT if name.lower() in sent}
    if "section" in sent:
        columns["SECTION_ID"] = php.integer(sent["section"])
    columns |= _zones(sent)
    if "skip_time" in sent:
        columns["DT_SKIP_TIME"] = "Y" if sent["skip_time"] in ("Y", True, 1, "1") else "N"
    for name in ("rrule", "remind"):
        if name in sent:
            columns[name.upper()] = json.dumps(sent[name], ensure_ascii=False)
    if "crm_fields" in sent:
        columns["UF_CRM_CAL_EVENT"] = json.dumps([php.text(item) for item in php.as_list(sent["crm_fields"])])
    if "attendees" in sent:
        guests = [php.integer(item) for item in php.as_list(sent["attendees"])]
        columns |= {"ATTENDEES": json.dumps(guests), "IS_MEETING": int(bool(guests))}
    return columns


def _check_section(call: Call, section: Value, kind: str, owner: int) -> None:
    """Refuse a calendar that does not exist or belongs to another owner."""
    where = "ID = ? and CAL_TYPE = ? and OWNER_ID = ?"
    if section and not call.portal.storage.count(CALENDAR, where, [section, kind, owner]):
        raise PortalError("", "You specified an invalid calendar section ID or the user does not have access to it")


def _own_calendar(call: Call, kind: str, owner: int) -> int:
    """The first calendar of an owner. It is created when it is missing."""
    storage = call.portal.storage
    found = storage.rows(CALENDAR, ["ID"], "CAL_TYPE = ? and OWNER_ID = ?", [kind, owner], limit=1)
    if found:
        return found[0].id
    now = dates.iso(call.now)
    stamps: Map = {"CREATED_BY": call.user, "DATE_CREATE": now, "TIMESTAMP_X": now}
    columns: Map = {"NAME": "Календарь", "COLOR": "#9dcf00", "CAL_TYPE": kind, "OWNER_ID": owner, **stamps}
    return storage.insert(CALENDAR, columns)


def _add(call: Call) -> Value:
    _need(call, "type", "ownerId", "name")
    zones: Map = {"TZ_FROM": PORTAL_ZONE_NAME, "TZ_TO": PORTAL_ZONE_NAME, **_zones(call.params)}
    begin, end = (_moment(call, name, php.text(zones[f"TZ_{name.upper()}"])) for name in ("from", "to"))
    kind, owner, now = php.text(call.exact("type")), php.integer(call.exact("ownerId")), dates.iso(call.now)
    columns: Map = {"ACCESSIBILITY": "busy", "IMPORTANCE": "normal", "PRIVATE_EVENT": "", "DT_SKIP_TIME": "N"}
    columns |= {**zones, "ATTENDEES": "[]", "IS_MEETING": 0}
    columns |= {**_columns(call), "CAL_TYPE": kind, "OWNER_ID": owner, "DATE_FROM": begin, "DATE_TO": end}
    columns |= {"CREATED_BY": call.user, "DATE_CREATE": now, "TIMESTAMP_X": now}
    columns |= {"MEETING_HOST": call.user, "MEETING_STATUS": "H" if columns["IS_MEETING"] else None}
    _check_section(call, columns.get("SECTION_ID"), kind, owner)
    columns["SECTION_ID"] = columns.get("SECTION_ID") or _own_calendar(call, kind, owner)
    storage = call.portal.storage
    event = storage.insert(CALENDAR_EVENT, columns)
    storage.update(CALENDAR_EVENT, event, {"PARENT_ID": event})
    _invite(call, event)
    call.portal.changes.announce("ONCALENDARENTRYADD", {"id": event}, call.user)
    return event


def _invite(call: Call, event: int) -> None:
    """Write an entry of the event to the calendar of every guest, and delete the entries of former guests."""
    storage = call.portal.storage
    row = storage.row(CALENDAR_EVENT, event) or Row()
    guests = {php.integer(item) for item in values.items(row["ATTENDEES"])} - {row.integer("OWNER_ID")}
    entries = storage.rows(CALENDAR_EVENT, ["ID", "OWNER_ID"], "PARENT_ID = ? and ID <> ?", [event, event])
    known = {entry.integer("OWNER_ID"): entry.id for entry in entries}
    shared = {name: value for name, value in row.items() if name not in ("ID", "OWNER_ID", "SECTION_ID", "CAL_TYPE")}
    for guest in guests | set(known):
        if guest not in guests:
            storage.delete(CALENDAR_EVENT, known[guest])
        elif guest in known:
            del_status = {name: value for name, value in shared.items() if name != "MEETING_STATUS"}
            storage.update(CALENDAR_EVENT, known[guest], del_status)
        elif storage.row(USER, guest) is not None:
            own: Map = {"OWNER_ID": guest, "CAL_TYPE": "user", "SECTION_ID": _own_calendar(call, "user", guest)}
            storage.insert(CALENDAR_EVENT, {**shared, **own, "MEETING_STATUS": "Q"})


def _event(call: Call, name: str = "id") -> Row:
    _need(call, name)
    row = call.portal.storage.row(CALENDAR_EVENT, php.integer(call.exact(name)))
    if row is None:
        raise PortalError("", "Event not found")
    return row


def _update(call: Call) -> Value:
    row = _event(call)
    _need(call, "ownerId", "type")
    columns = _columns(call)
    owner = php.integer(call.exact("ownerId"))
    _check_section(call, columns.get("SECTION_ID"), php.text(call.exact("type")), owner)
    for name in ("from", "to"):
        if call.exact(name) or call.exact(f"{name}_ts"):
            zone = f"TZ_{name.upper()}"
            columns[f"DATE_{name.upper()}"] = _moment(call, name, php.text(columns.get(zone, row[zone])))
    event = row.id
    call.portal.storage.update(CALENDAR_EVENT, event, {**columns, "TIMESTAMP_X": dates.iso(call.now)})
    if row["PARENT_ID"] == event:
        _invite(call, event)
    call.portal.changes.announce("ONCALENDARENTRYUPDATE", {"id": event}, call.user)
    return event


def _delete(call: Call) -> Value:
    row = _event(call)
    storage = call.portal.storage
    where, bound = ("PARENT_ID = ?", row["ID"]) if row["PARENT_ID"] == row["ID"] else ("ID = ?", row["ID"])
    for entry in storage.rows(CALENDAR_EVENT, ["ID"], where, [bound]):
        storage.delete(CALENDAR_EVENT, entry.id)
    call.portal.changes.announce("ONCALENDARENTRYDELETE", {"id": row["ID"]}, call.user)
    return True


def _between(call: Call, where: str, bound: list[Value], begin: str, end: str) -> list[Row]:
    clause = f"{where} and DATE_TO >= ? and DATE_FROM <= ?"
    return call.portal.storage.rows(CALENDAR_EVENT, _COLUMNS, clause, [*bound, begin, end], "DATE_FROM, ID")


def _bound(call: Call, name: str, days: float) -> str:
    """A date of a period. Defaults are a month back and three months ahead; a date without a time is its whole day."""
    sent = php.text(call.exact(name))
    if not sent:
        return dates.iso(call.now + days * _DAY)
    stored = dates.stored_moment(sent, call.now) or dates.iso(call.now)
    return f"{stored[:11]}23:59:59+03:00" if name == "to" and stored[11:19] == "00:00:00" else stored


def _list(call: Call) -> Value:
    _need(call, "type")
    if php.text(call.exact("type")) != "company_calendar":
        _need(call, "ownerId")
    where, bound = "CAL_TYPE = ? and OWNER_ID = ?", [php.text(call.exact("type")), php.integer(call.exact("ownerId"))]
    sections = [php.integer(item) for item in php.as_list(call.exact("section"))]
    rows = _between(call, where, list(bound), _bound(call, "from", -31), _bound(call, "to", 92))
    return [_shown(call, row) for row in rows if not sections or row["SECTION_ID"] in sections]


def _nearest(call: Call) -> Value:
    """The next events of a user: 60 days ahead, at most `maxEventsCount`."""
    kind = php.text(call.exact("type")) or "user"
    owner = php.integer(call.exact("ownerId")) or call.user
    days = php.integer(call.exact("days")) or 60
    begin, end = dates.iso(call.now), dates.iso(call.now + days * _DAY)
    rows = _between(call, "CAL_TYPE = ? and OWNER_ID = ?", [kind, owner], begin, end)
    return [_shown(call, row) for row in rows[: php.integer(call.exact("maxEventsCount")) or 75]]


def _accessibility(call: Call) -> Value:
    """The busy times of each user."""
    _need(call, "users", "from", "to")
    begin, end = _bound(call, "from", 0), _bound(call, "to", 0)
    shown: Map = {}
    for user in map(php.integer, php.as_list(call.exact("users"))):
        rows = _between(call, "CAL_TYPE = 'user' and OWNER_ID = ?", [user], begin, end)
        shown[str(user)] = [
            {
                "ID": row.text("ID"),
                "NAME": row["NAME"],
                "DATE_FROM": _regional(_local(row["DATE_FROM"], row["TZ_FROM"]).isoformat()),
                "DATE_TO": _regional(_local(row["DATE_TO"], row["TZ_TO"]).isoformat()),
                "DATE_FROM_TS_UTC": str(_seconds(row["DATE_FROM"])),
                "DATE_TO_TS_UTC": str(_seconds(row["DATE_TO"])),
                "~USER_OFFSET_FROM": 0,
                "~USER_OFFSET_TO": 0,
                "DT_SKIP_TIME": row["DT_SKIP_TIME"],
                "TZ_FROM": row["TZ_FROM"],
                "TZ_TO": row["TZ_TO"],
                "ACCESSIBILITY": row["ACCESSIBILITY"],
                "IMPORTANCE": row["IMPORTANCE"],
                "EVENT_TYPE": None,
            }
            for row in rows
            if row["ACCESSIBILITY"] != "free"
        ]
    return shown


def _my_entry(call: Call) -> Map:
    row = _event(call, "eventId")
    where = "PARENT_ID = ? and OWNER_ID = ?"
    mine = call.portal.storage.rows(CALENDAR_EVENT, ["ID", "MEETING_STATUS"], where, [row["PARENT_ID"], call.user])
    if not mine:
        raise PortalError("", "An error occurred while retrieving the status")
    return mine[0]


def _status(call: Call) -> Value:
    """The caller's answer to an invitation; the host has accepted."""
    status = _my_entry(call)["MEETING_STATUS"]
    return "Y" if status == "H" else status


def _set_status(call: Call) -> Value:
    status = php.text(call.exact("status"))
    if status not in ("Y", "N", "Q"):
        raise _missing(call, "status")
    call.portal.storage.update(CALENDAR_EVENT, php.integer(_my_entry(call)["ID"]), {"MEETING_STATUS": status})
    return True


def _section_shown(row: Row) -> Map:
    texts: Map = {name: None if value is None else php.text(value) for name, value in row.items()}
    for name in ("DATE_CREATE", "TIMESTAMP_X"):
        texts[name] = datetime.fromisoformat(row.text(name)).strftime("%Y-%m-%d %H:%M:%S")
    rights = ("view_time", "view_title", "view_full", "add", "edit", "edit_section", "access")
    return {
        **texts,
        "EXPORT": {"ALLOW": False},
        "EXTERNAL_TYPE": "local",
        "IS_COLLAB": False,
        "PERM": dict.fromkeys(rights, True),
    }


def _sections(call: Call) -> Value:
    _need(call, "type", "ownerId")
    bound = [php.text(call.exact("type")), php.integer(call.exact("ownerId"))]
    columns = [field.name for field in CALENDAR.columns]
    rows = call.portal.storage.rows(CALENDAR, columns, "CAL_TYPE = ? and OWNER_ID = ?", bound)
    return [_section_shown(row) for row in rows]


def _section_columns(call: Call) -> Map:
    names = ("NAME", "DESCRIPTION", "COLOR", "TEXT_COLOR")
    columns: Map = {name: php.text(call.exact(name.lower())) for name in names if name.lower() in call.params}
    return {**columns, "TIMESTAMP_X": dates.iso(call.now)}


def _section_add(call: Call) -> Value:
    _need(call, "type", "ownerId", "name")
    owner: Map = {"CAL_TYPE": php.text(call.exact("type")), "OWNER_ID": php.integer(call.exact("ownerId"))}
    stamps: Map = {"CREATED_BY": call.user, "DATE_CREATE": dates.iso(call.now)}
    section = call.portal.storage.insert(CALENDAR, {**_section_columns(call), **owner, **stamps})
    call.portal.changes.announce("ONCALENDARSECTIONADD", {"id": section}, call.user)
    return section


def _section(call: Call) -> int:
    _need(call, "type", "ownerId", "id")
    section = php.integer(call.exact("id"))
    if call.portal.storage.row(CALENDAR, section) is None:
        raise PortalError("", "Calendar not found")
    return section


def _section_update(call: Call) -> Value:
    section = _section(call)
    call.portal.storage.update(CALENDAR, section, _section_columns(call))
    call.portal.changes.announce("ONCALENDARSECTIONUPDATE", {"id": section}, call.user)
    return section


def _section_delete(call: Call) -> Value:
    section = _section(call)
    storage = call.portal.storage
    for row in storage.rows(CALENDAR_EVENT, ["ID"], "SECTION_ID = ?", [section]):
        storage.delete(CALENDAR_EVENT, row.id)
    storage.delete(CALENDAR, section)
    call.portal.changes.announce("ONCALENDARSECTIONDELETE", {"id": section}, call.user)
    return True


def _settings(call: Call) -> Value:
    return {
        "work_time_start": "9",
        "work_time_end": "19",
        "year_holidays": "1.01,2.01,7.01,23.02,8.03,1.05,9.05,12.06,4.11",
        "year_workdays": "31.12",
        "week_holidays": ["SA", "SU"],
        "week_start": "MO",
        "user_name_template": "#NAME# #LAST_NAME#",
        "sync_by_push": False,
        "user_show_login": True,
        "path_to_user": "/company/personal/user/#user_id#/",
        "path_to_user_calendar": "/company/personal/user/#user_id#/calendar/",
        "path_to_group": "/workgroups/group/#group_id#/",
        "path_to_group_calendar": "/workgroups/group/#group_id#/calendar/",
    }


def register(registry: Registry) -> None:
    """Register the methods of calendars."""
    for name, run in (
        ("event.add", _add),
        ("event.update", _update),
        ("event.delete", _delete),
        ("event.get", _list),
        ("event.getbyid", lambda call: _shown(call, _event(call))),
        ("event.get.nearest", _nearest),
        ("accessibility.get", _accessibility),
        ("meeting.status.get", _status),
        ("meeting.status.set", _set_status),
        ("section.get", _sections),
        ("section.add", _section_add),
        ("section.update", _section_update),
        ("section.delete", _section_delete),
        ("settings.get", _settings),
    ):
        registry.classic(f"calendar.{name}", "calendar", run)
