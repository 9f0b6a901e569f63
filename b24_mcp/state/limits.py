"""The two rate limits of a portal, and the interface of a store for their state.

Source: documentation, limits and settings/performance/limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bucket:
    """A leaky bucket: `capacity` requests at once, and `rate` requests per second."""

    capacity: float
    rate: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a request may be sent.

    If `granted`, a place is reserved, to be used after `wait` seconds. Otherwise nothing is reserved, and a place would
    be free after `wait` seconds.
    """

    granted: bool
    wait: float


@dataclass(frozen=True, slots=True)
class Charge:
    """The working time that a method has used: `seconds` so far; it expires `resets_in` seconds from now."""

    seconds: float
    resets_in: float


LONGEST_CHARGE = 600.0
"""Seconds after which any working time has expired on the portal. Source: documentation, limits."""


class LimitState(Protocol):
    """A store for the state of rate limits. Every change is atomic across all processes.

    A store measures time with its own monotonic clock, which all processes share. So a wrong clock of a caller has no
    effect.

    Raises (every method):
        OSError: if the store cannot be used.
    """

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request of a bucket.

        `keep_free` places are left for other callers; a caller that leaves some does not queue for a later place. A
        place later than `longest_wait` seconds is not reserved.
        """
        ...

    async def give_back(self, key: str) -> None:
        """Return a reserved place that was not used."""
        ...

    async def level(self, key: str, bucket: Bucket) -> float:
        """Return the level of a bucket, without a change."""
        ...

    async def fill(self, key: str, bucket: Bucket) -> None:
        """Mark a bucket as full, after the portal rejected a call."""
        ...

    async def charge(self, key: str, charge: Charge) -> None:
        """Record the working time of a method, as the portal last reported it."""
        ...

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Return the working time of these methods, as far as it is known and has not expired."""
        ...

    async def aclose(self) -> None:
        """Close files and connections."""
        ...


def take_turn(
    level: float, since: float, bucket: Bucket, *, keep_free: float, longest_wait: float
) -> tuple[Turn, float]:
    """Apply the rule of the leaky bucket, `since` seconds after its level was `level`.

    Return the turn and the new level. A level above the capacity means that later places are reserved.
    """
    level = max(0.0, level - max(0.0, since) * bucket.rate)
    wait = max(0.0, (level + 1 - bucket.capacity + keep_free) / bucket.rate)
    if wait > (0.0 if keep_free else longest_wait):
        return Turn(False, wait), level
    return Turn(True, wait), level + 1
