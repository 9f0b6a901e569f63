"""What a page says of each parameter: the rows of its tables, joined to the paths of parameters.

The catalogue knows the names and types of parameters; this module only finds the words of the page for them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from b24_mcp.dialect.markup import Block, Cell, Code, Heading, MarkupTable, Note, Text
from b24_mcp.docs.inline import inline

_NAME_HEADS = re.compile(
    r"\b(?:names?|param(?:eter)?s?|fields?|keys?|argument|identifier|propert(?:y|ies)|variable|block|object)\b"
    r"|назван|наименован|параметр|пол[ея]|ключ|имя|аргумент|идентификатор|свойств|переменн",
    re.I,
)
_TEXT_HEADS = re.compile(r"description|meaning|note|purpose|описани|значени|примечани|назначени|комментари", re.I)
_CODE_HEADS = re.compile(r"\b(?:code|value|status|id|type)\b|код|значени|статус|тип", re.I)
_ANSWERS = re.compile(r"response|returned|error|обработка|ответ|ошиб|возвращаем", re.I)
_ANCHOR = re.compile(r"\]\((?P<page>[^()\s#]*)#(?P<anchor>[\w.\-]+)\)")
_LINKED_PAGE = re.compile(r"\]\((?P<page>[^()\s#:]+\.md)(?:#(?P<anchor>[\w.\-]+))?\)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_NAME = re.compile(r"[A-Za-z_<{][\w.\[\]<>{}$=#@%:+\-]*")
_AROUND_NAMES = "*^ \t\n:,`\"'"
_LIST_MARK = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_FIELD_PAGE = re.compile(r"field|data-types|object", re.I)
_MOST_PAGES = 4
_FROM_ANSWER = -4
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class DocumentedRow:
    """A row of a table that describes a name: where it is, and what the page says.

    `parent` is the name whose cell contains the table, `title` and `anchor` are those of the section. `links` are the
    anchors on this page that the row leads to, `pages` other pages with their anchors.
    """

    name: str
    text: str
    title: str = ""
    anchor: str = ""
    parent: str = ""
    links: tuple[str, ...] = ()
    pages: tuple[tuple[str, str], ...] = ()
    is_of_answer: bool = False
    is_first: bool = False


class PageMeanings:
    """The rows of a page by name."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.rows: list[DocumentedRow] = []
        self._codes: dict[str, str] = {}
        self._field_pages: dict[tuple[str, str], None] = {}
        self._read(blocks)
        self._by_name: dict[str, list[DocumentedRow]] = {}
        for row in self.rows:
            self._by_name.setdefault(_key(row.name), []).append(row)

    def meaning(self, path: Sequence[str]) -> str:
        """Return what the page says of the parameter at a path; empty when it says nothing."""
        row = self.row(path)
        if row is None:
            return ""
        codes = "; ".join(self._codes[link] for link in row.links if link in self._codes)
        return f"{row.text} {codes}".strip()[:_LONGEST]

    def meaning_in(self, anchor: str, name: str) -> str:
        """Return what the page says of a name, preferably in the section with this anchor."""
        rows = [row for row in self._by_name.get(_key(name), ()) if row.text]
        best = max(rows, key=lambda row: (bool(anchor) and row.anchor == anchor, not row.is_of_answer), default=None)
        return best.text[:_LONGEST] if best is not None else ""

    def pages_for(self, path: Sequence[str]) -> list[tuple[str, str]]:
        """Return the pages, with anchors, to which the rows of the parameters above a path lead, the nearest first."""
        found: dict[tuple[str, str], None] = {}
        for depth in range(len(path) - 1, 0, -1):
            row = self.row(path[:depth])
            found |= dict.fromkeys(row.pages if row is not None else ())
        return list(found | dict.fromkeys(self._field_pages))

    def row(self, path: Sequence[str]) -> DocumentedRow | None:
        """Return the row that describes the parameter at a path."""
        dotted = ".".join(_key(name) for name in path)
        found = [*self._by_name.get(_key(path[-1]), ()), *(self._by_name.get(dotted, ()) if len(path) > 1 else ())]
        if not found:
            return None
        anchors = {link for row in self._by_name.get(_key(path[-2]), ()) for link in row.links} if len(path) > 1 else ()
        best = max(found, key=lambda row: _fit(row, path, dotted, anchors))
        return best if _fit(best, path, dotted, anchors) > _FROM_ANSWER * 2 else None

    def _read(self, blocks: Iterable[Block]) -> None:
        title = anchor = ""
        is_of_answer, is_first = False, True
        for block in blocks:
            if isinstance(block, Text | Note):
                links = _LINKED_PAGE.finditer(block.text)
                about = [(link["page"], link["anchor"] or "") for link in links if _FIELD_PAGE.search(link["page"])]
                self._field_pages |= dict.fromkeys(about)
            if isinstance(block, Heading):
                title, anchor = block.text, block.anchor
                if block.level <= 2:
                    is_of_answer = bool(_ANSWERS.search(title))
            elif isinstance(block, MarkupTable):
                rows = list(_rows(block, title, anchor, is_of_answer, is_first))
                self.rows += rows
                is_first = is_first and not rows
                if anchor and not rows and (codes := _codes(block)):
                    self._codes.setdefault(anchor, codes)


