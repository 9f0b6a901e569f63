"""The deadline of a call, the clock it is measured with, and reports while the call waits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

_SHORTEST_REPORTED_WAIT = 3.0
_REPORT_EVERY = 5.0

OnWait = Callable[[float, float, str], Awaitable[None]]
"""A callback for a call that waits, with the seconds waited so far, the seconds in all, and the reason."""


OnSend = Callable[[], Awaitable[None]]
"""A callback directly before a request is sent, after all waits."""


class Clock(Protocol):
    """The time as the client sees it. Tests use a clock of their own."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def timeout(self, seconds: float) -> AbstractContextManager[object, bool]:
        """Return a context whose body is cancelled after this time, without an exception."""
        ...


class SystemClock:
    """The clock of the computer when this object was created, plus the time since then.

    A change of the computer's clock does not affect current deadlines and pauses.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Unix time in seconds."""
        return time.monotonic() + self._offset

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellation ends the wait at once."""
        await anyio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractContextManager[object, bool]:
        """Return a cancel scope of anyio."""
        return anyio.move_on_after(seconds)


@dataclass(slots=True)
class Deadline:
    """The deadline of one call, which ends at `ends_at` (Unix time) in any case.

    A `bulk` call has a lower priority than calls that a user waits for. If `repeats` is false, a request whose answer
    was lost is not sent again unchanged. `on_send` is called before each try of a request, once it may be sent.
    `attempts` counts the requests that were sent.
    """

    clock: Clock
    ends_at: float
    bulk: bool = False
    on_wait: OnWait | None = None
    repeats: bool = True
    on_send: OnSend | None = None
    attempts: int = field(default=0, init=False)

    @property
    def left(self) -> float:
        """Seconds until the deadline; never negative."""
        return max(0.0, self.ends_at - self.clock.now())

    async def wait(self, seconds: float, why: str, *, before: float = 0.0, after: float = 0.0) -> None:
        """Wait, and report a longer wait every few seconds.

        `before` and `after` are the seconds of waiting for the same reason before and after this wait.
        """
        whole = before + seconds + after
        if self.on_wait is None or whole < _SHORTEST_REPORTED_WAIT:
            await self.clock.sleep(seconds)
            return
        waited = 0.0
        while waited < seconds:
            await self.on_wait(before + waited, whole, why)
            step = min(_REPORT_EVERY, seconds - waited)
            await self.clock.sleep(step)
            waited += step

    async def report(self, waited: float, whole: float, why: str) -> None:
        """Report a wait that takes place elsewhere: seconds so far, and seconds in all."""
        if self.on_wait is not None:
            await self.on_wait(waited, max(waited, whole), why)
