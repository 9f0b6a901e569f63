"""The two language editions of the documentation: their files, and their pages with includes resolved."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from b24_mcp.dialect.scanner import between

# Includes that are the same on all pages and contain nothing about a method.
_SAID_ELSEWHERE = ("examples.md", "system-errors.md", "error-info.md", "error-info-v3.md")
_REQUIRED = "required.md"
# Replaces the include about stars: on a page with it, a missing star means "not required".
STARS_COUNT = "\ue010"
_INCLUDE = re.compile(r"(?<![ \t])[ \t]*+\{%\s*+include\s++(?:notitle\s++)?\[[^\[\]]*+\]\(([^)\s]++)\)\s*+%\}")
_TIP, _END_OF_NOTE = re.compile(r"\{%\s*+note\s++tip\b"), re.compile(r"\{%\s*+endnote\s*+%\}")
_DRAFT = re.compile(r"^[ \t]*+\{%\s*+if\s++build\s*+==\s*+'dev'\s*+%\}", re.M)
_END_OF_DRAFT = re.compile(r"\{%\s*+endif\s*+%\}")
_ADVERTISED = "ai-tools/mcp.md"
_DEEPEST_INCLUDE = 3
# The characters that the includes of one page may add: pages that include each other would otherwise never end.
_MOST_INCLUDED = 4_000_000
_COST_OF_AN_INCLUDE = 100
_ENGLISH = "Who can execute"
_RUSSIAN = "Кто может выполнять"
# A page that both editions have; its words show the language of an edition.
_WITNESS = "api-reference/crm/deals/crm-deal-add.md"
_REFERENCE = "api-reference/"


class NoDocumentationError(Exception):
    """A folder has no edition of the documentation."""


class Files(Protocol):
    """The Markdown files of one edition, by their paths below its root, with `/` as separator."""

    def names(self) -> Iterable[str]:
        """Return all paths."""
        ...

    def text(self, name: str) -> str | None:
        """Return the text of a file; None when the file does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Files in a folder. A symbolic link to a place outside of it is ignored."""

    root: Path

    def names(self) -> Iterable[str]:
        """Return all paths."""
        return [path.relative_to(self.root).as_posix() for path in self.root.rglob("*.md") if path.is_file()]

    def text(self, name: str) -> str | None:
        """Return the text of a file; None when the file does not exist."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            return None
        return path.read_text("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class InMemory:
    """Files that are in memory."""

    texts: Mapping[str, str]

    def names(self) -> Iterable[str]:
        """Return all paths."""
        return self.texts

    def text(self, name: str) -> str | None:
        """Return the text of a file; None when the file does not exist."""
        return self.texts.get(name)


@dataclass(frozen=True, slots=True)
class Purpose:
    """The purpose for which pages are read.

    Includes whose path ends with one of `left_out` are left out. `stars` replaces the include about stars, unless it
    is None. Pages for `people` keep tips, except the advertisement, and have no drafts.
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
class _Limit:
    """The number of characters that the includes of one page may still add."""

    left: int = _MOST_INCLUDED

    def takes(self, size: int) -> bool:
        """Count a text of this size, and return whether it is within the limit."""
        self.left -= size + _COST_OF_AN_INCLUDE
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Edition:
    """One language edition."""

    language: str
    files: Files
    _included: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def page_names(self) -> list[str]:
        """Return the paths, without `.md`, of all pages that are not fragments, sorted."""
        return sorted(
            name.removesuffix(".md")
            for name in self.files.names()
            if name.endswith(".md") and not re.search(r"(^|/)_", name)
        )

    def pages(self, purpose: Purpose = FOR_FACTS) -> Iterator[Source]:
        """Yield all pages that are not fragments, sorted by path."""
        for page in self.page_names():
            if (source := self.page(page, purpose)) is not None:
                yield source

    def page(self, page: str, purpose: Purpose = FOR_FACTS) -> Source | None:
        """Return a page by its path without `.md`; None when it does not exist."""
        text = self.files.text(f"{page}.md")
        return None if text is None else Source(page, self._resolved(f"{page}.md", _plain(text), purpose, _Limit()))

    def _resolved(self, name: str, text: str, purpose: Purpose, limit: _Limit, depth: int = 0) -> str:
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
            if included is None or not limit.takes(len(included)):
                return ""
            return self._resolved(path, included, purpose, limit, depth + 1)

        return _INCLUDE.sub(put, text)


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\u00a0", " ")


def find_editions(folder: Path) -> dict[str, Edition]:
    """Return the editions in a folder and its subfolders (two levels), by language.

    Raises:
        NoDocumentationError: when there is no edition.
    """
    found: dict[str, Edition] = {}
    if folder.is_dir():
        near = [folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*"))]
        for root in near:
            if (root / _REFERENCE).is_dir() and (language := language_of(Folder(root))):
                found.setdefault(language, Edition(language, Folder(root)))
    if not found:
        raise NoDocumentationError(f"{folder} has no edition of the documentation: no folder with api-reference in it")
    return found


def language_of(files: Files) -> str | None:
    """Return the language of an edition by the words on its pages; None when it is neither English nor Russian."""
    witness = files.text(_WITNESS)
    candidates = [] if witness is not None else sorted(n for n in files.names() if n.startswith(_REFERENCE))[:50]
    for text in (witness, *map(files.text, candidates)):
        if text is not None and _RUSSIAN in text:
            return "ru"
        if text is not None and _ENGLISH in text:
            return "en"
    return None
