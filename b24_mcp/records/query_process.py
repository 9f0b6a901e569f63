"""The program that runs one SQL statement over a file of data sets, in a process of its own.

It is started as a script and imports the standard library only. The request is one line of JSON on stdin. The answer is
lines of JSON on stdout: `{"columns", "read"}`, then `{"rows"}` any number of times, then `{"end"}`; or
`{"error", "message"}` at any point. Several independent limits apply to a statement:

- the file is opened read-only, and no other one can be opened (no ATTACH);
- an authorizer allows only reading data sets and the tables of the request, and functions that compute;
- the sizes of values, statements and expressions are limited;
- a handler interrupts the statement after its timeout, the system ends a process that uses too much memory or disk, and
  the parent process kills one that does not answer.
"""

from __future__ import annotations

import json
import math
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NotRequired, TypedDict

_CHECK_EVERY = 5_000
_ROWS_AT_ONCE = 500
_MEGABYTE = 1 << 20
_MEMORY = 256 * _MEGABYTE
# The part of it for SQLite. This limit works everywhere, that of the system on POSIX only.
_HEAP = 128 * _MEGABYTE
# The largest row and the largest part of the answer: the parent process reads each as a whole.
_LARGEST_ROW = 16 * _MEGABYTE
_LARGEST_PART = _MEGABYTE
_DISK = 512 * _MEGABYTE
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_CATALOGUE = "data_sets"
_TABLE_FUNCTIONS = {"json_each", "json_tree"}
_SCHEMA_TABLES = {"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema", "sqlite_sequence"}
# Functions that only compute from their arguments. Any other is refused, such as those that load code, access files or
# inspect SQLite itself.
_FUNCTIONS = """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh count
    cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor format
    glob group_concat hex if ifnull iif instr json json_array json_array_length json_error_position json_extract
    json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote json_remove
    json_replace json_set json_type json_valid julianday lag last_value lead length like likelihood likely ln log log10
    log2 lower ltrim max median min mod nth_value ntile nullif octet_length percent_rank percentile percentile_cont
    percentile_disc pi pow power printf quote radians random rank replace round row_number rtrim sign sin sinh
    strftime string_agg substr substring sqrt sum tan tanh time timediff total trim trunc typeof unicode unixepoch
    unlikely upper
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())


class GivenTable(TypedDict):
    """A table of the request: its columns, each with its SQL type, and its rows."""

    name: str
    columns: list[list[str]]
    rows: list[list[object]]


class QueryRequest(TypedDict):
    """The request on stdin: the file, the statement, the largest number of rows (None: all), the timeout, and tables
    that the statement may read beside the data sets. Such a table hides a data set of its name.
    """

    path: str
    sql: str
    rows: int | None
    seconds: float
    tables: NotRequired[list[GivenTable]]


class AnswerLine(TypedDict, total=False):
    """One line of the answer, as described above."""

    columns: list[str]
    read: list[str]
    rows: list[list[object]]
    end: bool
    truncated: bool
    error: str
    message: str


class RefusedError(Exception):
    """The statement is not run. `kind` is the kind of error in the answer, the text is the reason."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class SqlAuthorizer:
    """Decides what a statement may do. `read` are the tables that it reads, `denied` is the first refusal.

    `tables` are the readable data sets by their names in lower case, `given` the tables of the request, which are in
    the database `temp`. `others` are the names of all tables.
    """

    def __init__(self, tables: dict[str, str], others: set[str], given: Collection[str] = ()) -> None:
        self._tables = tables
        self._given = given
        self._others = others
        self.read: dict[str, None] = {}
        self.denied: str | None = None

    def __call__(self, action: int, first: str | None, second: str | None, database: str | None, _: str | None) -> int:
        """Return to SQLite whether an action of the statement is allowed."""
        if self._may(action, first, second, database):
            return sqlite3.SQLITE_OK
        if self.denied is None:
            self.denied = _refusal(action, first, second)
        return sqlite3.SQLITE_DENY

    def _may(self, action: int, first: str | None, second: str | None, database: str | None) -> bool:
        match action:
            case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
                return True
            case sqlite3.SQLITE_FUNCTION:
                return (second or "").lower() in FUNCTIONS
            case sqlite3.SQLITE_READ:
                return self._may_read((first or "").lower(), second, database)
            case _:
                return False

    def _may_read(self, table: str, column: str | None, database: str | None) -> bool:
        if table in _TABLE_FUNCTIONS or not table:
            return True
        # For an alias in GROUP BY SQLite names the database of another table of the statement, so that both are allowed
        # for both kinds of tables. In `temp` are only the tables of the request.
        if table in self._given and database in ("temp", "main", None):
            self.read[table] = None
            return True
        name = self._tables.get(table)
        if name is None:
            # A row without columns is one of a table that the statement itself defines.
            return not column and database is None and table not in self._others
        if database not in ("main", None) and not (database == "temp" and self._given):
            return False
        self.read[name] = None
        return True


def answer(request: QueryRequest) -> Iterator[AnswerLine]:
    """Run a statement and yield the lines of the answer."""
    try:
        yield from _run(request)
    except RefusedError as exc:
        yield {"error": exc.kind, "message": str(exc)}


