"""Shorten one JSON value to a number of characters.

Three things are shortened, in this order: long texts, the rows of the largest lists, and the entries of objects. A cut
falls between two rows, never inside a row, and the first row of a list always stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from b24_mcp.rest import to_json

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a value."""

_NAMED_OMISSIONS = 20
_NAMED_CUTS = 5
_SHORTEST_TEXT = 500  # a text shorter than this says too little; rows are cut instead
_SMALLEST_TEXT = 60
_FEW_TEXTS = 8
_ROUNDS = 50


@dataclass(slots=True)
class Truncation:
    """What was left out of a value.

    `rows` maps the path of a list to how many rows are shown and how many there were. `texts` maps the path of a text
    to its shown and its whole length in characters. `left_out` names entries of an object that are missing.
    """

    rows: dict[Path, tuple[int, int]] = field(default_factory=dict)
    texts: dict[Path, tuple[int, int]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    entries: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        return bool(self.rows or self.texts or self.left_out)


compact = to_json
"""A value as JSON without white space: how every answer is written."""


def truncate(value: Any, room: int) -> tuple[Any, Truncation]:
    """Return the value, shortened where it is longer than `room` characters as JSON, and what was left out.

    A value whose smallest form is still longer is replaced by an empty one of its kind.
    """
    done = Truncation()
    if len(compact(value)) <= room:
        return value, done
    value = _shorten_texts(value, room, done)
    for _ in range(_ROUNDS):
        size = len(compact(value))
        found = _largest_list(value) if size > room else None
        if found is None or found.removable == 0:
            break
        value = _cut_rows(value, found.path, size - room, done)
    if len(compact(value)) > room:
        value = _squeeze_texts(value, room, done)
    if len(compact(value)) > room:
        value = _drop_entries(value, room, done)
    return value, done


@dataclass(slots=True)
class _Found:
    path: Path
    removable: int


def _largest_list(value: Any) -> _Found | None:
    """The list from which the most characters can be removed by cutting rows."""

    best: _Found | None = None

    def size_of(part: Any, path: Path) -> int:
        nonlocal best
        if isinstance(part, dict):
            return 2 + sum(len(compact(key)) + 2 + size_of(inner, (*path, key)) for key, inner in part.items())
        if isinstance(part, list):
            sizes = [1 + size_of(inner, (*path, index)) for index, inner in enumerate(part)]
            removable = sum(sizes[1:])
            # At equal size the outer list wins: rows are cut before what stands in one of them.
            if len(part) > 1 and (best is None or removable >= best.removable) and not _is_columns(path):
                best = _Found(path, removable)
            return 1 + sum(sizes)
        return len(compact(part))

    size_of(value, ())
    return best


def _is_columns(path: Path) -> bool:
    return bool(path) and path[-1] == "columns"


def _cut_rows(value: Any, path: Path, excess: int, done: Truncation) -> Any:
    """Remove rows from the end of the list at `path` until `excess` characters are gone or one row is left."""
    rows: list[Any] = part_at(value, path)
    keep = len(rows)
    while keep > 1 and excess > 0:
        keep -= 1
        excess -= len(compact(rows[keep])) + 1
    _, of = done.rows.get(path, (0, len(rows)))
    done.rows[path] = (keep, of)
    for known in [known for known in done.rows if len(known) > len(path) and known[: len(path)] == path]:
        if int(known[len(path)]) >= keep:
            del done.rows[known]
    for known in [known for known in done.texts if known[: len(path)] == path and len(known) > len(path)]:
        if int(known[len(path)]) >= keep:
            del done.texts[known]
    return _replaced(value, path, rows[:keep])


def _shorten_texts(value: Any, room: int, done: Truncation) -> Any:
    """Shorten a few very long texts where that alone makes the value fit, or where one would push all rows out."""
    texts = [(path, len(compact(text))) for path, text in _texts(value, ()) if len(text) > _SHORTEST_TEXT]
    if not texts:
        return value
    others = len(compact(value)) - sum(size for _, size in texts)
    cap = fair_share([size for _, size in texts], room - others)
    longer = sum(size > cap for _, size in texts)
    if cap < _SHORTEST_TEXT or longer > _FEW_TEXTS:
        cap = max(room // 4, _SHORTEST_TEXT)
    return _with_texts_up_to(value, cap, (), done)


def _squeeze_texts(value: Any, room: int, done: Truncation) -> Any:
    """Shorten all texts alike, as far as it takes."""
    sizes = [len(compact(text)) for _, text in _texts(value, ()) if len(text) > _SMALLEST_TEXT]
    others = len(compact(value)) - sum(sizes)
    cap = max(fair_share(sizes, room - others), _SMALLEST_TEXT)
    return _with_texts_up_to(value, cap, (), done)


def fair_share(sizes: list[int], room: int) -> int:
    """The largest size such that cutting every larger one down to it makes all of them fit into `room`."""
    left = room
    for position, size in enumerate(sorted(sizes)):
        share = max(left, 0) // (len(sizes) - position)
        if size > share:
            return share
        left -= size
    return max(sizes, default=0)


def _texts(value: Any, path: Path) -> list[tuple[Path, str]]:
    match value:
        case str():
            return [(path, value)]
        case dict():
            return [found for key, inner in value.items() for found in _texts(inner, (*path, key))]
        case list():
            return [found for index, inner in enumerate(value) for found in _texts(inner, (*path, index))]
        case _:
            return []


def _with_texts_up_to(value: Any, cap: int, path: Path, done: Truncation) -> Any:
    match value:
        case str():
            if len(compact(value)) <= cap:
                return value
            shown = shortened(value, cap)
            _, of = done.texts.get(path, (0, len(value)))
            done.texts[path] = (len(shown) - 1, of)
            return shown
        case dict():
            return {key: _with_texts_up_to(inner, cap, (*path, key), done) for key, inner in value.items()}
        case list():
            return [_with_texts_up_to(inner, cap, (*path, index), done) for index, inner in enumerate(value)]
        case _:
            return value


def shortened(text: str, room: int) -> str:
    """The beginning of a text and an ellipsis, at most `room` characters as JSON (3 at the least)."""
    if len(compact(text)) <= room:
        return text
    keep = max(room - 3, 0)
    while keep and len(compact(text[:keep])) + 1 > room:
        keep = keep * 9 // 10  # characters that JSON writes as two or six
    return text[:keep] + "…"


def _drop_entries(value: Any, room: int, done: Truncation) -> Any:
    """Keep the entries of an object, or the columns of a table, that fit; pass over the large ones.

    Anything else becomes an empty value of its kind.
    """
    match value:
        case {"columns": list(columns), "rows": [list(row)]} if len(value) == 2:
            kept = _fitting(list(zip(columns, row, strict=True)), room - 26, done)
            return {"columns": [name for name, _ in kept], "rows": [[cell for _, cell in kept]]}
        case dict() if len(value) == 1:
            ((key, inner),) = value.items()
            inner_room = room - len(compact(key)) - 3
            return {key: _drop_entries(inner, inner_room, done)} if inner_room > 2 else {}
        case dict():
            return dict(_fitting(list(value.items()), room - 2, done))
        case [dict() as row] if room > 4:
            return [_drop_entries(row, room - 2, done)]
        case list():
            done.rows[()] = (0, max(len(value), done.rows.get((), (0, 0))[1]))
            return []
        case str():
            shown = shortened(value, max(room, 3))
            done.texts[()] = (len(shown) - 1, done.texts.get((), (0, len(value)))[1])
            return shown
        case _:
            return value


def _fitting(entries: list[tuple[str, Any]], room: int, done: Truncation) -> list[tuple[str, Any]]:
    kept = []
    for key, inner in entries:
        size = len(compact(key)) + len(compact(inner)) + 2
        if size <= room:
            kept.append((key, inner))
            room -= size
    names = {key for key, _ in kept}
    done.entries = (len(kept), len(entries))
    done.left_out.extend([key for key, _ in entries if key not in names][:_NAMED_OMISSIONS])
    return kept


def part_at(value: Any, path: Path) -> Any:
    """The part of a value that a path leads to."""
    for step in path:
        value = value[step]
    return value


def _replaced(value: Any, path: Path, part: Any) -> Any:
    if not path:
        return part
    step, *rest = path
    inner = _replaced(value[step], tuple(rest), part)
    if isinstance(value, dict):
        return value | {step: inner}
    return [inner if index == step else entry for index, entry in enumerate(value)]


def described(value: Any, done: Truncation) -> dict[str, Any]:
    """What was left out of `value`, which is the shortened one, as the `cut` of an answer.

    `shown` and `of` count the rows of the list that lost the most; `list` names it where it is not the result itself.
    `also` holds further lists as `{name: [rows shown, rows in all]}`, `texts` the texts that were shortened as
    `{name: [characters shown, characters in all]}`, and `left_out` names of entries that are missing.
    """
    cut: dict[str, Any] = {}
    rows = sorted(done.rows.items(), key=lambda entry: entry[1][0] - entry[1][1])
    for position, (path, (shown, of)) in enumerate(rows[:_NAMED_CUTS]):
        name = _name(value, path)
        if position == 0:
            cut |= {"shown": shown, "of": of} | ({"list": name} if name else {})
        else:
            cut.setdefault("also", {})[name] = [shown, of]
    if done.entries is not None:
        cut |= {"shown": done.entries[0], "of": done.entries[1]}
    if done.left_out:
        cut["left_out"] = done.left_out[:_NAMED_OMISSIONS]
    if list(done.texts) == [()]:
        cut |= dict(zip(("shown", "of"), done.texts[()], strict=True))
    elif done.texts:
        named = list(done.texts.items())
        cut["texts"] = {_name(value, path): list(sizes) for path, sizes in named[:_NAMED_CUTS]}
        if len(named) > _NAMED_CUTS:
            cut["more_texts"] = len(named) - _NAMED_CUTS
    return cut


def _name(value: Any, path: Path) -> str:
    """A path as a person writes it: `items.0.title`. A table is named as the list of objects it stands for."""
    steps: list[str] = []
    part, left = value, list(path)
    while left:
        step = left.pop(0)
        if step == "rows" and isinstance(part, dict) and part.keys() == {"columns", "rows"}:
            columns = part["columns"]
            steps += [str(row) for row in left[:1]]
            steps += [columns[cell] for cell in left[1:2] if isinstance(cell, int) and cell < len(columns)]
            return ".".join([*steps, *map(str, left[2:])])
        steps.append(str(step))
        part = part.get(step) if isinstance(part, dict) else None
    return ".".join(steps)
