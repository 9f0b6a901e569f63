"""The store of data sets: what the rest of the package needs from a database, SQLite or PostgreSQL.

A piece of work is a function of a `Database`. `RecordStore.do` runs it in a thread. Its SQL is what both databases
know, with `?` for a value. The few differences are in `SqlDialect`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar

import anyio.to_thread

from b24_mcp.records.columns import Cell, Kind, Stored

if TYPE_CHECKING:
    from b24_mcp.records.data_set import DataSet
    from b24_mcp.records.portal_tables import PortalTable

_T = TypeVar("_T")
DialectName = Literal["SQLite", "PostgreSQL"]


@dataclass(frozen=True, slots=True)
class SqlDialect:
    """How the SQL of a database differs.

    `types` are the SQL types of columns. `is_strict` means that a column holds values of its type only.
    `longest_name` is the largest name of a table or column in bytes, None without a limit. `reserved` are names that no
    data set can have, beside those of `check_name`. `by_name` is the condition
    that a data set has a name, in any case of Latin letters. `temporary` is the schema of temporary tables.
    """

    name: DialectName
    types: Mapping[Kind, str]
    is_strict: bool
    most_columns: int
    longest_name: int | None
    reserved: Collection[str]
    by_name: str
    temporary: str
    text: Callable[[str], str]
    """Return an expression that is the text of another one, where columns have strict types."""
    differs: Callable[[str, str], str]
    """Return the condition that two values differ. An empty text is equal to NULL."""
    time: Callable[[str], str]
    """Return an expression that is the time in a text, to sort by."""
    untyped: str
    """The type of a column that holds values of several types."""


class DatabaseResult(Protocol):
    """The rows of a statement, as tuples."""

    @property
    def rowcount(self) -> int:
        """The number of rows that were changed."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Return an iterator over the rows."""


class Database(Protocol):
    """The database inside one piece of work."""

    @property
    def dialect(self) -> SqlDialect:
        """How its SQL differs."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> DatabaseResult:
        """Run a statement."""

    def executemany(self, sql: str, lines: Iterable[Sequence[object]]) -> int:
        """Run a statement for each line of values. Return the number of rows that were changed."""

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Begin the only writing transaction of these data sets. Commit at the end, roll back after an exception.

        With `durable` the changes survive a crash of the computer, too.
        """

    def insert(self, table: str, facts: Mapping[str, object]) -> int:
        """Insert a row and return its `id`."""

    def append(self, table: str, columns: Sequence[str], lines: Sequence[Sequence[Stored]]) -> None:
        """Insert rows into the table of a run."""

    def retype(self, table: str, column: str, kind: Kind) -> None:
        """Change the type of a column."""

    def has_table(self, name: str) -> bool:
        """Whether a table exists."""

    def publish(self, table: str) -> None:
        """Allow queries to read a table."""

    def new_rows(self, table: str) -> str:
        """Return the condition for the rows that this transaction inserts into a table from now on."""

    def prepare_journal(self) -> bool:
        """Create the tables of the journal; False if they exist."""

    def shrink(self) -> None:
        """Return the space of deleted rows to the disk; outside of a transaction."""


class StatementQuery(ABC):
    """One statement that is run over data sets.

    `columns` and `read` (the names of the sets and tables that were queried) are known from the first rows on,
    `truncated` after the last row.
    """

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.read: list[str] = []
        self.truncated = False

    @abstractmethod
    def rows(self) -> Generator[list[list[Cell]], None, None]:
        """Run the statement and yield its rows, some hundred at a time. The first part may be empty.

        It blocks, so it must run in a thread; `stop` ends it from another one.

        Raises:
            B24Error: `B24MCP_SQL` if the statement is refused or wrong, `B24MCP_SQL_LIMIT` if it exceeds a limit.
        """

    @abstractmethod
    def stop(self) -> None:
        """End the statement, from any thread."""

    async def with_rows(self, work: Callable[[Self, Iterator[list[list[Cell]]]], _T]) -> _T:
        """Run `work` with the rows in a thread. If this task is cancelled, the statement ends at once."""

        def run() -> _T:
            # If `work` does not use all rows, the generator is closed in this thread, which waits for its end.
            with closing(self.rows()) as rows:
                return work(self, rows)

        try:
            return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)
        finally:
            self.stop()


class RecordStore(Protocol):
    """The data sets of one owner on one portal, in some database.

    Raises (every method):
        B24Error: `B24MCP_RECORDS_FILE` if the database cannot be used.
    """

    @property
    def dialect(self) -> SqlDialect:
        """How its SQL differs."""

    @property
    def place(self) -> Mapping[str, str]:
        """Where the data sets are, for a person: `file`, or `database` and `schema`. It holds no secret."""

    async def do(self, work: Callable[[Database], _T]) -> _T:
        """Run `work` on the database in a thread."""

    def query(
        self, sql: str, sets: Sequence[DataSet], *, rows: int | None, seconds: float, tables: Sequence[PortalTable] = ()
    ) -> StatementQuery:
        """Return a statement over the data sets `sets` and `tables`: at most `rows` rows (None: all)."""

    def lock(self, key: str) -> AbstractAsyncContextManager[bool]:
        """Hold the lock of a job while the block runs; False if another task or process holds it.

        The lock ends with its process.
        """

    async def set_aside(self) -> str | None:
        """Rename everything, whatever it holds, so that the next use begins empty. Return its new place, if any."""

    def moment(self, ago: float = 0) -> str:
        """Return the time now, or a number of seconds ago, as it is stored: UTC, in a form that sorts."""

    async def aclose(self) -> None:
        """Close what is open; it is opened again when needed."""
