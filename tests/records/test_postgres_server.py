"""Data sets in PostgreSQL when the server does not answer, others work in it, or rights are missing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.from_thread
import pytest
from anyio.to_thread import run_sync

from b24_mcp.config.settings import Settings, SettingsError, load_settings
from b24_mcp.errors import B24Error
from b24_mcp.records import Column, Database, DataSetLibrary, Journal, ask
from b24_mcp.records.postgresql import PostgresConnections, PostgresStore, check_server, open_connections
from b24_mcp.secrets import Redactor
from tests.postgresql import PASSWORD, PostgresServer
from tests.records.conftest import DEAL_KINDS, DEALS, Clock, deals, keep
from tests.records.opened_stores import OpenedStores

Server = tuple[PostgresServer, str]
_DAY = 86_400.0


@pytest.fixture
async def connections(postgresql_address: str) -> AsyncIterator[PostgresConnections]:
    opened = open_connections(postgresql_address)
    yield opened
    await run_sync(opened.close)


def opened(connections: PostgresConnections, address: str, owner: str, clock: Clock) -> DataSetLibrary:
    store = PostgresStore(connections, address, owner, "acme", keep_days=30, clock=clock)
    return DataSetLibrary(store, Redactor())


async def names(server: Server, query: str) -> list[str]:
    """Return the names that a query of the superuser finds in the database of the test."""
    import psycopg

    def work() -> list[str]:
        with psycopg.connect(server[0].address(database=server[1])) as connection:
            return [str(row[0]) for row in connection.execute(query.encode())]

    return await run_sync(work)


async def test_sets_and_people_that_are_too_old_are_removed_with_their_logins(
    connections: PostgresConnections, postgresql_address: str, postgresql: Server, clock: Clock
) -> None:
    left, stays = (opened(connections, postgresql_address, owner, clock) for owner in ("left", "stays"))
    await keep(left, "deals", deals(1, 3))
    await keep(stays, "old", deals(1, 3))
    logins = await names(postgresql, "SELECT reader FROM b24_mcp.people ORDER BY owner")
    assert len(logins) == 2
    clock.now += 20 * _DAY
    await keep(stays, "young", deals(1, 3))
    clock.now += 15 * _DAY
    assert [one.name for one in await stays.sets()] == ["young"]
    schemas = await names(postgresql, "SELECT nspname FROM pg_namespace WHERE nspname ~ '^b24_[0-9a-f]+$'")
    assert schemas == [stays.store.place["schema"]]
    existing = "SELECT rolname FROM pg_roles WHERE rolname = ANY('{" + ",".join(logins) + "}')"
    assert await names(postgresql, existing) == [logins[1]]
    await keep(left, "deals", deals(1, 3))
    assert [one.name for one in await left.sets()] == ["deals"], "a running server creates what is missing"
    assert (await ask(left, "SELECT count(*) FROM deals", rows=1, characters=99)).rows == [[3]]


async def test_a_schema_belongs_to_a_person_whom_only_its_comment_names(
    postgresql_address: str, postgresql: Server
) -> None:
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library("ann@example.com")
    await library.sets()
    schema = library.store.place["schema"]
    assert "ann" not in schema
    assert PASSWORD not in str(library.store.place)
    query = f"SELECT obj_description('{schema}'::regnamespace)"
    (comment,) = await names(postgresql, query)
    assert "ann@example.com" in comment
    await stores.aclose()


async def test_a_lost_connection_is_an_error_and_the_next_call_works(
    postgresql_address: str, postgresql: Server
) -> None:
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library()
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(1, 50), {"page": 1}, key="ID", total=100)
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename ~ '^b24' AND datname = current_database()"
    )

    def cut(db: object) -> None:
        postgresql[0].run(end, database=postgresql[1])
        db.execute("SELECT 1")  # type: ignore[attr-defined]

    with pytest.raises(B24Error) as caught:
        await library.store.do(cut)
    fault = caught.value.fault
    assert (fault.code, fault.kind, fault.executed) == ("B24MCP_RECORDS_FILE", "unavailable", "no")
    assert "connection was lost" in fault.message
    resumed, cursor = await library.resume("deals", DEALS, DEAL_KINDS)
    assert cursor == {"page": 1}
    await resumed.append(deals(51, 100), None, key="ID", total=100)
    await resumed.finish(complete=True)
    assert (await ask(library, "SELECT count(*) FROM deals", rows=1, characters=99)).rows == [[100]]
    await stores.aclose()


async def test_the_lock_of_a_job_ends_with_its_connection(postgresql_address: str, postgresql: Server) -> None:
    stores = OpenedStores(Settings(records=postgresql_address))
    one, other = [Journal((await stores.library("ann")).store) for _ in range(2)]
    async with one.lock("key") as held:
        assert held
        end = "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database "
        end += "WHERE locktype = 'advisory' AND datname = current_database()"
        await run_sync(lambda: postgresql[0].run(end, database=postgresql[1]))
        async with other.lock("key") as second:
            assert second, "as if the server of the first one was killed"
    await stores.aclose()


async def test_a_cancelled_query_ends_on_the_server(postgresql_address: str, postgresql: Server) -> None:
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library()
    await library.sets()
    active = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'FETCH%' AND state = 'active'"
    slow = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"

    async def query() -> None:
        await ask(library, slow, rows=1, characters=99)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(query)
        while not await names(postgresql, active):
            await anyio.lowlevel.checkpoint()
        began = time.monotonic()
        tasks.cancel_scope.cancel()
    assert time.monotonic() - began < 2
    while await names(postgresql, active):
        assert time.monotonic() - began < 10
    await stores.aclose()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://b24:s3cret-x@127.0.0.1:1/x", "does not answer"),
        ("postgresql://b24:s3cret-x@127.0.0.1:PORT/postgres", "refuses the user or the password"),
        ("postgresql://b24:s3cret-x@127.0.0.1:abc/x", "does not answer"),
        ("postgresql://b24:s3cret-x@[::/x", "not an address"),
    ],
)
async def test_what_is_wrong_is_named_without_the_password(
    postgresql: Server, address: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = address.replace("PORT", str(postgresql[0].port))
    stores = OpenedStores(Settings(records=address))
    with pytest.raises(B24Error) as caught:
        await (await stores.library()).sets()
    fault = caught.value.fault
    assert fault.code == "B24MCP_RECORDS_FILE"
    assert said in fault.message
    whole = f"{fault} {caught.value!r} {caught.value.__cause__!r} {caplog.text}"
    assert "s3cret" not in whole
    await stores.aclose()


async def test_a_user_without_rights_is_told_which_are_missing(postgresql: Server) -> None:
    server, _ = postgresql
    create = f"CREATE ROLE poor LOGIN PASSWORD '{PASSWORD}'"
    await run_sync(lambda: server.run("DROP ROLE IF EXISTS poor", create))
    address = server.address("poor", "postgres")
    stores = OpenedStores(Settings(records=address))
    with pytest.raises(B24Error, match="a right is missing") as caught:
        await (await stores.library()).sets()
    assert "CREATEROLE" in caught.value.fault.hint
    _, missing = await run_sync(check_server, address)
    assert [to_do for _, to_do in missing] == [
        "Run in it: ALTER ROLE poor CREATEROLE",
        "Run in it: ALTER DATABASE postgres OWNER TO poor",
    ]
    await stores.aclose()
    await run_sync(lambda: server.run("DROP ROLE poor"))


async def test_a_query_does_not_hold_up_a_run_for_long(postgresql_address: str) -> None:
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library()
    await keep(library, "deals", deals(1, 50))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            lambda: ask(library, "SELECT count(*) FROM deals a, deals b, deals c, deals d", rows=1, characters=99)
        )
        await keep(library, "deals", deals(1, 5))
    assert (await ask(library, "SELECT count(*) FROM deals", rows=1, characters=99)).rows == [[5]]
    await stores.aclose()


def test_the_setting_is_an_address_and_its_password_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(records="postgresql://b24:s%2Fcret@db/records?password=other")
    assert {"s%2Fcret", "s/cret", "other"} <= set(settings.secrets())
    assert settings.dialect == "PostgreSQL"
    assert urlsplit(settings.records or "").hostname == "db"
    monkeypatch.setenv("B24_RECORDS", "mysql://u:s3cret-x@db")
    with pytest.raises(SettingsError, match="B24_RECORDS: use an address") as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)


async def test_a_server_that_is_stopped_is_named_soon(
    postgresql_address: str, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.records.postgresql.connections._PATIENCE", 0.3)
    server, database = postgresql
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library()
    await library.sets()
    stop = (f"ALTER DATABASE {database} ALLOW_CONNECTIONS false",)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'b24'"
    await run_sync(lambda: server.run(*stop, f"{end} AND datname = '{database}'"))
    with pytest.raises(B24Error, match="cannot be used") as caught:
        await library.sets()
    assert "no free connection" not in caught.value.fault.message
    await run_sync(lambda: server.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true"))
    assert await library.sets() == []
    await stores.aclose()


async def test_a_query_that_waits_for_a_new_state_of_a_set_reads_that_state(
    postgresql_address: str, postgresql: Server
) -> None:
    stores = OpenedStores(Settings(records=postgresql_address))
    library = await stores.library()
    await keep(library, "deals", deals(1, 50))
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(1, 5), None, key="ID", total=5)
    counted: list[list[Any]] = []
    locked = anyio.Event()

    async def query() -> None:
        await locked.wait()
        counted.extend((await ask(library, "SELECT count(*) FROM deals", rows=1, characters=99)).rows)

    def wait_for_the_query(db: Database, table: str, _: Sequence[Column]) -> int:
        db.execute(f'INSERT INTO "{table}" ("ID") VALUES (6)')
        db.execute("LOCK TABLE deals IN ACCESS EXCLUSIVE MODE")
        anyio.from_thread.run_sync(locked.set)
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
        while db.execute(waiting).fetchone() is None:
            pass
        return 6

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(query)
        await run.finish(complete=True, merge=wait_for_the_query)
    assert counted == [[6]]
    await stores.aclose()
