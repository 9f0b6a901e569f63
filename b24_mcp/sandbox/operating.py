"""How long each method has worked for each credential in the last ten minutes: `time.operating` and its limit.

Documentation: limits; the buckets and the threshold are source behaviour of the portal. Whether a batch is charged to
its commands or to the name `batch` differs between builds of the portal, so both are here.
"""

from __future__ import annotations

from typing import Literal

MINUTE = 60.0
WINDOW = 600.0
# Shorter calls are not charged.
THRESHOLD = 0.1
LIMIT = 480.0

Accounting = Literal["methods", "batch"]
"""Who pays for a batch: its commands (documented), or the name `batch` (measured on newer builds)."""


class Operating:
    """Seconds of work by (credential, method) in ten buckets of a minute. `limit` in seconds."""

    def __init__(self, accounting: Accounting = "methods", limit: float = LIMIT) -> None:
        self.accounting = accounting
        self.limit = limit
        self._spent: dict[tuple[str, str], dict[int, tuple[float, float]]] = {}

    def charges(self, method: str, inside_batch: bool) -> bool:
        """Whether this call is accounted for at all."""
        return not inside_batch if self.accounting == "batch" else method != "batch"

    def exhausted(self, credential: str, method: str, moment: float) -> bool:
        """Whether the method is blocked for the credential at `moment` (Unix seconds)."""
        return self._total(self._buckets(credential, method, moment)) > self.limit

    def charge(self, credential: str, method: str, moment: float, seconds: float) -> tuple[float, int]:
        """Note a call that took `seconds`; returns what is spent now, and when the oldest of it is forgotten."""
        buckets = self._buckets(credential, method, moment)
        if seconds > THRESHOLD:
            number = int(moment // MINUTE)
            first, spent = buckets.get(number, (moment, 0.0))
            buckets[number] = (first, spent + seconds)
        oldest = min((first for first, _ in buckets.values()), default=moment)
        return self._total(buckets), int(oldest + WINDOW)

    def _buckets(self, credential: str, method: str, moment: float) -> dict[int, tuple[float, float]]:
        """The buckets still counted, by the minute they belong to: first entry and seconds."""
        known = self._spent.get((credential, method.lower()), {})
        current = {minute: entry for minute, entry in known.items() if entry[0] > moment - WINDOW}
        self._spent[credential, method.lower()] = current
        return current

    @staticmethod
    def _total(buckets: dict[int, tuple[float, float]]) -> float:
        return sum(seconds for _, seconds in buckets.values())
