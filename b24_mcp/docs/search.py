"""Full-text search: rank the pages that answer a question.

The score of a page has two parts. The larger one is how much of the question is covered by its title, or by a phrase in
`topics.tsv` that people use for its subject. The other is the rank of its sections in the index. Rare words have more
weight than frequent ones.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from b24_mcp.docs.index import Kind
from b24_mcp.words import words_of

MAX_QUERY_LENGTH = 300
_MAX_WORDS = 16
_CANDIDATES = 300
_EXTRACT_LENGTH = 240
# Title, heading, path, text, code.
_COLUMN_WEIGHTS = "8.0, 4.0, 2.0, 1.0, 0.2"
_MATCHES = f"""
SELECT section.page, section.id, fit FROM (
    SELECT rowid AS id, bm25(unit, {_COLUMN_WEIGHTS}) AS fit FROM unit WHERE unit MATCH ? AND (
        ? IS NULL OR rowid IN (SELECT section.id FROM section JOIN page ON page.id = section.page WHERE page.kind = ?)
    ) ORDER BY fit LIMIT ?
) AS found JOIN section ON section.id = found.id ORDER BY fit
"""  # noqa: S608 - the weights are a constant
_TITLE, _SECTIONS, _FURTHER_SECTIONS = 0.8, 0.3, 0.15
_FOCUS = 0.25
# A word in more than this share of the sections is not searched for.
_FREQUENT = 0.12
_UNKNOWN_WEIGHT = 3.0
_KIND_WEIGHT: dict[str, float] = {"article": 1.1, "tutorial": 1.1, "widget": 1.0, "event": 1.0, "method": 0.95}
_OLD, _OLD_WEIGHT = ("/outdated/", "/deprecated/"), 0.85


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that matches, its best section (empty: the lead) and an extract of it. `score` is for sorting only."""

    language: str
    page: str
    title: str
    section: str
    kind: Kind
    extract: str
    score: float


@dataclass(frozen=True, slots=True)
class _Query:
    """The stems of a question with their weights. `searched` are the stems that the index is searched for."""

    weights: dict[str, float]
    searched: list[str]

    def similarity(self, words: Iterable[str]) -> float:
        """Return the share of the question that a text covers, lower for longer texts; between 0 and 1."""
        known = set(words)
        matched = [word for word in self.weights if word in known]
        covered = sum(self.weights[word] for word in matched) / sum(self.weights.values())
        return covered * (1 - _FOCUS + _FOCUS * len(matched) / max(len(known), 1))


def search(db: sqlite3.Connection, language: str, query: str, *, kind: Kind | None = None, limit: int = 5) -> list[Hit]:
    """Return the pages of one edition that match a question, best first. The first 300 characters of `query` count."""
    question = _question(db, query)
    if question is None:
        return []
    sections = _sections(db, question, kind)
    phrased = _phrased(db, question, kind)
    most = max((fit for fit, _ in sections.values()), default=1.0)
    scores: dict[int, float] = {}
    for number in {*sections, *phrased}:
        page, of, words = db.execute("SELECT page, kind, words FROM page WHERE id = ?", (number,)).fetchone()
        similarity = max(question.similarity(words.split()) * _TITLE, phrased.get(number, 0.0))
        fit = sections[number][0] / most if number in sections else 0.0
        old = _OLD_WEIGHT if any(part in f"/{page}/" for part in _OLD) else 1.0
        scores[number] = (similarity + _SECTIONS * fit) * _KIND_WEIGHT[of] * old
    best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
    return [_hit(db, language, number, sections.get(number), question, scores[number]) for number in best]


def _question(db: sqlite3.Connection, query: str) -> _Query | None:
    words = list(dict.fromkeys(words_of(query[:MAX_QUERY_LENGTH])))[:_MAX_WORDS]
    sections = (db.execute("SELECT max(id) FROM section").fetchone()[0] or 0) + 1
    weights: dict[str, float] = {}
    counts: dict[str, int] = {}
    for word in words:
        known = db.execute("SELECT doc FROM vocabulary WHERE term = ?", (word,)).fetchone()
        counts[word] = known[0] if known else 0
        weights[word] = math.log(1 + sections / (1 + counts[word])) if known else _UNKNOWN_WEIGHT
    searched = [word for word in words if 0 < counts[word] < sections * _FREQUENT]
    return _Query(weights, searched or [word for word in words if counts[word]]) if words else None


def _sections(db: sqlite3.Connection, question: _Query, kind: Kind | None) -> dict[int, tuple[float, int]]:
    """Return the pages found in the index: the rank of their sections, and the best section."""
    if not question.searched:
        return {}
    terms = " OR ".join(f'"{term}"' for term in question.searched)
    rows = db.execute(_MATCHES, (terms, kind, kind, _CANDIDATES)).fetchall()
    fits: dict[int, list[tuple[float, int]]] = {}
    for page, section, fit in rows:
        fits.setdefault(page, []).append((-fit, section))
    return {
        page: (found[0][0] + _FURTHER_SECTIONS * sum(fit for fit, _ in found[1:4]), found[0][1])
        for page, found in fits.items()
    }


def _phrased(db: sqlite3.Connection, question: _Query, kind: Kind | None) -> dict[int, float]:
    """Return the pages with a phrase similar to the question, and the similarity."""
    rows = db.execute(
        "SELECT phrasing.page, phrasing.words FROM phrasing JOIN page ON page.id = phrasing.page "
        "WHERE kind = coalesce(?, kind)",
        (kind,),
    )
    found: dict[int, float] = {}
    for page, words in rows:
        similarity = question.similarity(words.split())
        if similarity > found.get(page, 0.0):
            found[page] = similarity
    return found


def _hit(
    db: sqlite3.Connection,
    language: str,
    number: int,
    fitting: tuple[float, int] | None,
    question: _Query,
    score: float,
) -> Hit:
    page, title, kind = db.execute("SELECT page, title, kind FROM page WHERE id = ?", (number,)).fetchone()
    if fitting is None:
        row = db.execute("SELECT name, text FROM section WHERE page = ? ORDER BY id", (number,)).fetchone()
    else:
        row = db.execute("SELECT name, text FROM section WHERE id = ?", (fitting[1],)).fetchone()
    name, text = row or ("", "")
    return Hit(language, page, title, name, kind, _extract(text, question), score)


def _extract(text: str, question: _Query) -> str:
    """Return the part of a text that covers most of the question."""
    if len(text) <= _EXTRACT_LENGTH:
        return text
    best, start = -1.0, 0
    for at in range(0, len(text) - _EXTRACT_LENGTH // 2, _EXTRACT_LENGTH // 3):
        present = set(words_of(text[at : at + _EXTRACT_LENGTH]))
        value = sum(weight for word, weight in question.weights.items() if word in present)
        if value > best:
            best, start = value, at
    if start:
        start = text.find(" ", start) + 1
    piece = text[start : start + _EXTRACT_LENGTH]
    if start + _EXTRACT_LENGTH < len(text):
        piece = piece.rpartition(" ")[0] + " …"
    return ("… " if start else "") + piece
