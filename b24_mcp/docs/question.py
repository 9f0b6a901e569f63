"""A question as the search sees it: its stems with their weights, corrected, and words of the same meaning."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from b24_mcp.docs.identifiers import identifiers_in
from b24_mcp.words import stem, transliterated, words_of

MAX_QUERY_LENGTH = 300
_MAX_WORDS = 16
_FOCUS = 0.4
# A word in more than this share of the sections is not searched for.
_FREQUENT = 0.12
_UNKNOWN_WEIGHT = 3.0
_SYNONYM = 0.5
"""How much a word of the same meaning counts."""
_SHORTEST_CORRECTED = 4
_LEAST_SECTIONS = 3
_SHORTEST_EVENT = 8
_TOKEN = re.compile(r"\w[\w.:]*")


@dataclass(frozen=True, slots=True)
class DocQuestion:
    """The stems of a question with their weights, and for each the stems of the same meaning. `searched` are the stems
    that the index is searched for, `identifiers` the names in it as they were typed.
    """

    weights: dict[str, float]
    synonyms: Mapping[str, frozenset[str]]
    searched: list[str]
    identifiers: list[str]

    @property
    def is_identifier(self) -> bool:
        """Whether the question is nothing but identifiers."""
        parts = {part for name in self.identifiers for part in words_of(name.replace("_", " ").replace(".", " "))}
        return bool(self.identifiers) and set(self.weights) <= parts

    def similarity(self, words: Iterable[str]) -> float:
        """Return the share of the question that a text covers, lower for longer texts; between 0 and 1."""
        known = set(words)
        covered, matched = 0.0, 0
        for word, weight in self.weights.items():
            if word in known:
                covered, matched = covered + weight, matched + 1
            elif not known.isdisjoint(self.synonyms.get(word, ())):
                covered, matched = covered + weight * _SYNONYM, matched + 1
        covered /= sum(self.weights.values())
        return covered * (1 - _FOCUS + _FOCUS * matched / max(len(known), 1))


def question_of(db: sqlite3.Connection, query: str) -> DocQuestion | None:
    """Return a question to one edition; None without a word to search for. The first 300 characters count."""
    query = query[:MAX_QUERY_LENGTH]
    sections = (db.execute("SELECT max(id) FROM section").fetchone()[0] or 0) + 1
    typed = list(dict.fromkeys(words_of(query)))[:_MAX_WORDS]
    words = list(dict.fromkeys(_meant(db, word) for word in typed))
    if not words:
        return None
    counts = {word: _sections_with(db, word) for word in words}
    weights = {
        word: math.log(1 + sections / (1 + count)) if count else _UNKNOWN_WEIGHT for word, count in counts.items()
    }
    synonyms = {word: _synonyms().get(word, frozenset()) for word in words}
    searched = [word for word in words if 0 < counts[word] < sections * _FREQUENT]
    if not searched:
        # The question may be in the other language: its words are found by words of the same meaning.
        others = dict.fromkeys(one for word in words for one in sorted(synonyms[word]))
        searched = [word for word in (*words, *others) if _sections_with(db, word)][:_MAX_WORDS]
    return DocQuestion(
        weights, synonyms, searched, list(dict.fromkeys([*identifiers_in(query), *_plain_names(db, query)]))
    )


def _plain_names(db: sqlite3.Connection, query: str) -> list[str]:
    """Return the names in a question that look like words: the whole question, or an event in small letters."""
    tokens = _TOKEN.findall(query.lower())
    asked = [
        token for token in tokens if len(tokens) == 1 or (token.startswith("on") and len(token) >= _SHORTEST_EVENT)
    ]
    known = "SELECT 1 FROM identifier WHERE name = ?"
    return [token for token in asked if db.execute(known, (token,)).fetchone()]


def _sections_with(db: sqlite3.Connection, word: str) -> int:
    row = db.execute("SELECT doc FROM vocabulary WHERE term = ?", (word,)).fetchone()
    return row[0] if row else 0


def _meant(db: sqlite3.Connection, word: str) -> str:
    """Return the word itself, or the frequent word that differs by a typing error. A word in Latin letters that the
    edition does not have may be a Russian one.
    """
    if len(word) < _SHORTEST_CORRECTED or word.isdigit() or _sections_with(db, word) or word in _synonyms():
        return word
    if corrected := _corrected(db, word):
        return corrected
    if word.isascii() and word.isalpha():
        return next((one for one in transliterated(word) if _sections_with(db, one) >= _LEAST_SECTIONS), word)
    return word


def _corrected(db: sqlite3.Connection, word: str) -> str:
    """Return the most frequent word with the same first letter that is one typing error away, two in long words."""
    slips = 2 if len(word) >= 8 else 1
    rows = db.execute(
        "SELECT term, doc FROM vocabulary WHERE term >= ? AND term < ? AND doc >= ? AND length(term) BETWEEN ? AND ?",
        (word[0], chr(ord(word[0]) + 1), _LEAST_SECTIONS, len(word) - slips, len(word) + slips),
    )
    best, score = "", (slips + 1, 0)
    for term, sections in rows:
        away = _distance(word, term, slips)
        if away <= slips and (away, -sections) < score:
            best, score = term, (away, -sections)
    return best


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters are missing, added, replaced or swapped between two words, at most `most` + 1."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, last = last, current
    return last[-1]


@cache
def _synonyms() -> Mapping[str, frozenset[str]]:
    """Return for each stem the stems of the same meaning."""
    found: dict[str, set[str]] = {}
    for line in files("b24_mcp.docs").joinpath("synonyms.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        stems = {stem(word) for part in line.split() for word in re.findall(r"\w+", part.lower().replace("ё", "е"))}
        for one in stems:
            found.setdefault(one, set()).update(stems - {one})
    return {word: frozenset(others) for word, others in found.items()}
