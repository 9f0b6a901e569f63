"""The SQL of PostgreSQL, and one of its connections as a `Database`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache

import psycopg
from psycopg.rows import TupleRow

from b24_mcp.records.columns import Kind, Stored
from b24_mcp.records.names import quoted
from b24_mcp.records.postgresql.connections import PgConnection
from b24_mcp.records.postgresql.words import RESERVED, SYSTEM_NAMES, SYSTEM_WORDS
from b24_mcp.records.store import SqlDialect

COLLATION = '"~characters"'
"""The collation of texts: the order of SQLite, by characters, but letters of every script have a case."""
TEXT = f"TEXT COLLATE {COLLATION}"
# The same types as in SQLite, as far as possible: flags are 1 and 0, dates are texts. `NUMERIC` is exact for money.
TYPES: Mapping[Kind, str] = {
    "integer": "BIGINT",
    "boolean": "BIGINT",
    "number": "NUMERIC",
    "date": TEXT,
    "datetime": TEXT,
    "json": TEXT,
    "text": TEXT,
}


def _as_text(value: str) -> str:
    return f"{value}::text"


def _differs(old: str, new: str) -> str:
    """Return the condition that values differ: 7 is 7.00, and a column of texts may have been one of numbers."""
    return (
        f"coalesce({old}::text, '') <> coalesce({new}::text, '') AND to_jsonb({old}) IS DISTINCT FROM to_jsonb({new})"
    )


POSTGRESQL = SqlDialect(
    name="PostgreSQL",
    types=TYPES,
    is_strict=True,
    # Of a larger row PostgreSQL says that it is too big for a page.
    most_columns=350,
    longest_name=63,
    reserved=RESERVED | SYSTEM_NAMES | SYSTEM_WORDS,
    by_name='lower(name COLLATE "C") = lower(?::text COLLATE "C")',
    temporary="pg_temp",
    text=_as_text,
    differs=_differs,
    time=lambda value: f"{value}::timestamptz",
    untyped=TEXT,
)
_PLACE = re.compile(r'"(?:[^"]|"")*"|\?|%')


class PostgresDatabase:
    """A connection whose search path is the schema of the data sets. `lock` is the number of its writing lock."""

    dialect = POSTGRESQL

    def __init__(self, connection: PgConnection, reader: str, lock: int) -> None:
        self._connection = connection
        self._reader = reader
        self._lock = lock

    def execute(self, sql: str, values: Sequence[object] = ()) -> psycopg.Cursor[TupleRow]:
        """Run a statement."""
        if not values:
            return self._connection.execute(sql.encode())
        return self._connection.execute(_with_places(sql).encode(), [_plain(value) for value in values])

    def executemany(self, sql: str, lines: Iterable[Sequence[object]]) -> int:
        """Run a statement for each line of values. Return the number of rows that were changed."""
        cursor = self._connection.cursor()
        cursor.executemany(_with_places(sql).encode(), ([_plain(value) for value in line] for line in lines))
        return cursor.rowcount

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Begin the only writing transaction of the schema."""
        self._connection.execute("BEGIN")
        try:
            if durable:
                self._connection.execute("SET LOCAL synchronous_commit = on")
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", [self._lock])
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")
            raise

    def insert(self, table: str, facts: Mapping[str, object]) -> int:
        """Insert a row and return its `id`."""
        places = ", ".join("?" * len(facts))
        statement = f"INSERT INTO {quoted(table)} ({', '.join(facts)}) VALUES ({places}) RETURNING id"  # noqa: S608
        row = self.execute(statement, tuple(facts.values())).fetchone()
        assert row is not None
        return int(row[0])

    def append(self, table: str, columns: Sequence[str], lines: Sequence[Sequence[Stored]]) -> None:
        """Insert rows into the table of a run."""
        statement = f"COPY {quoted(table)} ({', '.join(map(quoted, columns))}) FROM STDIN"
        with self._connection.cursor().copy(statement.encode()) as copy:
            copy.write("".join(map(_line, lines)).encode("utf-8", "replace"))

    def retype(self, table: str, column: str, kind: Kind) -> None:
        """Change the type of a column, and keep its values."""
        name, type_ = quoted(column), TYPES[kind]
        bare = "text" if type_ == TEXT else type_
        self.execute(f"ALTER TABLE {quoted(table)} ALTER COLUMN {name} TYPE {type_} USING {name}::{bare}")

    def has_table(self, name: str) -> bool:
        """Whether a table exists."""
        query = "SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ?"
        return self.execute(query, (name,)).fetchone() is not None

    def publish(self, table: str) -> None:
        """Allow queries to read a table."""
        self.execute(f"GRANT SELECT ON TABLE {quoted(table)} TO {quoted(self._reader)}")

    def new_rows(self, table: str) -> str:
        """Return the condition for the rows that this transaction inserted."""
        return "xmin = pg_current_xact_id()::xid"

    def prepare_journal(self) -> bool:
        """Return False: the journal is created with the schema."""
        return False

    def shrink(self) -> None:
        """Do nothing: the server removes deleted rows."""


@lru_cache(maxsize=256)
def _with_places(sql: str) -> str:
    """Return a statement with the placeholders of the driver."""
    return _PLACE.sub(lambda found: {"?": "%s", "%": "%%"}.get(found[0]) or found[0].replace("%", "%%"), sql)


def _plain(value: object) -> object:
    """Return a value that PostgreSQL can hold: no text has a zero character or half of a surrogate pair."""
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})


def _line(line: Sequence[Stored]) -> str:
    """Return a row in the text form of COPY."""
    return "\t".join(map(_cell, line)) + "\n"


def _cell(value: Stored) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.translate(_ESCAPES) if isinstance(value, str) else repr(value)
