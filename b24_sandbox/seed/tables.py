"""The texts of the demonstration company: tables of tab-separated values in `data/`.

The first line of a file names its columns, every other line is a row. `\\n` in a cell is a line break.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"


@cache
def table(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of `data/NAME.tsv` without the line of column names."""
    lines = (_DATA / f"{name}.tsv").read_text("utf-8").splitlines()
    return tuple(tuple(line.replace("\\n", "\n").split("\t")) for line in lines[1:])


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Return the lists of `data/words.tsv`: name of a list -> its words, in order."""
    lists: dict[str, tuple[str, ...]] = {}
    for name, word in table("words"):
        lists[name] = (*lists.get(name, ()), word)
    return lists


def numbers(cell: str) -> list[int]:
    """Return the numbers of a cell: `"2,3,4"` -> `[2, 3, 4]`."""
    return [int(number) for number in cell.split(",") if number]
