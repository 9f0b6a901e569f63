"""Connections to the database: a pool of the main user, and single ones for locks and for queries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from b24_mcp.records.postgresql.adapters import cell_adapters
from b24_mcp.records.postgresql.address import check_address, without_user

PgConnection = psycopg.Connection[TupleRow]

_MOST = 8
_SECONDS_TO_CONNECT = 10
_PATIENCE = 20.0
_NETWORK = {
    "connect_timeout": str(_SECONDS_TO_CONNECT),
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "b24-mcp",
    "client_encoding": "UTF8",
}
# The server also ends a lost connection soon, which releases the locks of a replica that was killed.
_ALWAYS = {
    # A statement that waited for a lock then reads the state after it, not the one before.
    "default_transaction_isolation": "read\\ committed",
    "standard_conforming_strings": "on",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "timezone": "UTC",
}
_MAIN = {
    "lock_timeout": f"{_PATIENCE:g}s",
    "statement_timeout": "600s",
    "idle_in_transaction_session_timeout": "600s",
    "idle_session_timeout": "0",  # the lock of a job is a session that does nothing
    "work_mem": "64MB",
    "client_min_messages": "warning",
}


class PostgresConnections:
    """The connections of one process to one database. They are made at their first use.

    Raises (every method that connects):
        psycopg.Error: when the database cannot be reached.
    """

    def __init__(self, address: str) -> None:
        self.parts = check_address(address)
        self._lock = threading.Lock()
        self._pool: ConnectionPool[PgConnection] | None = None

    @contextmanager
    def main(self) -> Iterator[PgConnection]:
        """Use a connection of the main user. Wait until one is free."""
        pool = self._opened()
        try:
            connection = pool.getconn(timeout=_PATIENCE)
        except PoolTimeout:
            self._main_connection_works()  # raises the reason if not
            raise
        try:
            yield connection
        finally:
            pool.putconn(connection)

    def single(self) -> PgConnection:
        """Return a new connection of the main user, which the caller closes."""
        return _connect(self._main_parts(), {})

    def reader(self, user: str, password: str, settings: dict[str, str]) -> PgConnection:
        """Return a new connection of another user, which the caller closes."""
        return _connect(without_user(self.parts) | {"user": user, "password": password}, settings)

    def close(self) -> None:
        """Close the pool; it is opened again when needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _opened(self) -> ConnectionPool[PgConnection]:
        with self._lock:
            if self._pool is None:
                self._main_connection_works()
                self._pool = ConnectionPool(
                    make_conninfo("", **self._main_parts()),
                    kwargs={"autocommit": True, "context": _context(), "prepare_threshold": None},
                    min_size=0,
                    max_size=_MOST,
                    open=True,
                    check=ConnectionPool.check_connection,
                    reconnect_timeout=_PATIENCE,
                    name="b24-mcp records",
                )
            return self._pool

    def _main_connection_works(self) -> None:
        """Connect once: the pool would only say after a long time that it cannot, and not why."""
        self.single().close()

    def _main_parts(self) -> dict[str, Any]:
        return _with_settings(self.parts, _ALWAYS | _MAIN)


def open_connections(address: str) -> PostgresConnections:
    """Return the connections to a database. Nothing is connected yet.

    Raises:
        B24Error: `B24MCP_RECORDS_FILE` if the address is wrong.
    """
    return PostgresConnections(address)


def _connect(parts: dict[str, Any], settings: dict[str, str]) -> PgConnection:
    whole = _with_settings(parts, _ALWAYS | settings) if settings else parts
    return psycopg.connect(make_conninfo("", **whole), autocommit=True, context=_context(), prepare_threshold=None)


def _with_settings(parts: dict[str, Any], settings: dict[str, str]) -> dict[str, Any]:
    """Return the parts of an address with settings of the session, which come after those of the address."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    given = str(parts.get("options") or "")
    return parts | _NETWORK | {"options": f"{given} {options}".strip()}


def _context() -> Any:  # whatever has adapters is a context
    return _Context(cell_adapters())


class _Context:
    """What psycopg takes adapters from."""

    connection = None

    def __init__(self, adapters: Any) -> None:
        self.adapters = adapters
