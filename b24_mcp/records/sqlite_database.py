"""The SQL of SQLite, and one of its connections as a `Database`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from b24_mcp.records.columns import SQL_TYPES, Kind, Stored
from b24_mcp.records.names import quoted
from b24_mcp.records.store import SqlDialect

SQLITE = SqlDialect(
    name="SQLite",
    types=SQL_TYPES,
    is_strict=False,
    most_columns=1_000,
    longest_name=None,
    reserved=(),
    by_name="name = ?",
    temporary="temp",
    text=lambda value: value,
    differs=lambda old, new: f"coalesce({old}, '') <> coalesce({new}, '')",
    time=lambda value: f"julianday({value})",
    untyped="",
)
DAMAGED_HINT = (
    "The command `b24-mcp records reset`, run by the user in a terminal (with --portal NAME if there are several), "
    "renames the file. Then read the lists again: data sets are copies of what the portal has."
)
# The tables have names that no data set can have, so no query can read them.
_JOURNAL = """
CREATE TABLE IF NOT EXISTS "~jobs" (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, state TEXT NOT NULL, source TEXT NOT NULL DEFAULT '',
    facts TEXT NOT NULL DEFAULT '{}', updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS "~job_rows" (
    job INTEGER NOT NULL, row INTEGER NOT NULL, cells TEXT NOT NULL, call TEXT, action TEXT NOT NULL DEFAULT '',
    after INTEGER, state TEXT NOT NULL DEFAULT 'waiting', ok INTEGER NOT NULL DEFAULT 0, id TEXT,
    code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', executed TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, row)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "~job_rows_by_state" ON "~job_rows" (job, state, row);
"""


class SqliteDatabase:
    """A connection, which is `connection` itself for statements of SQLite only."""

    dialect = SQLITE

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.execute = connection.execute

    def executemany(self, sql: str, lines: Iterable[Sequence[object]]) -> int:
        """Run a statement for each line of values. Return the number of rows that were changed."""
        return self.connection.executemany(sql, lines).rowcount

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Begin the only writing transaction of the file."""
        if durable:
            self.execute("PRAGMA synchronous = FULL")
        try:
            with transaction(self.connection):
                yield
        finally:
            if durable:
                self.execute("PRAGMA synchronous = NORMAL")

    def insert(self, table: str, facts: Mapping[str, object]) -> int:
        """Insert a row and return its `id`."""
        places = ", ".join("?" * len(facts))
        number = self.execute(
            f"INSERT INTO {quoted(table)} ({', '.join(facts)}) VALUES ({places})",  # noqa: S608  # our own names
            tuple(facts.values()),
        ).lastrowid
        assert number is not None
        return number

    def append(self, table: str, columns: Sequence[str], lines: Sequence[Sequence[Stored]]) -> None:
        """Insert rows into the table of a run."""
        names, places = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
        statement = f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})"  # noqa: S608  # the names are quoted
        try:
            self.connection.executemany(statement, lines)
        except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 cannot hold
            whole = [
                tuple(v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in line)
                for line in lines
            ]
            self.connection.executemany(statement, whole)

    def retype(self, table: str, column: str, kind: Kind) -> None:
        """Do nothing: a column holds values of any type."""

    def has_table(self, name: str) -> bool:
        """Whether a table exists."""
        query = "SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE"
        return self.execute(query, (name,)).fetchone() is not None

    def publish(self, table: str) -> None:
        """Do nothing: the query process allows the tables of readable sets."""

    def new_rows(self, table: str) -> str:
        """Return the condition for the rows that are inserted into a table from now on."""
        (last,) = self.execute(f"SELECT coalesce(max(rowid), 0) FROM {quoted(table)}").fetchone()  # noqa: S608
        return f"rowid > {last}"

    def prepare_journal(self) -> bool:
        """Create the tables of the journal; False if they exist."""
        if self.has_table("~jobs"):
            return False
        self.connection.executescript(_JOURNAL)
        return True

    def shrink(self) -> None:
        """Return the space of deleted rows to the disk; outside of a transaction."""
        self.execute("PRAGMA incremental_vacuum").fetchall()


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what is written, or roll it back if an exception is raised."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
