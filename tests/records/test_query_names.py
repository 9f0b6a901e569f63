"""Queries as people write them: misspelt names, case in any script, and sums that a portal writes as texts."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, ask
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.query_functions import like
from tests.records.conftest import keep

ROWS = [
    {"ID": "1", "TITLE": "Иванов ЁЖ", "Сумма сделки": "1200.00", "order": "a"},
    {"ID": "2", "TITLE": "ПЕТРОВ", "Сумма сделки": "99.50", "order": "б"},
    {"ID": "3", "TITLE": "Łukasz", "Сумма сделки": "", "order": "А"},
]


@pytest.fixture
async def filled(library: DataSetLibrary) -> DataSetLibrary:
    await keep(library, "deals", ROWS, FieldKinds({}))
    return library


async def rows_of(library: DataSetLibrary, sql: str) -> list[list[Any]]:
    return (await ask(library, sql, rows=100, characters=20_000)).rows


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ('SELECT count(*) FROM deals WHERE "TITEL" = 1', "Did you mean TITLE?"),
        ('SELECT "Суммасделки" FROM deals', "Did you mean Сумма сделки?"),
        ('SELECT d."TITEL" FROM deals d', "Did you mean TITLE?"),
        ("SELECT d.TITEL FROM deals d", "Did you mean TITLE?"),
        ("SELECT * FROM deal", "Did you mean deals?"),
        ("SELECT * FROM d", "Did you mean deals?"),
        ('SELECT TITLE FROM deals WHERE TITLE = "Иванов ЁЖ"', "written in single quotes"),
        ('SELECT count(*) FROM deals GROUP BY "titel"', "Did you mean TITLE?"),
        ("SELECT nmae FROM data_sets", "Did you mean name?"),
    ],
)
async def test_a_misspelt_name_is_an_error_with_the_nearest_name(filled: DataSetLibrary, sql: str, said: str) -> None:
    with pytest.raises(B24Error) as caught:
        await rows_of(filled, sql)
    assert caught.value.fault.code == "B24MCP_SQL"
    assert said in caught.value.fault.hint


@pytest.mark.parametrize(
    ("sql", "columns", "rows"),
    [
        ('SELECT "title" FROM "deals" WHERE "ID" = 2', ["TITLE"], [["ПЕТРОВ"]]),
        ('SELECT max("ID") FROM deals', ['max("ID")'], [[3]]),
        ('SELECT sum("Сумма сделки") AS "итог ""x""`" FROM deals', ['итог "x"`'], [[1299.5]]),
        ('WITH "t"("n") AS (SELECT ID FROM deals) SELECT max("n") AS n FROM "t"', ["n"], [[3]]),
        ("""SELECT json_extract('{"a b": 1}', '$."a b"') AS x""", ["x"], [[1]]),
        ('SELECT \'"TITEL"\' AS x -- "not a name"', ["x"], [['"TITEL"']]),
    ],
)
async def test_names_in_double_quotes_work(
    filled: DataSetLibrary, sql: str, columns: list[str], rows: list[list[Any]]
) -> None:
    answered = await ask(filled, sql, rows=10, characters=1_000)
    assert (answered.columns, answered.rows) == (columns, rows)


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("TITLE LIKE '%петр%'", [2]),
        ("TITLE LIKE 'иванов ёж'", [1]),
        ("TITLE LIKE 'ŁUK%'", [3]),
        ("TITLE NOT LIKE '%О%'", [3]),
        ("TITLE = 'петров' COLLATE NOCASE", [2]),
        ("lower(TITLE) = 'петров'", [2]),
        ("upper(TITLE) = 'ПЕТРОВ'", [2]),
        ("TITLE LIKE '_етро_'", [2]),
        ("ID LIKE '1%'", [1]),
        ("NULL LIKE 'x'", []),
    ],
)
async def test_case_does_not_matter_in_any_script(filled: DataSetLibrary, condition: str, ids: list[int]) -> None:
    assert await rows_of(filled, f"SELECT ID FROM deals WHERE {condition} ORDER BY ID") == [[one] for one in ids]


async def test_rows_are_ordered_without_case(filled: DataSetLibrary) -> None:
    found = await rows_of(filled, 'SELECT "order" FROM deals ORDER BY "order" COLLATE NOCASE')
    assert found == [["a"], ["А"], ["б"]]


async def test_sums_that_are_written_as_texts_are_numbers(filled: DataSetLibrary) -> None:
    found = await rows_of(filled, 'SELECT "Сумма сделки" FROM deals ORDER BY 1 DESC')
    assert found == [[1200.0], [99.5], [None]]


@settings(max_examples=300, deadline=None)
@given(st.text("ab_%\\é", max_size=8), st.text("abAB_%\\é", max_size=8), st.booleans())
@example("a%b%", "aB", False)
@example("%aab", "aaab", False)
@example("\\%", "%", True)
def test_like_is_that_of_sqlite_for_ascii(pattern: str, text: str, with_escape: bool) -> None:
    pattern, text = pattern.replace("é", "e"), text.replace("é", "e")
    if with_escape and len(pattern.replace("\\\\", "")) - len(pattern.replace("\\\\", "").rstrip("\\")) == 1:
        return  # an escape without a character after it
    db = sqlite3.connect(":memory:")
    sql = "SELECT ? LIKE ?" + " ESCAPE '\\'" * with_escape
    (expected,) = db.execute(sql, (text, pattern)).fetchone()
    db.close()
    assert like(pattern, text, "\\" if with_escape else None) == expected
