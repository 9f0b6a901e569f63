"""SQL over the portal's own tables, which are no data sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.records import (
    PORTAL_TABLES,
    DataSetLibrary,
    PortalTable,
    QueryAnswer,
    ask,
    check_name,
    export,
    place_of,
    portal_tables_in,
)
from tests.records.conftest import deals, keep

USERS = PortalTable(
    "portal_users", [[1, "Анна", 1, "anna@example.com", None, "[1]"], [2, "Boris", 0, None, None, "[]"]]
)


async def asked(library: DataSetLibrary, sql: str) -> QueryAnswer:
    return await ask(library, sql, rows=100, characters=20_000, tables=[USERS])


async def test_a_table_of_the_portal_is_joined_with_a_data_set(library: DataSetLibrary) -> None:
    await keep(library, "deals", deals(1, 4))
    answered = await asked(
        library, "SELECT u.name, count(*) FROM deals d JOIN Portal_Users u ON u.id = d.ID % 2 + 1 GROUP BY 1"
    )
    assert answered.rows == [["Boris", 2], ["Анна", 2]]
    assert [table.name for table in answered.tables] == ["portal_users"]
    assert [data_set.name for data_set in answered.read] == ["deals"]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) FROM portal_users", [[2]]),
        ("SELECT name FROM temp.portal_users WHERE active", [["Анна"]]),
        ('SELECT value FROM "portal_users", json_each(departments)', [[1]]),
        ("WITH t AS (SELECT id FROM [portal_users]) SELECT max(id) FROM t", [[2]]),
    ],
)
async def test_a_table_of_the_portal_is_read_like_any_table(library: DataSetLibrary, sql: str, rows: object) -> None:
    await library.sets()
    assert (await asked(library, sql)).rows == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM temp.sqlite_master",
        "SELECT * FROM sqlite_temp_master",
        "SELECT * FROM main.portal_users",
        "SELECT * FROM portal_stages",
        "DELETE FROM portal_users",
        "DROP TABLE temp.portal_users",
        "CREATE TEMP TABLE x AS SELECT * FROM portal_users",
    ],
)
async def test_nothing_else_of_the_temporary_database_can_be_used(library: DataSetLibrary, sql: str) -> None:
    await library.sets()
    with pytest.raises(B24Error) as refused:
        await asked(library, sql)
    assert refused.value.fault.code == "B24MCP_SQL"


async def test_tables_of_the_portal_are_not_listed_among_the_data_sets(library: DataSetLibrary) -> None:
    answered = await asked(library, "SELECT (SELECT count(*) FROM data_sets), count(*) FROM portal_users")
    assert answered.rows == [[0, 2]]
    assert await library.sets() == []


async def test_an_unknown_column_is_answered_with_the_columns_of_the_table(library: DataSetLibrary) -> None:
    await library.sets()
    with pytest.raises(B24Error) as refused:
        await asked(library, "SELECT LAST_NAME FROM portal_users")
    assert "Columns of portal_users: id, name, active" in refused.value.fault.hint


@pytest.mark.parametrize("name", [*PORTAL_TABLES, "Portal_Users"])
def test_no_data_set_has_the_name_of_a_table_of_the_portal(name: str) -> None:
    with pytest.raises(B24Error) as refused:
        check_name(name)
    assert refused.value.fault.code == "B24MCP_RECORDS_NAME"


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", []),
        ("SELECT * FROM portal_users", ["portal_users"]),
        (
            'SELECT * FROM "PORTAL_STAGES" s, [portal_users], `portal_fields`',
            ["portal_users", "portal_stages", "portal_fields"],
        ),
        ("SELECT 'portal_users' -- portal_stages\n /* portal_options */", []),
        ("SELECT portal_users_of_mine FROM x", []),
    ],
)
def test_the_tables_that_a_statement_names_are_found(sql: str, names: list[str]) -> None:
    assert portal_tables_in(sql) == names


async def test_an_export_holds_a_table_of_the_portal_that_its_query_names(
    library: DataSetLibrary, tmp_path: Path
) -> None:
    await library.sets()
    exported = await export(library, "SELECT id, name FROM portal_users", place_of(tmp_path / "x.csv"), tables=[USERS])
    assert exported.rows == 2
    assert "Анна" in (tmp_path / "x.csv").read_text("utf-8-sig")