class MethodMeanings:
    """What the page of a method says of its parameters, and what the pages it leads to say of the fields inside.

    `blocks_of` returns the blocks of another page; empty without such a page.
    """

    def __init__(self, page: str, blocks_of: Callable[[str], Iterable[Block]]) -> None:
        self._page = page
        self._blocks_of = blocks_of
        self._own = PageMeanings(blocks_of(page))
        self._others: dict[str, PageMeanings] = {}

    def meaning(self, path: Sequence[str]) -> str:
        """Return what the documentation says of the parameter at a path; empty when it says nothing."""
        if (own := self._own.meaning(path)) or len(path) == 1:
            return own
        folder = posixpath.dirname(self._page)
        for written, anchor in self._own.pages_for(path)[:_MOST_PAGES]:
            page = posixpath.normpath(posixpath.join(folder, written.removesuffix(".md")))
            if found := self._other(page).meaning_in(anchor, path[-1]):
                return found
        # The fields of a record are described once: usually at the method that adds it.
        about = self._page.rpartition("-")[0]
        siblings = [f"{about}-{one}" for one in ("add", "fields", "get-fields", "get")]
        for page in (*siblings, f"{folder}/fields"):
            if page != self._page and (found := self._other(page).meaning_in("", path[-1])):
                return found
        return ""

    def _other(self, page: str) -> PageMeanings:
        if page not in self._others:
            self._others[page] = PageMeanings(self._blocks_of(page))
        return self._others[page]


def _fit(row: DocumentedRow, path: Sequence[str], dotted: str, anchors: Iterable[str]) -> int:
    """Return how well a row fits a path."""
    fit = _FROM_ANSWER if row.is_of_answer else 0
    fit += bool(row.text)
    if len(path) == 1:
        return fit + (6 if row.is_first and not row.parent else 0) - (4 if row.parent else 0)
    parent = _key(path[-2])
    if _key(row.name) == dotted:
        fit += 6
    if row.parent:
        fit += 5 if _key(row.parent) == parent else -1
    if row.anchor and row.anchor in anchors:
        fit += 4
    if parent in {_key(word) for word in re.findall(r"[\w.\[\]]+", row.title)}:
        fit += 4
    return fit - (3 if row.is_first and not row.parent and fit < 4 else 0)


def _key(name: str) -> str:
    return name.replace("[]", "").replace("\\", "").replace("_", "").strip("* ").lower()


