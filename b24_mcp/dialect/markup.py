"""The parser of documentation pages: headings, tables, code, notes and lines of text.

The dialect is Markdown with `#| || a | b || |#` tables, `{% note %}`, `{% list tabs %}` and `{% include %}`. A cell may
contain a table, a row may lack its closing bars, and bars inside code belong to the code.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from b24_mcp.dialect.scanner import between, code_spans, fenced_code


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level (1 to 6), its text without the anchor, and the anchor."""

    level: int
    text: str
    anchor: str
    tab: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text without fenced code and inner tables, and these.

    `whole` is the text with marks in their places; `held` splits it at the marks.
    """

    text: str
    tables: tuple[MarkupTable, ...] = ()
    code: tuple[Code, ...] = ()
    whole: str = ""

    def held(self) -> Iterator[str | MarkupTable | Code]:
        """Yield texts, inner tables and code in their order."""
        for part in _HELD.split(self.whole):
            if found := _HELD_ONE.fullmatch(part):
                yield self.tables[int(found[1])] if found[1] else self.code[int(found[2])]
            elif part.strip():
                yield part


@dataclass(frozen=True, slots=True)
class MarkupTable:
    """A table: its rows of cells, and the tabs that contain it, outermost first."""

    rows: tuple[tuple[Cell, ...], ...]
    tab: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced block of code, and the tabs that contain it."""

    language: str
    text: str
    tab: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A note: its kind (`info`, `warning`, …), its title, its text, and the tabs that contain it."""

    kind: str
    title: str
    text: str
    tab: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, and the tabs that contain it. `apart` is set when the line above is empty."""

    text: str
    tab: tuple[str, ...]
    apart: bool = field(default=False, compare=False)


Block = Heading | MarkupTable | Code | Note | Text


class BrokenPageError(Exception):
    """A page is malformed: a table, a note or a block of code is not closed."""


