"""The texts of the demonstration company: tables of tab-separated values in `data/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from b24_sandbox import facts

_DATA = Path(__file__).parent / "data"


def table(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of `data/NAME.tsv` without the line of column names."""
    return facts.read(_DATA / f"{name}.tsv")[1:]


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Return the lists of `data/words.tsv`: name of a list -> its words, in order."""
    return facts.lists(table("words"))


def numbers(cell: str) -> list[int]:
    """Return the numbers of a cell: `"2,3,4"` -> `[2, 3, 4]`."""
    return [int(number) for number in cell.split(",") if number]
