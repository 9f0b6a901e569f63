"""The search for methods by an intent in English or Russian.

The full-text index finds the texts that share words with the question. They are scored by how much of the
question they cover; a word with the same meaning counts nearly as much as the same word. The ranking prefers methods
that are current, methods that do what the verb in the question says, and methods that are used most.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from b24_mcp.catalog.names import is_slip
from b24_mcp.catalog.unit_index import UnitIndex
from b24_mcp.words import transliterated, words_of

LONGEST_QUERY = 300
_MOST_WORDS = 24
_CANDIDATES = 180
_PLACES_OF_PORTAL = 3
_IDEA_WEIGHT = 0.6
# The texts of undocumented methods rank below documented texts that match as well.
_KIND_WEIGHT = {"phrasing": 1.0, "summary": 0.95, "name": 0.9, "added": 0.8}
_VERB_IDEAS = {"iadd": "add", "iupdate": "update", "idelete": "delete", "ilist": "list", "iread": "get"}
_COMMON = ("crm.item.", "crm.deal.", "crm.contact.", "crm.company.", "crm.lead.", "tasks.task.", "user.", "disk.")


@dataclass(frozen=True, slots=True)
class FoundMethod:
    """A search result. The `score` is only used for the order."""

    name: str
    version: str
    score: float


@dataclass(frozen=True, slots=True)
class _Question:
    """A parsed question: its words with their possible meanings (ideas) and weights, and the kinds of its verbs."""

    words: dict[str, frozenset[str]]
    weights: dict[str, float]
    verbs: frozenset[str]

    @property
    def terms(self) -> list[str]:
        """The terms to look up. Ideas of verbs are in a third of all texts, so only their words are looked up."""
        ideas = (idea for ideas in self.words.values() for idea in sorted(ideas) if idea not in _VERB_IDEAS)
        return list(dict.fromkeys([*self.words, *ideas]))


class MethodSearch:
    """The search over a compiled catalogue. `lock` guards the connection, which is shared."""

    def __init__(self, db: sqlite3.Connection, lock: threading.Lock) -> None:
        self._db = db
        self._lock = lock

    def find(self, query: str, *, scope: str | None = None, limit: int = 10) -> list[FoundMethod]:
        """Return the methods that match an intent, a method name or a part of one, the best first.

        Only the first 300 characters of `query` count. With `scope`, only methods of that scope are returned.
        Undocumented methods of a portal rank below all documented ones, whatever their texts.
        """
        query = query[:LONGEST_QUERY].strip()
        with self._lock:
            scores = self._by_name(query)
            for method, score in self._by_words(query).items():
                scores[method] = max(scores.get(method, 0.0), score)
            ranked = sorted(scores, key=lambda method: (-scores[method], method))
            documented = (method for method in ranked if method not in self._of_portal)
            of_portal = (method for method in ranked if method in self._of_portal)
            first = self._found(documented, scores, scope, limit)
            last = self._found(of_portal, scores, scope, min(_PLACES_OF_PORTAL, limit - 1) if first else limit)
            return first[: limit - len(last)] + last

    def _found(
        self, ranked: Iterable[int], scores: Mapping[int, float], scope: str | None, most: int
    ) -> list[FoundMethod]:
        found: list[FoundMethod] = []
        for method in ranked:
            if len(found) >= most:
                break
            name, version, facts = self._db.execute(
                "SELECT name, version, facts FROM method WHERE id = ?", (method,)
            ).fetchone()
            if scope is None or scope in json.loads(facts)["scope"]:
                found.append(FoundMethod(name, version, scores[method]))
        return found

    def _by_name(self, query: str) -> dict[int, float]:
        """Return the scores of methods whose name is the query, begins with it, or contains it."""
        name = query.lower().strip(" .")
        if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", name):
            return {}
        if "." not in name and not self._db.execute("SELECT 1 FROM method WHERE key = ?", (name,)).fetchone():
            return {}
        rows = self._db.execute("SELECT id, key, age FROM method WHERE instr(key, ?)", (name,))
        return {
            number: (10.0 if known == name else 6.0 if known.startswith(name) else 4.0) - age - len(known) / 1e3
            for number, known, age in rows
        }

    def _by_words(self, query: str) -> dict[int, float]:
        question = self._question(query)
        if not question.words:
            return {}
        found = [unit for index in self._indexes for unit in index.best(question.terms, _CANDIDATES)]
        units: dict[int, list[float]] = {}
        for method, kind, words, ideas in found:
            likeness = _likeness(question, words.split(), set(ideas.split())) * _KIND_WEIGHT[kind]
            units.setdefault(method, []).append(likeness)
        return {method: self._score(method, likenesses, question) for method, likenesses in units.items()}

    def _question(self, query: str) -> _Question:
        words: dict[str, frozenset[str]] = {}
        weights: dict[str, float] = {}
        documented = len(self._facts) - len(self._of_portal)
        for typed in list(dict.fromkeys(words_of(query)))[:_MOST_WORDS]:
            word = self._meant(typed)
            words[word] = self.ideas.get(word, frozenset())
            weights[word] = math.log(1 + documented / (1 + self._vocabulary.get(word, 0)))
        ideas = frozenset().union(*words.values()) if words else frozenset()
        return _Question(words, weights, frozenset(_VERB_IDEAS[idea] for idea in ideas if idea in _VERB_IDEAS))

    def _meant(self, word: str) -> str:
        """Return the word itself, or the most frequent known word that differs by a typing error.

        An unknown word in Latin letters may be Russian: then its transliteration is looked up in the same way.
        """
        if self._is_known(word) or len(word) < 3:
            return word
        meant = self._corrected(word)
        if meant == word and word.isascii() and word.isalpha():
            russian = transliterated(word)
            known = next((one for one in russian if self._is_known(one)), None)
            corrected = (self._corrected(one) for one in russian)
            return known or next((one for one in corrected if self._is_known(one)), word)
        return meant

    def _is_known(self, word: str) -> bool:
        return word in self._vocabulary or word in self.ideas

    def _corrected(self, word: str) -> str:
        if len(word) < 4:
            return word
        near = [known for known in self._by_letter.get(word[0], ()) if abs(len(known) - len(word)) < 2]
        near = [known for known in near if is_slip(word, known)]
        return max(near, key=lambda known: self._vocabulary.get(known, 0), default=word)

    def _score(self, method: int, likenesses: list[float], question: _Question) -> float:
        likenesses.sort(reverse=True)
        score = likenesses[0] + 0.15 * sum(likenesses[1:4])
        key, version, age, verb = self._facts[method]
        score *= 1 - 0.28 * age
        if version == "v3" and key in self._in_both:
            score *= 0.93
        if question.verbs and verb:
            score *= 1.12 if verb in question.verbs else 0.85
        elif not question.verbs:
            score *= 1.1 if verb in ("list", "get") else 0.9
        return score * (1.06 if key.startswith(_COMMON) else 1.0)

    @cached_property
    def _indexes(self) -> list[UnitIndex]:
        """The index of the documented units, and that of a portal's undocumented methods if there are any.

        The texts of a portal have a separate index, so they neither displace the documented texts nor change their
        weights.
        """
        return [UnitIndex(self._db, table) for table in (("unit", "added_unit") if self._of_portal else ("unit",))]

    @cached_property
    def ideas(self) -> dict[str, frozenset[str]]:
        """The possible meanings of stems: the compiled `data/concepts.txt`."""
        return {word: frozenset(ideas.split()) for word, ideas in self._db.execute("SELECT word, ideas FROM concept")}

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT word, methods FROM vocabulary").fetchall())

    @cached_property
    def _by_letter(self) -> dict[str, list[str]]:
        """The known words by their first letter, which is rarely mistyped."""
        words: dict[str, list[str]] = {}
        for word in {**self._vocabulary, **self.ideas}:
            words.setdefault(word[0], []).append(word)
        return words

    @cached_property
    def _facts(self) -> dict[int, tuple[str, str, float, str]]:
        rows = self._db.execute("SELECT id, key, version, age, verb FROM method")
        return {number: (key, version, age, verb) for number, key, version, age, verb in rows}

    @cached_property
    def _of_portal(self) -> set[int]:
        """The undocumented methods of a portal."""
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'added_unit'").fetchone():
            return set()
        return {number for (number,) in self._db.execute("SELECT DISTINCT method FROM added_unit")}

    @cached_property
    def _in_both(self) -> set[str]:
        """The names that both versions of the API have."""
        return {key for (key,) in self._db.execute("SELECT key FROM method GROUP BY key HAVING count(*) > 1")}


def _likeness(question: _Question, words: list[str], ideas: set[str]) -> float:
    """Return how much of the question a text covers and how little else it says, between 0 and 1."""
    there = set(words)
    covered = 0.0
    matched = 0
    for word, meant in question.words.items():
        if word in there:
            covered += question.weights[word]
            matched += 1
        elif not ideas.isdisjoint(meant):
            covered += question.weights[word] * _IDEA_WEIGHT
            matched += 1
    asked = sum(question.weights.values())
    return covered / asked * (0.75 + 0.25 * matched / max(len(words), matched, 1))
