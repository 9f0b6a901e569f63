"""The sections of a page: one for each heading, and one for each tab that is not about a programming language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from b24_mcp.dialect.markup import Block, Code, Heading
from b24_mcp.docs.inline import plain

CodeLanguage = Literal["curl", "python", "js", "php"]

# The labels of tabs with code samples, by language; the preferred label first.
_TABS: dict[CodeLanguage, tuple[str, ...]] = {
    "curl": ("curl (webhook)", "curl (вебхук)", "curl", "curl (oauth)"),
    "python": ("python",),
    "js": ("js (ts)", "js", "javascript", "js (umd)", "bx24.js"),
    "php": ("php", "php crest", "php (b24phpsdk)", "php (crest)"),
}
_OTHER_TABS = ("go", "html", "json", "node.js", "typescript")
_LANGUAGE_OF = {label: language for language, labels in _TABS.items() for label in labels}
_CLASSIC_ORDER = ("curl", "js", "php", "python")
_LEARN_MORE = re.compile(r"continue (?:your )?(?:learning|studying|exploring)|продолж\w+ изучение|see also", re.I)
_LEAD_LEVEL = 1


@dataclass(slots=True)
class DocSection:
    """One section: its heading as plain text (empty for the lead), the headings above it, and its blocks. `name` is its
    unique name: the title, preceded by the headings above when the title is not unique.
    """

    title: str
    level: int
    anchor: str = ""
    above: tuple[str, ...] = ()
    blocks: list[Block] = field(default_factory=list)
    name: str = ""

    @property
    def is_more(self) -> bool:
        """Whether the section only links to further pages."""
        return _LEARN_MORE.search(self.title) is not None


@dataclass(frozen=True, slots=True)
class DocPage:
    """A parsed page: its title without markup, and its sections. The first section is the lead."""

    title: str
    sections: list[DocSection]


def page_of(blocks: Iterable[Block], code: CodeLanguage | None = "curl") -> DocPage:
    """Divide a page into sections. Of code samples in several languages only those in `code` are kept, or those in
    another language when there are none. None keeps all samples.
    """
    title = ""
    sections = [DocSection("", _LEAD_LEVEL)]
    path: list[DocSection] = []
    tab: tuple[str, ...] = ()
    for block in blocks if code is None else _one_language(list(blocks), code):
        if isinstance(block, Heading) and block.level == 1 and not title:
            title = plain(block.text)
            continue
        labels = () if isinstance(block, Heading) else _subjects(block)
        if isinstance(block, Heading):
            path = [one for one in path if one.level < block.level]
            section = DocSection(plain(block.text), block.level, block.anchor, tuple(one.title for one in path))
            path.append(section)
            sections.append(section)
            tab = ()
        elif labels != tab:
            tab = labels
            above = tuple(one.title for one in path)
            level = (path[-1].level if path else _LEAD_LEVEL) + 1
            sections.append(DocSection(" / ".join(labels), level, "", above))
        if not isinstance(block, Heading):
            sections[-1].blocks.append(block)
    sections = [one for position, one in enumerate(sections) if one.title or one.blocks or not position]
    _set_names(sections)
    return DocPage(title, sections)


def _subjects(block: Block) -> tuple[str, ...]:
    return tuple(plain(label) for label in block.tab if not _is_code(label))


def _is_code(label: str) -> bool:
    return _key(label) in _LANGUAGE_OF or _key(label) in _OTHER_TABS


def _key(label: str) -> str:
    return " ".join(label.replace("`", "").replace("*", "").lower().split())


def _set_names(sections: list[DocSection]) -> None:
    times = Counter(section.title.casefold() for section in sections)
    taken: Counter[str] = Counter()
    for section in sections:
        name = section.title
        if times[name.casefold()] > 1:
            name = " / ".join((*section.above, section.title)).strip(" /")
        taken[name.casefold()] += 1
        again = taken[name.casefold()]
        section.name = name if again == 1 else f"{name} ({again})".strip()


def _one_language(blocks: list[Block], code: CodeLanguage) -> list[Block]:
    """Return the blocks with one language of each group of tabs with code samples."""
    kept: list[Block] = []
    group: dict[str, list[Block]] = {}
    last = ""
    for block in blocks:
        label = _key(block.tab[-1]) if block.tab and _is_code(block.tab[-1]) else ""
        if label != last and (not label or label in group):
            kept += _best(group, code)
            group = {}
        last = label
        if label:
            group.setdefault(label, []).append(block)
        else:
            kept.append(block)
    return kept + _best(group, code)


def _best(group: dict[str, list[Block]], code: CodeLanguage) -> list[Block]:
    languages = dict.fromkeys((code, *_CLASSIC_ORDER))
    labels = [label for language in languages for label in _TABS[language]]  # type: ignore[index]
    return next((group[label] for label in (*labels, *group) if label in group), [])


def find_section(sections: list[DocSection], wanted: str) -> list[DocSection]:
    """Return the section with this name, title or anchor and all sections below it; an empty list without a match."""
    key = " ".join(wanted.strip().lstrip("#").casefold().split())
    tests = (
        lambda one: one.name.casefold() == key,
        lambda one: one.title.casefold() == key,
        lambda one: one.anchor.casefold() == key,
        lambda one: " / ".join((*one.above, one.title)).casefold() == key,
        lambda one: bool(one.title) and one.title.casefold().startswith(key),
        lambda one: key in one.title.casefold(),
    )
    for test in tests if key else ():
        for position, section in enumerate(sections):
            if test(section):
                below = position + 1
                while below < len(sections) and sections[below].level > section.level:
                    below += 1
                return sections[position:below]
    return []


def samples_of(page: DocPage) -> list[Code]:
    """Return all code blocks of a page."""
    return [block for section in page.sections for block in section.blocks if isinstance(block, Code)]
