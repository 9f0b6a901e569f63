"""SQL queries over data sets in PostgreSQL.

Several independent limits apply to a statement:

- it runs as a login that can only read the schema of its owner, in a transaction that only reads, in a session of its
  own;
- it is checked before (`statement`): one statement, known functions, no table of the system;
- it is the query of a cursor, so that it can be nothing but a SELECT, inside of another one that limits its rows;
- the server ends it after its timeout and limits its memory for each sort; the connection is cut after its timeout.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

import psycopg
from psycopg import errors

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.columns import Cell
from b24_mcp.records.data_set import DataSet
from b24_mcp.records.names import quoted
from b24_mcp.records.portal_tables import PORTAL_TABLES, PortalTable
from b24_mcp.records.postgresql.connections import PgConnection
from b24_mcp.records.postgresql.database import TYPES, PostgresDatabase
from b24_mcp.records.postgresql.hints import explained
from b24_mcp.records.postgresql.problems import database_error, is_connection_loss
from b24_mcp.records.postgresql.statement import checked_statement
from b24_mcp.records.query import check_statement
from b24_mcp.records.store import StatementQuery

_MEGABYTE = 1 << 20
_LARGEST_ROW = 16 * _MEGABYTE
_LARGEST_PART = _MEGABYTE
_MOST_ROWS = 2_000
_FIRST_ROWS = 16
_GROWTH = 8
_GRACE = 3.0
_TOO_LARGE = "b24-mcp: row of "
_SETTINGS = {
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "900s",
    "client_connection_check_interval": "1s",
    "work_mem": "16MB",
    "hash_mem_multiplier": "1",
    "max_parallel_workers_per_gather": "0",
    "temp_buffers": "8MB",
    "jit": "off",
}


class OpensReaders(Protocol):
    """The store whose data sets are read."""

    def open_reader(self, settings: dict[str, str]) -> PgConnection:
        """Return a new connection of the login that can only read."""


class PostgresQuery(StatementQuery):
    """One statement over the data sets of a schema: at most `rows` rows (None: all), for at most `seconds`.

    It may also read `tables`, which are temporary tables of its session.
    """

    def __init__(
        self,
        store: OpensReaders,
        sql: str,
        sets: Sequence[DataSet],
        *,
        rows: int | None,
        seconds: float,
        tables: Sequence[PortalTable] = (),
    ) -> None:
        super().__init__()
        self._store = store
        self._sql = sql
        self._sets = sets
        self._wanted = rows
        self._seconds = seconds
        self._tables = tables
        self._line: socket.socket | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._is_late = False

    def rows(self) -> Generator[list[list[Cell]], None, None]:
        """Run the statement and yield its rows, some hundred at a time."""
        check_statement(self._sql)
        statement = checked_statement(self._sql, self._sets)
        with self._explained(), self._connected() as connection:
            connection.execute("BEGIN")
            self._create_tables(connection)
            connection.execute("SET TRANSACTION READ ONLY")
            with connection.cursor(name="rows") as cursor:
                cursor.execute(_bounded(statement).encode("utf-8", "replace"))
                self.columns = [column.name for column in cursor.description or ()]
                self.read = self._tables_read(connection)
                yield []
                yield from self._parts(cursor)

    def stop(self) -> None:
        """End the statement, from any thread. The server notices that the connection is cut."""
        with self._lock:
            self._stopped = True
            if self._line is not None:
                with suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)

    def _parts(self, cursor: psycopg.ServerCursor[tuple[Cell, ...]]) -> Iterator[list[list[Cell]]]:
        left = self._wanted
        size = _FIRST_ROWS
        while True:
            asked = size if left is None else min(size, left + 1)
            part = cursor.fetchmany(asked)
            is_last = len(part) < asked
            if left is not None:
                self.truncated = len(part) > left
                part = part[:left]
                left -= len(part)
                is_last = is_last or self.truncated
            if part:
                yield [list(row) for row in part]
                length = sum(len(value) for row in part for value in row if isinstance(value, str)) + len(part)
                size = max(1, min(_MOST_ROWS, size * _GROWTH, _LARGEST_PART * len(part) // length))
            if is_last:
                return

    @contextmanager
    def _connected(self) -> Iterator[PgConnection]:
        settings = _SETTINGS | {"statement_timeout": f"{max(1, round(self._seconds * 1_000))}ms"}
        connection = self._store.open_reader(settings)
        timer = threading.Timer(self._seconds + _GRACE, self._end_late)
        try:
            with self._lock:
                self._line = socket.socket(fileno=connection.fileno())
                if self._stopped:
                    self._line.shutdown(socket.SHUT_RDWR)
            timer.start()
            yield connection
        finally:
            timer.cancel()
            with self._lock:
                line, self._line = self._line, None
            if line is not None:
                line.detach()  # it is that of the connection
            connection.close()

    def _end_late(self) -> None:
        self._is_late = True
        self.stop()

    def _create_tables(self, connection: PgConnection) -> None:
        db = PostgresDatabase(connection, "", 0)
        for table in self._tables:
            kinds = PORTAL_TABLES[table.name]
            columns = ", ".join(f"{quoted(name)} {TYPES[kind]}" for name, kind in kinds.items())
            db.execute(f"CREATE TEMP TABLE {quoted(table.name)} ({columns}) ON COMMIT DROP")
            db.append(table.name, list(kinds), table.rows)

    def _tables_read(self, connection: PgConnection) -> list[str]:
        """Return the tables that the statement reads, which are those that it locks."""
        found = connection.execute(
            "SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
            "WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind = 'r' AND c.relnamespace IN "
            "(current_schema()::regnamespace, pg_my_temp_schema()) ORDER BY c.oid"
        )
        given = {table.name for table in self._tables}
        names = [str(name) for (name,) in found]
        # A temporary table is locked by its creation. It is read if the statement names it.
        return [name for name in names if name not in given or name in self._sql.lower()]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Convert errors of PostgreSQL into a `B24Error` with a readable reason."""
        try:
            yield
        except psycopg.Error as exc:
            raise self._error(exc) from None

    def _error(self, exc: psycopg.Error) -> B24Error:
        said = exc.diag.message_primary or ""
        if self._is_late or isinstance(exc, errors.QueryCanceled):
            return self._limit(f"it took longer than {self._seconds:g} s")
        if _TOO_LARGE in said or (exc.sqlstate or "")[:2] in ("53", "54") or isinstance(exc, errors.UndefinedFile):
            return self._limit("it needs more memory or disk than allowed")
        if is_connection_loss(exc) or exc.sqlstate is None or isinstance(exc, errors.LockNotAvailable):
            return database_error(exc)
        message, hint = explained(exc, self._sql)
        return our_error("B24MCP_SQL", f"The query was not run: {message}.", hint=hint)

    @staticmethod
    def _limit(said: str) -> B24Error:
        return our_error("B24MCP_SQL_LIMIT", f"The query was ended: {said}.")


def _bounded(statement: str) -> str:
    """Return a statement whose rows cannot be too large for the memory of this program."""
    return (
        f"SELECT * FROM (\n{statement}\n) AS q WHERE CASE WHEN pg_column_size(q) > {_LARGEST_ROW} "  # noqa: S608
        f"THEN ('{_TOO_LARGE}' || pg_column_size(q))::int IS NULL ELSE true END"
    )
