"""The door to the local copy of the documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from b24_mcp.dialect.editions import Edition
from b24_mcp.dialect.requests import requests_of
from b24_mcp.docs.errors import NoSuchPageError
from b24_mcp.docs.index import FORMAT, Kind
from b24_mcp.docs.index_file import StoredFiles, format_of, index_path, open_index, synced_languages
from b24_mcp.docs.origin import LANGUAGES, DocsOrigin, Language
from b24_mcp.docs.page_text import PageText, parse_page, read
from b24_mcp.docs.search import Hit, search
from b24_mcp.docs.sections import CodeLanguage, samples_of

_ONLINE = re.compile(r"(?:https?://apidocs\.bitrix24\.(?P<zone>com|ru)|b24://doc|b24:/doc)/", re.I)
_LANGUAGE_OF_ZONE: dict[str, Language] = {"com": "en", "ru": "ru"}
_CYRILLIC = re.compile("[а-яё]", re.I)
_LONGEST_NAME = 300
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Status:
    """The copy of one language: where it came from and what it holds. `usable` is false for one of another version."""

    language: Language
    usable: bool
    pages: int
    sections: int
    size: int
    origin: DocsOrigin | None


class DocsLibrary:
    """The copies in a folder. Cheap to make: nothing is opened before a question. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def languages(self) -> list[Language]:
        """The languages that can be searched and read."""
        return synced_languages(self._folder)

    def status(self) -> list[Status]:
        """What there is, by language. Raises `DocsError` when a copy is broken."""
        found = []
        for language in LANGUAGES:
            path = index_path(self._folder, language)
            known = format_of(path)
            if known is None:
                continue
            size = path.stat().st_size
            if known != FORMAT:
                found.append(Status(language, False, 0, 0, size, None))
                continue
            with open_index(self._folder, language) as db:
                pages, sections = db.execute("SELECT (SELECT count(*) FROM page), count(*) FROM section").fetchone()
                (origin,) = db.execute("SELECT value FROM about WHERE key = 'origin'").fetchone()
            found.append(Status(language, True, pages, sections, size, DocsOrigin.read(origin)))
        return found

    def search(self, query: str, *, kind: Kind | None = None, limit: int = 5) -> list[Hit]:
        """Find pages for a question, in its language where there is a copy of that.

        Raises:
            DocsError: when a copy is broken.
        """
        first = "ru" if _CYRILLIC.search(query) else "en"
        for language in sorted(self.languages, key=lambda language: language != first):
            with open_index(self._folder, language) as db:
                if hits := search(db, language, query, kind=kind, limit=limit):
                    return hits
        return []

    def find(self, wanted: str) -> tuple[Language, str, str]:
        """Find a page by its path (with `en/` or `ru/` before it or without) or address; gives language, page, anchor.

        Raises:
            NoSuchPageError: naming pages that may have been meant.
        """
        language, page, anchor = _taken_apart(wanted)
        languages = self.languages
        for one in sorted(languages, key=lambda one: one != language):
            with open_index(self._folder, one) as db:
                for name in (page, f"{page}/index".lstrip("/")):
                    row = db.execute("SELECT page FROM page WHERE page = ? COLLATE NOCASE", (name,)).fetchone()
                    if row:
                        return one, row[0], anchor
        similar: list[str] = []
        if languages:
            one = language if language in languages else languages[0]
            with open_index(self._folder, one) as db:
                names = [name for (name,) in db.execute("SELECT page FROM page")]
            last = page.rpartition("/")[2]
            near = [name for name in names if last and name.endswith(f"/{last}")]
            similar = [f"{one}/{name}" for name in (near or get_close_matches(page, names, 3, 0.6))[:3]]
        raise NoSuchPageError(f"The documentation has no page {wanted[:120]!r}.", similar)

    def read(self, wanted: str, *, section: str = "", code: CodeLanguage = "curl", max_chars: int = 18_000) -> PageText:
        """Read a page or a section of it as Markdown; `room` is how many characters it may take inside JSON.

        Raises:
            NoSuchPageError: for an unknown page or section.
            DocsError: when a copy is broken.
        """
        language, page, anchor = self.find(wanted)
        with open_index(self._folder, language) as db:
            try:
                return read(db, language, page, section or anchor, code, max_chars)
            except NoSuchPageError:
                if section:
                    raise
                # An anchor of the online pages that stands inside a section.
                return read(db, language, page, "", code, max_chars)

    def examples(self, page: str, *, most: int = 2, max_chars: int = 700) -> list[Any]:
        """The parameters a method's own page sends in its samples, short ones first, each at most `room` characters.

        Where all are longer, the first is given with its lists and objects shortened.
        """
        for language in self.languages:
            with open_index(self._folder, language) as db:
                if db.execute("SELECT 1 FROM page WHERE page = ?", (page,)).fetchone():
                    sent = requests_of(samples_of(parse_page(db, language, page, "curl")))
                    by_text = {_compact(body): body for body in sent if body}
                    short = sorted((text for text in by_text if len(text) <= max_chars), key=len)[:most]
                    return [by_text[text] for text in short] or _shortened(list(by_text.values())[:1], max_chars)
        return []

    def summary(self, language: Language, page: str, method: str) -> str:
        """What the page of a method calls it, without its name; empty when it is not there."""
        if language not in self.languages:
            return ""
        with open_index(self._folder, language) as db:
            row = db.execute("SELECT title FROM page WHERE page = ?", (page,)).fetchone()
        return " ".join(re.sub(re.escape(method), "", row[0], flags=re.I).strip(" :()-").split()) if row else ""

    def completions(self, beginning: str) -> list[str]:
        """Pages, with their language, whose path begins so; those that only contain it after them."""
        wanted = beginning.strip().lower()
        names: list[str] = []
        for language in self.languages:
            with open_index(self._folder, language) as db:
                names += [f"{language}/{name}" for (name,) in db.execute("SELECT page FROM page ORDER BY page")]
        found = [name for name in names if wanted in name.lower()]
        return sorted(found, key=lambda name: not name.lower().startswith(wanted))

    @contextmanager
    def editions(self) -> Iterator[dict[str, Edition]]:
        """The editions as they were written, while the context lasts."""
        with ExitStack() as stack:
            yield {
                language: Edition(language, StoredFiles(stack.enter_context(open_index(self._folder, language))))
                for language in self.languages
            }


