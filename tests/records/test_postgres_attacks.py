"""No statement reads data sets of others, however it is written: neither the check nor the rights let it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from b24_mcp.config.settings import Settings
from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, Journal, ask
from tests.postgresql import PASSWORD, PostgresServer
from tests.records.conftest import DEAL_KINDS, DEALS, deals, keep
from tests.records.opened_stores import OpenedStores

CANARY = "CANARY-7731"
SLOW = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"


class Attack:
    """Ann, who attacks, and Ben, who has a secret. `theirs` is the schema of Ben."""

    def __init__(self, ann: DataSetLibrary, theirs: str, login: str) -> None:
        self.ann = ann
        self.theirs = theirs
        self.login = login

    async def __call__(self, sql: str, *, seconds: float = 5) -> list[list[Any]]:
        sql = sql.replace("THEIRS", self.theirs).replace("LOGIN", self.login)
        answer = await ask(self.ann, sql, rows=100, characters=100_000, seconds=seconds)
        assert CANARY not in str(answer.rows)
        return answer.rows


@pytest.fixture(scope="module")
async def attack(postgresql: tuple[PostgresServer, str]) -> AsyncIterator[Attack]:
    server, database = postgresql
    stores = OpenedStores(Settings(records=server.address("b24", database)))
    ann, ben = await stores.library("ann"), await stores.library("ben")
    await keep(ann, "deals", deals(1, 5))
    for name in ("deals", "hers"):
        await keep(ben, name, [row | {"TITLE": CANARY} for row in deals(1, 5)])
    logins = "SELECT reader FROM b24_mcp.people WHERE owner LIKE '%ben'"
    ((login,),) = await ben.store.do(lambda db: db.execute(logins).fetchall())
    yield Attack(ann, ben.store.place["schema"], login)
    await stores.aclose()
    server.empty(database)


READING = [
    "SELECT * FROM THEIRS.deals",
    'SELECT * FROM "THEIRS"."deals"',
    "SELECT * FROM hers",
    "TABLE THEIRS.hers",
    "WITH x AS (TABLE THEIRS.hers) SELECT * FROM x",
    'SELECT (SELECT max("TITLE") FROM THEIRS.deals)',
    "SELECT query_to_xml('SELECT * FROM THEIRS.deals', true, true, '')",
    "SELECT table_to_xml('THEIRS.deals', true, true, '')",
    "SELECT schema_to_xml('THEIRS', true, true, '')",
    "SELECT cursor_to_xml('x', 1, true, true, '')",
    "SELECT set_config('search_path', 'THEIRS', false), query_to_xml('SELECT * FROM hers', true, true, '')",
    "SELECT set_config('role', 'b24', false), query_to_xml('SELECT * FROM THEIRS.deals', true, true, '')",
    "SELECT set_config('role', 'none', false), query_to_xml('SELECT * FROM THEIRS.deals', true, true, '')",
    "SELECT set_config('role', 'LOGIN', false), query_to_xml('SELECT * FROM THEIRS.deals', true, true, '')",
    "SELECT set_config('session_authorization', 'b24', false)",
    "SELECT set_config('session_authorization', 'LOGIN', false)",
    "SELECT * FROM b24_mcp.people",
    "SELECT query_to_xml('SELECT * FROM b24_mcp.people', true, true, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(\"TITLE\") FROM THEIRS.deals')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT \"TITLE\"::tsquery, \"TITLE\"::tsquery FROM THEIRS.deals')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT dblink('dbname=postgres', 'SELECT 1')",
    "SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(a int)",
    "SELECT passwd FROM pg_shadow",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "COPY deals TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "RESET ROLE",
    "SET ROLE b24",
    "SET SESSION AUTHORIZATION LOGIN",
    "SELECT 1; RESET ROLE; SELECT * FROM THEIRS.deals",
    "SELECT 1) AS q; SELECT * FROM (SELECT * FROM THEIRS.deals",
    "DO $$ BEGIN PERFORM 1; END $$",
    "CALL x()",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "EXPLAIN ANALYZE SELECT * FROM THEIRS.deals",
    "LISTEN x",
    "NOTIFY x",
    "LOCK TABLE deals",
    "DECLARE c CURSOR FOR SELECT 1",
    "FETCH ALL FROM rows",
    "SELECT * INTO x FROM deals",
    "SELECT * FROM deals FOR UPDATE",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::text'",
    "CREATE TEMP TABLE x AS SELECT 1",
    "WITH x AS (INSERT INTO deals DEFAULT VALUES RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM deals RETURNING *) SELECT * FROM x",
    "SELECT nextval('x')",
    "SELECT currtid2('THEIRS.deals', '(0,1)')",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_switch_wal()",
]
"""Statements that fail for the login alone, even without the check."""
TELLING = [
    "SELECT pg_logical_emit_message(true, 'a', 'b')",
    "SELECT lo_create(0)",
    "SELECT 1) AS q WHERE true UNION SELECT * FROM (SELECT 2",
    "SELECT database_to_xml(true, true, '')",
    "SELECT nspname FROM pg_namespace",
    "SELECT * FROM pg_catalog.pg_class",
    'SELECT * FROM "pg_class"',
    'SELECT * FROM PG_CATALOG . "pg_class"',
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_description",
    "SELECT * FROM information_schema.tables",
    'SELECT * FROM "information_schema"."schemata"',
    "SELECT * FROM pg_settings",
    "SELECT * FROM pg_locks",
    "SELECT * FROM pg_roles",
    "SELECT 1::regclass",
    "SELECT 16384::regnamespace",
    "SELECT '{16384}'::_regnamespace",
    "SELECT '{16384}'::\"_regclass\"::text",
    "SELECT '{LOGIN}'::_regrole",
    "SELECT * FROM json_to_record('{\"a\":[16384]}') AS x(a _regclass)",
    "SELECT '{LOGIN=r/LOGIN}'::_aclitem",
    "SELECT '{<a/>}'::_xml",
    "SELECT obj_description(1, 'pg_namespace')",
    "SELECT has_schema_privilege('THEIRS', 'USAGE')",
    "SELECT current_setting('search_path')",
    "SELECT current_user",
    "SELECT session_user",
    "SELECT current_schema",
    "SELECT current_database()",
    "SELECT version()",
    "SELECT inet_server_addr()",
    "SELECT pg_backend_pid()",
    "SELECT txid_current()",
    "SELECT pg_sleep(60)",
    'SELECT "pg_sleep"(60)',
    "SELECT pg_catalog.pg_sleep(60)",
    "SELECT pg_catalog . /* x */ pg_sleep /* /* y */ */ (60)",
    "SELECT DISTINCT ON (1) pg_sleep(60)",
    "SELECT 1 FROM deals, pg_sleep(60) AS t(a)",
    "SELECT 1 FROM deals JOIN LATERAL pg_sleep(60) t ON true",
    "WITH x AS (SELECT 1), pg_sleep(a) AS (SELECT 2) SELECT pg_sleep(60)",
    "SELECT U&'x'",
    'SELECT U&"pg\\005fsleep"(60)',
    "SELECT E'\\'' || pg_sleep(60) || '\\''",
    "SELECT $$x$$",
    "SELECT $a$x$a$",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT set_config('work_mem', '2GB', false)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_cancel_backend(1)",
    "SELECT pg_notify('a', 'b')",
    "SELECT pg_export_snapshot()",
    "SELECT repeat('x', 1000000000)",
    "SELECT xmlparse(document '<a/>')",
    "SELECT '<a/>'::xml",
    "SELECT getdatabaseencoding()",
    "SELECT row_security_active('deals')",
    "SELECT txid_status(1)",
    "SELECT gen_random_uuid()",
    "SELECT setseed(0.5)",
    "SELECT normalize('a' || lpad('', 10, chr(769) || chr(803)), NFD)",
    "SELECT TITLE IS NORMALIZED FROM deals",
    "SELECT TITLE IS NOT NFD /* x */ NORMALIZED FROM deals",
    "SELECT * FROM public.x",
    "SELECT 1 -- x\n; SELECT 2",
    "SELECT THEIRS.round(1)",
    "SELECT pg_catalog.round(1)",
    "SELECT 'a' /* ",
    "SELECT 'a",
    'SELECT "a',
]
"""Statements that every login of PostgreSQL may run. The check refuses them."""


@pytest.mark.parametrize("sql", [*READING, *TELLING])
async def test_an_attack_is_refused(attack: Attack, sql: str) -> None:
    began = time.monotonic()
    with pytest.raises(B24Error) as caught:
        await attack(sql)
    assert caught.value.fault.code == "B24MCP_SQL"
    assert caught.value.fault.executed == "no"
    said = f"{caught.value.fault.message} {caught.value.fault.hint}"
    for secret in (CANARY, PASSWORD):
        assert secret not in said
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("sql", READING)
async def test_the_rights_alone_refuse_it(attack: Attack, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b24_mcp.records.postgresql.query.checked_statement", lambda sql, _: sql)
    with pytest.raises(B24Error):
        await attack(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ID FROM deals WHERE TITLE <> 'pg_sleep(1); $$ U&''x'' /*'",
        'SELECT 1 AS "a;b" -- pg_class',
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 9) SELECT count(*) FROM t",
        "WITH a(x) AS (SELECT 1), b(y) AS NOT MATERIALIZED (SELECT 2) SELECT x, y FROM a, b",
        "SELECT x FROM (VALUES (1), (2)) AS t(x)",
        "SELECT x FROM (VALUES (1), (2)) t(x)",
        'SELECT DISTINCT ON ("CLOSED") ID FROM deals ORDER BY "CLOSED", ID',
        "SELECT e.value FROM json_array_elements_text('[4,5]'::json) AS e(value)",
        "SELECT count(*) FILTER (WHERE ID > 2), string_agg(TITLE, ', ' ORDER BY ID) FROM deals",
        "SELECT sum(ID) OVER (PARTITION BY CLOSED ORDER BY ID ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM deals",
        "SELECT extract(YEAR FROM '2026-01-01'::date), cast(ID AS numeric(10, 2)), ID::text FROM deals",
        "SELECT ID FROM deals WHERE ID IN (SELECT ID FROM deals) AND EXISTS (SELECT 1)",
        "(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1",
        "SELECT to_char('2026-01-02T03:04:05+03:00'::timestamptz, 'YYYY-MM'), date_trunc('day', now()) IS NOT NULL",
        "SELECT d.id, D.TITLE FROM DEALS d ORDER BY d.Id;",
        'SELECT `TITLE`, "title", [1] IS NULL FROM deals'.replace(", [1] IS NULL", ""),
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY OPPORTUNITY) FROM deals",
        "SELECT date '2026-01-01' + interval '1 day'",
        "SELECT round(avg(OPPORTUNITY), 2) FROM deals GROUP BY ROLLUP (CLOSED)",
    ],
)
async def test_an_honest_statement_is_run(attack: Attack, sql: str) -> None:
    assert await attack(sql)


async def test_a_long_statement_is_ended(attack: Attack) -> None:
    began = time.monotonic()
    with pytest.raises(B24Error) as caught:
        await attack(SLOW, seconds=0.3)
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"
    assert "longer than 0.3 s" in caught.value.fault.message
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE t(x) AS (SELECT 'x'::text UNION ALL SELECT x || x FROM t WHERE length(x) < 40000000) "
        "SELECT x FROM t",
        "SELECT lpad('x', 20000000, 'y')",
        "SELECT string_agg(lpad('x', 1000000, 'y'), '') FROM generate_series(1, 30)",
        "SELECT array_agg(lpad('x', 1000000, 'y')) FROM generate_series(1, 30)",
        "SELECT lpad('x', 1000000000, 'y') || lpad('x', 1000000000, 'y')",
    ],
)
async def test_a_row_that_is_too_large_does_not_reach_the_server(attack: Attack, sql: str) -> None:
    with pytest.raises(B24Error) as caught:
        await attack(sql)
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"


async def test_a_recursion_without_end_is_ended(attack: Attack) -> None:
    with pytest.raises(B24Error) as caught:
        await attack(
            "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t", seconds=0.5
        )
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"


async def test_the_rows_of_a_run_and_the_journal_are_not_readable(attack: Attack) -> None:
    run = await attack.ann.begin("more", DEALS, DEAL_KINDS)
    await run.append(deals(1, 5), {"page": 1}, key="ID", total=9)
    await Journal(attack.ann.store).begin("key")
    for name in (run.table_name, "~jobs", "~job_rows", "~portal_times"):
        with pytest.raises(B24Error, match="not a data set"):
            await attack(f'SELECT * FROM "{name}"')
