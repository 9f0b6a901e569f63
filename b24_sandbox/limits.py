"""The rate limit of the front end, a leaky bucket (documentation: limits, settings/performance/limits).

Every request adds one, and the bucket leaks at a constant rate. A request that would overflow it is refused and adds
nothing. The portal does not document whether refused requests count; here they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Plan = Literal["basic", "enterprise", "none"]

PLANS: dict[Plan, tuple[float, float] | None] = {"basic": (50, 2), "enterprise": (250, 5), "none": None}
"""Capacity and leak per second. `None`: a self-hosted portal without a limit."""


class RequestBucket:
    """The bucket of one portal. `clock` returns Unix seconds."""

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self._plan = PLANS[plan]
        self._clock = clock
        self._level = 0.0
        self._at = clock()

    def admits(self) -> bool:
        """Count a request. Return `False` when it exceeds the limit."""
        if self._plan is None:
            return True
        capacity, leak = self._plan
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._at) * leak)
        self._at = now
        if self._level + 1 > capacity:
            return False
        self._level += 1
        return True
