"""A page of the documentation: its title and lead, the event that it names, and whether its method is deprecated."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from b24_mcp.catalog.facts import Version
from b24_mcp.dialect.editions import Source
from b24_mcp.dialect.markup import Block, Heading, Note, parse

_DEPRECATED = re.compile(
    r"deprecated|(?:has been |is |was )?(?:halted|discontinued|stopped)\b|no longer (?:being )?(?:developed|supported)"
    r"|устаре|развитие (?:этого |данного )?метода (?:остановлено|прекращено)|метод не развива|остановлен",
    re.I,
)
# A method that these say of does nothing in new portals, or shows its result nowhere.
_DEAD = re.compile(
    r"(?:does|do) not (?:work|function)|only function in the old|is not displayed"
    r"|will be (?:disabled|removed|switched off)"
    r"|не работа|не отображается|будет (?:отключ|удал)",
    re.I,
)
_OF_THE_METHOD = re.compile(r"\bmethods?\b|метод|^deprecated|^устар", re.I)
_HALTED = re.compile(
    r"development|развити|halted|discontinued|stopped|устарел метод|method is deprecated|метод устарел", re.I
)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_EVENT = re.compile(
    r"\b(On[A-Z][A-Za-z0-9_:]+|ON[A-Z0-9_:]{3,}|on[A-Z][A-Za-z0-9]+|[A-Z]+(?:\.[A-Z]+)*\.ON\.[A-Z]+|\w*CallCard::\w+)"
)


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A parsed page: its title, its blocks and the text above its first section (`lead`)."""

    page: str
    title: str
    lead: str
    text: str
    blocks: list[Block]


def open_page(source: Source) -> SourcePage:
    """Parse a page.

    Raises:
        BrokenPageError: when the page is malformed.
    """
    blocks = parse(source.text)
    title = next((b.text for b in blocks if isinstance(b, Heading) and b.level == 1), "")
    return SourcePage(
        source.page, title, re.split(r"^##\s", source.text, maxsplit=1, flags=re.M)[0], source.text, blocks
    )


def event_name(page: SourcePage) -> str | None:
    """Return the event that a page describes, in the spelling of its title; None when it names none."""
    named: list[str] = _EVENT.findall(page.title)
    stem = page.page.rpartition("/")[2].split("-")
    if not named and stem[0] == "on":
        named = re.findall(r"`(On\w+|ON\w{3,}|on[A-Z]\w+)`", page.lead)
        named = named or [stem[0] + "".join(part.capitalize() for part in stem[1:])]
    return named[-1] if named else None


def version_of(source: Source) -> Version:
    """Return the version of the API that a page is about."""
    return "v3" if "REST 3.0" in source.text and "/rest/api/" in source.text else "v2"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What a page says about the future of its method: `deprecated` and `superseded` as in `MethodFacts`, and the pages
    that the note links to, in order.
    """

    deprecated: bool
    superseded: bool
    links: list[str]


def deprecation_of(page: SourcePage) -> Deprecation:
    """Read what a page says about the future of its method.

    Most notes only say that the method is not developed further and what replaces it: such a method is superseded.
    """
    links: list[str] = []
    is_old = "/outdated/" in f"/{page.page}" or "/deprecated/" in f"/{page.page}"
    is_dead = is_old
    if re.match(r"(?:deprecated|outdated|устаревш)", page.title, re.I):
        is_old = True
    for block in page.blocks:
        if isinstance(block, Heading) and block.level == 2 and not re.search(r"deprecat|устар", block.text, re.I):
            break
        if isinstance(block, Note) and _speaks_of_the_method(block):
            is_old = True
            is_dead = is_dead or _DEAD.search(block.text) is not None
            links.extend(_targets(block.text, page.page))
    return Deprecation(is_dead, is_old and not is_dead, list(dict.fromkeys(links)))


def _speaks_of_the_method(note: Note) -> bool:
    """Whether a note is about the method and not about a deprecated parameter."""
    if re.fullmatch(r"(?:deprecated|устар|outdated).*", note.title, re.I):
        return True
    return all(said.search(note.text) for said in (_DEPRECATED, _OF_THE_METHOD, _HALTED))


def _targets(text: str, page: str) -> list[str]:
    folder = posixpath.dirname(page)
    return [
        posixpath.normpath(posixpath.join(folder, target)).removesuffix(".md")
        for target in _LINK.findall(text)
        if target.endswith(".md") and "://" not in target
    ]
