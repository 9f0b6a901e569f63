"""The header of a table: which row it is, and a unique name for each column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from b24_mcp.errors import our_error
from b24_mcp.records.imports.source import MOST_COLUMNS

HEADER_AMONG = 20
"""The header is looked for in so many rows."""
_FEWEST_COLUMNS = 3
_VALUE = re.compile(r"[+(]?-?\d[\d\s\u00a0\u202f.,:/()%T+-]*|[^\s@]+@[^\s@]+\.[^\s@]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class TableHeader:
    """The columns of a table. `names` has one for each place; `data_from` is the index of the first row of data."""

    names: list[str]
    data_from: int
    notes: list[str]


def find_header(rows: Sequence[tuple[int, Sequence[object]]]) -> TableHeader:
    """Return the header among the first rows of a table. A row is its number in the file and its cells.

    Rows above the header that hold one text, such as a title, are left out. A first row that looks like data is data.

    Raises:
        B24Error: `B24MCP_IMPORT` if there are no rows, or too many columns.
    """
    filled = [index for index, (_, cells) in enumerate(rows) if any(map(_is_filled, cells))]
    if not filled:
        raise our_error("B24MCP_IMPORT", "The file holds no rows.")
    notes: list[str] = []
    at = _below_titles(rows, filled)
    if at != filled[0]:
        notes.append(f"row {rows[at][0]} is the header: the rows above it are a title and were left out")
    cells = rows[at][1]
    if len(_trimmed(cells)) > MOST_COLUMNS:
        raise our_error("B24MCP_IMPORT", f"The file has more than {MOST_COLUMNS} columns. Keep fewer.")
    if _is_data(cells):
        notes.append("the file has no header: its first row looks like data, so the columns are numbered")
        return TableHeader([column_name(place) for place in range(len(cells))], at, notes)
    return TableHeader(_unique([_clean(cell) for cell in cells]), at + 1, notes)


def column_name(place: int) -> str:
    """Return the name of a column without one, by its place from 0."""
    return f"column_{place + 1}"


def _below_titles(rows: Sequence[tuple[int, Sequence[object]]], filled: list[int]) -> int:
    widths = {index: sum(map(_is_filled, rows[index][1])) for index in filled}
    widest = max(widths.values())
    if widest < _FEWEST_COLUMNS:
        return filled[0]
    for index in filled:
        if widths[index] > 1:
            is_header = widths[index] * 2 > widest and not any(map(_looks_like_value, rows[index][1]))
            return index if is_header else filled[0]
    return filled[0]


def _is_data(cells: Sequence[object]) -> bool:
    present = [cell for cell in cells if _is_filled(cell)]
    values = sum(map(_looks_like_value, present))
    return values * 2 > len(present)


def _looks_like_value(cell: object) -> bool:
    if isinstance(cell, str):
        text = cell.strip()
        return bool(_VALUE.fullmatch(text)) and not _YEAR.fullmatch(text)
    return cell is not None


def _is_filled(cell: object) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _trimmed(cells: Sequence[object]) -> Sequence[object]:
    last = max((place for place, cell in enumerate(cells) if _is_filled(cell)), default=-1)
    return cells[: last + 1]


def _clean(cell: object) -> str:
    return " ".join(str("" if cell is None else cell).replace("\0", "").split())[:_LONGEST_NAME]


def _unique(names: list[str]) -> list[str]:
    """Return the names, each once. An empty one is named by its place, a repeated one by a number after it."""
    given = {name.lower() for name in names if name}
    taken: set[str] = set()
    found = []
    for place, name in enumerate(names):
        free, number = name or column_name(place), 2
        while free.lower() in taken or (free != name and free.lower() in given):
            free, number = f"{name or column_name(place)}_{number}", number + 1
        taken.add(free.lower())
        found.append(free)
    return found
