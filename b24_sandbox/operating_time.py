"""Operating time of each method per credential in the last ten minutes: `time.operating` and its limit.

Documentation: limits; the buckets and the threshold are source behaviour of the portal. Builds of the portal differ in
whether a batch is charged to its commands or to the name `batch`; both are supported.
"""

from __future__ import annotations

from typing import Literal

MINUTE = 60.0
WINDOW = 600.0
# Shorter calls are not charged.
THRESHOLD = 0.1
LIMIT = 480.0

Accounting = Literal["methods", "batch"]
"""What a batch is charged to: its commands (documented), or the name `batch` (measured on newer builds)."""


class OperatingTime:
    """Seconds of work by (credential, method) in ten buckets of a minute. `limit` is in seconds."""

    def __init__(self, accounting: Accounting = "methods", limit: float = LIMIT) -> None:
        self.accounting = accounting
        self.limit = limit
        self._spent: dict[tuple[str, str], dict[int, tuple[float, float]]] = {}

    def charges(self, method: str, inside_batch: bool) -> bool:
        """Whether this call is charged."""
        return not inside_batch if self.accounting == "batch" else method != "batch"

    def exhausted(self, credential: str, method: str, moment: float) -> bool:
        """Whether the method is blocked for the credential at `moment` (Unix seconds)."""
        return self._total(self._buckets(credential, method, moment)) > self.limit

    def charge(self, credential: str, method: str, moment: float, seconds: float) -> tuple[float, int]:
        """Charge a call of `seconds`. Return the seconds spent now and the moment when the oldest of them expire."""
        buckets = self._buckets(credential, method, moment)
        if seconds > THRESHOLD:
            number = int(moment // MINUTE)
            first, spent = buckets.get(number, (moment, 0.0))
            buckets[number] = (first, spent + seconds)
        oldest = min((first for first, _ in buckets.values()), default=moment)
        return self._total(buckets), int(oldest + WINDOW)

    def _buckets(self, credential: str, method: str, moment: float) -> dict[int, tuple[float, float]]:
        """The buckets that still count, by their minute: first entry and seconds."""
        known = self._spent.get((credential, method.lower()), {})
        current = {minute: entry for minute, entry in known.items() if entry[0] > moment - WINDOW}
        self._spent[credential, method.lower()] = current
        return current

    @staticmethod
    def _total(buckets: dict[int, tuple[float, float]]) -> float:
        return sum(seconds for _, seconds in buckets.values())
