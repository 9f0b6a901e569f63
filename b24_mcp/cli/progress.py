"""Progress on stderr. Nothing is shown when stderr is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click

from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from b24_mcp.docs.index import Progress


class RowProgress:
    """The progress of a list: a bar when the total is known, otherwise the number of rows."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None
        self._shown = 0
        self._is_visible = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    async def rows(self, rows: int, total: int | None) -> None:
        """Show how many rows have been read."""
        if not self._is_visible:
            return
        if total is None:
            echo(before="\r", text=f"{rows} rows ", nl=False, err=True)
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, label="rows", show_pos=True, file=sys.stderr)
        self._bar.update(rows - self._shown)
        self._shown = rows

    async def wait(self, waited: float, whole: float, why: str) -> None:
        """Show how long a request still waits, and why."""
        if self._is_visible:
            echo(before="\r", text=f"waiting {whole - waited:.0f} s: {why} ", nl=False, err=True)


@contextmanager
def percentage(label: str) -> Iterator[Progress]:
    """Show a bar, and yield the function that moves it."""
    with click.progressbar(length=100, label=f"{label:<13}", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(_: str, done: int, whole: int) -> None:
            bar.update(max(int(100 * done / max(whole, 1)) - bar.pos, 0))

        yield progress
