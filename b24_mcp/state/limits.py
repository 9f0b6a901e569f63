"""The two budgets a portal keeps, and what a store of their state has to do.

Source: documentation, limits and settings/performance/limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bucket:
    """A leaky bucket: `capacity` requests at once, draining `rate` requests a second."""

    capacity: float
    rate: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to one who wants to send. When `granted`, a place is reserved and due after `wait` seconds;
    otherwise none is, and asking again makes sense after `wait` seconds.
    """

    granted: bool
    wait: float


@dataclass(frozen=True, slots=True)
class Charge:
    """Working time a method used up: `seconds` so far, forgiven from `reset_at` on (Unix time)."""

    seconds: float
    reset_at: float


class LimitState(Protocol):
    """Where the budgets are kept. `now` is Unix time; every change is one atomic step, shared by all processes."""

    async def take(self, key: str, bucket: Bucket, now: float, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request of a bucket.

        `keep_free` places are left for others; whoever leaves some does not queue for a later place. A place later
        than `longest_wait` seconds is not reserved.
        """
        ...

    async def give_back(self, key: str) -> None:
        """Return a reserved place that was not used."""
        ...

    async def level(self, key: str, bucket: Bucket, now: float) -> float:
        """How full a bucket is, without taking anything."""
        ...

    async def fill(self, key: str, bucket: Bucket, now: float) -> None:
        """The portal refused a call: its bucket is fuller than was known."""
        ...

    async def charge(self, key: str, charge: Charge) -> None:
        """Note the working time of a method, as the portal last told it."""
        ...

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """The working time of those of these methods for which any is known."""
        ...

    async def aclose(self) -> None:
        """Let go of files and connections."""
        ...


def take_turn(
    level: float, since: float, bucket: Bucket, *, keep_free: float, longest_wait: float
) -> tuple[Turn, float]:
    """The rule of the bucket: what one gets who comes `since` seconds after the bucket stood at `level`.

    Gives the turn and the new level. A level above the capacity means that places further on are reserved.
    """
    level = max(0.0, level - max(0.0, since) * bucket.rate)
    wait = max(0.0, (level + 1 - bucket.capacity + keep_free) / bucket.rate)
    if wait > (0.0 if keep_free else longest_wait):
        return Turn(False, wait), level
    return Turn(True, wait), level + 1
