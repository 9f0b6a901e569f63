"""Full-text search: rank the pages that answer a question.

An identifier in the question comes first: pages whose title has it, then those that define it. Otherwise the score of a
page has two parts. The larger one is how much of the question is covered by its title, or by a phrase in `topics.tsv`
that people use for its subject. The other is the rank of its sections in the index. Rare words have more weight than
frequent ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from b24_mcp.docs.identifiers import TITLE
from b24_mcp.docs.index import Kind
from b24_mcp.docs.question import DocQuestion, question_of
from b24_mcp.words import words_of

_CANDIDATES = 300
_EXTRACT_LENGTH = 400
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
_FIRST, _NAMED, _DEFINED = 50.0, 6.0, 0.35
"""What a page gains that is known to be meant, that has an identifier in its title, and for each degree of another use.
"""
_MOST_NAMED = 60
_USES = """
SELECT identifier.page, section, max(weight), sum(times) FROM identifier JOIN page ON page.id = identifier.page
WHERE name {} AND kind = coalesce(?, kind) GROUP BY identifier.page ORDER BY max(weight) DESC, sum(times) DESC LIMIT ?
"""
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


def search(
    db: sqlite3.Connection,
    language: str,
    query: str,
    *,
    kind: Kind | None = None,
    limit: int = 5,
    first: Sequence[str] = (),
) -> list[Hit]:
    """Return the pages of one edition that match a question, best first. The first 300 characters of `query` count.

    `first` are pages that are known otherwise to be meant: they come before all others.
    """
    question = question_of(db, query)
    if question is None:
        return []
    named = _named(db, question, kind)
    is_name = question.is_identifier and bool(named)
    sections = {} if is_name else _sections(db, question, kind)
    phrased = {} if is_name else _phrased(db, question, kind)
    known = _known(db, first, kind)
    most = max((fit for fit, _ in sections.values()), default=1.0)
    scores: dict[int, float] = {}
    for number in {*sections, *phrased, *named, *known}:
        page, of, words = db.execute("SELECT page, kind, words FROM page WHERE id = ?", (number,)).fetchone()
        similarity = max(question.similarity(words.split()) * _TITLE, phrased.get(number, 0.0))
        fit = sections[number][0] / most if number in sections else 0.0
        old = _OLD_WEIGHT if any(part in f"/{page}/" for part in _OLD) else 1.0
        gain = (named[number][0] if number in named else 0.0) + (_FIRST if number in known else 0.0)
        scores[number] = (similarity + _SECTIONS * fit + gain) * _KIND_WEIGHT[of] * old
    best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
    places = {number: named.get(number) or sections.get(number) for number in best}
    return [_hit(db, language, number, places[number], question, scores[number]) for number in best]


def _known(db: sqlite3.Connection, pages: Sequence[str], kind: Kind | None) -> set[int]:
    """Return the numbers of pages by their paths."""
    select = "SELECT id FROM page WHERE page = ? AND kind = coalesce(?, kind)"
    return {row[0] for page in pages for row in db.execute(select, (page, kind))}


def _named(db: sqlite3.Connection, question: DocQuestion, kind: Kind | None) -> dict[int, tuple[float, int]]:
    """Return the pages that are about the identifiers of a question: what they gain by it, and the best section."""
    found: dict[int, tuple[float, int]] = {}
    for typed in question.identifiers:
        for page, section, weight, times in _uses(db, typed.lower(), kind):
            gain = _NAMED if weight >= TITLE else _DEFINED * weight + min(times, 20) * 0.01
            before = found.get(page, (0.0, section))
            found[page] = (before[0] + gain, section if gain > before[0] else before[1])
    return found


def _uses(db: sqlite3.Connection, name: str, kind: Kind | None) -> list[tuple[int, int, int, int]]:
    """Return the uses of an identifier, or of those that begin with it, or of the one that was probably meant."""
    exactly = _USES.format("= ?")
    rows = db.execute(exactly, (name, kind, _MOST_NAMED)).fetchall()
    if not rows:
        rows = db.execute(_USES.format(">= ? AND name < ?"), (name, f"{name}\uffff", kind, _MOST_NAMED)).fetchall()
    if not rows:
        titles = [known for (known,) in db.execute("SELECT name FROM identifier WHERE weight >= ?", (TITLE,))]
        meant = get_close_matches(name, titles, 1, 0.85)
        rows = db.execute(exactly, (meant[0], kind, _MOST_NAMED)).fetchall() if meant else []
    return rows


def _sections(db: sqlite3.Connection, question: DocQuestion, kind: Kind | None) -> dict[int, tuple[float, int]]:
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


def _phrased(db: sqlite3.Connection, question: DocQuestion, kind: Kind | None) -> dict[int, float]:
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
    question: DocQuestion,
    score: float,
) -> Hit:
    page, title, kind = db.execute("SELECT page, title, kind FROM page WHERE id = ?", (number,)).fetchone()
    if fitting is None:
        row = db.execute("SELECT name, text FROM section WHERE page = ? ORDER BY id", (number,)).fetchone()
    else:
        row = db.execute("SELECT name, text FROM section WHERE id = ?", (fitting[1],)).fetchone()
    name, text = row or ("", "")
    return Hit(language, page, title, name, kind, _extract(text, question), score)


def _extract(text: str, question: DocQuestion) -> str:
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
