"""Calendars of the demonstration company: meetings around today, absences, days of the whole company."""

from __future__ import annotations

import json

from b24_sandbox.entities.calendar import CALENDAR, CALENDAR_EVENT
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.people import EVERYBODY
from b24_sandbox.seed.tables import numbers, table
from b24_sandbox.storage import Storage

_COMPANY = len(EVERYBODY) + 1
"""The calendar of the company; that of a person has the person's id."""
_EVENTS = (
    "ID PARENT_ID CAL_TYPE OWNER_ID SECTION_ID NAME DESCRIPTION DATE_FROM DATE_TO TZ_FROM TZ_TO DT_SKIP_TIME"
    " ACCESSIBILITY IMPORTANCE PRIVATE_EVENT RRULE LOCATION REMIND COLOR TEXT_COLOR IS_MEETING MEETING_STATUS"
    " MEETING_HOST ATTENDEES UF_CRM_CAL_EVENT CREATED_BY DATE_CREATE TIMESTAMP_X"
)
_ZONE = "Europe/Moscow"
_REMIND = json.dumps([{"type": "min", "count": 15}])


def seed_calendars(storage: Storage, now: float) -> None:
    """Write calendars and events. `now` is in Unix seconds."""
    moments = Moments(now)
    made = moments.ago(200)
    calendars: list[tuple[Value, ...]] = [
        (person, "Мой календарь", "#9dcf00", "user", person, person, made, made) for person in EVERYBODY
    ]
    calendars.append((_COMPANY, "Календарь компании", "#86b100", "company_calendar", 0, 1, made, made))
    columns = ("ID", "NAME", "COLOR", "CAL_TYPE", "OWNER_ID", "CREATED_BY", "DATE_CREATE", "TIMESTAMP_X")
    storage.insert_many(CALENDAR, columns, calendars)
    events: list[tuple[Value, ...]] = []
    stamp = moments.ago(14)
    _add_meetings(events, moments, stamp)
    for user, day, length, name in table("absences"):
        span = (moments.at(int(day), 0), moments.at(int(day) + int(length) - 1, 0))
        events.append(_whole_days(len(events) + 1, "user", int(user), int(user), name, span, "absent", stamp))
    for day, length, name in table("company_days"):
        span = (moments.at(int(day), 0), moments.at(int(day) + int(length) - 1, 0))
        events.append(_whole_days(len(events) + 1, "company_calendar", 0, _COMPANY, name, span, "busy", stamp))
    storage.insert_many(CALENDAR_EVENT, _EVENTS.split(), events)


def _add_meetings(events: list[tuple[Value, ...]], moments: Moments, stamp: str) -> None:
    """Add each meeting once for its host and once for every guest. Some guests have not answered yet."""
    for host, days, hour, minutes, guests, name, description, location in table("events"):
        begin = moments.at(int(days), float(hour))
        end = moments.at(int(days), float(hour) + int(minutes) / 60)
        owner, invited = int(host), numbers(guests)
        parent = len(events) + 1
        people = json.dumps([owner, *invited]) if invited else "[]"
        for place, person in enumerate([owner, *invited]):
            answer = "H" if not place else "Q" if int(days) > 0 and place % 2 else "Y"
            events.append(
                (
                    *(parent + place, parent, "user", person, person, name, description, begin, end, _ZONE, _ZONE),
                    *("N", "busy", "normal", "", None, location, _REMIND, "", "", int(bool(invited))),
                    *(answer if invited else "", owner, people, "[]", owner, stamp, stamp),
                )
            )


def _whole_days(
    number: int, kind: str, owner: int, calendar: int, name: str, span: tuple[str, str], access: str, stamp: str
) -> tuple[Value, ...]:
    author = owner or 1
    return (
        *(number, number, kind, owner, calendar, name, "", *span, _ZONE, _ZONE),
        *("Y", access, "normal", "", None, "", "[]", "", "", 0),
        *("", author, "[]", "[]", author, stamp, stamp),
    )
