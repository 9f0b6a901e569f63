"""Progress on stderr. Nothing is shown when stderr is not a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click

from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from b24_mcp.docs.index import Progress

_RECENT_SECONDS = 20.0
_WIDEST_BAR = 36
_BESIDE_THE_BAR = 50


class RecentRate:
    """How many rows arrived in each of the last seconds. `now` returns seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, rows: int) -> None:
        """Note how many rows there are now."""
        now = self._now()
        self._seen.append((now, rows))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _RECENT_SECONDS:
            self._seen.popleft()

    def __call__(self) -> float | None:
        """Return the rows of a second; None when too little is known."""
        if len(self._seen) < 2:
            return None
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began and last > first else None

    def text(self, rows: int, total: int) -> str:
        """Return the rate and the time that is left; empty when they are not known."""
        rate = self()
        if rate is None:
            return ""
        left = round(max(total - rows, 0) / rate)
        hours = f"{left // 3600}:" if left >= 3600 else ""
        return f"{rate:.0f}/s, {hours}{left % 3600 // 60:0{2 if hours else 1}}:{left % 60:02} left"


class RowProgress:
    """The progress of a list: a bar when the total is known, otherwise the number of rows."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None
        self._shown = 0
        self._is_visible = sys.stderr.isatty()
        self._rate = RecentRate()
        self._has_line = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()
        elif self._has_line:
            end_steps()

    async def rows(self, rows: int, total: int | None) -> None:
        """Show how many rows have been read."""
        if not self._is_visible:
            return
        self._rate.add(rows)
        width = shutil.get_terminal_size().columns - _BESIDE_THE_BAR
        if total is None or width < 1:
            self._show(f"{rows} rows" if total is None else f"rows {rows}/{total}")
            return
        if self._bar is None:
            self._bar = click.progressbar(
                length=total,
                label="rows",
                show_pos=True,
                show_eta=False,
                item_show_func=lambda _: self._rate.text(self._shown, total),
                width=min(_WIDEST_BAR, width),
                file=sys.stderr,
            )
        step, self._shown = rows - self._shown, rows
        self._bar.update(step, rows)

    async def wait(self, waited: float, whole: float, why: str) -> None:
        """Show how long a request still waits, and why."""
        if self._is_visible:
            self._show(f"waiting {whole - waited:.0f} s: {why}")

    def _show(self, text: str) -> None:
        self._has_line = True
        show_step(text)


def show_step(text: str) -> None:
    """Show a line that replaces the one before, cut to the width of the terminal."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        echo(before="\r", text=f"{text[:width]:<{width}}", nl=False, err=True)


def end_steps() -> None:
    """End the line of the last step, so that what follows begins on a line of its own."""
    if sys.stderr.isatty():
        echo(err=True)


@contextmanager
def percentage(label: str) -> Iterator[Progress]:
    """Show a bar, and yield the function that moves it."""
    with click.progressbar(length=100, label=f"{label:<13}", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(_: str, done: int, whole: int) -> None:
            bar.update(max(int(100 * done / max(whole, 1)) - bar.pos, 0))

        yield progress
