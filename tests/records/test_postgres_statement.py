"""The check of a statement for PostgreSQL: what it reads in a statement, and the names that it restores."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.config.settings import Settings
from b24_mcp.errors import B24Error
from b24_mcp.records import Column, DataSet

pytest.importorskip("psycopg", reason="the extra postgresql is not installed")
from b24_mcp.records.postgresql.statement import checked_statement
from tests.records.conftest import DEAL_KINDS, DEALS, keep
from tests.records.opened_stores import OpenedStores

_QUOTES = ["'", '"', "''", "--", "/*", "*/", "$$", "E'", "U&'", "`", "[", ";", "::", ".", "%", "?", "\\", ",", "(", ")"]
_WORDS = ["\n", " ", "\u00a0", "a", "boom(1)", '"boom"(1)', "AS", "select", "with", "distinct on", "from", "cast("]
_PIECES = st.sampled_from([*_QUOTES, *_WORDS])


def data_set(name: str, *columns: str) -> DataSet:
    listed = tuple(Column(column, column, "text") for column in columns)
    return DataSet(name, 0, 0, True, "m", "{}", "p", "t", "t", listed, (), "finished")


SETS = [data_set("deals", "ID", "TITLE", "DATE", "Order", "Ёлка"), data_set("items", "id", "title", "dateCreate")]


@given(st.lists(_PIECES, max_size=15).map("".join))
def test_any_text_is_refused_or_checked(text: str) -> None:
    with suppress(B24Error):
        assert checked_statement(f"SELECT {text}", SETS)


@given(st.text().filter(lambda text: "\0" not in text))
def test_texts_and_quoted_aliases_stay_as_they_are(text: str) -> None:
    literal = text.replace("'", "''")
    statement = f"SELECT '{literal}' FROM deals -- ID"
    assert checked_statement(statement, SETS) == statement


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ("SELECT ID, title FROM Deals", 'SELECT "ID", "TITLE" FROM "deals"'),
        ('SELECT "id" FROM deals', 'SELECT "ID" FROM deals'),
        ("SELECT id FROM items", "SELECT id FROM items"),
        ("SELECT datecreate FROM items", 'SELECT "dateCreate" FROM items'),
        ("SELECT d.id, i.ID FROM deals d, items AS i", 'SELECT d."ID", i."id" FROM deals d, items AS i'),
        ("SELECT deals.id, items.ID FROM deals, items", 'SELECT deals."ID", items."id" FROM deals, items'),
        ("SELECT date FROM deals", 'SELECT "DATE" FROM deals'),
        ("SELECT DATE '2026-01-01', x::date, cast(x AS date), date(x) FROM deals", None),
        ("SELECT extract(year FROM x) FROM deals", "SELECT extract(year FROM x) FROM deals"),
        ("SELECT * FROM deals ORDER BY 1", "SELECT * FROM deals ORDER BY 1"),
        ("SELECT u.id, d.id FROM deals d, portal_users u", 'SELECT u.id, d."ID" FROM deals d, portal_users u'),
        ("SELECT `TITLE` FROM deals;", 'SELECT "TITLE" FROM deals'),
        ("SELECT Елка, Ёлка FROM deals", 'SELECT Елка, "Ёлка" FROM deals'),
    ],
)
def test_names_are_those_that_are_stored(written: str, run: str | None) -> None:
    assert checked_statement(written, SETS) == (run or written)


async def test_texts_of_any_characters_are_stored(postgresql_address: str) -> None:
    """A zero character and half of a surrogate pair, which PostgreSQL cannot hold, are replaced."""
    chosen = random.Random(7)
    marks = "\\\t\n\r'\",;%?{}NьЁ😀\u2028\x01\x7f \ud800\0."
    texts = ["".join(chosen.choices(marks, k=chosen.randrange(1, 12))) for _ in range(500)]
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library()
    await keep(library, "x", [{"ID": str(place), "TITLE": text} for place, text in enumerate(texts)], DEAL_KINDS)
    found = await stores.rows(library, "SELECT TITLE FROM x ORDER BY ID")
    assert [row[0] for row in found] == [text.replace("\0", "\ufffd").replace("\ud800", "?") for text in texts]
    assert (await library.sets())[0].method == DEALS.method
    await stores.aclose()
