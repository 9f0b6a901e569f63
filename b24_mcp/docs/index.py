"""The SQLite file of one edition: its source files, and the full-text index of its sections.

Each section of a page is one entry of the index. The title of the page is indexed with its lead. The weights are in
`search`: a heading counts more than text, and code samples count little.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal

from b24_mcp.dialect.editions import FOR_READING, FOR_SEARCH, Edition, Source
from b24_mcp.dialect.kinds import is_event, may_be_method
from b24_mcp.dialect.markup import Block, BrokenPageError, Cell, Code, MarkupTable, Note, Text, parse
from b24_mcp.docs.identifiers import TITLE, IdentifierUse, uses_in
from b24_mcp.docs.inline import inline, plain
from b24_mcp.docs.sections import DocPage, DocSection, page_of
from b24_mcp.words import words_of, words_of_name

# Increase it when the content of the index or the stems of `words` change: copies of another format are built again.
FORMAT = 2

Kind = Literal["method", "event", "widget", "tutorial", "article"]
Progress = Callable[[str, int, int], None]
"""A callback that receives the language, the pages done and the pages in total."""

_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (name TEXT PRIMARY KEY, digest TEXT NOT NULL, text BLOB NOT NULL);
CREATE TABLE page (id INTEGER PRIMARY KEY, page TEXT NOT NULL UNIQUE, title TEXT NOT NULL, kind TEXT NOT NULL,
    words TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE phrasing (page INTEGER NOT NULL, words TEXT NOT NULL);
CREATE TABLE section (id INTEGER PRIMARY KEY, page INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX section_of ON section (page);
CREATE TABLE identifier (name TEXT NOT NULL, page INTEGER NOT NULL, section INTEGER NOT NULL, weight INTEGER NOT NULL,
    times INTEGER NOT NULL, PRIMARY KEY (name, page)) WITHOUT ROWID;
CREATE INDEX identifier_of ON identifier (page);
CREATE VIRTUAL TABLE unit USING fts5 (title, heading, path, body, code, tokenize = 'unicode61');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (unit, row);
"""
_EXTRACT_LENGTH = 1_500
_MAX_CODE_WORDS = 300
_MAX_PAGE_LENGTH = 4_000_000
_NAME = re.compile(r"\b[A-Za-z]\w*(?:\.\w+)+")
_GENERIC_HEADING = re.compile(r"(?:code examples?|примеры? кода|response handling|обработка ответа)$", re.I)


@dataclass(slots=True)
class IndexChanges:
    """The result of an update: pages in total, pages indexed again, pages removed, and syntax errors by page."""

    pages: int = 0
    read: int = 0
    gone: int = 0
    broken: dict[str, str] = field(default_factory=dict)


def create_index(db: sqlite3.Connection) -> None:
    """Create an empty index."""
    db.executescript(_SCHEMA)
    db.execute(f"PRAGMA user_version = {FORMAT}")


def update_index(db: sqlite3.Connection, edition: Edition, progress: Progress) -> IndexChanges:
    """Update an index to match an edition, without a commit. Unchanged pages are not parsed again."""
    changes = IndexChanges()
    _update_sources(db, edition)
    known = {page: (number, digest) for number, page, digest in db.execute("SELECT id, page, digest FROM page")}
    names = edition.page_names()
    for position, name in enumerate(names):
        if position % 20 == 0:
            progress(edition.language, position, len(names))
        source = edition.page(name, FOR_READING)
        if source is None:
            continue
        changes.pages += 1
        digest = _digest(source.text)
        number, before = known.pop(name, (None, None))
        if digest == before:
            continue
        if number is not None:
            _remove_page(db, number)
        changes.read += 1
        if problem := _add_page(db, edition, source, digest):
            changes.broken[name] = problem
    for number, _ in known.values():
        _remove_page(db, number)
    changes.gone = len(known)
    _update_phrasings(db)
    progress(edition.language, len(names), len(names))
    return changes


def _update_sources(db: sqlite3.Connection, edition: Edition) -> None:
    known = dict(db.execute("SELECT name, digest FROM source").fetchall())
    for name in edition.files.names():
        text = edition.files.text(name)
        if text is None or len(text) > _MAX_PAGE_LENGTH:
            continue
        digest = _digest(text)
        if known.pop(name, None) != digest:
            packed = zlib.compress(text.encode("utf-8", "replace"), 6)
            db.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", (name, digest, packed))
    db.executemany("DELETE FROM source WHERE name = ?", [(name,) for name in known])


