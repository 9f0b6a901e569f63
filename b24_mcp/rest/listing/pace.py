"""How many pages one request asks for, by what the portal needs for a page.

The portal ends a request after 60 s, and many other calls wait for the same database. Source: documentation, limits.
"""

from __future__ import annotations

from collections.abc import Iterable

from b24_mcp.errors import Fault
from b24_mcp.rest.batch.planner import COMMANDS_PER_REQUEST
from b24_mcp.rest.wire.answer import CallTime

MOST_FAILURES = 6
"""Failures in a row after which reading is given up."""

_AIM_SECONDS = 15.0
_TOO_MUCH = ("B24MCP_TOO_LARGE", "B24MCP_TIMEOUT", "B24MCP_BAD_ANSWER", "B24MCP_CONNECTION_LOST")


class Pace:
    """Pages for the next request: as many as take about 15 s, fewer after a request that was too much.

    Without `together` every page is a request of its own.
    """

    def __init__(self, *, together: bool) -> None:
        self._page_seconds: float | None = None
        self._limit = COMMANDS_PER_REQUEST if together else 1
        self._most = float(self._limit)

    @property
    def pages(self) -> int:
        """How many pages to ask for in one request; one until the first was measured."""
        if self._page_seconds is None:
            return 1
        by_speed = _AIM_SECONDS / max(self._page_seconds, 0.001)
        return max(1, int(min(by_speed, self._most)))

    def learn(self, times: Iterable[CallTime | None]) -> None:
        """Note what the pages of a request that went well took."""
        durations = [time.duration for time in times if time is not None and time.duration is not None]
        if durations:
            latest = sum(durations) / len(durations)
            self._page_seconds = max(latest, (self._page_seconds or 0.0) / 2)
        elif self._page_seconds is None:
            self._page_seconds = 0.3
        self._most = min(self._limit, self._most * 1.5)

    def back_off(self, tried: int) -> None:
        """A request for so many pages was too much: ask for half, and never for nearly as many again."""
        self._most = max(1.0, tried / 2)
        self._limit = max(1, min(self._limit, tried * 3 // 4))


def is_too_much(fault: Fault) -> bool:
    """Tell whether asking for less may help: the portal gave up, or could not be understood."""
    if fault.executed == "no":
        return False
    return fault.code in _TOO_MUCH or fault.kind == "unavailable" or (fault.status or 0) >= 500


def failure_pause(failures: int) -> float:
    """Seconds to leave a portal alone after so many failures in a row."""
    return min(8.0, 2.0 ** (failures - 1))
