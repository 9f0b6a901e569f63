"""The two budgets of a portal, and the interface of a store that keeps them.

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
    """Whether a request may be sent. When `granted`, a place is reserved and due after `wait` seconds; otherwise
    nothing is reserved, and the place would be due after `wait` seconds.
    """

    granted: bool
    wait: float


@dataclass(frozen=True, slots=True)
class Charge:
    """Working time a method has used: `seconds` so far, forgiven `resets_in` seconds from now."""

    seconds: float
    resets_in: float


LONGEST_CHARGE = 600.0
"""Seconds after which the portal has forgiven any working time. Source: documentation, limits."""


class LimitState(Protocol):
    """A store of the budgets. Every change is one atomic step, shared by all processes.

    A store measures time with a clock of its own that all its processes share and that nothing sets back, so a wrong
    clock of a caller changes nothing.

    Raises (every method):
        OSError: when the store cannot be used.
    """

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request of a bucket.

        `keep_free` places are left for others; a caller that leaves some does not queue for a later place. A place
        later than `longest_wait` seconds is not reserved.
        """
        ...

    async def give_back(self, key: str) -> None:
        """Return a reserved place that was not used."""
        ...

    async def level(self, key: str, bucket: Bucket) -> float:
        """How full a bucket is, without taking anything."""
        ...

    async def fill(self, key: str, bucket: Bucket) -> None:
        """Mark a bucket as full, after the portal refused a call."""
        ...

    async def charge(self, key: str, charge: Charge) -> None:
        """Record the working time of a method, as the portal last reported it."""
        ...

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """The working time of those of these methods for which any is known and not yet forgiven."""
        ...

    async def aclose(self) -> None:
        """Close files and connections."""
        ...


def take_turn(
    level: float, since: float, bucket: Bucket, *, keep_free: float, longest_wait: float
) -> tuple[Turn, float]:
    """The rule of the bucket, `since` seconds after it stood at `level`.

    Return the turn and the new level. A level above the capacity means that later places are reserved.
    """
    level = max(0.0, level - max(0.0, since) * bucket.rate)
    wait = max(0.0, (level + 1 - bucket.capacity + keep_free) / bucket.rate)
    if wait > (0.0 if keep_free else longest_wait):
        return Turn(False, wait), level
    return Turn(True, wait), level + 1
