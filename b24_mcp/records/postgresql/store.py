"""The store of the data sets of an owner on a portal, in a schema of PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import anyio
import anyio.to_thread
import psycopg

from b24_mcp.records.data_set import DataSet
from b24_mcp.records.names import quoted
from b24_mcp.records.portal_tables import PortalTable
from b24_mcp.records.postgresql.address import shown_address
from b24_mcp.records.postgresql.connections import PgConnection, PostgresConnections
from b24_mcp.records.postgresql.database import POSTGRESQL, PostgresDatabase
from b24_mcp.records.postgresql.problems import COLLISIONS, GONE, database_errors
from b24_mcp.records.postgresql.query import PostgresQuery
from b24_mcp.records.postgresql.schema import (
    OwnedSchema,
    ReaderLogin,
    expire_others,
    lock_number,
    prepare,
    set_aside,
    use,
)
from b24_mcp.records.run import delete_run
from b24_mcp.records.store import Database

_T = TypeVar("_T")
_DAY = 86_400.0
_TRIES = 3


class PostgresStore:
    """The data sets of `owner` on `portal`. Sets that are older than `keep_days` are removed once a day (0: never)."""

    dialect = POSTGRESQL

    def __init__(
        self,
        connections: PostgresConnections,
        address: str,
        owner: str,
        portal: str,
        *,
        keep_days: float = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._address = address
        self._schema = OwnedSchema(owner, portal)
        self._keep_days = keep_days
        self._clock = clock
        self._lock = threading.Lock()
        self._reader: ReaderLogin | None = None
        self._expired_at = 0.0

    @property
    def place(self) -> Mapping[str, str]:
        """The database and the schema, for a person."""
        return {"database": shown_address(self._address), "schema": self._schema.name}

    async def do(self, work: Callable[[Database], _T]) -> _T:
        """Run `work` on the database in a thread.

        A transaction that collides with another one is repeated, and a schema that was removed is created again.

        Raises:
            B24Error: `B24MCP_RECORDS_FILE` if the database cannot be used.
        """

        def run() -> _T:
            with database_errors():
                for left in reversed(range(_TRIES)):
                    try:
                        with self._opened() as connection:
                            return work(PostgresDatabase(connection, self.reader().user, self._schema.lock))
                    except (*GONE, *COLLISIONS) as exc:
                        if not left:
                            raise
                        if isinstance(exc, GONE):
                            self.forget_reader()
                raise AssertionError

        return await anyio.to_thread.run_sync(run)

    def query(
        self, sql: str, sets: Sequence[DataSet], *, rows: int | None, seconds: float, tables: Sequence[PortalTable] = ()
    ) -> PostgresQuery:
        """Return a statement over the data sets `sets` and `tables`: at most `rows` rows (None: all)."""
        return PostgresQuery(self, sql, sets, rows=rows, seconds=seconds, tables=tables)

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncGenerator[bool]:
        """Hold the lock of a job while the block runs; False if another task or process holds it.

        It ends with its connection, and so with its process.
        """
        number = lock_number(f"{self._schema.name}:{key}")

        def acquire() -> PgConnection | None:
            with database_errors():
                connection = self._connections.single()
                try:
                    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()
                    if row is not None and row[0]:
                        return connection
                except BaseException:
                    connection.close()
                    raise
                connection.close()
                return None

        held = await anyio.to_thread.run_sync(acquire)
        try:
            yield held is not None
        finally:
            if held is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(held.close)

    async def set_aside(self) -> str | None:
        """Rename the schema, so that the next use begins with an empty one. Return its new name, if there was one.

        Raises:
            B24Error: `B24MCP_RECORDS_FILE` if it cannot be renamed.
        """

        def run() -> str | None:
            with database_errors(), self._connections.main() as connection:
                prepare(connection, self._schema, self.moment())
                aside = set_aside(connection, self._schema, self.moment())
                self.forget_reader()
                return aside

        return await anyio.to_thread.run_sync(run)

    def moment(self, ago: float = 0) -> str:
        """Return the time now, or a number of seconds ago, as it is stored: UTC, in a form that sorts."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock() - ago))

    async def aclose(self) -> None:
        """Do nothing: the connections belong to all stores of the process."""

    def open_reader(self, settings: dict[str, str]) -> PgConnection:
        """Return a new connection of the login that can only read this schema.

        Raises:
            psycopg.Error: when the database cannot be reached.
        """
        reader = self.reader()
        path = {"search_path": quoted(self._schema.name)}
        try:
            return self._connections.reader(reader.user, reader.password, settings | path)
        except psycopg.OperationalError:
            self.forget_reader()
            again = self.reader()
            if again == reader:
                raise
            return self._connections.reader(again.user, again.password, settings | path)

    def reader(self) -> ReaderLogin:
        """Return the login that can only read this schema. The schema is created at its first use."""
        with self._lock:
            if self._reader is None or self._clock() - self._expired_at > _DAY:
                with self._connections.main() as connection:
                    self._reader = prepare(connection, self._schema, self.moment())
                    self._expire(connection)
                self._expired_at = self._clock()
            return self._reader

    def forget_reader(self) -> None:
        """Look at the schema again at its next use, because another process removed it."""
        with self._lock:
            self._reader = None

    @contextmanager
    def _opened(self) -> Iterator[PgConnection]:
        self.reader()
        with self._connections.main() as connection:
            use(connection, self._schema)
            yield connection

    def _expire(self, connection: PgConnection) -> None:
        """Remove sets that are too old here, and schemas that nobody uses any more."""
        if not self._keep_days:
            return
        before = self.moment(self._keep_days * _DAY)
        use(connection, self._schema)
        assert self._reader is not None
        db = PostgresDatabase(connection, self._reader.user, self._schema.lock)
        with db.transaction():
            old = db.execute("SELECT id, table_name FROM data_sets WHERE updated_at < ?", (before,)).fetchall()
            for number, table in old:
                delete_run(db, number, table)
        expire_others(connection, before)
