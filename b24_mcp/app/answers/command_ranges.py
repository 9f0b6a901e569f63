"""Write the names of numbered commands as ranges: `u1..u300`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

Item = TypeVar("Item")

_DIGITS = re.compile("0|[1-9][0-9]{0,15}")
_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,15})", re.DOTALL)


def name_ranges(names: Sequence[str]) -> list[str]:
    """Return names with each run of more than two consecutive numbers as one range."""
    written: list[str] = []
    for run in _runs(names, _numbered):
        written += [f"{run[0]}..{run[-1]}"] if len(run) > 2 else run
    return written


def row_ranges(rows: Sequence[list[object]]) -> list[list[object]]:
    """Join rows of a command and an id in which both count up together."""
    joined: list[list[object]] = []
    for run in _runs(rows, _numbered_row):
        if len(run) > 2:
            joined.append([f"{run[0][0]}..{run[-1][0]}", f"{run[0][1]}..{run[-1][1]}"])
        else:
            joined.extend(run)
    return joined


def _numbered(name: str) -> tuple[str, int] | None:
    """Return the stem and the number of a name such as `u12`; None for a name without a number at its end."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def _numbered_row(row: list[object]) -> tuple[str, int] | None:
    """Return the number of the command in a row, and a stem that is equal for rows whose ids count up with it."""
    match row:
        case [str(name), int() | str() as id_] if _DIGITS.fullmatch(str(id_)):
            numbered = _numbered(name)
        case _:
            return None
    if numbered is None:
        return None
    stem, number = numbered
    return f"{stem}\0{int(id_) - number}\0{type(id_).__name__}", number


def _runs(items: Sequence[Item], step: Callable[[Item], tuple[str, int] | None]) -> list[list[Item]]:
    """Split a list into runs whose numbers, as `step` reads them, count up by one under the same stem."""
    keys: list[tuple[object, ...]] = []
    for place, item in enumerate(items):
        read = step(item)
        keys.append((place,) if read is None else (read[0], read[1] - place))
    return [[items[place] for place, _ in run] for _, run in groupby(enumerate(keys), key=lambda entry: entry[1])]
