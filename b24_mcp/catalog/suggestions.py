"""The names of methods that were probably meant by a name that does not exist.

Assistants invent names by rules of other systems: another verb (`create` for `add`, `search` for `list`), a plural, an
underscore for a dot, the parts in another order, or a part more or less. Names are therefore compared part by part, and
parts with the same meaning (`data/concepts.txt`) count nearly as much as equal ones.

Some inventions are like other names than the one that is meant. `data/method_words.tsv` has those in `invented`: words
without a plural `s` between points, several of them between `|`. `@add` and the like are all verbs with this meaning,
and `@read` are those of `@list` and `@get`. A `*` in `meant` is the second word that was written.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches
from functools import cache

from b24_mcp.catalog.names import is_slip
from b24_mcp.catalog.tables import read_table
from b24_mcp.words import stem, words_of_name

_SAME_MEANING = 0.8
_SLIP = 0.85
_NEAR_VERB = 0.5
_LEAST = 0.5
_FURTHEST = 0.62
"""The part of the best score that a further suggestion needs."""
_TEXT_WEIGHT = 0.35
_CLOSE_TEXT = 0.8
_CANDIDATES = 12
_VERBS = (
    "iadd add create new insert make register post",
    "iupdate update edit change modify set save patch put write won win lost lose assign reassign archive convert",
    "idelete delete remove destroy erase drop del",
    "ilist list search find query all filter items index getall getlist",
    "iget get read fetch load show detail info view one byid retrieve",
    "ifields fields getfields schema describe columns metadata properties structure",
    "icount count total number",
    "istart start begin run launch open resume",
    "istop stop finish end complete close pause",
)
_NEAR_VERBS = {frozenset(pair) for pair in (("ilist", "iget"), ("iadd", "iupdate"), ("ilist", "icount"))}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_Parts = tuple[str, ...]


class Suggestions:
    """Finds names that are like a name that does not exist, among `names`. `ideas` are the meanings of stems."""

    def __init__(self, names: Iterable[str], ideas: Mapping[str, frozenset[str]]) -> None:
        self._ideas = ideas
        self._names = {name: _parts(name) for name in names}
        self._squeezed = {_squeezed(name): name for name in self._names}
        counts = Counter(part for parts in self._names.values() for part in set(parts))
        self._weights = {part: 1 / math.log(2.5 + count) for part, count in counts.items()}

    def find(self, typed: str, most: int = 5) -> list[str]:
        """Return the names that were probably meant, the most likely first; empty when no name is like it."""
        parts = _parts(typed)
        if not parts:
            return []
        likeness = self._likeness_of(parts)
        scores = {name: self._score(likeness, parts, known) for name, known in self._names.items()}
        likely = set(sorted(scores, key=lambda name: -scores[name])[: most * _CANDIDATES])
        spelled = _squeezed(typed)
        likely.update(self._squeezed[near] for near in get_close_matches(spelled, self._squeezed, most, _CLOSE_TEXT))
        known = {name.lower(): name for name in self._names}
        first = [known[name] for name in _meant_by(typed) if name in known]
        totals = {
            name: max(scores[name], _alike_texts(spelled, name)) + _TEXT_WEIGHT * _ratio(typed.lower(), name.lower())
            for name in likely
            if name.lower() != typed.lower()
        }
        best = sorted(totals, key=lambda name: (-totals[name], len(name), name))[:most]
        if not best or totals[best[0]] < _LEAST:
            return first
        near = [name for name in best if totals[name] >= totals[best[0]] * _FURTHEST]
        return list(dict.fromkeys([*first, *near]))[:most]

    def _likeness_of(self, parts: _Parts) -> dict[str, dict[str, float]]:
        """Return for each part of the typed name the known parts that are like it, with how much."""
        found: dict[str, dict[str, float]] = {}
        for part in parts:
            found[part] = {known: value for known in self._weights if (value := self._alike(part, known))}
        return found

    def _alike(self, one: str, other: str) -> float:
        if one == other:
            return 1.0
        verb, other_verb = _verb_of().get(one), _verb_of().get(other)
        if verb and verb == other_verb:
            return _SAME_MEANING
        if verb and other_verb:
            return _NEAR_VERB if frozenset((verb, other_verb)) in _NEAR_VERBS else 0.0
        if len(one) > 3 and len(other) > 3 and is_slip(one, other):
            return _SLIP
        if not verb and not other_verb and not self._ideas.get(one, frozenset()).isdisjoint(self._ideas.get(other, ())):
            return _SAME_MEANING
        return 0.0

    def _score(self, likeness: Mapping[str, Mapping[str, float]], typed: _Parts, known: _Parts) -> float:
        """Return how much of both names the other one has, between 0 and 1."""
        rare = 1.0
        asked = covered = 0.0
        for part in typed:
            weight = self._weights.get(part, rare)
            asked += weight
            covered += weight * max((likeness[part].get(one, 0.0) for one in known), default=0.0)
        has = matched = 0.0
        for one in known:
            weight = self._weights[one]
            has += weight
            matched += weight * max((likeness[part].get(one, 0.0) for part in typed), default=0.0)
        recall, precision = covered / asked, matched / has
        return 2 * recall * precision / (recall + precision) if recall and precision else 0.0


@cache
def _verb_of() -> dict[str, str]:
    """The verb that the stem of each word stands for."""
    return {stem(word): group.split()[0] for group in _VERBS for word in group.split()[1:]}


def _meant_by(typed: str) -> list[str]:
    """Return the names that an invented one is known to stand for, in lower case."""
    words = [_singular(word) for word in re.split(r"[._]", _CAMEL.sub(".", typed).lower()) if word]
    orders = [words]
    orders += [
        [*words[:at], *words[at + 1 :], word] for at, word in enumerate(words[:-1]) if at and word in _all_verbs()
    ]
    return list(dict.fromkeys(name for order in orders for name in _meant_by_words(order)))


def _meant_by_words(words: list[str]) -> list[str]:
    return [
        name.replace("*", words[1]) if "*" in name else name
        for pattern, names in _inventions()
        if len(pattern) == len(words) and all(word in part for word, part in zip(words, pattern, strict=True))
        for name in names
    ]


@cache
def _all_verbs() -> frozenset[str]:
    return frozenset(_singular(verb) for group in _VERBS for verb in group.split()[1:])


@cache
def _inventions() -> list[tuple[list[frozenset[str]], list[str]]]:
    groups = {group.split()[0][1:]: frozenset(map(_singular, group.split()[1:])) for group in _VERBS}
    groups["read"] = groups["list"] | groups["get"]

    def words_in(part: str) -> frozenset[str]:
        found: set[str] = set()
        for word in part.split("|"):
            found |= groups[word[1:]] if word.startswith("@") else {_singular(word)}
        return frozenset(found)

    return [
        ([words_in(part) for part in row["invented"].split(".")], row["meant"].lower().split())
        for row in read_table("method_words")
    ]


def _singular(word: str) -> str:
    """Return a word without a plural `s`; verbs are compared in the same form."""
    if word.endswith("ies") and len(word) > len("ies"):
        return f"{word[:-3]}y"
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _parts(name: str) -> _Parts:
    return tuple(words_of_name(name))


def _squeezed(name: str) -> str:
    return name.replace(".", "").replace("_", "").lower()


def _alike_texts(spelled: str, name: str) -> float:
    """Return how alike two names are without their separators, if they nearly are the same text; otherwise 0."""
    ratio = _ratio(spelled, _squeezed(name))
    return ratio if ratio >= _CLOSE_TEXT else 0.0


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
