"""The two language editions of the documentation: where they lie, and their pages with includes in place."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from b24_mcp.dialect.scanner import between

# What is everywhere the same and says nothing of a method.
_SAID_ELSEWHERE = ("examples.md", "system-errors.md", "error-info.md", "error-info-v3.md")
_REQUIRED = "required.md"
# Stands in a page where the include about stars stood: from there on a missing star means "not required".
STARS_COUNT = "\ue010"
_INCLUDE = re.compile(r"(?<![ \t])[ \t]*+\{%\s*+include\s++(?:notitle\s++)?\[[^\[\]]*+\]\(([^)\s]++)\)\s*+%\}")
_TIP, _END_OF_NOTE = re.compile(r"\{%\s*+note\s++tip\b"), re.compile(r"\{%\s*+endnote\s*+%\}")
_DRAFT = re.compile(r"^[ \t]*+\{%\s*+if\s++build\s*+==\s*+'dev'\s*+%\}", re.M)
_END_OF_DRAFT = re.compile(r"\{%\s*+endif\s*+%\}")
_ADVERTISED = "ai-tools/mcp.md"
_DEEPEST_INCLUDE = 3
# Bytes that the includes of one page may add: pages that include each other could otherwise grow without end.
_MOST_INCLUDED = 4_000_000
_COST_OF_AN_INCLUDE = 100
_ENGLISH = "Who can execute"
_RUSSIAN = "Кто может выполнять"
# A page both editions have had for years; by its words an edition is told from the other.
_WITNESS = "api-reference/crm/deals/crm-deal-add.md"
_REFERENCE = "api-reference/"


class NoDocumentationError(Exception):
    """The folder holds no edition of the documentation."""


class Files(Protocol):
    """The Markdown files of one edition, by their paths below its root with `/` between the parts."""

    def names(self) -> Iterable[str]:
        """Every path there is."""
        ...

    def text(self, name: str) -> str | None:
        """The text of a file; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Files in a folder. What a symbolic link outside of it points to does not belong to it."""

    root: Path

    def names(self) -> Iterable[str]:
        """Every path there is."""
        return [path.relative_to(self.root).as_posix() for path in self.root.rglob("*.md") if path.is_file()]

    def text(self, name: str) -> str | None:
        """The text of a file; None when there is none."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            return None
        return path.read_text("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class InMemory:
    """Files that were read already."""

    texts: Mapping[str, str]

    def names(self) -> Iterable[str]:
        """Every path there is."""
        return self.texts

    def text(self, name: str) -> str | None:
        """The text of a file; None when there is none."""
        return self.texts.get(name)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a page is read for. Includes whose path ends so are `left_out`. `stars` replaces the include that says what
    a star means, unless it is None. For `people` tips stay, but for the one that advertises, and drafts go.
    """

    left_out: tuple[str, ...]
    people: bool
    stars: str | None


AUTHORIZATION_OF_EVENTS = "auth-params-in-events.md"
FOR_FACTS = Purpose((*_SAID_ELSEWHERE, AUTHORIZATION_OF_EVENTS), people=False, stars=STARS_COUNT)
FOR_READING = Purpose(_SAID_ELSEWHERE, people=True, stars=None)
FOR_SEARCH = Purpose((*_SAID_ELSEWHERE, AUTHORIZATION_OF_EVENTS), people=True, stars="")


@dataclass(frozen=True, slots=True)
class Source:
    """One page of one edition: its path without `.md` and its text, includes resolved."""

    page: str
    text: str


@dataclass(slots=True)
class _Room:
    """How much the includes of one page may still add."""

    left: int = _MOST_INCLUDED

    def takes(self, size: int) -> bool:
        """Return whether a text of this size has room; keeps count."""
        self.left -= size + _COST_OF_AN_INCLUDE
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Edition:
    """One language edition."""

    language: str
    files: Files
    _included: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def page_names(self) -> list[str]:
        """The paths, without `.md`, of all pages that are not fragments, sorted."""
        return sorted(
            name.removesuffix(".md")
            for name in self.files.names()
            if name.endswith(".md") and not re.search(r"(^|/)_", name)
        )

    def pages(self, purpose: Purpose = FOR_FACTS) -> Iterator[Source]:
        """Give all pages that are not fragments, sorted by path."""
        for page in self.page_names():
            if (source := self.page(page, purpose)) is not None:
                yield source

    def page(self, page: str, purpose: Purpose = FOR_FACTS) -> Source | None:
        """Give one page by its path without `.md`; None when there is none."""
        text = self.files.text(f"{page}.md")
        return None if text is None else Source(page, self._resolved(f"{page}.md", _plain(text), purpose, _Room()))

    def _resolved(self, name: str, text: str, purpose: Purpose, room: _Room, depth: int = 0) -> str:
        if "{%" not in text:
            return text
        if not purpose.people:
            text = between(text, _TIP, _END_OF_NOTE, lambda _: "")
        else:
            text = between(text, _TIP, _END_OF_NOTE, lambda tip: "" if _ADVERTISED in tip else tip)
            text = between(text, _DRAFT, _END_OF_DRAFT, lambda _: "")

        def put(found: re.Match[str]) -> str:
            target = found[1]
            if target.endswith(purpose.left_out) or depth > _DEEPEST_INCLUDE:
                return ""
            if target.endswith(_REQUIRED) and purpose.stars is not None:
                return purpose.stars
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target.partition("#")[0]))
            if path not in self._included:
                read = None if path.startswith("..") else self.files.text(path)
                self._included[path] = None if read is None else _plain(read)
            included = self._included[path]
            if included is None or not room.takes(len(included)):
                return ""
            return self._resolved(path, included, purpose, room, depth + 1)

        return _INCLUDE.sub(put, text)


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\u00a0", " ")


def find_editions(folder: Path) -> dict[str, Edition]:
    """Find the editions in a folder, in its subfolders (two deep) or in the one it lies in, by language.

    Raises `NoDocumentationError` when there is none at all.
    """
    found: dict[str, Edition] = {}
    if folder.is_dir():
        near = [folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*"))]
        for root in near:
            if (root / _REFERENCE).is_dir() and (language := language_of(Folder(root))):
                found.setdefault(language, Edition(language, Folder(root)))
    if not found:
        raise NoDocumentationError(
            f"{folder} holds no edition of the documentation: no folder with api-reference in it"
        )
    return found


def language_of(files: Files) -> str | None:
    """Tell the language of an edition by its words; None when they are those of neither."""
    witness = files.text(_WITNESS)
    candidates = [] if witness is not None else sorted(n for n in files.names() if n.startswith(_REFERENCE))[:50]
    for text in (witness, *map(files.text, candidates)):
        if text is not None and _RUSSIAN in text:
            return "ru"
        if text is not None and _ENGLISH in text:
            return "en"
    return None
