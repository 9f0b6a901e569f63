"""A page, or a section of it, as plain Markdown within a limit of length."""

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

_CONTINUATION = re.compile(r"(?<!\s)\s*+#(\d{1,5})$")
_SHORTEST_TEXT = 200
_MAX_OUTLINE_LEVEL = 4


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page or of a section. `section` is empty for the whole page. When `text` was cut, `more` is the
    section to request next. `sections` are the names of all sections of the page.
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
    """Parse a stored page. A page with a syntax error is returned line by line."""
    return page_of(blocks_of_page(db, language, page), code)


def blocks_of_page(db: sqlite3.Connection, language: str, page: str) -> list[Block]:
    """Return the blocks of a stored page; an empty list without such a page."""
    source = Edition(language, StoredFiles(db)).page(page, FOR_READING)
    text = source.text if source is not None else ""
    try:
        return parse(text)
    except BrokenPageError:
        return [Text(line, (), apart=True) for line in text.splitlines()]


def read_page(
    db: sqlite3.Connection, language: str, page: str, section: str, code: CodeLanguage, max_chars: int
) -> PageText:
    """Return a page, or one of its sections with the sections below it. `max_chars` limits the length inside JSON.

    Raises:
        NoSuchPageError: when the page has no such section.
    """
    title, kind = db.execute("SELECT title, kind FROM page WHERE page = ?", (page,)).fetchone()
    parts = parse_page(db, language, page, code)
    wanted, start = section.strip(), 0
    if continuation := _CONTINUATION.search(wanted):
        wanted, start = wanted[: continuation.start()], int(continuation[1])
    chosen = find_section(parts.sections, wanted) if wanted else parts.sections
    if not chosen:
        names = _outline(parts.sections)
        raise NoSuchPageError(f"The page {language}/{page} has no section {section[:80]!r}.", names)

    def title_of(target: str) -> str | None:
        row = db.execute("SELECT title FROM page WHERE page = ?", (target,)).fetchone()
        return row[0] if row else None

    pieces = list(_pieces(chosen, Links(language, page, title_of)))[start:]
    count = _fitting(pieces, max_chars)
    more = f"{wanted}#{start + count}" if count < len(pieces) else None
    text = join(pieces[:count])
    if json_length(text) > max_chars:
        # A single piece is longer than a very small limit.
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
    """Return how many pieces fit together; at least one."""
    used = 0
    for number, piece in enumerate(pieces):
        # The head and foot of a table or of code are repeated where it begins or ends.
        around = json_length(piece.head + piece.foot) if number == 0 or piece.glue == "\n\n" else 0
        used += json_length(piece.glue + piece.text) + around
        if used > max_chars and number:
            return number
    return len(pieces)


def _outline(sections: list[DocSection]) -> list[str]:
    return [section.name for section in sections if section.name and section.level <= _MAX_OUTLINE_LEVEL]
