"""Working days of the demonstration company: two weeks, with those of today open, paused, closed or missing."""

from __future__ import annotations

from b24_sandbox.entities.groups import WORKDAY
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.people import EVERYBODY
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_DAYS = 14
_WITHOUT = (1,)
"""The director does not record working time."""
_FORGETFUL = 17
"""This person did not close yesterday's day and has not come today."""
_PAUSED = 5
"""Every fifth person has a pause now."""
_PAUSE = 2700
_HALF_DAY = (13,)
"""Who leaves at noon today."""


def seed_working_time(storage: Storage, now: float) -> None:
    """Write the days. `now` is in Unix seconds. Who is absent according to the calendar has none."""
    moments = Moments(now)
    away: set[tuple[int, int]] = set()
    for user, first, length, _ in table("absences"):
        away |= {(int(user), day) for day in range(int(first), int(first) + int(length))}
    rows: list[tuple[Value, ...]] = []
    for day in range(-_DAYS, 1):
        for person in EVERYBODY:
            if person in _WITHOUT or (person, day) in away or (person == _FORGETFUL and not day):
                continue
            begin = moments.past(day, 9 + (person * 7 + day) % 5 / 12)
            end: Value = moments.past(day, 18 + (person * 3 + day) % 7 / 6)
            paused: Value = None
            status, pauses = "CLOSED", _PAUSE
            if not day:
                pauses = 0
                status, end = "OPENED", None
                if person in _HALF_DAY:
                    status, end = "CLOSED", moments.past(0, 12)
                elif person % _PAUSED == 0:
                    status, paused = "PAUSED", moments.iso(now - 900)
            elif person == _FORGETFUL and day == -1:
                status, end = "OPENED", None
            rows.append((person, status, begin, end, paused, pauses, ""))
    columns = ("USER_ID", "STATUS", "TIME_START", "TIME_FINISH", "LAST_PAUSE", "LEAKS", "REPORT")
    storage.insert_many(WORKDAY, columns, rows)
