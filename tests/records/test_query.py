"""SQL over data sets: its answers, and that no statement can access anything else."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, QueryAnswer, ask, query_process
from tests.records.conftest import DEAL_KINDS, DEALS, Clock, deals, keep, open_library

CANARY = "CANARY-7731"
_POPEN = subprocess.Popen


async def asked(library: DataSetLibrary, sql: str, *, rows: int = 100, seconds: float = 15) -> QueryAnswer:
    return await ask(library, sql, rows=rows, characters=20_000, seconds=seconds)


async def test_sets_are_joined_and_counted(library: DataSetLibrary) -> None:
    await keep(library, "deals", deals(1, 50))
    await keep(library, "люди", [{"ID": str(number), "NAME": f"N{number}"} for number in range(1, 6)])
    answered = await asked(
        library, "SELECT p.NAME, count(*), sum(d.OPPORTUNITY) FROM deals d JOIN люди p ON p.ID = d.ID % 5 GROUP BY 1"
    )
    assert answered.columns == ["NAME", "count(*)", "sum(d.OPPORTUNITY)"]
    assert answered.rows[0] == ["N1", 10, 240.0]
    assert answered.truncated is False
    assert [found.name for found in answered.read] == ["люди", "deals"]


async def test_an_answer_ends_at_its_limit_and_says_whether_there_is_more(library: DataSetLibrary) -> None:
    await keep(library, "deals", deals(1, 1_200))
    for limit, truncated in ((10, True), (1_199, True), (1_200, False), (5_000, False)):
        answered = await ask(library, "SELECT ID FROM deals", rows=limit, characters=10**9)
        assert len(answered.rows) == min(limit, 1_200)
        assert answered.truncated is truncated
    few = await ask(library, "SELECT * FROM deals", rows=5_000, characters=100)
    assert few.truncated
    assert len(few.rows) <= 500


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT ID FROM deals WHERE ID = '7'", [[7]]),
        ("SELECT count(*) FROM deals", [[50]]),
        ("SELECT count(*) FROM (SELECT 1 FROM deals)", [[50]]),
        ("WITH t(x) AS (SELECT ID FROM deals) SELECT count(*) FROM t", [[50]]),
        ("WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t LIMIT 9) SELECT count(*) FROM t", [[9]]),
        ("SELECT sum(ID) OVER (ORDER BY ID) FROM deals LIMIT 2", [[1], [3]]),
        ("SELECT value FROM json_each('[4,5]')", [[4], [5]]),
        ("SELECT max(x.value) FROM deals, json_each(json_array(deals.ID)) x", [[50]]),
        ("SELECT round(julianday('2026-03-02') - julianday('2026-03-01T00:00:00+00:00'))", [[1.0]]),
        ("SELECT strftime('%Y', '2026-03-01')", [["2026"]]),
        ("SELECT 1 WHERE 'Сделка' LIKE '%дел%'", [[1]]),
        ("VALUES (1), (2)", [[1], [2]]),
        ("SELECT 9e999, x'41', NULL", [["Infinity", "A", None]]),
        ("SELECT name FROM data_sets", [["deals"]]),
        ("SELECT ID FROM main.deals WHERE rowid = 3 -- a comment; and more", [[3]]),
        ("SELECT ID FROM deals WHERE ID = 1;", [[1]]),
    ],
)
async def test_statements_that_compute_and_read_are_answered(
    library: DataSetLibrary, sql: str, rows: list[list[Any]]
) -> None:
    await keep(library, "deals", deals(1, 50))
    assert (await asked(library, sql)).rows == rows


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DELETE FROM deals", "only one SELECT"),
        ("UPDATE deals SET ID = 0", "only one SELECT"),
        ("INSERT INTO deals (ID) VALUES (1)", "only one SELECT"),
        ("DROP TABLE deals", "only one SELECT"),
        ("CREATE TABLE x (a)", "only one SELECT"),
        ("CREATE TEMP TABLE x AS SELECT * FROM deals", "only one SELECT"),
        ("CREATE VIRTUAL TABLE x USING fts5(a)", "only one SELECT"),
        ("ATTACH 'other.db' AS other", "only one SELECT"),
        ("DETACH main", "only one SELECT"),
        ("PRAGMA query_only = OFF", "only one SELECT"),
        ("PRAGMA database_list", "only one SELECT"),
        ("BEGIN", "only one SELECT"),
        ("COMMIT", "only one SELECT"),
        ("SAVEPOINT x", "only one SELECT"),
        ("REINDEX", "only one SELECT"),
        ("ANALYZE", "only one SELECT"),
        ("VACUUM INTO 'copy.db'", "VACUUM|only one SELECT"),
        ("SELECT load_extension('x')", "load_extension"),
        ("SELECT readfile('/etc/passwd')", "readfile"),
        ("SELECT writefile('x', 'y')", "writefile"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
        ("SELECT randomblob(1000000000)", "randomblob"),
        ("SELECT sqlite_compileoption_get(1)", "sqlite_compileoption_get"),
        ("SELECT * FROM sqlite_master", "sqlite_master is not a data set"),
        ("SELECT count(*) FROM sqlite_schema", "not a data set"),
        ("SELECT count(*) FROM temp.sqlite_master", "not a data set"),
        ("SELECT * FROM pragma_table_info('deals')", "only one SELECT"),
        ("SELECT * FROM pragma_database_list", "only one SELECT"),
        ("SELECT * FROM dbstat", "only one SELECT|no such table"),
        ("SELECT * FROM deals; DROP TABLE deals", "one statement"),
        ("", "no statement"),
        ("-- nothing", "no statement"),
        ("SELECT ?", "binding"),
        ("SELEC 1", "syntax error"),
        ("SELECT \0 1", "U\\+0000"),
        ("SELECT 1 " + " " * 200_000, "longer than"),
        ("SELECT " + "(" * 500 + "1" + ")" * 500, "depth|overflow"),
        ("SELECT '\ud800'", "surrogates|encode|utf"),
    ],
)
async def test_any_other_statement_is_refused_with_the_reason(library: DataSetLibrary, sql: str, why: str) -> None:
    await keep(library, "deals", deals(1, 5))
    with pytest.raises(B24Error, match=why) as caught:
        await asked(library, sql)
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_SQL", "no")
    assert (await asked(library, "SELECT count(*) FROM deals")).rows == [[5]]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
        "SELECT count(*) FROM deals a, deals b, deals c, deals d, deals e, deals f",
        "SELECT a.ID FROM deals a, deals b, deals c, deals d, deals e ORDER BY a.TITLE || b.TITLE || c.TITLE",
    ],
)
async def test_a_statement_that_runs_too_long_is_ended(library: DataSetLibrary, sql: str) -> None:
    await keep(library, "deals", deals(1, 50))
    began = time.monotonic()
    with pytest.raises(B24Error, match=r"longer than 0\.5 s") as caught:
        await asked(library, sql, seconds=0.5)
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"
    assert time.monotonic() - began < 5


async def test_a_statement_stuck_inside_one_function_is_ended_from_outside(
    library: DataSetLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.records.query._GRACE", 0.3)
    await library.sets()
    stuck = "SELECT instr(printf('%.8000000c', 'a'), printf('%.4000000c', 'a') || 'b')"
    with pytest.raises(B24Error, match="longer than") as caught:
        await asked(library, stuck, seconds=0.3)
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound memory so")
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT group_concat(printf('%.100000c', 'x')) FROM deals a, deals b, deals c",
        "SELECT hex(hex(hex(printf('%.4000000c', 'x'))))",
        "SELECT json_group_array(a.TITLE || b.TITLE || c.TITLE || d.TITLE) FROM deals a, deals b, deals c, deals d",
    ],
)
async def test_a_statement_that_needs_too_much_memory_is_ended(library: DataSetLibrary, sql: str) -> None:
    await keep(library, "deals", deals(1, 50))
    with pytest.raises(B24Error) as caught:
        await asked(library, sql)
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"


async def test_cancelling_ends_the_statement(library: DataSetLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(library, "deals", deals(1, 50))
    started: list[subprocess.Popen[bytes]] = []
    running = threading.Event()

    def popen(*arguments: Any, **options: Any) -> Any:
        started.append(_POPEN(*arguments, **options))
        running.set()
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", popen)
    endless = "SELECT count(*) FROM deals a, deals b, deals c, deals d, deals e"
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: asked(library, endless, seconds=600))
            await anyio.to_thread.run_sync(running.wait)
            tasks.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(started[0].wait) != 0


async def test_a_running_run_is_invisible_and_does_not_block_readers(library: DataSetLibrary) -> None:
    await keep(library, "deals", deals(1, 5))
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(100, 150), {"page": 1}, key="ID", total=100)
    assert (await asked(library, "SELECT count(*) FROM deals")).rows == [[5]]
    with pytest.raises(B24Error, match="not a data set"):
        await asked(library, f'SELECT * FROM "~{run._number}"')


async def test_an_unknown_name_is_reported_with_the_existing_ones(library: DataSetLibrary) -> None:
    with pytest.raises(B24Error) as caught:
        await asked(library, "SELECT * FROM deals")
    assert "list_records and import_records create them" in caught.value.fault.hint
    await keep(library, "deals", deals(1, 5))
    with pytest.raises(B24Error) as caught:
        await asked(library, "SELECT * FROM leads")
    assert "Data sets: deals." in caught.value.fault.hint
    with pytest.raises(B24Error) as caught:
        await asked(library, "SELECT AMOUNT FROM deals")
    assert "Columns of deals: ID, TITLE, OPPORTUNITY, CLOSED." in caught.value.fault.hint


async def test_the_statement_runs_without_the_secrets_of_the_environment(
    library: DataSetLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    def popen(*arguments: Any, **options: Any) -> Any:
        seen.append(options["env"])
        return _POPEN(*arguments, **options)

    monkeypatch.setenv("B24_WEBHOOK_URL", "https://acme.bitrix24.ru/rest/1/code123456/")
    monkeypatch.setattr(subprocess, "Popen", popen)
    await library.sets()
    await asked(library, "SELECT 1")
    assert "B24_WEBHOOK_URL" not in seen[0]
    assert set(seen[0]) <= {"SYSTEMROOT", "TEMP", "TMP", "TMPDIR"}


def test_the_program_needs_the_standard_library_only() -> None:
    program = Path(query_process.__file__)
    question = json.dumps({"path": "/nowhere/x.db", "sql": "SELECT 1", "rows": 1, "seconds": 1})
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program)],
        input=question + "\n",
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    assert json.loads(done.stdout)["error"] == "file"
    assert done.stderr == ""


# --- Nothing outside the data sets can be read or written ----------------------------------------------------------


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of data sets, in which one table is not a data set, and with another database."""
    folder = tmp_path_factory.mktemp("house")

    async def fill() -> None:
        library = open_library(folder / "sets.db", Clock())
        await keep(library, "deals", deals(1, 5))
        await library.aclose()

    anyio.run(fill)
    for name in ("sets.db", "other.db"):
        db = sqlite3.connect(folder / name)
        db.execute("CREATE TABLE hidden (secret)")
        db.execute("INSERT INTO hidden VALUES (?)", (CANARY,))
        db.execute("CREATE VIEW peek AS SELECT secret FROM hidden")
        db.commit()
        db.close()
    (folder / "note.txt").write_text(CANARY)
    return folder


