"""How well a record fits a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from b24_mcp.app.finding.kinds import FindKind
from b24_mcp.app.finding.question import Question
from b24_mcp.app.finding.searches import How
from b24_mcp.app.finding.spelling import similarity, tokens
from b24_mcp.discovery.schemas import text

GOOD = 0.8
"""The score from which a record surely fits the words of a question."""
LEAST = 0.45
"""The lowest score that is shown."""

_LONGEST_TITLE = 120
_BY_ID, _BY_NUMBER, _BY_WHOLE_CONTACT, _BY_PART = 1.3, 1.2, 1.4, 0.9
_LEAST_WHOLE = 7
_KIND_NAMED = 0.25
_WHOLE_TITLE = 0.06
_PER_EXTRA_WORD, _MOST_EXTRA_WORDS = 0.015, 10
_HEAVIEST = 8


@dataclass(slots=True)
class Candidate:
    """A record that a search found. `how` is what it has in common with the question."""

    kind: FindKind
    id: int
    row: Mapping[str, object]
    how: How
    score: float

    @property
    def title(self) -> str:
        """The title of the record, without HTML, in one line of bounded length."""
        return joined(self.row, self.kind.title)

    @property
    def full_title(self) -> str:
        """The title with everything else that names the record."""
        return " ".join(filter(None, (self.title, joined(self.row, self.kind.more_title))))


def joined(row: Mapping[str, object], names: Sequence[str]) -> str:
    """Return the texts of fields, joined by spaces."""
    return " ".join(filter(None, [text(row.get(name), _LONGEST_TITLE) for name in names]))


def scored(question: Question, candidate: Candidate) -> float:
    """Return the score of a candidate: about 1 for every word, more for a phone, an e-mail or an id."""
    named = _KIND_NAMED if question.kind == candidate.kind.kind else 0.0
    if candidate.how in ("phone", "e-mail"):
        whole = bool(question.email) or len(question.digits) >= _LEAST_WHOLE
        return (_BY_WHOLE_CONTACT if whole else _BY_PART) + named
    found = tokens(candidate.full_title)
    fitting = by_words(question.words, found) + (_WHOLE_TITLE if _is_whole(question.words, candidate) else 0.0)
    if question.number and (not question.words or named):
        fitting = max(fitting, _by_number(question.number, candidate))
    return named + fitting


def by_words(words: Sequence[str], found: Sequence[str]) -> float:
    """Return how many of the words a title has, from 0 to 1; long words count more, and other words in it less."""
    if not words or not found:
        return 0.0
    weights = [min(len(word), _HEAVIEST) for word in words]
    written = [*found, *[f"{first}{second}" for first, second in pairwise(found)]]
    best = [max(similarity(word, other) for other in written) for word in words]
    covered = sum(one * weight for one, weight in zip(best, weights, strict=True)) / sum(weights)
    extra = max(len(found) - len(words), 0)
    return covered - _PER_EXTRA_WORD * min(extra, _MOST_EXTRA_WORDS)


def _by_number(number: str, candidate: Candidate) -> float:
    if str(candidate.id) == number:
        return _BY_ID
    if any(text(candidate.row.get(name)) == number for name in candidate.kind.numbers):
        return _BY_NUMBER
    return by_words((number,), tokens(candidate.full_title))


def _is_whole(words: Sequence[str], candidate: Candidate) -> bool:
    return sorted(tokens(candidate.title)) == sorted(words)