def _compact(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _shortened(bodies: list[Any], max_chars: int) -> list[Any]:
    """Leave out what stands deep in a body until it fits, and say how much that is; nothing when it never fits."""
    for body in bodies:
        for entries in (12, 8, 5, 3, 2):
            if len(_compact(short := _with_entries(body, entries))) <= max_chars:
                return [short]
    return []


def _with_entries(value: Any, most: int) -> Any:
    match value:
        case dict():
            kept = {key: _with_entries(inner, most) for key, inner in list(value.items())[:most]}
            return kept | ({"…": f"{len(value) - most} more"} if len(value) > most else {})
        case list():
            return [_with_entries(inner, most) for inner in value[:most]] + (["…"] if len(value) > most else [])
        case str() if len(value) > _LONGEST_VALUE:
            return value[:_LONGEST_VALUE] + "…"
        case _:
            return value


def _taken_apart(wanted: str) -> tuple[str, str, str]:
    """Language (empty when not said), page and anchor of a path or address."""
    text = wanted.strip()[:_LONGEST_NAME]
    language = ""
    if online := _ONLINE.match(text):
        language = _LANGUAGE_OF_ZONE.get((online["zone"] or "").lower(), "")
        text = text[online.end() :]
    text, _, anchor = text.partition("#")
    text = text.partition("?")[0].strip("/")
    first, _, rest = text.partition("/")
    if first in LANGUAGES and rest:
        language, text = first, rest
    return language, re.sub(r"\.(?:md|html)$", "", text), anchor
