"""Dates of the initial data, relative to the portal's clock."""

from __future__ import annotations

from b24_sandbox import dates

DAY = 86400.0
_OFFSET = int(dates.PORTAL_ZONE.utcoffset(None).total_seconds())
_SUFFIX = dates.iso(0)[-6:]
DATE = "T03:00:00" + _SUFFIX
"""What follows a day in the stored form of dates."""
_HOURS = [f"T{hour:02d}:" for hour in range(24)]
_MINUTES = [f"{minute:02d}:" for minute in range(60)]
_SECONDS = [f"{second:02d}{_SUFFIX}" for second in range(60)]


class Moments:
    """Stored dates and times around `now` (Unix seconds), the moment the portal is created."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._midnight = (int(now) + _OFFSET) // int(DAY) * DAY - _OFFSET
        self._days: dict[int, str] = {}
        self._moments: dict[int, str] = {}

    def iso(self, seconds: float) -> str:
        """Convert Unix seconds as `dates.iso` does. Most dates share their day with others, which makes this faster."""
        minutes, second = divmod(int(seconds) + _OFFSET, 60)
        number, minute = divmod(minutes, 1440)
        day = self._days.get(number)
        if day is None:
            day = self._days[number] = dates.iso(seconds)[:10]
        return day + _HOURS[minute // 60] + _MINUTES[minute % 60] + _SECONDS[second]

    def ago(self, days: float) -> str:
        """The moment this many days before now."""
        seconds = int(self.now - days * DAY)
        moment = self._moments.get(seconds)  # several columns share the same moment
        if moment is None:
            moment = self._moments[seconds] = self.iso(seconds)
        return moment

    def date_ago(self, days: float) -> str:
        """The date this many days before now, in the stored form of dates."""
        return self.ago(days)[:10] + DATE

    def at(self, days: float, hour: float) -> str:
        """An hour of a day counted from today: 0 is today, -1 yesterday, 1 tomorrow."""
        return self.iso(self._midnight + days * DAY + hour * 3600)

    def past(self, days: float, hour: float) -> str:
        """An hour of today or of an earlier day, never after now.

        When the hour has not come yet today, it is moved into the part of the day that has passed, in proportion.
        """
        moment = self._midnight + days * DAY + hour * 3600
        if moment > self.now:
            moment = self._midnight + (self.now - self._midnight) * hour / 24
        return self.iso(moment)
