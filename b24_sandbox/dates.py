"""Dates of the portal: one time zone, stored as ISO 8601 text.

Text of one zone and one width sorts by time, so filters and orders need no conversion in the database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

PORTAL_ZONE = timezone(timedelta(hours=3))
_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y")
# A date without a time is local midnight with the offset added twice, as on real portals.
_DATE_HOUR = 3


def iso(seconds: float) -> str:
    """Convert Unix seconds to portal time in whole seconds: `2026-03-01T10:00:00+03:00`."""
    return datetime.fromtimestamp(int(seconds), PORTAL_ZONE).isoformat()


def parse(value: str, now: float) -> datetime | None:
    """Parse a date-time: ISO 8601, the Russian form, `today` and `now`. Return `None` for any other text.

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
        moment = next((found for form in _FORMATS if (found := _strptime(cleaned, form))), None)
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=PORTAL_ZONE, microsecond=0)
    try:
        return moment.astimezone(PORTAL_ZONE).replace(microsecond=0)
    except OverflowError:
        return None


def _relative(word: str, now: float) -> datetime | None:
    days = {"now": None, "today": 0, "yesterday": -1, "tomorrow": 1}
    if word not in days:
        return None
    moment = datetime.fromtimestamp(int(now), UTC).astimezone(PORTAL_ZONE)
    shift = days[word]
    if shift is None:
        return moment
    return moment.replace(hour=0, minute=0, second=0) + timedelta(days=shift)


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