def _run(request: QueryRequest) -> Iterator[AnswerLine]:
    tables = request.get("tables", [])
    db = _open(request["path"], tables)
    ends_at = time.monotonic() + request["seconds"]
    try:
        authorizer = _authorizer(db, tables)
        _limit(db, authorizer, lambda: time.monotonic() > ends_at)
        with _explained(authorizer):
            cursor = db.execute(request["sql"])
            if cursor.description is None:
                raise RefusedError("sql", "there is no statement that returns rows")
            yield {"columns": [column[0] for column in cursor.description], "read": list(authorizer.read)}
            yield from _rows(cursor, request["rows"])
    finally:
        db.close()


def _rows(cursor: sqlite3.Cursor, wanted: int | None) -> Iterator[AnswerLine]:
    left = math.inf if wanted is None else wanted
    part: list[list[object]] = []
    size = 0
    truncated = False
    for row in cursor:
        if not left:
            truncated = True
            break
        left -= 1
        part.append([_shown(value) for value in row])
        of_row = sum(len(value) for value in row if isinstance(value, str | bytes))
        if of_row > _LARGEST_ROW:
            raise RefusedError("memory", "one of its rows is too large")
        size += of_row
        if len(part) == _ROWS_AT_ONCE or size > _LARGEST_PART:
            yield {"rows": part}
            part, size = [], 0
    if part:
        yield {"rows": part}
    yield {"end": True, "truncated": truncated}


def _functions() -> ModuleType:
    """Return the module beside this one. This process has no package to import it from."""
    spec = spec_from_file_location("query_functions", Path(__file__).with_name("query_functions.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _open(path: str, tables: list[GivenTable]) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA cache_size = -16000")
        db.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
        for table in tables:
            _create(db, table)
        _functions().add_unicode(db)
        db.execute("PRAGMA query_only = ON")
    except MemoryError:
        raise RefusedError("memory", "the tables of the portal are too large") from None
    except sqlite3.Error as exc:
        raise RefusedError("damaged" if _is_damage(exc) else "file", str(exc)) from None
    db.text_factory = lambda data: data.decode("utf-8", "replace")
    return db


def _create(db: sqlite3.Connection, table: GivenTable) -> None:
    """Create a table in memory, in the database `temp`. Its names come from this program, not from a statement."""
    db.execute("PRAGMA temp_store = MEMORY")
    columns = ", ".join(f'"{name}" {kind}' for name, kind in table["columns"])
    places = ", ".join("?" * len(table["columns"]))
    db.execute(f'CREATE TEMP TABLE "{table["name"]}" ({columns})')
    db.execute("BEGIN")
    db.executemany(f'INSERT INTO temp."{table["name"]}" VALUES ({places})', table["rows"])  # noqa: S608
    db.execute("COMMIT")


def _authorizer(db: sqlite3.Connection, tables: list[GivenTable]) -> SqlAuthorizer:
    try:
        db.execute("BEGIN")  # so that the list of data sets and the statement see the same state
        db.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()  # registers these table functions
        readable = {name.lower(): name for (name,) in db.execute("SELECT name FROM data_sets WHERE readable")}
        others = {name.lower() for (name,) in db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as exc:
        raise RefusedError("damaged" if _is_damage(exc) else "file", str(exc)) from None
    given = {table["name"] for table in tables}
    return SqlAuthorizer(readable | {_CATALOGUE: _CATALOGUE}, others | given | _SCHEMA_TABLES, given)


def _limit(db: sqlite3.Connection, authorizer: SqlAuthorizer, is_over: Callable[[], bool]) -> None:
    for limit, value in (
        (sqlite3.SQLITE_LIMIT_LENGTH, 8 * _MEGABYTE),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
        (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        db.setlimit(limit, value)
    db.set_authorizer(authorizer)
    db.set_progress_handler(is_over, _CHECK_EVERY)


class _explained:  # noqa: N801  # used as a context manager
    """Convert the exception of a failed statement into a `RefusedError` with a readable reason."""

    def __init__(self, authorizer: SqlAuthorizer) -> None:
        self._authorizer = authorizer

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if exc is None or not isinstance(exc, Exception) or isinstance(exc, RefusedError):
            return
        if self._authorizer.denied is not None:
            raise RefusedError("refused", self._authorizer.denied) from None
        if isinstance(exc, MemoryError) or "too big" in str(exc):
            raise RefusedError("memory", "it needs more memory than allowed") from None
        if not isinstance(exc, sqlite3.Error | sqlite3.Warning | UnicodeError | ValueError):
            raise exc
        if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise RefusedError("slow", "it took too long") from None
        code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if _is_damage(exc):
            raise RefusedError("damaged", "the file is damaged") from None
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise RefusedError("memory", "it needs more disk space than allowed") from None
        raise RefusedError("sql", str(exc).rstrip(".")) from None


def _is_damage(exc: BaseException) -> bool:
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _refusal(action: int, first: str | None, second: str | None) -> str:
    if action == sqlite3.SQLITE_READ:
        return f"{first} is not a data set that can be read"
    if action == sqlite3.SQLITE_FUNCTION:
        return f"the function {second} is not allowed"
    return "only one SELECT is run: nothing that writes, attaches or changes settings"


def _shown(value: object) -> object:
    """Return a value for JSON: bytes, infinity and NaN become texts."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _bound_process() -> None:
    """Set the limits of this process, where the system supports them."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_FSIZE, _DISK), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue


def main() -> None:
    """Answer the request on stdin."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    request: QueryRequest = json.loads(sys.stdin.buffer.readline())
    _bound_process()
    for part in answer(request):
        sys.stdout.write(json.dumps(part, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
