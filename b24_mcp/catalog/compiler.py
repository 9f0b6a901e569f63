"""The compiler of the catalogue: it joins facts, effects, risks and texts in one SQLite file with a search index.

Every text of a method (its name, its summaries, each phrasing) is a separate unit in the index, so a question is
compared with whole sentences and not with a bag of words.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from b24_mcp.catalog.facts import Event, MethodFacts
from b24_mcp.catalog.meanings import Texts
from b24_mcp.catalog.method import EFFECTS
from b24_mcp.catalog.risks import NO_RISK, UNJUDGED, Risk, risks_to_json
from b24_mcp.words import stem, words_of, words_of_name

FORMAT = 3
_SCHEMA = """
CREATE TABLE method (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, effect TEXT NOT NULL,
    note TEXT NOT NULL, summary TEXT NOT NULL, summary_ru TEXT NOT NULL, verb TEXT NOT NULL,
    age REAL NOT NULL, facts TEXT NOT NULL, risks TEXT NOT NULL, UNIQUE (key, version)
);
CREATE TABLE concept (word TEXT PRIMARY KEY, ideas TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE event (key TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vocabulary (word TEXT PRIMARY KEY, methods INTEGER NOT NULL) WITHOUT ROWID;
"""
_UNITS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS {} USING fts5 "
    "(method UNINDEXED, kind UNINDEXED, words, ideas, tokenize = 'unicode61')"
)
# How old a method is for the ranking: 1 when it is deprecated.
_SUPERSEDED = 0.4
# A method without a review counts as destructive.
_UNJUDGED = ["destructive", ""]


_Key = tuple[str, str]
"""The name of a method in lower case, and its version."""
_Table = dict[_Key, list[str]]


Summaries = Callable[[MethodFacts], tuple[str, str]]
"""Returns the summary of a method without texts in English and in Russian, empty if unknown."""


class DataError(ValueError):
    """The data of the catalogue is inconsistent; the text names the file and line, or the method."""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """The row of one method. `added` rows come from a portal and not from the files of the package."""

    facts: MethodFacts
    effect: str
    note: str
    summary: str
    summary_ru: str
    phrasings: Sequence[str] = ()
    added: bool = False
    risks: Sequence[Risk] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """The result of a compilation: the number of methods, methods without a review, and reviews without a method."""

    methods: int
    unjudged: list[str]
    gone: list[str]


def compile_catalogue(
    data: Path,
    target: Path,
    facts: Path | None = None,
    *,
    fingerprint: int = 0,
    summaries: Summaries = lambda _: ("", ""),
) -> Compiled:
    """Compile the files in `data` (`methods.jsonl`, `effects*.tsv`, `risks*.tsv`, `texts*.tsv`, `concepts.txt`) into
    `target`.

    `facts` is a folder with a newer `methods.jsonl` than that in `data`. `fingerprint` marks the program that compiled
    the catalogue. `summaries` supplies the texts of methods that `data` has none for. An existing catalogue is replaced
    at the end, in one step.

    Raises:
        DataError: when the files contradict themselves or each other.
    """
    effects = _table(data, "effects*.tsv", 3)
    judged = set(effects)
    risks = _risks(data)
    try:
        texts = Texts(data)
    except ValueError as exc:
        raise DataError(str(exc)) from None
    described = _entries(facts or data, effects, risks, _table(data, "texts*.tsv", 4), summaries)
    entries = [replace(entry, facts=texts.joined(entry.facts)) for entry in described]
    ideas = read_concepts((data / "concepts.txt").read_text("utf-8").splitlines())
    draft = target.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    db = sqlite3.connect(draft)
    try:
        db.executescript(_SCHEMA)
        db.execute(_UNITS.format("unit"))
        db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute(f"PRAGMA application_id = {fingerprint}")
        db.executemany(
            "INSERT INTO concept VALUES (?, ?)", [(word, " ".join(found)) for word, found in sorted(ideas.items())]
        )
        add_entries(db, entries, ideas)
        db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?)", _events(facts or data))
        db.execute("INSERT INTO unit (unit) VALUES ('optimize')")
        db.commit()
        db.execute("VACUUM")
    finally:
        db.close()
    draft.replace(target)
    known: set[_Key] = {entry.facts.key for entry in entries}
    writing = {key for key, (effect, *_) in effects.items() if effect != "read"}
    unjudged = (known - judged) | (known & writing - set(risks))
    gone = (judged | set(risks)) - known
    return Compiled(len(entries), sorted({name for name, _ in unjudged}), sorted({name for name, _ in gone}))


def add_entries(db: sqlite3.Connection, entries: Iterable[CatalogueEntry], ideas: Mapping[str, Sequence[str]]) -> None:
    """Add methods to an open catalogue. `ideas` is its lexicon."""
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM method").fetchone()
    counts: dict[str, int] = {}
    for number, entry in enumerate(entries, last + 1):
        db.execute("INSERT INTO method VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(number, entry))
        seen = set()
        for kind, words in _units(entry):
            seen |= set(words)
            unit = (number, "added" if entry.added else kind, " ".join(words), " ".join(ideas_of(words, ideas)))
            if entry.added:  # a separate index, so that the documented methods rank as before
                db.execute(_UNITS.format("added_unit"))
                db.execute("INSERT INTO added_unit VALUES (?, ?, ?, ?)", unit)
            else:
                db.execute("INSERT INTO unit VALUES (?, ?, ?, ?)", unit)
        for word in seen:
            # The texts of a portal do not change the weight of a word in the documented texts.
            counts[word] = 0 if entry.added else counts.get(word, 0) + 1
    db.executemany(
        "INSERT INTO vocabulary VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET methods = methods + excluded.methods",
        sorted(counts.items()),
    )


def _entries(
    data: Path, effects: _Table, risks: Mapping[_Key, Sequence[Risk]], texts: _Table, summaries: Summaries
) -> Iterator[CatalogueEntry]:
    for line in (data / "methods.jsonl").read_text("utf-8").splitlines():
        facts = MethodFacts.from_json(json.loads(line))
        key = facts.key
        effect, note = [*effects.get(key, _UNJUDGED), ""][:2]
        if effect not in EFFECTS:
            raise DataError(f"effects of {key[0]}: {effect!r} is not an effect")
        of_method = risks.get(key, () if effect == "read" else (UNJUDGED,))
        summary, summary_ru, phrasings = [*(texts.get(key) or summaries(facts)), ""][:3]
        phrased = [text for text in phrasings.split(" | ") if text]
        yield CatalogueEntry(facts, effect, note, summary, summary_ru, phrased, risks=of_method)


def _events(data: Path) -> Iterator[tuple[str, str]]:
    path = data / "events.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for line in lines:
        yield Event.from_json(json.loads(line)).name.lower(), line


def _risks(data: Path) -> dict[_Key, list[Risk]]:
    """Read `risks*.tsv`. A method may have several rows; a reviewed method without a risk has an empty list."""
    risks: dict[_Key, list[Risk]] = {}
    for path in sorted(data.glob("risks*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            method, version, kinds, *rest = [*line.split("\t"), "", "", "", ""][:5]
            of_method = risks.setdefault((method.lower(), version), [])
            if kinds == NO_RISK:
                continue
            try:
                of_method.append(Risk.read(kinds, *rest))
            except ValueError as exc:
                raise DataError(f"{path.name}:{number}: {exc}") from None
    return risks


def _table(data: Path, pattern: str, columns: int) -> _Table:
    """Read several TSV files into one table, keyed by the method in lower case and the version."""
    rows: _Table = {}
    for path in sorted(data.glob(pattern)):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            method, version, *rest = line.split("\t")
            key = (method.lower(), version)
            if len(rest) + 2 < columns or key in rows:
                raise DataError(f"{path.name}:{number}: too few columns, or a method that already has a row")
            rows[key] = rest
    return rows


def read_concepts(lines: Iterable[str]) -> dict[str, list[str]]:
    """Read the lexicon: the stem of a word -> its possible ideas, each named by the first word of its line."""
    ideas: dict[str, list[str]] = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        first, *_ = words = line.replace("ё", "е").split()
        idea = "i" + first.replace("-", "")
        for word in dict.fromkeys(map(stem, words)):
            known = ideas.setdefault(word, [])
            if idea not in known:
                known.append(idea)
    return ideas


def ideas_of(words: Iterable[str], ideas: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the possible ideas of stemmed words, each once."""
    return list(dict.fromkeys(idea for word in words for idea in ideas.get(word, ())))


def _units(entry: CatalogueEntry) -> Iterator[tuple[str, list[str]]]:
    yield "name", words_of_name(entry.facts.method)
    yield "summary", words_of(entry.summary)
    yield "summary", words_of(entry.summary_ru)
    for phrasing in entry.phrasings:
        yield "phrasing", words_of(phrasing)


def _row(number: int, entry: CatalogueEntry) -> tuple[object, ...]:
    facts = entry.facts
    return (
        number,
        facts.method.lower(),
        facts.method,
        facts.version,
        entry.effect,
        entry.note,
        entry.summary,
        entry.summary_ru,
        verb_of(facts.method),
        1.0 if facts.deprecated else _SUPERSEDED if facts.superseded else 0.0,
        json.dumps(facts.to_json(), ensure_ascii=False, separators=(",", ":")),
        risks_to_json(entry.risks),
    )


_VERBS = {
    "add": ("add", "create", "register", "import", "upload", "uploadfile", "open", "start"),
    "update": ("update", "set", "edit", "rename", "change", "modify", "move", "moveto"),
    "delete": ("delete", "remove", "unregister", "unbind", "markdeleted", "deletetree", "clear", "cancel"),
    "list": ("list", "getlist", "getchildren", "search", "find", "tail"),
    "get": ("get", "current", "getdata", "getbyid"),
    "field": ("fields", "getfields", "types", "gettypes"),
}


def verb_of(method: str) -> str:
    """Return the kind of verb in the last part of a name, or an empty string. It is only used for the ranking."""
    last = method.rpartition(".")[2].lower()
    if ".field." in f".{method.lower()}." and last in ("list", "get"):
        return "field"
    return next((verb for verb, names in _VERBS.items() if last in names), "")