def state_of(folder: Path) -> dict[str, str]:
    """Return the content of the files, except the journals of SQLite."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if not file.name.endswith(("-shm", "-wal"))
    }


sources = st.sampled_from(
    [
        "deals",
        "hidden",
        "peek",
        "main.hidden",
        "temp.hidden",
        "other.hidden",
        "sqlite_master",
        "sqlite_schema",
        '"~1"',
        "sqlite_temp_master",
        "sqlite_sequence",
        "pragma_table_list",
        "pragma_database_list",
        "dbstat",
        "data_sets",
        "pragma_table_info('hidden')",
        "json_each((SELECT secret FROM hidden))",
        "(SELECT * FROM hidden)",
        "t",
        "fts5vocab",
        "sqlite_stmt",
        "bytecode('SELECT * FROM hidden')",
        "tables_used('SELECT 1')",
        "completion",
    ]
)
values = st.sampled_from(
    [
        "*",
        "secret",
        "count(*)",
        "t.secret",
        "rowid",
        "sql",
        "(SELECT secret FROM hidden)",
        "hidden.secret",
        "1",
        "readfile('note.txt')",
        "load_extension('note.txt')",
        "writefile('new.txt', 'x')",
        "edit('x')",
        "zeroblob(9)",
        "fts3_tokenizer('simple')",
        "sqlite_log(1, 'x')",
        "snippet(deals)",
        "eval('DROP TABLE deals')",
        "sha3(1)",
        "EXISTS (SELECT 1 FROM peek)",
        "json_extract((SELECT secret FROM main.hidden), '$')",
        "last_insert_rowid()",
    ]
)
files = st.sampled_from(["'other.db'", "'new.db'", "'file:sets.db?mode=rwc'", "':memory:'", "'note.txt'", "''"])


@st.composite
def statements(draw: st.DrawFn) -> str:
    source, value = draw(sources), draw(values)
    select = f"SELECT {value} FROM {source}"
    shapes = [
        select,
        f"WITH t AS ({select}) SELECT * FROM t",
        f"WITH hidden AS ({select}) SELECT * FROM hidden, main.hidden",
        f"WITH deals AS (SELECT * FROM hidden) {select}",
        f"WITH RECURSIVE t(secret) AS ({select} UNION SELECT secret FROM t, hidden) SELECT * FROM t",
        f"{select} UNION ALL SELECT secret FROM hidden",
        f"SELECT * FROM deals WHERE ID IN ({select})",
        f"SELECT * FROM deals AS hidden JOIN {source} AS t",
        f"SELECT * FROM deals ORDER BY ({select})",
        f"EXPLAIN QUERY PLAN {select}",
        f"INSERT INTO deals {select}",
        f"INSERT INTO hidden VALUES (1) RETURNING {value}",
        f"WITH t AS (SELECT 1) DELETE FROM {source} RETURNING {value}",
        f"UPDATE {source} SET secret = 1 RETURNING *",
        f"REPLACE INTO {source} VALUES ({value})",
        f"CREATE TABLE new AS {select}",
        f"CREATE TEMP VIEW t AS {select}",
        f"CREATE TEMP TRIGGER t AFTER INSERT ON hidden BEGIN {select}; END",
        "ALTER TABLE hidden RENAME TO deals2",
        f"ATTACH {draw(files)} AS other",
        f"VACUUM INTO {draw(files)}",
        "PRAGMA writable_schema = 1",
        f"PRAGMA temp_store_directory = {draw(files)}",
        f"PRAGMA journal_mode = {draw(files)}",
    ]
    statement = draw(st.sampled_from(shapes))
    before = draw(st.sampled_from(["", "/* x */", "EXPLAIN ", "SELECT 1; ", ";", "\ufeff", "\n--\n", "COMMIT; "]))
    after = draw(st.sampled_from(["", ";", "; DROP TABLE deals", f"; ATTACH {draw(files)} AS other", " --", " /*"]))
    return before + statement + after


@settings(max_examples=400, deadline=None)
@given(statements() | st.text(max_size=60))
@example("SELECT secret FROM peek")
@example("SELECT count(*) FROM hidden")
@example("SELECT 1 FROM hidden")
@example("WITH data_sets AS (SELECT * FROM hidden) SELECT * FROM data_sets")
def test_nothing_outside_the_data_sets_can_be_read_or_written(house: Path, sql: str) -> None:
    before = state_of(house)
    former = Path.cwd()
    os.chdir(house)
    try:
        question: query_process.QueryRequest = {"path": str(house / "sets.db"), "sql": sql, "rows": 50, "seconds": 5}
        answer = list(query_process.answer(question))
    finally:
        os.chdir(former)
    assert CANARY not in json.dumps(answer)
    assert state_of(house) == before
    read = answer[0].get("read", [])
    assert set(read) <= {"deals", "data_sets"}


@pytest.mark.parametrize("action", range(60))
def test_every_action_of_sqlite_except_reading_and_computing_is_denied(action: int) -> None:
    gate = query_process.SqlAuthorizer({"deals": "deals"}, {"hidden"})
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}
    told = gate(action, "hidden", "secret", "main", None)
    assert told == (sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)


@pytest.mark.parametrize(
    ("table", "column", "database", "may"),
    [
        ("deals", "ID", "main", True),
        ("DEALS", "", None, True),
        ("deals", "ID", "temp", False),
        ("deals", "ID", "other", False),
        ("hidden", "secret", "main", False),
        ("hidden", "", None, False),
        ("made_up", "", None, True),
        ("made_up", "x", "main", False),
        ("json_each", "value", "main", True),
        ("sqlite_master", "", None, False),
    ],
)
def test_only_data_sets_are_read(table: str, column: str, database: str | None, may: bool) -> None:
    gate = query_process.SqlAuthorizer({"deals": "deals"}, {"hidden", "sqlite_master"})
    assert (gate(sqlite3.SQLITE_READ, table, column, database, None) == sqlite3.SQLITE_OK) is may


def test_no_function_with_access_to_the_outside_is_allowed() -> None:
    outside = "load_extension readfile writefile edit fts3_tokenizer sqlite_log zeroblob randomblob rtreecheck fts5"
    assert not set(outside.split()) & query_process.FUNCTIONS
    assert not {name for name in query_process.FUNCTIONS if name.startswith(("sqlite_", "fts", "pragma"))}
