"""Shorten one JSON value to a number of characters.

Three things are shortened, in this order: long texts, the rows of the largest lists, and the entries of objects. A list
is cut between two rows, never inside a row, and its first row always stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.app.answers.omissions import Omissions, Path
from b24_mcp.app.answers.text_truncation import shorten_all_texts, shorten_long_texts, shortened
from b24_mcp.rest import to_json

_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class _LongList:
    """A list in a value. `removable` is the number of characters after its first row."""

    path: Path
    rows: list[object]
    removable: int


def truncate(value: object, room: int) -> tuple[object, Omissions]:
    """Return the value, shortened when it is longer than `room` characters as JSON, and what was left out.

    A value whose smallest form is still longer is replaced by an empty one of its kind.
    """
    omissions = Omissions()
    if len(to_json(value)) <= room:
        return value, omissions
    value = shorten_long_texts(value, room, omissions)
    for _ in range(_ROUNDS):
        size = len(to_json(value))
        found = _largest_list(value) if size > room else None
        if found is None or found.removable == 0:
            break
        value = _cut_rows(value, found, size - room, omissions)
    if len(to_json(value)) > room:
        value = shorten_all_texts(value, room, omissions)
    if len(to_json(value)) > room:
        value = _drop_entries(value, room, omissions)
    return value, omissions


def _largest_list(value: object) -> _LongList | None:
    """Return the list from which the most characters can be removed by cutting rows."""

    best: _LongList | None = None

    def size_of(part: object, path: Path) -> int:
        nonlocal best
        if isinstance(part, dict):
            return 2 + sum(len(to_json(key)) + 2 + size_of(inner, (*path, key)) for key, inner in part.items())
        if isinstance(part, list):
            sizes = [1 + size_of(inner, (*path, index)) for index, inner in enumerate(part)]
            removable = sum(sizes[1:])
            # At equal size the outer list is cut, not a list in one of its rows.
            if len(part) > 1 and (best is None or removable >= best.removable) and not _is_of_table(path):
                best = _LongList(path, part, removable)
            return 1 + sum(sizes)
        return len(to_json(part))

    size_of(value, ())
    return best


def _is_of_table(path: Path) -> bool:
    """Whether a list is the columns or one row of a table: they belong together."""
    return bool(path) and (path[-1] == "columns" or path[-2:-1] == ("rows",))


def _cut_rows(value: object, found: _LongList, excess: int, omissions: Omissions) -> object:
    """Remove rows from the end of a list until `excess` characters are removed or one row is left."""
    path, rows = found.path, found.rows
    keep = len(rows)
    while keep > 1 and excess > 0:
        keep -= 1
        excess -= len(to_json(rows[keep])) + 1
    _, of = omissions.rows.get(path, (0, len(rows)))
    omissions.rows[path] = (keep, of)
    for cuts in (omissions.rows, omissions.texts):
        for inner in [inner for inner in cuts if len(inner) > len(path) and inner[: len(path)] == path]:
            if int(inner[len(path)]) >= keep:
                del cuts[inner]
    return _replaced(value, path, rows[:keep])


def _replaced(value: object, path: Path, part: object) -> object:
    if not path:
        return part
    step, inner = path[0], path[1:]
    match value:
        case dict():
            return value | {step: _replaced(value[step], inner, part)}
        case list():
            return [_replaced(entry, inner, part) if index == step else entry for index, entry in enumerate(value)]
        case _:
            return value


def _drop_entries(value: object, room: int, omissions: Omissions) -> object:
    """Keep the entries of an object, or the columns of a table, that fit; skip the large ones.

    Anything else becomes an empty value of its kind.
    """
    match value:
        case {"columns": list(columns), "rows": [list(row)], **others} if not others:
            kept = _fitting(list(zip(columns, row, strict=True)), room - 26, omissions)
            return {"columns": [name for name, _ in kept], "rows": [[cell for _, cell in kept]]}
        case dict() if len(value) == 1:
            ((key, inner),) = value.items()
            inner_room = room - len(to_json(key)) - 3
            return {key: _drop_entries(inner, inner_room, omissions)} if inner_room > 2 else {}
        case dict():
            return dict(_fitting(list(value.items()), room - 2, omissions))
        case [dict() as row] if room > 4:
            return [_drop_entries(row, room - 2, omissions)]
        case list():
            omissions.rows[()] = (0, max(len(value), omissions.rows.get((), (0, 0))[1]))
            return []
        case str():
            shown = shortened(value, max(room, 3))
            omissions.texts[()] = (len(shown) - 1, omissions.texts.get((), (0, len(value)))[1])
            return shown
        case _:
            return value


def _fitting(entries: list[tuple[str, object]], room: int, omissions: Omissions) -> list[tuple[str, object]]:
    """Return the entries that fit into `room`, and record the others."""
    kept: list[tuple[str, object]] = []
    for key, inner in entries:
        size = len(to_json(key)) + len(to_json(inner)) + 2
        if size <= room:
            kept.append((key, inner))
            room -= size
    omissions.add_entries([key for key, _ in kept], [key for key, _ in entries])
    return kept
