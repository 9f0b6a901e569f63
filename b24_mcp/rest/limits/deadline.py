"""How long a call may take: its deadline, its clock, and who is informed while it waits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

_WORTH_TELLING = 3.0
_TELL_EVERY = 5.0

OnWait = Callable[[float, float, str], Awaitable[None]]
"""Told while a call waits: seconds waited, seconds in all, and why."""


class Clock(Protocol):
    """Time, as the client sees it; tests bring their own."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def timeout(self, seconds: float) -> AbstractContextManager[object, bool]:
        """A context whose body is cancelled after so many seconds, and then left without an exception."""
        ...


class SystemClock:
    """The time since this object was made, added to the computer's clock at that moment.

    When somebody sets the computer's clock, deadlines and pauses that are under way do not change.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Unix time in seconds."""
        return time.monotonic() + self._offset

    async def sleep(self, seconds: float) -> None:
        """Wait; cancelling ends it at once."""
        await anyio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractContextManager[object, bool]:
        """A cancel scope of anyio."""
        return anyio.move_on_after(seconds)


@dataclass(slots=True)
class Deadline:
    """What one call may spend. At `ends_at` (Unix time) it ends, whatever it is doing.

    A `bulk` call steps back behind those a person is waiting for. Without `repeats` a request whose answer was lost is
    not sent again as it is. `attempts` counts the requests that were sent.
    """

    clock: Clock
    ends_at: float
    bulk: bool = False
    on_wait: OnWait | None = None
    repeats: bool = True
    attempts: int = field(default=0, init=False)

    @property
    def left(self) -> float:
        """Seconds until the deadline; never negative."""
        return max(0.0, self.ends_at - self.clock.now())

    async def wait(self, seconds: float, why: str, *, before: float = 0.0, after: float = 0.0) -> None:
        """Wait, and report it every few seconds when the whole takes long enough to be noticed.

        `before` and `after` are the seconds that this wait is preceded and followed by, in one and the same cause.
        """
        whole = before + seconds + after
        if self.on_wait is None or whole < _WORTH_TELLING:
            await self.clock.sleep(seconds)
            return
        waited = 0.0
        while waited < seconds:
            await self.on_wait(before + waited, whole, why)
            step = min(_TELL_EVERY, seconds - waited)
            await self.clock.sleep(step)
            waited += step

    async def report(self, waited: float, whole: float, why: str) -> None:
        """Report a wait of so many seconds out of `whole` that goes on elsewhere."""
        if self.on_wait is not None:
            await self.on_wait(waited, max(waited, whole), why)
