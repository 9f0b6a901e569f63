"""Identifiers in texts and questions: names of methods and events, codes of errors, fields and constants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from b24_mcp.dialect.markup import Block, Cell, MarkupTable, Note, Text

# A dotted name, a name with underscores, a name in camel case, or four capitals. Each alternative ends at its last
# letter, so a sentence's full stop is not part of it.
_IDENTIFIER = re.compile(
    r"(?<![\w.])(?:[A-Za-z]\w*(?:(?:\.|::)\w+)+|[A-Za-z]\w*_\w+|_?[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[A-Z][A-Z0-9]{2,})(?!\w)"
)
_CODE = re.compile(r"`([^`\n]{2,80})`")
_BOLD = re.compile(r"\*\*([^*\n]{2,80})\*{2,3}")
_LONGEST = 80
TITLE, HEADING, DEFINED, MENTIONED = 8, 4, 3, 1
"""How much a page is about an identifier: it is in the title, a heading, the first cell of a row, or the text."""


@dataclass(frozen=True, slots=True)
class IdentifierUse:
    """The use of an identifier, in lower case, on a page."""

    name: str
    weight: int


def identifiers_in(text: str) -> list[str]:
    """Return the identifiers in a text in their order, each once."""
    return list(dict.fromkeys(found[0][:_LONGEST] for found in _IDENTIFIER.finditer(text)))


def uses_in(heading: str, blocks: Iterable[Block], heading_weight: int = HEADING) -> Iterator[IdentifierUse]:
    """Yield the uses of identifiers in a section. Code samples are not read: they use what the text explains."""
    for name in identifiers_in(heading):
        yield IdentifierUse(name.lower(), heading_weight)
    for block in blocks:
        if isinstance(block, Text | Note):
            yield from _in_text(block.text)
        elif isinstance(block, MarkupTable):
            yield from _in_table(block)


def _in_table(table: MarkupTable) -> Iterator[IdentifierUse]:
    for row in table.rows:
        for position, cell in enumerate(row):
            yield from _in_cell(cell, is_first=position == 0)


def _in_cell(cell: Cell, *, is_first: bool) -> Iterator[IdentifierUse]:
    if is_first:
        marked = [*_BOLD.findall(cell.text), *_CODE.findall(cell.text)]
        for name in dict.fromkeys(
            name.strip("* ").lower() for text in marked for name in (*identifiers_in(text), text)
        ):
            if re.fullmatch(r"[\w.:\[\]-]+", name):
                yield IdentifierUse(name, DEFINED)
    else:
        yield from _in_text(cell.text)
    for table in cell.tables:
        yield from _in_table(table)


def _in_text(text: str) -> Iterator[IdentifierUse]:
    for name in dict.fromkeys(name for code in _CODE.findall(text) for name in identifiers_in(code)):
        yield IdentifierUse(name.lower(), MENTIONED)
