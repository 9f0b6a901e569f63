"""Dates of the portal: one time zone, stored as ISO 8601 text.

Text of one zone and one width sorts by time, so filters and orders need no conversion in the database. Dates are read
as PHP's `strtotime` reads them: ISO 8601, the Russian form and English words such as `tomorrow 10:00` and `friday`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

PORTAL_ZONE = timezone(timedelta(hours=3))
_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y")
# A date without a time is local midnight with the offset added twice, as on real portals.
_DATE_HOUR = 3
_DAYS = {"today": 0, "midnight": 0, "yesterday": -1, "tomorrow": 1}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = "mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_WORDS = re.compile(
    rf"(?:(?P<day>{'|'.join(_DAYS)})|(?P<sense>next|last|this)?\s*(?P<weekday>{_NAMES}))"
    r"(?:\s+(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)?\Z"
)
_SHIFT = re.compile(r"(?P<sign>[+-]?)\s*(?P<count>\d{1,5})\s*(?P<unit>sec|second|min|minute|hour|day|week)s?\Z")
_UNITS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_OVERFLOW = re.compile(r"(\d{4})-(\d{2})-(29|30|31)(?=\Z|[T ])")


def iso(seconds: float) -> str:
    """Convert Unix seconds to portal time in whole seconds: `2026-03-01T10:00:00+03:00`."""
    return datetime.fromtimestamp(int(seconds), PORTAL_ZONE).isoformat()


def zone(name: str) -> tzinfo:
    """The time zone of a name such as `Europe/Berlin`. An unknown name is the zone of the portal."""
    from zoneinfo import ZoneInfo  # reads files, which most calls do not need

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return PORTAL_ZONE


def parse(value: str, now: float) -> datetime | None:
    """Parse a date-time: ISO 8601, the Russian form, and words relative to `now`. Return `None` for any other text.

    A value without an offset is portal time.
    """
    cleaned = value.strip()
    if not cleaned:
        return None
    relative = _relative(cleaned.lower(), now)
    if relative is not None:
        return relative
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        moment = _overflowing(cleaned) or next(
            (found for form in _FORMATS if (found := _strptime(cleaned, form))), None
        )
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=PORTAL_ZONE, microsecond=0)
    try:
        return moment.astimezone(PORTAL_ZONE).replace(microsecond=0)
    except OverflowError:
        return None


def _relative(word: str, now: float) -> datetime | None:
    moment = datetime.fromtimestamp(int(now), UTC).astimezone(PORTAL_ZONE)
    if word == "now":
        return moment
    shift = _SHIFT.match(word)
    if shift:
        seconds = int(shift["count"]) * _UNITS[shift["unit"]]
        return moment + timedelta(seconds=-seconds if shift["sign"] == "-" else seconds)
    match = _WORDS.match(word)
    if match is None:
        return None
    time = [int(match[name] or 0) for name in ("hour", "minute", "second")]
    midnight = moment.replace(hour=time[0], minute=time[1], second=time[2])
    if match["day"]:
        return midnight + timedelta(days=_DAYS[match["day"]])
    ahead = (_WEEKDAYS.index(match["weekday"][:3]) - moment.weekday()) % 7
    if match["sense"] == "last":
        ahead = ahead - 7
    elif match["sense"] == "next":
        ahead = ahead or 7
    return midnight + timedelta(days=ahead)


def _overflowing(value: str) -> datetime | None:
    """A day that the month does not have runs on into the next month: 30 February is 2 March, or 1 March."""
    match = _OVERFLOW.match(value)
    if match is None:
        return None
    try:
        first = datetime.fromisoformat(f"{match[1]}-{match[2]}-01{value[10:]}")
        return first + timedelta(days=int(match[3]) - 1)
    except (ValueError, OverflowError):
        return None


def _strptime(value: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(value, form).replace(tzinfo=PORTAL_ZONE)
    except ValueError:
        return None


def stored_moment(value: str, now: float) -> str | None:
    """Convert a date-time to its stored form. Return `None` for an invalid one."""
    moment = parse(value, now)
    return None if moment is None else moment.isoformat()


def stored_date(value: str, now: float) -> str | None:
    """Convert a date to its stored form (`2026-03-01T03:00:00+03:00`). Return `None` for an invalid one."""
    moment = parse(value, now)
    return None if moment is None else moment.replace(hour=_DATE_HOUR, minute=0, second=0).isoformat()