def _rows(table: MarkupTable, title: str, anchor: str, is_of_answer: bool, is_first: bool) -> Iterator[DocumentedRow]:
    columns = _columns(table)
    if columns is None:
        return
    name_at, text_at, first = columns
    for cells in table.rows[first:]:
        if name_at >= len(cells):
            continue
        names = _names(cells[name_at].text)
        said = cells[text_at] if text_at is not None and text_at < len(cells) else None
        text = _text(said) if said is not None else ""
        whole = " ".join(cell.text for cell in cells)
        links = tuple(found["anchor"] for found in _ANCHOR.finditer(whole) if not found["page"])
        pages = tuple((found["page"], found["anchor"] or "") for found in _LINKED_PAGE.finditer(whole))
        for name in names:
            text = "" if _key(text) == _key(name) else text
            yield DocumentedRow(name, text, title, anchor, "", links, pages, is_of_answer, is_first)
            for cell in cells:  # an inner table describes what is inside the name
                for inner in cell.tables:
                    for row in _rows(inner, title, anchor, is_of_answer, is_first):
                        yield DocumentedRow(
                            row.name, row.text, title, anchor, row.parent or name, row.links, row.pages, is_of_answer
                        )


def _columns(table: MarkupTable) -> tuple[int, int | None, int] | None:
    """Return the columns of the name and of the text, and the first row of data; None for another kind of table."""
    if not table.rows:
        return None
    heads = [cell.text for cell in table.rows[0]]
    if re.match(r"\*\*[A-Za-z_][\w.\[\]]*\*?\*\*\**\s*\[\s*`", heads[0]):
        return 0, 1 if len(heads) > 1 else None, 0
    name = next((at for at, head in enumerate(heads) if _NAME_HEADS.search(re.sub(r"\([^()]*+\)", "", head))), None)
    if name is None:
        return None
    text = next((at for at, head in enumerate(heads) if at != name and _TEXT_HEADS.search(head)), None)
    if text is None:
        text = len(heads) - 1 if len(heads) - 1 != name else None
    return name, text, 1


def _names(cell: str) -> list[str]:
    """Return the names in a cell: bold ones, or the first code, or the first word."""
    head = re.split(r"\n|\[\s*`", cell.strip().replace("\\_", "_").replace("\\|", "|"), maxsplit=1)[0]
    marked = _BOLD.findall(head.replace("^*^", "*")) or re.findall(r"`([^`]+)`", cell)[:1] or [head]
    names: list[str] = []
    for piece in marked:
        for one in re.split("[|,/]", piece):
            plain = one.strip(_AROUND_NAMES)
            alias = re.fullmatch(r"([\w.]+) ?\(([\w., ]+)\)", plain)
            found = alias[1] if alias else plain
            if _NAME.fullmatch(found) and found not in names:
                names.append(found)
    return names


def _text(cell: Cell) -> str:
    """Return the words of a cell in one line: list items and the rows of a table of values are separated."""
    parts: list[str] = []
    for held in cell.held():
        if isinstance(held, str):
            parts += _lines(held)
        elif isinstance(held, MarkupTable) and (codes := _codes(held)):
            parts.append(codes)
        elif isinstance(held, Code):
            continue
    return _joined(parts)


def _lines(text: str) -> Iterator[str]:
    for line in inline(text).split("\n"):
        plain = " ".join(re.sub(r"\*\*|\ue010", "", line).split())
        if plain and (item := _LIST_MARK.sub("", plain)):
            yield f"\0{item}" if item != plain else item


def _joined(parts: Iterable[str]) -> str:
    text = ""
    for part in parts:
        if part.startswith("\0"):
            text = f"{text.rstrip(' ;')}{'' if text.endswith(':') or not text else ';'} {part[1:].rstrip(';.')}"
        else:
            text = f"{text}{' ' if text else ''}{part}"
    return text.strip()


def _codes(table: MarkupTable) -> str:
    """Return the rows of a table of values as `code - meaning`; empty for another kind of table."""
    if len(table.rows) < 2 or not _CODE_HEADS.search(table.rows[0][0].text):
        return ""
    pairs = []
    for cells in table.rows[1:]:
        said = [_joined(_lines(cell.text)) for cell in cells]
        pairs.append(" - ".join(filter(None, (said[0], *said[1:2]))))
    return "; ".join(pairs)
