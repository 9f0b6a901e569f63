"""The sections of a page that describe parameters: their headings with their tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from b24_mcp.catalog.build.rows import rows_of
from b24_mcp.dialect.editions import STARS_COUNT
from b24_mcp.dialect.markup import Block, Heading, MarkupTable, Note, Text

_ROOT = re.compile(
    r"(?:method |request |call |command )?parameters?(?: of the method)?$"
    r"|параметры(?: метода| запроса| вызова| команды)?$",
    re.I,
)
# "Parameters for a JS command": one of several sets of parameters.
PURPOSES = re.compile(r"(?:method )?parameters(?: of the method)? for (?!filter|sort)|параметры метода для ", re.I)
_END = re.compile(
    r"code example|example|response|returned|error|continue|примеры? |обработка|ответ|ошиб|возвращаем|продолж|успешн",
    re.I,
)
_GENERIC = {
    "parameter", "parameters", "object", "objects", "array", "element", "elements", "item", "of", "the", "a", "an",
    "type", "structure", "description", "list", "available", "possible", "values", "value", "key", "keys", "in", "for",
    "and", "параметр", "параметры", "объект", "объекты", "объекта", "массив", "массива", "элемент", "элемента",
    "элементы",
    "структура", "описание", "список", "доступные", "доступных", "ключи", "тип", "типа", "параметра", "поля", "полей",
    "field", "fields", "поле", "для", "и", "в", "свойства", "содержимое", "настройки", "возможные", "значения",
}  # fmt: skip


# The meaning of a tab as a value: "**entityTypeId:** `1`".
_TAB_KEY = re.compile(r"\*\*(\w+):\*\*\s*(?:`(\w+)`)?")
# "Parameter LIST": any word may be the name.
_PLAIN_TITLE = re.compile(
    r"(?:parameter|object|параметр|объект) `?([\w.\[\]]+)`?|`?([\w.\[\]]+)`? (?:parameter|object)", re.I
)


@dataclass(slots=True)
class PageSection:
    """A heading of a section about parameters with its tables."""

    title: str
    anchor: str
    level: int
    tables: list[MarkupTable] = field(default_factory=list)
    used: bool = False
    behind: bool = False
    stars: bool = False
    texts: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


def zone(blocks: list[Block]) -> tuple[PageSection | None, list[PageSection]]:
    """Return the section with the top-level parameters, and the other sections up to the samples."""
    root: PageSection | None = None
    sections: list[PageSection] = []
    current: PageSection | None = None
    inside = False
    starts = _ROOT
    if not any(isinstance(block, Heading) and block.level <= 3 and _ROOT.match(block.text) for block in blocks):
        starts = PURPOSES
    if not any(isinstance(block, Heading) and block.level <= 3 and starts.match(block.text) for block in blocks):
        # Older pages have no such heading: the table is in the lead.
        root = current = PageSection("", "", 2)
        inside = True
    for block in blocks:
        if isinstance(block, Heading):
            if root is None and starts.match(block.text) and block.level <= 3:
                root = current = PageSection(block.text, block.anchor, block.level)
                inside = True
            elif inside and root is not None and block.level <= 2 and (_END.search(block.text) or not root.title):
                if block.level == 2:
                    inside, current = False, None
            elif inside:
                current = PageSection(block.text, block.anchor, block.level)
                sections.append(current)
            elif root is not None and block.anchor:
                # After the samples, only a section that is linked by its anchor can belong to a parameter.
                current = PageSection(block.text, block.anchor, block.level)
                sections.append(current)
                current.behind = True
            else:
                current = None
        elif current is not None:
            if isinstance(block, MarkupTable):
                current.tables.append(block)
            elif isinstance(block, Text):
                current.stars = current.stars or STARS_COUNT in block.text
                current.texts.append(block.text)
                if block.tab and (keyed := _TAB_KEY.search(block.text)):
                    current.labels.setdefault(block.tab[-1], f"{keyed[1]}={keyed[2] or 'other'}")
            elif isinstance(block, Note):
                current.texts.append(block.text)
    if root is not None and not root.title and not root.tables:
        return None, []
    return root, sections


def all_sections(blocks: list[Block]) -> list[PageSection]:
    """Return all sections of a page that describes objects instead of a method."""
    sections = [PageSection("", "", 1)]
    for block in blocks:
        if isinstance(block, Heading):
            sections.append(PageSection(block.text, block.anchor, block.level))
        elif isinstance(block, MarkupTable):
            sections[-1].tables.append(block)
        elif isinstance(block, Text):
            sections[-1].stars = sections[-1].stars or STARS_COUNT in block.text
            sections[-1].texts.append(block.text)
    return sections


def stars_count(root: PageSection, sections: list[PageSection]) -> bool:
    """Whether a missing star means "not required": the page has the note about stars, or a star."""
    if root.stars or any(section.stars for section in sections if not section.behind):
        return True
    tables = [*root.tables, *(table for section in sections if not section.behind for table in section.tables)]
    return any(row.starred for table in tables for row in rows_of(table))


def failures(blocks: list[Block]) -> list[str]:
    """Return the texts in the tables of errors, which name groups of parameters."""
    texts: list[str] = []
    inside = False
    for block in blocks:
        if isinstance(block, Heading) and block.level <= 2:
            inside = bool(re.search(r"error|ошиб", block.text, re.I))
        elif inside and isinstance(block, MarkupTable):
            texts.extend(cell.text for row in block.rows for cell in row)
    return texts


def subject_of(title: str) -> str:
    """Return the subject of a heading such as `Parameter fields`, `FIELDS Parameter` or `fields Array Element`."""
    if plain := _PLAIN_TITLE.fullmatch(title.strip()):
        return str(plain[1] or plain[2]).lower().replace("[]", "")
    words = re.findall(r"[\w.\[\]]+", title)
    rest = [word for word in words if word.lower() not in _GENERIC]
    if not rest:
        return "fields" if re.search(r"fields\b", title, re.I) and re.search(r"param|парам", title, re.I) else ""
    return rest[0].lower().replace("[]", "") if len(rest) == 1 else " ".join(rest).lower()