def _update_phrasings(db: sqlite3.Connection) -> None:
    """Store the phrases in which people ask for pages, in both languages for every edition."""
    topics = files("b24_mcp.docs").joinpath("topics.tsv").read_text("utf-8")
    db.execute("DELETE FROM phrasing")
    for line in topics.splitlines():
        page, *phrasings = line.split("\t")
        rows = [(" ".join(words_of(phrasing)), page) for column in phrasings for phrasing in column.split(" | ")]
        db.executemany("INSERT INTO phrasing SELECT id, ? FROM page WHERE page = ?", rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _remove_page(db: sqlite3.Connection, page: int) -> None:
    db.execute("DELETE FROM unit WHERE rowid IN (SELECT id FROM section WHERE page = ?)", (page,))
    db.execute("DELETE FROM identifier WHERE page = ?", (page,))
    db.execute("DELETE FROM section WHERE page = ?", (page,))
    db.execute("DELETE FROM page WHERE id = ?", (page,))


def _add_page(db: sqlite3.Connection, edition: Edition, source: Source, digest: str) -> str | None:
    """Index a page. Return its syntax error, if any; the page can be read nevertheless."""
    searched = edition.page(source.page, FOR_SEARCH) or source
    broken = None
    try:
        page = page_of(parse(searched.text)) if len(source.text) <= _MAX_PAGE_LENGTH else DocPage("", [])
    except BrokenPageError as exc:
        broken = str(exc)
        lines = [Text(line, ()) for line in searched.text.splitlines() if not line.startswith("# ")]
        page = DocPage(_first_line(searched.text), [DocSection("", 1, blocks=list(lines))])
    title = page.title or source.page.rpartition("/")[2]
    number = db.execute(
        "INSERT INTO page (page, title, kind, words, digest) VALUES (?, ?, ?, ?, ?)",
        (source.page, title, kind_of(searched), " ".join(_title_words(title)), digest),
    ).lastrowid
    found = _Identifiers()
    for position, section in enumerate(page.sections):
        if section.is_more:
            continue
        text = "\n".join(_texts(section.blocks))
        extract = " ".join(text.split())[:_EXTRACT_LENGTH]
        unit = db.execute(
            "INSERT INTO section (page, name, text) VALUES (?, ?, ?)", (number, section.name, extract)
        ).lastrowid
        found.add(unit or 0, uses_in(section.title, section.blocks))
        if position == 0:
            found.add(unit or 0, uses_in(title, (), TITLE))
        heading = "" if _GENERIC_HEADING.match(section.title) else section.title
        columns = (_title_words(title), "", _path_words(source.page)) if position == 0 else ([], words_of(heading), [])
        code = dict.fromkeys(word for block in section.blocks if isinstance(block, Code) for word in _words(block.text))
        db.execute(
            "INSERT INTO unit (rowid, title, heading, path, body, code) VALUES (?, ?, ?, ?, ?, ?)",
            (unit, *(" ".join(words) for words in (*columns, words_of(text), list(code)[:_MAX_CODE_WORDS]))),
        )
    rows = ((name, number, *used) for name, used in found.uses.items())
    db.executemany("INSERT INTO identifier VALUES (?, ?, ?, ?, ?)", rows)
    return broken


class _Identifiers:
    """The identifiers of a page: for each the section that is most about it, its weight there, and how often it is
    used.
    """

    def __init__(self) -> None:
        self.uses: dict[str, tuple[int, int, int]] = {}

    def add(self, section: int, uses: Iterable[IdentifierUse]) -> None:
        for use in uses:
            best, weight, times = self.uses.get(use.name, (section, 0, 0))
            if use.weight > weight:
                best, weight = section, use.weight
            self.uses[use.name] = (best, weight, times + 1)


def kind_of(source: Source) -> Kind:
    """Return the kind of a page."""
    if source.page.startswith("tutorials/"):
        return "tutorial"
    if may_be_method(source):
        return "method"
    if is_event(source):
        return "event"
    return "widget" if re.search(r"(^|/)(widgets|embedding|placements?)(/|$)", source.page) else "article"


def _title_words(title: str) -> list[str]:
    names = (word for name in _NAME.findall(title) for word in words_of_name(name))
    return list(dict.fromkeys([*words_of(title), *names]))


def _path_words(page: str) -> list[str]:
    return words_of(page.removeprefix("api-reference/").replace("-", " ").replace("/", " "))


def _words(code: str) -> Iterator[str]:
    return (word for word in words_of(code[:20_000]) if not word.isdigit())


def _first_line(text: str) -> str:
    return next((plain(line[2:]) for line in text.splitlines() if line.startswith("# ")), "")


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Text():
                yield plain(block.text)
            case Note():
                yield plain(f"{block.title} {block.text}")
            case MarkupTable():
                for row in block.rows:
                    yield from _cell_texts(row)


def _cell_texts(row: Iterable[Cell]) -> Iterator[str]:
    for cell in row:
        yield " ".join(inline(cell.text).replace("`", "").replace("*", "").split())
        for table in cell.tables:
            for inner in table.rows:
                yield from _cell_texts(inner)
