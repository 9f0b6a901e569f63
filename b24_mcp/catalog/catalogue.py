"""The catalogue of methods: one SQLite file, opened at the first question, with one row for each method."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, cast

from b24_mcp.catalog.events import Events
from b24_mcp.catalog.facts import Event, MethodFacts, Version
from b24_mcp.catalog.method import Effect, Method, RiskyMethod, stricter
from b24_mcp.catalog.outside_texts import has_outside_texts
from b24_mcp.catalog.positional import arguments_of
from b24_mcp.catalog.risks import Risk, merged, risks_from_json
from b24_mcp.catalog.search import MethodSearch
from b24_mcp.catalog.suggestions import Suggestions
from b24_mcp.storage.databases import open_read_only

if TYPE_CHECKING:
    from b24_mcp.catalog.compiler import CatalogueEntry

__all__ = ["Catalogue", "Effect", "Method", "RiskyMethod", "shipped_catalogue"]


@dataclass(slots=True)
class _Index:
    """What every call needs, read once with one query. Names are keys in lower case."""

    spellings: dict[str, str] = field(default_factory=dict)
    versions: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    effects: dict[tuple[str, str | None], Effect] = field(default_factory=dict)
    risks: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """The risks and facts of the methods with risks, as JSON; a method is parsed when it is first needed."""


class Catalogue:
    """All documented methods, in a file or in an open database. Safe to use from several threads.

    `floor` is a second catalogue. This one can raise the effects and risks of the floor but never lower them, and a
    method that the floor does not have counts as destructive.
    """

    def __init__(self, source: Path | sqlite3.Connection, floor: Catalogue | None = None) -> None:
        self._source = source
        self._floor = floor
        self._lock = threading.Lock()
        self._methods: dict[tuple[str, str | None], Method] = {}
        self._risky: dict[tuple[str, str], RiskyMethod] = {}

    def method(self, name: str, version: str | None = None) -> Method | None:
        """Return a method by its name in any letter case, or None when the catalogue does not have it.

        Without a version, v2 is preferred where both versions have the name.
        """
        key = (name.lower(), version)
        found = self._methods.get(key)
        return found if found is not None else self._read_method(*key)

    def effect(self, name: str, version: str | None = None) -> Effect:
        """Return what calling a method does. A method that is not known counts as destructive."""
        return self._index.effects.get((name.lower(), version), "destructive")

    def risks(self, name: str, version: str) -> tuple[Risk, ...]:
        """Return the risks of a method with their conditions; empty for a method that is not known."""
        return self.risky(name, version).risks

    def risky(self, name: str, version: str) -> RiskyMethod:
        """Return the risks of a method with what their conditions are checked against.

        Reads nothing from disk after `load`.
        """
        key = (name.lower(), version)
        found = self._risky.get(key)
        return found if found is not None else self._read_risky(*key)

    def spelling(self, name: str) -> str | None:
        """Return the documented spelling of a name in any letter case; None when the catalogue does not have it.

        The portal looks a name up in lower case first and as written second, and some classes behind it are found only
        in the documented case. Source: measured behaviour of the portal.
        """
        return self._index.spellings.get(name.lower())

    def versions(self, name: str) -> list[str]:
        """Return the versions of the API that have a method."""
        return list(self._index.versions.get(name.lower(), ()))

    def documented_at(self, page: str) -> Method | None:
        """Return the method that a page of the documentation describes, by the path of the page."""
        return self.method(*self._pages[page]) if page in self._pages else None

    def similar(self, name: str) -> list[str]:
        """Return the documented names that were probably meant by a name that does not exist, the likeliest first."""
        return self._suggestions.find(name)

    def completions(self, beginning: str) -> list[str]:
        """Return the names that begin with a text, in order, then those that only contain it."""
        wanted = beginning.lower()
        names = [name for name in self.names if wanted in name.lower()]
        return sorted(names, key=lambda name: (not name.lower().startswith(wanted), name.lower()))

    def enlarged(self, entries: Iterable[CatalogueEntry]) -> Catalogue:
        """Return a copy in memory with more methods. This catalogue must not have any of them."""
        from b24_mcp.catalog.compiler import add_entries  # only needed for portals with undocumented methods

        db = sqlite3.connect(":memory:", check_same_thread=False)
        with self._lock:
            self._db.backup(db)
        ideas = {word: found.split() for word, found in db.execute("SELECT word, ideas FROM concept")}
        add_entries(db, entries, ideas)
        db.commit()
        return Catalogue(db, self._floor)

    @cached_property
    def names(self) -> list[str]:
        """Every documented name once, in order."""
        with self._lock:
            return [name for (name,) in self._db.execute("SELECT DISTINCT name FROM method ORDER BY key")]

    @cached_property
    def scopes(self) -> Counter[str]:
        """Every scope with the number of methods that need it."""
        with self._lock:
            rows = self._db.execute("SELECT facts FROM method").fetchall()
        return Counter(scope for (facts,) in rows for scope in json.loads(facts).get("scope", ()))

    @cached_property
    def search(self) -> MethodSearch:
        """The search over these methods."""
        return MethodSearch(self._db, self._lock)

    @cached_property
    def _suggestions(self) -> Suggestions:
        return Suggestions(self.names, self.search.ideas)

    @cached_property
    def events(self) -> Events:
        """The documented events."""
        with self._lock:
            rows = self._db.execute("SELECT facts FROM event ORDER BY key").fetchall()
        return Events((Event.from_json(json.loads(facts)) for (facts,) in rows), self.search.ideas)

    def _read_method(self, key: str, version: str | None) -> Method | None:
        versions = self._index.versions.get(key, ())
        used = next((one for one in versions if version in (one, None)), None)
        if used is None:
            return None
        method = self._methods.get((key, used)) or self._read_row(key, used)
        self._methods[key, version] = self._methods[key, used] = method
        return method

    def _read_row(self, key: str, version: Version) -> Method:
        from b24_mcp.catalog.arguments.table import ParameterTable  # not needed to start and list the tools

        with self._lock:
            name, note, summary, summary_ru, form = self._db.execute(
                "SELECT name, note, summary, summary_ru, facts FROM method WHERE key = ? AND version = ?",
                (key, version),
            ).fetchone()
        facts = MethodFacts.from_json(json.loads(form))
        risky = self.risky(key, version)
        return Method(
            name=name,
            version=version,
            versions=self._index.versions[key],
            effect=self.effect(key, version),
            note=note,
            summary=summary,
            summary_ru=summary_ru,
            facts=facts,
            risky=risky,
            risks=risky.risks,
            arguments=arguments_of(key) if version == "v2" else None,
            has_outside_texts=has_outside_texts(key),
            parameters=ParameterTable(
                name, version, facts.params, facts.paging, facts.one_of, is_documented=facts.page is not None
            ),
        )

    def _read_risky(self, key: str, version: str) -> RiskyMethod:
        row = self._index.risks.get((key, version))
        if row is None:
            return RiskyMethod() if self._floor is None else self._floor.risky(key, version)
        risky = _risky_method(*row)
        floor = None if self._floor is None else self._floor.risky(key, version)
        if floor is not None and floor.risks:
            risky = replace(floor, risks=merged(floor.risks, risky.risks))
        self._risky[key, version] = risky
        return risky

    @cached_property
    def _index(self) -> _Index:
        with self._lock:
            rows = self._db.execute(
                "SELECT key, version, name, effect, risks, CASE risks WHEN '' THEN '' ELSE facts END FROM method "
                "ORDER BY key, version"
            ).fetchall()
        index = _Index()
        for key, version, name, effect, risks, facts in rows:
            index.spellings[key] = name
            index.versions[key] = (*index.versions.get(key, ()), cast("Version", version))
            index.effects[key, version] = self._no_milder_than_floor(key, version, effect)
            index.effects.setdefault((key, None), index.effects[key, version])
            if risks:
                index.risks[key, version] = (risks, facts)
        return index

    def _no_milder_than_floor(self, key: str, version: str, effect: Effect) -> Effect:
        return effect if self._floor is None else stricter(effect, self._floor.effect(key, version))

    @cached_property
    def _pages(self) -> dict[str, tuple[str, str]]:
        with self._lock:
            rows = self._db.execute("SELECT name, version, json_extract(facts, '$.page') FROM method").fetchall()
        return {page: (name, version) for name, version, page in rows if page}

    @cached_property
    def _db(self) -> sqlite3.Connection:
        if isinstance(self._source, sqlite3.Connection):
            return self._source
        return open_read_only(self._source, immutable=True)


def shipped_catalogue() -> Path:
    """Return the path of the catalogue that comes with the package."""
    return Path(str(files("b24_mcp.catalog").joinpath("data/catalog.db")))


def _risky_method(risks_text: str, facts_text: str) -> RiskyMethod:
    risks = risks_from_json(risks_text)
    if not any(risk.when for risk in risks):
        return RiskyMethod(risks)
    facts = MethodFacts.from_json(json.loads(facts_text))
    return RiskyMethod(risks, facts.params, facts.positional)
