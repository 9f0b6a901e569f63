"""The problems of an import: values and rows of the file that are not as the rest of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_SHOWN = 10
_ALIKE_SHOWN = 3
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One problem. `row` is the row of the file from 1, the header included. `column` is empty for a whole row."""

    row: int
    column: str
    value: str
    problem: str


@dataclass(slots=True)
class ImportProblems:
    """All problems of one import: how many, how many of each column, and the first ones of each kind."""

    count: int = 0
    by_column: Counter[str] = field(default_factory=Counter)
    first: list[CellProblem] = field(default_factory=list)
    alike: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, row: int, column: str, value: object, problem: str) -> None:
        """Count a problem, and keep it if it is one of the first of its kind."""
        self.count += 1
        self.by_column[column] += 1
        if len(self.first) < _SHOWN and self.alike[column, problem] < _ALIKE_SHOWN:
            self.alike[column, problem] += 1
            text = value if isinstance(value, str) else repr(value)
            shown = text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
            self.first.append(CellProblem(row, column, shown, problem))
