"""The number of pages in one request, from the time the portal needs for a page and from its failures.

The portal ends a request after 60 s, and other calls wait for the same database. Source: documentation, limits.
"""

from __future__ import annotations

from collections.abc import Iterable

from b24_mcp.errors import Fault
from b24_mcp.rest.batch.planner import COMMANDS_PER_REQUEST
from b24_mcp.rest.wire.answer import CallTime

_MOST_FAILURES = 6
"""Consecutive failures after which reading is given up."""
_TARGET_SECONDS = 15.0
_TOO_MUCH = ("B24MCP_TOO_LARGE", "B24MCP_TIMEOUT", "B24MCP_BAD_ANSWER", "B24MCP_CONNECTION_LOST")


class Pace:
    """Computes the pages of the next request: as many as take about 15 s, fewer after a request that failed.

    Without `together` every page is a request of its own.
    """

    def __init__(self, *, together: bool) -> None:
        self._page_seconds: float | None = None
        self._limit = COMMANDS_PER_REQUEST if together else 1
        self._most = float(self._limit)
        self._failures = 0
        self._pause = 0.0

    @property
    def pages(self) -> int:
        """The number of pages in the next request; one until the first page was measured."""
        if self._page_seconds is None:
            return 1
        by_speed = _TARGET_SECONDS / max(self._page_seconds, 0.001)
        return max(1, int(min(by_speed, self._most)))

    def learn(self, times: Iterable[CallTime | None]) -> None:
        """Record the durations of the pages of a successful request."""
        self._failures = 0
        durations = [time.duration for time in times if time is not None and time.duration is not None]
        if durations:
            latest = sum(durations) / len(durations)
            self._page_seconds = max(latest, (self._page_seconds or 0.0) / 2)
        elif self._page_seconds is None:
            self._page_seconds = 0.3
        self._most = min(self._limit, self._most * 1.5)

    def one_by_one(self) -> None:
        """Request every page alone from now on."""
        self._limit, self._most = 1, 1.0

    def back_off(self, tried: int) -> None:
        """Halve the pages after a failed request of `tried` pages, and never request nearly as many again."""
        self._failures += 1
        self._pause = min(8.0, 2.0 ** (self._failures - 1))
        self._most = max(1.0, tried / 2)
        self._limit = max(1, min(self._limit, tried * 3 // 4))

    @property
    def must_pause(self) -> bool:
        """Whether the next request has to wait."""
        return self._pause > 0

    def take_pause(self) -> float:
        """Return the seconds to wait before the next request, once after each failure."""
        pause, self._pause = self._pause, 0.0
        return pause

    def may_retry(self, tried: int, fault: Fault) -> bool:
        """Whether a failed request of `tried` pages is worth repeating with fewer pages."""
        return tried > 1 and self._failures <= _MOST_FAILURES and is_too_much(fault)


def is_too_much(fault: Fault) -> bool:
    """Whether a smaller request may succeed: the portal gave up, or its answer could not be read."""
    if fault.executed == "no":
        return False
    return fault.code in _TOO_MUCH or fault.kind == "unavailable" or (fault.status or 0) >= 500
