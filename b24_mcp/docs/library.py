"""The local copies of the documentation: search, read and list their pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from b24_mcp.dialect.editions import Edition
from b24_mcp.dialect.requests import requests_of
from b24_mcp.docs.errors import NoSuchPageError
from b24_mcp.docs.index import FORMAT, Kind
from b24_mcp.docs.index_file import StoredFiles, file_stamp, format_of, index_path, open_index, synced_languages
from b24_mcp.docs.meanings import MethodMeanings
from b24_mcp.docs.origin import LANGUAGES, DocsOrigin, Language
from b24_mcp.docs.page_text import PageText, blocks_of_page, parse_page, read_page
from b24_mcp.docs.search import Hit, search
from b24_mcp.docs.sections import CodeLanguage, samples_of

_ONLINE = re.compile(r"(?:https?://apidocs\.bitrix24\.(?P<zone>com|ru)|b24://doc|b24:/doc)/", re.I)
_LANGUAGE_OF_ZONE: dict[str, Language] = {"com": "en", "ru": "ru"}
_CYRILLIC = re.compile("[а-яё]", re.I)
_MAX_NAME_LENGTH = 300
_MAX_VALUE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """The copy of one language: its origin and its size. `usable` is False for one of another version."""

    language: Language
    usable: bool
    pages: int
    sections: int
    size: int
    origin: DocsOrigin | None


class DocsLibrary:
    """The copies in a folder. No file is opened before a query. Instances can be used from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The folder of the copies."""
        return self._folder

    @property
    def stamps(self) -> Sequence[object]:
        """What tells the index files from later ones at the same paths."""
        return tuple([file_stamp(index_path(self._folder, language)) for language in LANGUAGES])

    @property
    def languages(self) -> list[Language]:
        """Return the languages that can be searched and read."""
        return synced_languages(self._folder)

    def status(self) -> list[CopyStatus]:
        """Return the state of every copy.

        Raises:
            DocsError: when a copy is damaged.
        """
        found = []
        for language in LANGUAGES:
            path = index_path(self._folder, language)
            known = format_of(path)
            if known is None:
                continue
            size = path.stat().st_size
            if known != FORMAT:
                found.append(CopyStatus(language, False, 0, 0, size, None))
                continue
            with open_index(self._folder, language) as db:
                pages, sections = db.execute("SELECT (SELECT count(*) FROM page), count(*) FROM section").fetchone()
                (origin,) = db.execute("SELECT value FROM about WHERE key = 'origin'").fetchone()
            found.append(CopyStatus(language, True, pages, sections, size, DocsOrigin.from_json(origin)))
        return found

    def search(self, query: str, *, kind: Kind | None = None, limit: int = 5, first: Sequence[str] = ()) -> list[Hit]:
        """Return the pages that match a question best, in the language of the question when possible.

        `first` are pages that are known otherwise to be meant: they come before all others.

        Raises:
            DocsError: when a copy is damaged.
        """
        asked = "ru" if _CYRILLIC.search(query) else "en"
        for language in sorted(self.languages, key=lambda language: language != asked):
            with open_index(self._folder, language) as db:
                if hits := search(db, language, query, kind=kind, limit=limit, first=first):
                    return hits
        return []

    def find(self, wanted: str) -> tuple[Language, str, str]:
        """Return the language, path and anchor of a page. `wanted` is an address or a path, with or without
        `en/` or `ru/`.

        Raises:
            NoSuchPageError: when there is no such page. It names similar ones.
        """
        language, page, anchor = _split_address(wanted)
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
        """Return a page or a section of it as Markdown. `max_chars` is the limit for its length inside JSON.

        Raises:
            NoSuchPageError: for an unknown page or section.
            DocsError: when a copy is damaged.
        """
        language, page, anchor = self.find(wanted)
        with open_index(self._folder, language) as db:
            try:
                return read_page(db, language, page, section or anchor, code, max_chars)
            except NoSuchPageError:
                if section:
                    raise
                # The anchor is inside a section, which only the online pages address.
                return read_page(db, language, page, "", code, max_chars)

    def examples(self, page: str, *, most: int = 2, max_chars: int = 700) -> list[object]:
        """Return the parameters that the code samples on a page send, shortest first, each at most `max_chars` long.

        When all are longer, the first is returned with its lists, objects and texts shortened.
        """
        for language in self.languages:
            with open_index(self._folder, language) as db:
                if db.execute("SELECT 1 FROM page WHERE page = ?", (page,)).fetchone():
                    sent = requests_of(samples_of(parse_page(db, language, page, "curl")))
                    by_text = {_compact(body): body for body in sent if body}
                    short = sorted((text for text in by_text if len(text) <= max_chars), key=len)[:most]
                    return [by_text[text] for text in short] or _shortened(list(by_text.values())[:1], max_chars)
        return []

    def meanings(self, page: str, paths: Iterable[Sequence[str]]) -> dict[tuple[str, ...], str]:
        """Return what a page says of the parameters at these paths, in English when possible."""
        for language in self.languages:
            with open_index(self._folder, language) as db:
                if db.execute("SELECT 1 FROM page WHERE page = ?", (page,)).fetchone() is None:
                    continue
                known = MethodMeanings(page, lambda name: blocks_of_page(db, language, name))  # noqa: B023
                return {tuple(path): said for path in paths if (said := known.meaning(path))}
        return {}

    def summary(self, language: Language, page: str, method: str) -> str:
        """Return the title of a method's page without the name of the method; empty when there is no such page."""
        if language not in self.languages:
            return ""
        with open_index(self._folder, language) as db:
            row = db.execute("SELECT title FROM page WHERE page = ?", (page,)).fetchone()
        return " ".join(re.sub(re.escape(method), "", row[0], flags=re.I).strip(" :()-").split()) if row else ""

    def completions(self, prefix: str) -> list[str]:
        """Return paths with language: first those that begin with `prefix`, then those that contain it."""
        wanted = prefix.strip().lower()
        names: list[str] = []
        for language in self.languages:
            with open_index(self._folder, language) as db:
                names += [f"{language}/{name}" for (name,) in db.execute("SELECT page FROM page ORDER BY page")]
        found = [name for name in names if wanted in name.lower()]
        return sorted(found, key=lambda name: not name.lower().startswith(wanted))

    @contextmanager
    def editions(self) -> Iterator[dict[str, Edition]]:
        """Yield the editions as published. They can be read inside the context only."""
        with ExitStack() as stack:
            yield {
                language: Edition(language, StoredFiles(stack.enter_context(open_index(self._folder, language))))
                for language in self.languages
            }


def _compact(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _shortened(bodies: Sequence[object], max_chars: int) -> list[object]:
    """Return the first body that fits with fewer entries, in a list; an empty list when none fits."""
    for body in bodies:
        for entries in (12, 8, 5, 3, 2):
            if len(_compact(short := _with_entries(body, entries))) <= max_chars:
                return [short]
    return []


def _with_entries(value: object, most: int) -> object:
    """Return a value whose lists and objects have at most so many entries, with a mark where some are left out."""
    match value:
        case dict():
            kept = {key: _with_entries(inner, most) for key, inner in list(value.items())[:most]}
            return kept | ({"…": f"{len(value) - most} more"} if len(value) > most else {})
        case list():
            return [_with_entries(inner, most) for inner in value[:most]] + (["…"] if len(value) > most else [])
        case str() if len(value) > _MAX_VALUE_LENGTH:
            return value[:_MAX_VALUE_LENGTH] + "…"
        case _:
            return value


def _split_address(wanted: str) -> tuple[str, str, str]:
    """Return language (empty when not stated), page and anchor of a path or address."""
    text = wanted.strip()[:_MAX_NAME_LENGTH]
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
