"""The lists in the description of a parameter: items that begin with a code, and the line that introduces them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_MARK = re.compile(r"^(\s*+)(?:[-*•+]|\d{1,2}[.)])\s++(.*)$")
_TOKEN = re.compile(
    r"\**\[?\**`([^`\n]{0,60})`\**(?:\]\([^)\n]*\))?\**|\*\*\[?([^*\n`]{1,60})\]?(?:\([^)\n]*\))?\*\*"
    r"|(?<![\w*])\*([\w.\-]{1,40})\*(?![\w*])|[\"'«“]([\w.\-]{1,40})[\"'»”]"
)
_BARE = re.compile(r"(?!Default\b|By\b|Note\b|Example)([A-Za-z0-9_.:\-]{1,40})(?=\s+[—–=-]\s|\s*[—–]\s)")
# "Deal (value `2`)".
_IN_BRACKETS = re.compile(
    r"[^`\n(]{1,60}\((?:value |code |значение |код )?`([\w.-]{1,40})`\)[.;,]?(?=$|\s*[—–]\s)", re.I
)
_ALSO = re.compile(r"\s*+(?:,|/|\\?\||\bor\b|\bили\b)\s*+")
_CAPTION = re.compile(r"[^.:,;`]{1,60}:?$|\*\*[^*]+\*\*:?$")


@dataclass(frozen=True, slots=True)
class ListingItem:
    """An item: the codes that it begins with (none: it begins with words), and the words after them."""

    codes: tuple[str, ...]
    rest: str
    bare: bool = False

    @property
    def explains(self) -> bool:
        """Whether the words explain the code: nothing, a dash, a colon, brackets."""
        return not self.rest or bool(re.match(r"\s*+(?:[—–\-=:;,.(→]|$|for\b|if\b|для\b)", self.rest))


@dataclass(slots=True)
class ValueListing:
    """The items of one depth that follow each other, the lines above them, and the line below."""

    intro: str
    before: str = ""
    items: list[ListingItem] = field(default_factory=list)
    after: str = ""

    @property
    def codes(self) -> list[str]:
        """The codes of all items, in order."""
        return [code for item in self.items for code in item.codes]

    @property
    def follows_caption(self) -> bool:
        """Whether the line above is only a caption of a group of items."""
        return bool(_CAPTION.fullmatch(self.intro.strip()))


def listings_of(text: str) -> list[ValueListing]:
    """Return the lists of a description, without the lists nested in them."""
    lines = text.split("\n")
    found: list[ValueListing] = []
    said: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if item_of(line) is None or not _begins(lines, at):
            if line.strip():
                said.append(line.strip())
            at += 1
            continue
        before = said[-2] if len(said) > 1 else ""
        listing = ValueListing(said[-1] if said else "", before)
        at = _collect(lines, at, listing)
        listing.after = next((rest.strip() for rest in lines[at:] if rest.strip()), "")
        said.append("")
        found.append(listing)
    return found


def is_item(line: str) -> bool:
    """Whether a line is an item with a mark."""
    return _MARK.match(line) is not None


def item_of(line: str) -> tuple[int, ListingItem] | None:
    """Return the depth and the item that a line is; None for a line of text."""
    marked = _MARK.match(line)
    body = marked[2] if marked else line.strip()
    depth = len(marked[1]) if marked else len(line) - len(line.lstrip())
    codes, rest = codes_ahead(body)
    if codes and (marked or re.match(r"\s*+[—–=-]\s", rest) or re.fullmatch(r"`[^`]+`[ ,;.]*", body)):
        return depth, ListingItem(codes, rest)
    if (bare := _BARE.match(body)) and (marked or len(bare[1]) < 20):
        return depth, ListingItem((bare[1],), body[bare.end() :], bare=True)
    if marked and (named := _IN_BRACKETS.match(body)):
        return depth, ListingItem((named[1],), body[named.end() :])
    if marked and re.fullmatch(r"[A-Za-z0-9_.\-]{1,30}[.;,]?", body):
        return depth, ListingItem((body.rstrip(".;,"),), "", bare=True)
    return (depth, ListingItem((), body)) if marked else None


def codes_ahead(text: str) -> tuple[tuple[str, ...], str]:
    """Return the codes that a text begins with, and the text after them."""
    codes: list[str] = []
    at = 0
    while token := _TOKEN.match(text, at):
        code = next(group for group in token.groups() if group is not None)
        codes.append(code.strip())
        at = token.end()
        also = _ALSO.match(text, at)
        if also is None or not _TOKEN.match(text, also.end()):
            break
        at = also.end()
    return tuple(codes), text[at:]


def _begins(lines: list[str], at: int) -> bool:
    """Whether a list begins here: a line without a mark belongs to one only when the next is alike."""
    if _MARK.match(lines[at]):
        return True
    return any(item_of(line) is not None and not _MARK.match(line) for line in _next_lines(lines, at))


def _next_lines(lines: list[str], at: int) -> Iterator[str]:
    for line in lines[at + 1 : at + 4]:
        if line.strip():
            yield line
            return


def _collect(lines: list[str], at: int, listing: ValueListing) -> int:
    depth = _depth(lines[at])
    marked = bool(_MARK.match(lines[at]))
    gap = False
    while at < len(lines):
        line = lines[at]
        found = item_of(line)
        if not line.strip():
            gap = True
        elif found is not None and found[0] == depth and bool(_MARK.match(line)) == marked:
            listing.items.append(found[1])
            gap = False
        elif _depth(line) <= depth and (gap or not marked or found is not None):
            # Outside of the list; a line right below an item continues it.
            break
        at += 1
    return at


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
