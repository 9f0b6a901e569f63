"""The catalogue as the rest of the program asks it: one file, opened at the first question, one row for each method."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from b24_mcp.catalog.facts import MethodFacts, Parameter, Version
from b24_mcp.catalog.risks import Risk, merged, risks_from_json
from b24_mcp.catalog.search import MethodSearch
from b24_mcp.catalog.slips import similar_methods
from b24_mcp.storage.databases import open_read_only

if TYPE_CHECKING:
    from b24_mcp.catalog.compiling import CatalogueEntry

Effect = Literal["read", "write", "destructive"]
_FROM_MILD_TO_SEVERE: tuple[Effect, ...] = ("read", "write", "destructive")


@dataclass(frozen=True, slots=True)
class Method:
    """What is known of one method. `form` holds its facts as `methods.jsonl` has them; `note` says why an effect is not
    what the verb in the name suggests; `summary_ru` is Russian.
    """

    name: str
    version: Version
    effect: Effect
    note: str
    summary: str
    summary_ru: str
    form: Mapping[str, Any]
    risks: tuple[Risk, ...] = ()

    @property
    def facts(self) -> MethodFacts:
        """The facts as types."""
        return MethodFacts.read(self.form)

    @property
    def deprecated(self) -> bool:
        """Whether the documentation advises against it; it works all the same."""
        return bool(self.form.get("deprecated"))

    @property
    def signature(self) -> str:
        """The parameters in one line, the required ones starred."""
        return ", ".join(p["name"] + ("*" if p.get("required") is True else "") for p in self.form["params"])


@dataclass(frozen=True, slots=True)
class RiskyMethod:
    """The risks of a method. Where they have conditions, also its documented parameters, and whether the portal takes
    these by position.
    """

    risks: tuple[Risk, ...] = ()
    params: tuple[Parameter, ...] = ()
    positional: bool = False


class Catalogue:
    """All documented methods, in a file, or in an open database. Safe to use from several threads.

    `floor` is a catalogue whose effects and risks this one can raise but never lower; what it does not know counts as
    destructive here too.
    """

    def __init__(self, source: Path | sqlite3.Connection, floor: Catalogue | None = None) -> None:
        self._source = source
        self._floor = floor
        self._lock = threading.Lock()
        self._methods: dict[tuple[str, str | None], Method | None] = {}
        self._risky: dict[tuple[str, str], RiskyMethod] = {}

    def method(self, name: str, version: str | None = None) -> Method | None:
        """What is known of a method, whatever the letter case; None when it is not in the catalogue.

        Without a version the older generation of the API comes first where a name exists in both.
        """
        key = (name.lower(), version)
        if key not in self._methods:
            with self._lock:
                row = self._db.execute(
                    "SELECT name, version, effect, note, summary, summary_ru, facts, risks FROM method "
                    "WHERE key = ? AND version = coalesce(?, version) ORDER BY version",
                    key,
                ).fetchone()
            self._methods[key] = None if row is None else self._method(row)
        return self._methods[key]

    def effect(self, name: str, version: str | None = None) -> Effect:
        """What calling a method does; a method that is not known counts as destructive."""
        effects = self._effects.get(name.lower(), {})
        used = version or min(effects, default="v2")
        effect = effects.get(used, "destructive")
        return effect if self._floor is None else _severer(effect, self._floor.effect(name, used))

    def risks(self, name: str, version: str) -> tuple[Risk, ...]:
        """The risks of a method beside its effect, with their conditions; empty for a method that is not known."""
        return self.risky(name, version).risks

    def risky(self, name: str, version: str) -> RiskyMethod:
        """The risks of a method and what is needed to check their conditions. Reads nothing from disk after `load`."""
        key = (name.lower(), version)
        if key not in self._risky:
            own = _risky_method(*self._rows_with_risks.get(key, ("", "")))
            floor = None if self._floor is None else self._floor.risky(name, version)
            if floor is not None and floor.risks:
                own = replace(floor, risks=merged(floor.risks, own.risks))
            self._risky[key] = own
        return self._risky[key]

    def _method(self, row: tuple[str, ...]) -> Method:
        method = _method(row)
        if self._floor is None:
            return method
        effect = _severer(method.effect, self._floor.effect(method.name, method.version))
        risks = merged(self._floor.risks(method.name, method.version), method.risks)
        return replace(method, effect=effect, risks=risks)

    def spelling(self, name: str) -> str | None:
        """How the documentation writes a name given in any letter case; None when it does not know it.

        The portal looks a name up in lower case first and as written second, and some classes behind it are found only
        in the documented case. Source: measured behaviour of the portal.
        """
        return self._spellings.get(name.lower())

    def versions(self, name: str) -> list[str]:
        """The generations of the API in which a method exists."""
        return sorted(self._effects.get(name.lower(), {}))

    def documented_at(self, page: str) -> Method | None:
        """The method a page of the documentation is about, by the page's path; None when it is about none."""
        return self.method(*self._pages[page]) if page in self._pages else None

    @cached_property
    def _pages(self) -> dict[str, tuple[str, str]]:
        with self._lock:
            rows = self._db.execute("SELECT name, version, json_extract(facts, '$.page') FROM method").fetchall()
        return {page: (name, version) for name, version, page in rows if page}

    def similar(self, name: str) -> list[str]:
        """Documented names somebody may have meant by one that does not exist."""
        return similar_methods(name, self.names)

    def completions(self, beginning: str) -> list[str]:
        """Names that begin so, in order; those that only contain it after them."""
        wanted = beginning.lower()
        names = [name for name in self.names if wanted in name.lower()]
        return sorted(names, key=lambda name: (not name.lower().startswith(wanted), name.lower()))

    def enlarged(self, entries: Iterable[CatalogueEntry]) -> Catalogue:
        """A catalogue of its own, in memory, that has these methods too. None of them may be in this one already."""
        from b24_mcp.catalog.compiling import add_entries  # only a portal that has more than is documented needs it

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
        """Every scope a method may want, and how many methods do."""
        with self._lock:
            rows = self._db.execute("SELECT facts FROM method").fetchall()
        return Counter(scope for (facts,) in rows for scope in json.loads(facts).get("scope", ()))

    @cached_property
    def _effects(self) -> dict[str, dict[str, Effect]]:
        """Asked before every call, so kept at hand: method -> version -> effect."""
        effects: dict[str, dict[str, Effect]] = {}
        with self._lock:
            for key, version, effect in self._db.execute("SELECT key, version, effect FROM method"):
                effects.setdefault(key, {})[version] = effect
        return effects

    @cached_property
    def _rows_with_risks(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Asked before every call, so kept at hand: method and version -> risks and facts as they are written."""
        with self._lock:
            rows = self._db.execute("SELECT key, version, risks, facts FROM method WHERE risks != ''").fetchall()
        return {(key, version): (risks, facts) for key, version, risks, facts in rows}

    @cached_property
    def _spellings(self) -> dict[str, str]:
        with self._lock:
            return dict(self._db.execute("SELECT key, name FROM method"))

    @cached_property
    def search(self) -> MethodSearch:
        """The search over these methods."""
        return MethodSearch(self._db, self._lock)

    @cached_property
    def _db(self) -> sqlite3.Connection:
        if isinstance(self._source, sqlite3.Connection):
            return self._source
        return open_read_only(self._source, immutable=True)


def shipped_catalogue() -> Path:
    """The file that comes with the package."""
    return Path(str(files("b24_mcp.catalog").joinpath("data/catalog.db")))


def _method(row: tuple[str, ...]) -> Method:
    name, version, effect, note, summary, summary_ru, facts, risks = row
    return Method(
        name,
        cast("Version", version),
        cast("Effect", effect),
        note,
        summary,
        summary_ru,
        json.loads(facts),
        risks_from_json(risks),
    )


def _risky_method(risks_text: str, facts_text: str) -> RiskyMethod:
    risks = risks_from_json(risks_text)
    if not any(risk.when for risk in risks):
        return RiskyMethod(risks)
    facts = MethodFacts.read(json.loads(facts_text))
    return RiskyMethod(risks, facts.params, facts.positional)


def _severer(one: Effect, other: Effect) -> Effect:
    """The stricter of two effects; a word that is no effect counts as the strictest."""
    known = (effect if effect in _FROM_MILD_TO_SEVERE else "destructive" for effect in (one, other))
    return max(known, key=_FROM_MILD_TO_SEVERE.index)
