"""Tables of tab-separated values: the first line names the columns, `\\n` in a cell is a line break."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"


@cache
def read(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return all lines of a file, beginning with the names of the columns."""
    lines = path.read_text("utf-8").split("\n")
    return tuple(tuple(line.replace("\\n", "\n").split("\t")) for line in lines if line)


def table(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of `data/NAME.tsv`: directories of constants that every portal has."""
    return read(_DATA / f"{name}.tsv")[1:]


def lists(rows: Iterable[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Collect rows of two cells: first cell -> its second cells, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for name, item in rows:
        found[name] = (*found.get(name, ()), item)
    return found
