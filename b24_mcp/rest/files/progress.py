"""The progress of a transfer, and the time it may take."""

from __future__ import annotations

from b24_mcp.rest.limits.deadline import Deadline

MEGABYTE = 1 << 20
SLOWEST = MEGABYTE / 4
"""Bytes per second that a transfer reaches at least. A slower one reaches its deadline."""
_REPORT_EVERY = 1.0


class TransferProgress:
    """Reports the progress of a transfer of `whole` bytes, at most once a second. `what` says what happens."""

    def __init__(self, deadline: Deadline, whole: int, what: str, done: int = 0) -> None:
        self._deadline = deadline
        self._whole = whole
        self._what = what
        self._done = done
        self._began = self._reported_at = deadline.clock.now()

    async def __call__(self, size: int) -> None:
        """Record a piece of this size."""
        self._done += size
        now = self._deadline.clock.now()
        if now - self._reported_at < _REPORT_EVERY:
            return
        self._reported_at = now
        passed = now - self._began
        whole = max(self._whole, self._done)
        done = f"{self._what}, {self._done / MEGABYTE:.0f} of {whole / MEGABYTE:.0f} MB"
        await self._deadline.report(passed, passed * whole / max(self._done, 1), done)


def allow_time(deadline: Deadline, size: int) -> None:
    """Move a deadline by the time that a transfer of `size` bytes may take, beyond the first megabytes."""
    deadline.ends_at += max(0, size - 4 * MEGABYTE) / SLOWEST
