"""Telling a client how far a call is, so that nobody takes it for dead."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from mcp.server.mcpserver import Context

from b24_mcp.app.app import App
from b24_mcp.rest import OnWait

_TELL_EVERY = 0.5


def progress_of(ctx: Context[App]) -> OnWait:
    """Report waiting as MCP progress; clients that did not ask for progress get none."""

    async def tell(waited: float, whole: float, why: str) -> None:
        await ctx.report_progress(waited, whole, f"waiting {whole - waited:.0f} s more: {why}")

    return tell


class ListProgress:
    """Reports how far the reading of a list has come: rows, of how many, how fast, how long it will take."""

    def __init__(self, ctx: Context[App], now: Callable[[], float] = time.monotonic) -> None:
        self._ctx = ctx
        self._now = now
        self._began = now()
        self._told_at = -math.inf
        self._shown = 0.0
        self._rows = 0
        self._total: int | None = None

    async def rows(self, rows: int, total: int | None) -> None:
        """Rows came; told of not more often than a person can read."""
        self._rows, self._total = rows, total
        if self._now() - self._told_at >= _TELL_EVERY or rows == total:
            await self._tell(pace(rows, total, self._now() - self._began))

    async def wait(self, waited: float, whole: float, why: str) -> None:
        """Reading waits."""
        await self._tell(f"{self._rows} rows; waiting {whole - waited:.0f} s more: {why}")

    async def _tell(self, message: str) -> None:
        self._told_at = self._now()
        # What is reported has to grow, and waiting brings no rows.
        self._shown = max(float(self._rows), self._shown + 0.001)
        await self._ctx.report_progress(self._shown, self._total, message)


def pace(rows: int, total: int | None, seconds: float) -> str:
    """Say how far and how fast, e.g. `500 of 2000 rows, 250/s, 6 s left`."""
    rate = rows / seconds if seconds > 0 else 0.0
    said = f"{rows} rows" if total is None else f"{rows} of {total} rows"
    if rate > 0:
        said += f", {rate:.0f}/s"
        if total is not None and total > rows:
            said += f", {(total - rows) / rate:.0f} s left"
    return said