_HEADING = re.compile(r"\s*+(#{1,6})\s++(.+)")
_ANCHOR = re.compile(r"(?<!\s)\s*+\{\s*+#([\w.\-]++)\s*+\}")
_NOTE = re.compile(r"\s*+\{%\s*+note\s++(\w++)\s*+(?:[\"“”'](.*?)[\"“”']\s*+)?%\}")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*([\w#+.-]*)(?![^`\n]*`)")
# Three backticks around a word on one line are not a fence.
_SHORT_FENCE = re.compile(r"```([^`\n]+)```")
_HIDDEN_BAR = "\ue001"
_HIDDEN_HASH = "\ue002"
_INNER = "\ue003{}\ue004"
_INNER_FOUND = re.compile("\ue003(\\d+)\ue004")
_CODE = "\ue005{}\ue006"
_CODE_FOUND = re.compile("\ue005(\\d+)\ue006")
_HELD = re.compile("(\ue003\\d+\ue004|\ue005\\d+\ue006)")
_HELD_ONE = re.compile("\ue003(\\d+)\ue004|\ue005(\\d+)\ue006")
# The marks that the parser itself puts into texts.
_OUR_MARKS = re.compile("[\ue001-\ue008]")
_OPENS_TAG, _CLOSES_TAG = re.compile(r"\{%"), re.compile(r"%\}")
_BARS_OF_TABLE = re.compile(r"#\||\|#")
# The documentation nests tables two levels deep. Deeper levels are read as text.
_DEEPEST_TABLE = 10
_CUT = re.compile(r"\{%\s*cut\s+[\"“«](.*?)[\"”»]\s*%\}")


def parse(text: str) -> list[Block]:
    """Parse a page whose includes are resolved.

    Raises:
        BrokenPageError: when the page is malformed.
    """
    return list(_Reader(_OUR_MARKS.sub("", text).splitlines()).blocks())


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    at: int = 0
    tabs: list[list[str]] = field(default_factory=list)
    indents: list[int | None] = field(default_factory=list)
    apart: bool = False

    def blocks(self) -> Iterator[Block]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            bare = line.strip()
            if fence := _FENCE.match(line):
                yield self._code(fence)
            elif bare.startswith("#|"):
                yield self._table()
            elif note := _NOTE.match(line):
                yield self._note(note)
            elif found := _HEADING.match(line):
                self.at += 1
                text, anchor = _without_anchor(found[2].rstrip())
                yield Heading(len(found[1]), text, anchor, self._tab())
            else:
                self.at += 1
                if cut := _CUT.match(bare):
                    yield Text(f"**{cut[1]}**", self._tab(), apart=True)
                elif not self._list_mark(line, bare) and bare:
                    yield Text(self._moved_left(line).rstrip(), self._tab(), self.apart)
            self.apart = not bare

    def _moved_left(self, line: str) -> str:
        """Return a line without the indentation of its tab."""
        depth = (self.indents[-1] or 0) + 4 if self.indents else 0
        spaces = len(line) - len(line.lstrip(" "))
        return line[min(spaces, depth) :]

    def _tab(self) -> tuple[str, ...]:
        return tuple(label[0] for label in self.tabs if label)

    def _list_mark(self, line: str, bare: str) -> bool:
        if re.match(r"\{%\s*list\s+tabs", bare):
            self.tabs.append([])
            self.indents.append(None)
            return True
        if re.match(r"\{%\s*endlist", bare):
            if self.tabs:
                self.tabs.pop()
                self.indents.pop()
            return True
        if self.tabs and (item := re.match(r"(\s*)[-*]\s+(\S.*)", line)):
            indent = len(item[1].expandtabs(4))
            if self.indents[-1] is None:
                self.indents[-1] = indent
            if indent <= (self.indents[-1] or 0):
                self.tabs[-1][:] = [item[2].strip()]
                return True
        return bool(re.match(r"\{%\s*(cut|endcut|endnote|if|endif|changelog|endchangelog)\b", bare))

    def _code(self, fence: re.Match[str]) -> Code:
        mark, opened = fence[1], self.at
        body: list[str] = []
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
                return Code(fence[2].lower(), "\n".join(body), self._tab())
            body.append(line)
        raise BrokenPageError(f"code opened on line {opened + 1} is not closed")

    def _note(self, note: re.Match[str]) -> Note:
        opened, depth = self.at, 0
        body: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            depth += len(re.findall(r"\{%\s*note\b", line)) - len(re.findall(r"\{%\s*endnote\b", line))
            body.append(between(line, _OPENS_TAG, _CLOSES_TAG, lambda _: ""))
            if depth <= 0:
                return Note(note[1], (note[2] or "").strip(), "\n".join(body).strip(), self._tab())
        raise BrokenPageError(f"a note opened on line {opened + 1} is not closed")

    def _table(self) -> MarkupTable:
        opened, depth, fenced = self.at, 0, False
        body: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            body.append(line)
            if line.strip().startswith("```"):
                fenced = not fenced if line.count("```") % 2 else fenced
                continue
            if not fenced:
                plain = code_spans(line, lambda _: "")
                depth += len(re.findall(r"(?<!\|)#\|", plain)) - len(re.findall(r"\|#", plain))
            if depth <= 0:
                return table_of("\n".join(body), self._tab())
        raise BrokenPageError(f"a table opened on line {opened + 1} is not closed")


def _without_anchor(text: str) -> tuple[str, str]:
    found = _ANCHOR.search(text)
    return _ANCHOR.sub("", text).strip(), found[1] if found else ""


def table_of(source: str, tab: tuple[str, ...]) -> MarkupTable:
    """Parse `#| … |#` into rows. Bars in code and in inner tables do not separate cells."""
    code: list[Code] = []

    def put_aside(found: str) -> str:
        opening, _, body = textwrap.dedent(found.strip("\n")).lstrip().partition("\n")
        code.append(Code(opening.strip("` ").lower(), body.rstrip("` \t").rstrip("\n"), tab))
        return f"\n{_CODE.format(len(code) - 1)}\n"

    text = code_spans(fenced_code(_SHORT_FENCE.sub(r"`\1`", source), put_aside), _hide)
    return _table(text, tab, code)


def _table(text: str, tab: tuple[str, ...], code: list[Code]) -> MarkupTable:
    """Parse a table from the inside out: a mark replaces each inner table."""
    inner: list[MarkupTable] = []
    open_tables: list[list[str]] = [[]]
    too_deep = done = 0
    text = text.strip().removeprefix("#|").removesuffix("|#")
    for bars in _BARS_OF_TABLE.finditer(text):
        open_tables[-1].append(text[done : bars.start()])
        done = bars.end()
        if bars[0] == "#|" and len(open_tables) <= _DEEPEST_TABLE:
            open_tables.append([])
        elif bars[0] == "|#" and not too_deep and len(open_tables) > 1:
            inner.append(_table_of_rows("".join(open_tables.pop()), tab, inner, code))
            open_tables[-1].append(_INNER.format(len(inner) - 1))
        else:
            too_deep = max(too_deep + (1 if bars[0] == "#|" else -1), 0)
            open_tables[-1].append(bars[0])
    open_tables[-1].append(text[done:])
    # A table that is not closed becomes text of the outer one.
    return _table_of_rows("#|".join("".join(pieces) for pieces in open_tables), tab, inner, code)


def _table_of_rows(text: str, tab: tuple[str, ...], inner: list[MarkupTable], code: list[Code]) -> MarkupTable:
    return MarkupTable(tuple(_row(row, inner, code) for row in _rows(text)), tab)


def _hide(found: str) -> str:
    return found.replace("|", _HIDDEN_BAR).replace("#", _HIDDEN_HASH)


def _shown(text: str) -> str:
    return text.replace(_HIDDEN_BAR, "|").replace(_HIDDEN_HASH, "#")


def _rows(text: str) -> Iterator[str]:
    """Yield the text of each row. `||` with text at the start of a line opens a row even if one is open."""
    row: list[str] | None = None
    for line in text.split("\n"):
        rest = line
        if rest.lstrip().startswith("||") and row is not None and rest.strip(" |"):
            if any(part.strip() for part in row):
                yield "\n".join(row)
            row = None
        *parts, rest = rest.split("||")
        for before in parts:
            if row is None:
                row = []
            else:
                row.append(before)
                yield "\n".join(row)
                row = None
        if row is not None:
            row.append(rest)
    if row is not None and any(part.strip() for part in row):
        yield "\n".join(row)


def _row(text: str, inner: list[MarkupTable], code: list[Code]) -> tuple[Cell, ...]:
    cells = []
    for part in re.split(r"(?<!\\)\|", text):
        # All inner tables are numbered together, but a cell keeps only its own.
        tables = tuple(inner[int(number)] for number in _INNER_FOUND.findall(part))
        codes = tuple(code[int(number)] for number in _CODE_FOUND.findall(part))
        plain = _shown(_CODE_FOUND.sub("", _INNER_FOUND.sub("", part))).strip()
        cells.append(Cell(plain, tables, codes, _shown(_renumbered(part)).strip()))
    return tuple(cells)


def _renumbered(part: str) -> str:
    tables, codes = count(), count()
    part = _INNER_FOUND.sub(lambda _: _INNER.format(next(tables)), part)
    return _CODE_FOUND.sub(lambda _: _CODE.format(next(codes)), part)
