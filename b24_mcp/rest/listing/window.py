"""The number of requests of a list that run at the same time.

More requests help while most of the time passes on the portal. If this process is busy, they only fill its memory with
waiting rows, which makes everything slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_BUSY, _IDLE = 0.9, 0.8
_LEAST = 2
_KEPT = 0.9
"""The weight of earlier answers against the last one."""


class RequestWindow:
    """A number of requests between 2 and `most`, from the share of time in which this process is busy.

    `clock` and `processor` return seconds, and seconds of processor time of this process.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.perf_counter,
        processor: Callable[[], float] = time.process_time,
    ) -> None:
        self._most, self._size = most, _LEAST
        self._clock, self._processor = clock, processor
        self._last = clock(), processor()
        self._passed = self._worked = 0.0

    @property
    def size(self) -> int:
        """The number of requests that may run now."""
        return min(self._size, self._most)

    def note_answer(self) -> None:
        """Note that the rows of an answer are used now."""
        now, worked = self._clock(), self._processor()
        self._passed = self._passed * _KEPT + now - self._last[0]
        self._worked = self._worked * _KEPT + worked - self._last[1]
        self._last = now, worked
        if self._worked > self._passed * _BUSY:
            self._size = max(_LEAST, self._size - 1)
        elif self._worked < self._passed * _IDLE:
            self._size = min(self._most, self._size * 2)

    def halve(self) -> None:
        """Allow half as many requests from now on, because the portal failed."""
        self._most = max(1, self._most // 2)
