"""The index of units ranks as the full-text search of SQLite does."""

from __future__ import annotations

import sqlite3

import pytest

from b24_mcp.catalog import known_methods
from b24_mcp.catalog.unit_index import UnitIndex


@pytest.mark.parametrize("terms", [["add", "deal"], ["сделк", "контакт", "телефон"], ["task"], ["nosuchword", "list"]])
def test_the_best_units_are_those_of_the_rank_of_sqlite(terms: list[str]) -> None:
    search = known_methods().search
    query = (
        "SELECT method, kind, words, ideas, bm25(unit, 0, 0, 1.0, 0.5) AS rank FROM unit WHERE unit MATCH ? "
        "ORDER BY rank LIMIT 60"
    )
    with search._lock:
        ranked = search._db.execute(query, (" OR ".join(f'"{term}"' for term in terms),)).fetchall()
        best = set(UnitIndex(search._db, "unit").best(terms, 60))
    worst = max(rank for *_, rank in ranked)
    assert {tuple(unit) for *unit, rank in ranked if rank < worst} <= best  # equal ranks may change places
    assert len(best) == len({tuple(unit) for *unit, _ in ranked})


def test_no_terms_find_nothing() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE unit USING fts5 (method UNINDEXED, kind UNINDEXED, words, ideas)")
    assert UnitIndex(db, "unit").best([], 10) == []
    assert UnitIndex(db, "unit").best(["word"], 10) == []
