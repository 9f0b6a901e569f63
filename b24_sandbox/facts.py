"""Facts of a portal in files of `data/`: tables of tab-separated values, and objects of JSON.

The first line of a table names its columns, `\\n` in a cell is a line break.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from b24_sandbox.php import Map

_DATA = Path(__file__).parent / "data"


@cache
def read(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return all lines of a table, beginning with the names of the columns."""
    lines = path.read_text("utf-8").split("\n")
    return tuple(tuple(line.replace("\\n", "\n").split("\t")) for line in lines if line)


def table(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of `data/NAME.tsv`."""
    return read(_DATA / f"{name}.tsv")[1:]


def lists(rows: Iterable[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Collect rows of two cells: first cell -> its second cells, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for name, item in rows:
        found[name] = (*found.get(name, ()), item)
    return found


@cache
def mapping(name: str) -> Map:
    """Return the object of `data/NAME.json`."""
    loaded: Map = json.loads((_DATA / f"{name}.json").read_text("utf-8"))
    return loaded
