"""Own texts about methods and their parameters, joined to the facts when the catalogue is compiled.

`data/meanings*.tsv` has the columns method, path and text: what a parameter means, in one line, where its name does not
say it. `data/notes*.tsv` has the columns method and text: traps that the parameters do not show. The method is a name
or a glob over names in any letter case (`crm.*.list`), several are separated by commas. A glob covers both versions;
`v2:` or `v3:` before it limits it to one. The path is the dotted name of a parameter (`fields.OPPORTUNITY`), and
`*.NAME` stands for this name at any place. A longer glob wins over a shorter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import translate
from pathlib import Path

from b24_mcp.catalog.facts import MethodFacts, Parameter

_VERSIONED = re.compile(r"(?P<version>v[23]):(?P<glob>.+)")


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table for one glob."""

    version: str
    pattern: re.Pattern[str]
    glob: str
    path: str
    text: str

    def fits(self, facts: MethodFacts) -> bool:
        """Whether the line is about a method."""
        return self.version in ("", facts.version) and self.pattern.match(facts.method.lower()) is not None


class Texts:
    """The texts of the files in a folder.

    Raises:
        ValueError: for a line with the wrong number of columns; the text names the file and the line.
    """

    def __init__(self, data: Path) -> None:
        meanings = [row for path in sorted(data.glob("meanings*.tsv")) for row in _rows(path, 3)]
        self._meanings = sorted(meanings, key=lambda row: len(row.glob))
        self._notes = [row for path in sorted(data.glob("notes*.tsv")) for row in _rows(path, 2)]
        self.used: set[tuple[str, str]] = set()
        """The (glob, path) of lines that named a parameter or a method so far."""

    def joined(self, facts: MethodFacts) -> MethodFacts:
        """Return facts with the texts about their method."""
        notes = [row for row in self._notes if row.fits(facts)]
        meanings = {row.path: row for row in self._meanings if row.fits(facts)}
        self.used.update((row.glob, "") for row in notes)
        if not notes and not meanings:
            return facts
        params = tuple(self._explained(facts.params, meanings, ()))
        return replace(facts, params=params, notes=tuple(row.text for row in notes))

    @property
    def unused(self) -> list[tuple[str, str]]:
        """The (glob, path) of lines that named nothing so far."""
        lines = [*((row.glob, row.path) for row in self._meanings), *((row.glob, "") for row in self._notes)]
        return [line for line in lines if line not in self.used]

    def _explained(
        self, params: Iterable[Parameter], meanings: dict[str, _Row], above: tuple[str, ...]
    ) -> Iterator[Parameter]:
        for param in params:
            path = (*above, param.name)
            row = meanings.get(".".join(path)) or meanings.get(f"*.{param.name}")
            if row is not None:
                self.used.add((row.glob, row.path))
            yield replace(
                param,
                text=row.text if row is not None else param.text,
                fields=tuple(self._explained(param.fields, meanings, path)),
            )


def _rows(path: Path, columns: int) -> Iterator[_Row]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != columns:
            raise ValueError(f"{path.name}:{number}: {len(cells)} columns instead of {columns}")
        for name in cells[0].split(","):
            match = _VERSIONED.fullmatch(name.strip())
            version, glob = (match["version"], match["glob"]) if match else ("", name.strip())
            pattern = re.compile(translate(glob.lower()))
            yield _Row(version, pattern, glob, cells[1] if columns == 3 else "", cells[-1])
