"""What every kind of file offers to an import: its rows, as often as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from b24_mcp.records.imports.problems import ImportProblems

TextRules = Literal["all", "sheet", "none"]
"""How much the texts of a file may be read as other types.

`all`: a file of texts only, so numbers, dates and flags are found in them. `sheet`: cells have types, and texts of
digits stay texts. `none`: values have their types, and only ISO dates are found in texts.
"""

SourceRow = tuple[int, Mapping[str, object]]
"""The number of a row in the file, from 1, and its values by column."""

MOST_COLUMNS = 1_000
LONGEST_LINE = 16 << 20


class RowSource(Protocol):
    """The rows of one file. After the first pass, `facts` say how it was read; `notes` are for the reader."""

    texts: TextRules
    facts: dict[str, object]
    notes: list[str]

    def rows(self, problems: ImportProblems) -> Iterator[SourceRow]:
        """Read all rows from the beginning. It blocks.

        Raises:
            B24Error: `B24MCP_IMPORT` if the file cannot be read.
        """
