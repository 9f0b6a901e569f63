"""What was left out of a shortened value: the record of it, and the `cut` of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a value."""

_NAMED_ENTRIES = 20
_NAMED_CUTS = 5


@dataclass(slots=True)
class Omissions:
    """The parts that were left out of a value.

    `rows` maps the path of a list to the number of rows shown and the number of all rows. `texts` maps the path of a
    text to its shown length and its full length in characters. `names` are names of missing entries of an object, and
    `entries` is the number of entries shown and the number of all entries.
    """

    rows: dict[Path, tuple[int, int]] = field(default_factory=dict)
    texts: dict[Path, tuple[int, int]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    entries: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        return bool(self.rows or self.texts or self.names)

    def add_entries(self, shown: Sequence[str], of: Sequence[str]) -> None:
        """Record the entries of an object: the names of those shown, and of all."""
        kept = set(shown)
        self.entries = (len(shown), len(of))
        self.names.extend([name for name in of if name not in kept][:_NAMED_ENTRIES])


class CutForm(TypedDict, total=False):
    """The `cut` of an answer.

    `shown` and `of` count the rows of the list that lost the most; `list` is its name, absent for the result itself.
    `also` holds further lists as `{name: [rows shown, all rows]}`, `texts` the shortened texts as
    `{name: [characters shown, all characters]}`, and `left_out` names of missing entries. `more` says how to read the
    rest.
    """

    shown: int
    of: int
    list: str
    also: dict[str, Sequence[int]]
    left_out: Sequence[str]
    texts: dict[str, Sequence[int]]
    more_texts: int
    more: str


def cut_form(value: object, omissions: Omissions) -> CutForm:
    """Return the `cut` of `value`, which is the shortened value, without `more`."""
    cut = CutForm()
    rows = sorted(omissions.rows.items(), key=lambda entry: entry[1][0] - entry[1][1])
    for position, (path, (shown, of)) in enumerate(rows[:_NAMED_CUTS]):
        name = _name(value, path)
        if position:
            cut.setdefault("also", {})[name] = [shown, of]
            continue
        cut["shown"], cut["of"] = shown, of
        if name:
            cut["list"] = name
    if omissions.entries is not None:
        cut["shown"], cut["of"] = omissions.entries
    if omissions.names:
        cut["left_out"] = omissions.names[:_NAMED_ENTRIES]
    if list(omissions.texts) == [()]:
        cut["shown"], cut["of"] = omissions.texts[()]
    elif omissions.texts:
        named = list(omissions.texts.items())
        cut["texts"] = {_name(value, path): list(sizes) for path, sizes in named[:_NAMED_CUTS]}
        if len(named) > _NAMED_CUTS:
            cut["more_texts"] = len(named) - _NAMED_CUTS
    return cut


def _name(value: object, path: Path) -> str:
    """Return a path in dotted form: `items.0.title`. A table is named as the list of objects that it stands for."""
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
