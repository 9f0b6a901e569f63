"""A page, or a section of it, as plain Markdown that is no longer than there is room."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from b24_mcp.dialect.editions import FOR_READING, Edition
from b24_mcp.dialect.markup import Block, BrokenPageError, Text, parse
from b24_mcp.docs.errors import NoSuchPageError
from b24_mcp.docs.index import Kind
from b24_mcp.docs.index_file import StoredFiles
from b24_mcp.docs.inline import Links
from b24_mcp.docs.markdown import Piece, join, json_length, pieces_of
from b24_mcp.docs.origin import online_address
from b24_mcp.docs.sections import CodeLanguage, DocPage, DocSection, find_section, page_of

_GOING_ON = re.compile(r"(?<!\s)\s*+#(\d{1,5})$")
_SHORTEST_TEXT = 200
_DEEPEST_NAMED = 4


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read. `section` is empty for the whole page. Where `text` had to end early, `more` is what to ask for as
    the section to read on; `sections` are the page's sections, by what they are asked for.
    """

    language: str
    page: str
    title: str
    kind: Kind
    url: str
    section: str
    text: str
    more: str | None
    sections: list[str]


def parse_page(db: sqlite3.Connection, language: str, page: str, code: CodeLanguage) -> DocPage:
    """Take a stored page apart. What breaks the grammar is given line by line."""
    source = Edition(language, StoredFiles(db)).page(page, FOR_READING)
    text = source.text if source is not None else ""
    try:
        blocks: list[Block] = parse(text)
    except BrokenPageError:
        blocks = [Text(line, (), apart=True) for line in text.splitlines()]
    return page_of(blocks, code)


def read(
    db: sqlite3.Connection, language: str, page: str, section: str, code: CodeLanguage, max_chars: int
) -> PageText:
    """Read a page, or one of its sections with those below it. `room` is how many characters the text may take as JSON.

    Raises:
        NoSuchPageError: when the page has no such section.
    """
    title, kind = db.execute("SELECT title, kind FROM page WHERE page = ?", (page,)).fetchone()
    parts = parse_page(db, language, page, code)
    wanted, start = section.strip(), 0
    if going_on := _GOING_ON.search(wanted):
        wanted, start = wanted[: going_on.start()], int(going_on[1])
    chosen = find_section(parts.sections, wanted) if wanted else parts.sections
    if not chosen:
        names = _outline(parts.sections)
        raise NoSuchPageError(f"The page {language}/{page} has no section {section[:80]!r}.", names)

    def titled(target: str) -> str | None:
        row = db.execute("SELECT title FROM page WHERE page = ?", (target,)).fetchone()
        return row[0] if row else None

    pieces = list(_pieces(chosen, Links(language, page, titled)))[start:]
    fitting = _fitting(pieces, max_chars)
    more = f"{wanted}#{start + fitting}" if fitting < len(pieces) else None
    text = join(pieces[:fitting])
    if json_length(text) > max_chars:
        # One piece alone is too long for a very small answer.
        text = text[: max(max_chars // 2, _SHORTEST_TEXT)] + "…"
    name = chosen[0].name if wanted else ""
    url = online_address(language, page)
    return PageText(language, page, title, kind, url, name, text, more, _outline(parts.sections))


def _pieces(sections: list[DocSection], links: Links) -> Iterator[Piece]:
    for section in sections:
        if section.title:
            yield Piece(f"{'#' * min(section.level, 6)} {section.title}")
        yield from pieces_of(section.blocks, links)


def _fitting(pieces: list[Piece], max_chars: int) -> int:
    """How many pieces, but one at least, fit together."""
    used = 0
    for number, piece in enumerate(pieces):
        # The head and foot of a table or of code are needed where it begins or ends.
        around = json_length(piece.head + piece.foot) if number == 0 or piece.glue == "\n\n" else 0
        used += json_length(piece.glue + piece.text) + around
        if used > max_chars and number:
            return number
    return len(pieces)


def _outline(sections: list[DocSection]) -> list[str]:
    return [section.name for section in sections if section.name and section.level <= _DEEPEST_NAMED]
