"""Progress notifications of long calls, so that clients do not abort them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from mcp.server.mcpserver import Context

from b24_mcp.app.app import App

_REPORT_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class CallProgress:
    """The `OnWait` that reports waits as MCP progress. Clients that did not request progress get none."""

    ctx: Context[App]

    async def __call__(self, waited: float, whole: float, why: str) -> None:
        """Report a wait of `waited` out of `whole` seconds."""
        await self.ctx.report_progress(waited, whole, f"waiting {whole - waited:.0f} s more: {why}")


class ListProgress:
    """Reports the progress of a list read: rows, total, rate and remaining time."""

    def __init__(self, ctx: Context[App], now: Callable[[], float] = time.monotonic) -> None:
        self._ctx = ctx
        self._now = now
        self._began = now()
        self._reported_at = -math.inf
        self._shown = 0.0
        self._rows = 0
        self._total: int | None = None

    async def rows(self, rows: int, total: int | None) -> None:
        """Report rows, at most every half second."""
        self._rows, self._total = rows, total
        if self._now() - self._reported_at >= _REPORT_EVERY or rows == total:
            await self._report(pace(rows, total, self._now() - self._began))

    async def wait(self, waited: float, whole: float, why: str) -> None:
        """Report a wait."""
        await self._report(f"{self._rows} rows; waiting {whole - waited:.0f} s more: {why}")

    async def _report(self, message: str) -> None:
        self._reported_at = self._now()
        # The reported value must grow, also while the call waits.
        self._shown = max(float(self._rows), self._shown + 0.001)
        await self._ctx.report_progress(self._shown, self._total, message)


def pace(rows: int, total: int | None, seconds: float) -> str:
    """Return the progress as text, e.g. `500 of 2000 rows, 250/s, 6 s left`."""
    rate = rows / seconds if seconds > 0 else 0.0
    said = f"{rows} rows" if total is None else f"{rows} of {total} rows"
    if rate > 0:
        said += f", {rate:.0f}/s"
        if total is not None and total > rows:
            said += f", {(total - rows) / rate:.0f} s left"
    return said
