"""A name in any Unicode form finds its data set and its columns; texts are unchanged."""

from __future__ import annotations

import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSet, DataSetLibrary, ask, check_name, export, place_of
from b24_mcp.records.columns import Column
from b24_mcp.records.sql_names import with_stored_names
from tests.records.conftest import keep

NFC = unicodedata.normalize("NFC", "Счёт_café")
NFD = unicodedata.normalize("NFD", NFC)
CITY = unicodedata.normalize("NFC", "Région")


def data_set(name: str, *columns: str) -> DataSet:
    made = tuple(Column(column, column, "text") for column in columns)
    return DataSet(name, 1, 1, True, "crm.deal.list", "{}", "host", "", "", made, (), "finished")


@pytest.fixture
async def filled(library: DataSetLibrary) -> DataSetLibrary:
    rows = [{"ID": "1", unicodedata.normalize("NFD", CITY): NFD}, {"ID": "2", unicodedata.normalize("NFD", CITY): NFC}]
    await keep(library, await anyio.to_thread.run_sync(check_name, NFD), rows)
    return library


async def asked(library: DataSetLibrary, sql: str) -> list[list[Any]]:
    return (await ask(library, sql, rows=100, characters=10_000)).rows


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("quotes", ["", '""', "``", "[]"])
async def test_a_query_finds_set_and_column_in_either_unicode_form(
    filled: DataSetLibrary, form: Any, quotes: str
) -> None:
    table, column = (f"{quotes[:1]}{unicodedata.normalize(form, name)}{quotes[1:]}" for name in (NFC, CITY))
    assert await asked(filled, f"SELECT count({column}), max(t.{column}) IS NOT NULL FROM {table} AS t") == [[2, 1]]


async def test_texts_are_compared_as_they_are_written(filled: DataSetLibrary) -> None:
    for text, number in ((NFD, 1), (NFC, 2)):
        assert await asked(filled, f"SELECT ID FROM {NFD} WHERE {CITY} = '{text}'") == [[number]]
    assert await asked(filled, f"SELECT '{NFD}' -- {NFD}\n FROM {NFD} /* {NFD} */ LIMIT 1") == [[NFD]]


async def test_a_set_is_exported_by_its_name_in_either_unicode_form(filled: DataSetLibrary, tmp_path: Path) -> None:
    for number, table in enumerate((NFC, NFD)):
        place = place_of(tmp_path / f"{number}.parquet")
        assert (await export(filled, f"SELECT * FROM {table}", place)).rows == 2
    assert await anyio.to_thread.run_sync((tmp_path / "1.parquet").exists)


async def test_a_set_is_found_and_dropped_by_its_name_in_either_unicode_form(filled: DataSetLibrary) -> None:
    assert await filled.find(NFD) == await filled.find(NFC)
    assert await filled.find(NFD) is not None
    assert await filled.drop(NFD) is True
    assert await filled.find(NFC) is None


async def test_an_unknown_name_is_reported_with_the_existing_names(filled: DataSetLibrary) -> None:
    with pytest.raises(B24Error) as caught:
        await asked(filled, f"SELECT nosuch FROM {NFD}")
    assert f"Columns of {NFC}" in caught.value.fault.hint


def test_two_stored_forms_of_one_name_stay_different() -> None:
    sets = [data_set("deals", CITY, unicodedata.normalize("NFD", CITY))]
    for column in (CITY, unicodedata.normalize("NFD", CITY)):
        sql = f"SELECT {column} FROM deals"
        assert with_stored_names(sql, sets) == sql


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT '{NFD}'",
        f"SELECT 'it''s {NFD}' FROM x",
        f"SELECT 1 -- {NFD}",
        f"SELECT 1 /* {NFD} */",
        f"SELECT '{NFD}",
        f"SELECT 1 AS {unicodedata.normalize('NFD', 'Ünknown')}",
        f"SELECT x'4142', '\"{NFD}\"', '[{NFD}]'",
        f"SELECT '-- ', '{NFD}', '/*', '{NFD}'",
    ],
)
def test_nothing_but_known_names_is_changed(sql: str) -> None:
    assert with_stored_names(sql, [data_set(NFC)]) == sql


@pytest.mark.parametrize("piece", ["[", "`", '"', "'", "/*", "--", "é", "''", '""', "[é", "'é"])
def test_a_long_statement_of_open_quotes_is_scanned_once(piece: str) -> None:
    sql = "é" + piece * (100_000 // len(piece))
    assert with_stored_names(sql, [data_set(NFC)]) == sql


PIECES = st.sampled_from(
    [NFC, NFD, *"'\"[]`\n ", "--", "/*", "*/", "''", f"'{NFD}'", f'"{NFD}"', f"[{NFD}]", f"`{NFD}`"]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
@example(f'"{NFD}')
@example(f"`{NFD}")
@example(f"[{NFD}")
def test_texts_of_a_statement_are_those_that_sqlite_reads(sql: str) -> None:
    rewritten = with_stored_names(sql, [data_set(NFC)])
    assert unicodedata.normalize("NFC", rewritten) == unicodedata.normalize("NFC", sql)
    assert texts_of(rewritten) == texts_of(sql)


def texts_of(sql: str) -> list[str]:
    """Return the text constants that SQLite finds in an expression; none if it is not valid."""
    db = sqlite3.connect(":memory:")
    try:
        for number, name in enumerate((NFC, NFD)):
            db.execute(f'CREATE TABLE t{number} ("{name}")')
            db.execute(f"INSERT INTO t{number} VALUES (0)")
        (row,) = db.execute(f"SELECT ({sql}\n) FROM t0, t1").fetchall()
    except (sqlite3.Error, sqlite3.Warning):
        return []
    finally:
        db.close()
    return [value for value in row if isinstance(value, str)]
