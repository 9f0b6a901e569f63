"""The units (texts of methods) that share the rarest words with a question.

The full-text index of SQLite computes its rank (BM25) again for each row that has one of the words, which was most of
the time of a search. Here the part of the rank that one word adds to each row is computed once, and kept for the words
of recent questions. The ranks are the same.

Source: the documentation of SQLite, FTS5, "The bm25() function".
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property

_WEIGHT_OF_IDEAS = 0.5
"""A unit has words and ideas (meanings of its words). A word counts once, an idea half."""
_K1 = 1.2
_B = 0.75
_LEAST_IDF = 1e-6
_MOST_WORDS = 256
"""The words whose parts are kept, of about 15 kB each."""

_TERMS = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.{0}_terms USING fts5vocab(main, {0}, instance)"
_COUNTS = "SELECT doc, sum(CASE col WHEN 'words' THEN 1.0 ELSE {1} END) FROM temp.{0}_terms WHERE term = ? GROUP BY doc"
_SIZES = "SELECT id, sz FROM {0}_docsize"
_UNITS = "SELECT method, kind, words, ideas FROM {0} WHERE rowid IN ({1})"

Unit = tuple[int, str, str, str]
"""The number of its method, its kind, its words and its ideas."""


class UnitIndex:
    """The index of one table of units in an open catalogue. The caller holds the lock of the connection."""

    def __init__(self, db: sqlite3.Connection, table: str) -> None:
        self._db = db
        self._table = table
        self._parts: OrderedDict[str, Mapping[int, float]] = OrderedDict()
        db.execute(_TERMS.format(table))

    def best(self, terms: Iterable[str], most: int) -> list[Unit]:
        """Return the units with the highest rank for these terms, in no order."""
        ranks: dict[int, float] = {}
        for term in terms:
            parts = self._parts_of(term)
            if not ranks:
                ranks = dict(parts)
                continue
            for row, part in parts.items():
                ranks[row] = ranks.get(row, 0.0) + part
        rows = heapq.nlargest(most, ranks, key=ranks.__getitem__)
        return self._db.execute(_UNITS.format(self._table, ",".join("?" * len(rows))), rows).fetchall()

    def _parts_of(self, term: str) -> Mapping[int, float]:
        """Return what a term adds to the rank of each row that has it."""
        if term in self._parts:
            self._parts.move_to_end(term)
            return self._parts[term]
        counts = self._db.execute(_COUNTS.format(self._table, _WEIGHT_OF_IDEAS), (term,)).fetchall()
        idf = max(math.log((len(self._lengths) - len(counts) + 0.5) / (len(counts) + 0.5)), _LEAST_IDF)
        parts = {row: idf * count * (_K1 + 1) / (count + self._lengths[row]) for row, count in counts}
        self._parts[term] = parts
        if len(self._parts) > _MOST_WORDS:
            self._parts.popitem(last=False)
        return parts

    @cached_property
    def _lengths(self) -> Mapping[int, float]:
        """What the length of each row adds to the denominator of the formula: long texts count less."""
        sizes = {row: sum(_numbers(size)) for row, size in self._db.execute(_SIZES.format(self._table))}
        average = sum(sizes.values()) / max(len(sizes), 1) or 1.0
        return {row: _K1 * (1 - _B + _B * size / average) for row, size in sizes.items()}


def _numbers(data: bytes) -> list[int]:
    """Return the numbers in the format of SQLite for integers of variable length, here at most eight bytes each."""
    numbers, number = [], 0
    for byte in data:
        number = (number << 7) | (byte & 0x7F)
        if byte < 0x80:
            numbers.append(number)
            number = 0
    return numbers
