"""The program that runs one SQL statement over a file of data sets, in a process of its own.

It is started as a script and imports only what Python itself brings. Its question is one line of JSON on stdin; its
answer is lines of JSON on stdout: `{"columns", "read"}`, then `{"rows"}` any number of times, then `{"end"}`; or
`{"error", "message"}` at any point. Several things bound a statement, each of which would do alone:

- the file is opened for reading only, and is the only one (no ATTACH);
- an authorizer lets nothing pass but reading data sets and functions that compute;
- sizes of values, statements and expressions are limited;
- a handler ends it when its time is up, the system when it takes too much memory or disk, and whoever started this
  process when it does not answer.
"""

from __future__ import annotations

import json
import math
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_CHECK_EVERY = 5_000
_ROWS_AT_ONCE = 500
_MEGABYTE = 1 << 20
_MEMORY = 256 * _MEGABYTE
# What SQLite itself may use of it. It counts everywhere, where the limit of the system is known on POSIX only.
_HEAP = 128 * _MEGABYTE
# What one row, and a part of the answer, may hold: whoever asks reads them as a whole.
_LARGEST_ROW = 16 * _MEGABYTE
_LARGEST_PART = _MEGABYTE
_DISK = 512 * _MEGABYTE
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_CATALOGUE = "data_sets"
_TABLE_FUNCTIONS = {"json_each", "json_tree"}
_SCHEMA_TABLES = {"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema", "sqlite_sequence"}
# Functions that compute from their arguments alone. What is not named here is refused, above all whatever could load
# code, touch files or look into SQLite itself.
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


class RefusedError(Exception):
    """The statement is not run: `kind` is what the starter is told, the text says why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class SqlAuthorizer:
    """What a statement may do. `read` are the data sets it reads; `denied` is the first thing it was refused."""

    def __init__(self, tables: dict[str, str], others: set[str]) -> None:
        self._tables = tables
        self._others = others
        self.read: dict[str, None] = {}
        self.denied: str | None = None

    def __call__(self, action: int, first: str | None, second: str | None, database: str | None, _: str | None) -> int:
        """Tell SQLite whether an action of the statement is let through."""
        if self._may(action, first, second, database):
            return sqlite3.SQLITE_OK
        if self.denied is None:
            self.denied = _in_words(action, first, second)
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
        name = self._tables.get(table)
        if name is None:
            # Rows are counted that have no columns here: those of a table that the statement itself makes up.
            return not column and database is None and table not in self._others
        if database not in ("main", None):
            return False
        self.read[name] = None
        return True


def answer(question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run a statement: `path` of the file, `sql`, how many `rows` at most (or None), `seconds`."""
    try:
        yield from _run(question)
    except RefusedError as exc:
        yield {"error": exc.kind, "message": str(exc)}


def _run(question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    db = _open(question["path"])
    ends_at = time.monotonic() + question["seconds"]
    try:
        gate = _gate(db)
        _limit(db, gate, lambda: time.monotonic() > ends_at)
        with _explained(gate, ends_at):
            cursor = db.execute(question["sql"])
            if cursor.description is None:
                raise RefusedError("sql", "there is no statement that gives rows")
            yield {"columns": [column[0] for column in cursor.description], "read": list(gate.read)}
            yield from _rows(cursor, question["rows"])
    finally:
        db.close()


def _rows(cursor: sqlite3.Cursor, wanted: int | None) -> Iterator[dict[str, Any]]:
    left = math.inf if wanted is None else wanted
    part: list[list[Any]] = []
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
            raise RefusedError("memory", "a row of it is too large")
        size += of_row
        if len(part) == _ROWS_AT_ONCE or size > _LARGEST_PART:
            yield {"rows": part}
            part, size = [], 0
    if part:
        yield {"rows": part}
    yield {"end": True, "truncated": truncated}


def _open(path: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA cache_size = -16000")
        db.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
    except sqlite3.Error as exc:
        raise RefusedError("damaged" if _is_damage(exc) else "file", str(exc)) from None
    db.text_factory = lambda data: data.decode("utf-8", "replace")
    return db


def _gate(db: sqlite3.Connection) -> SqlAuthorizer:
    try:
        db.execute("BEGIN")  # what is read now and what the statement reads are of the same moment
        db.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()  # known from here on
        readable = {name.lower(): name for (name,) in db.execute("SELECT name FROM data_sets WHERE readable")}
        others = {name.lower() for (name,) in db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as exc:
        raise RefusedError("damaged" if _is_damage(exc) else "file", str(exc)) from None
    return SqlAuthorizer(readable | {_CATALOGUE: _CATALOGUE}, others | _SCHEMA_TABLES)


def _limit(db: sqlite3.Connection, gate: SqlAuthorizer, is_over: Callable[[], bool]) -> None:
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
    db.set_authorizer(gate)
    db.set_progress_handler(is_over, _CHECK_EVERY)


class _explained:  # noqa: N801  # it is used as a statement
    """Say in plain words why a statement failed."""

    def __init__(self, gate: SqlAuthorizer, ends_at: float) -> None:
        self._gate = gate
        self._ends_at = ends_at

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if exc is None or not isinstance(exc, Exception) or isinstance(exc, RefusedError):
            return
        if self._gate.denied is not None:
            raise RefusedError("refused", self._gate.denied) from None
        if isinstance(exc, MemoryError) or "too big" in str(exc):
            raise RefusedError("memory", "it needs more memory than it may use") from None
        if not isinstance(exc, sqlite3.Error | sqlite3.Warning | UnicodeError | ValueError):
            raise exc
        if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise RefusedError("slow", "its time is up") from None
        code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if _is_damage(exc):
            raise RefusedError("damaged", "the file is damaged") from None
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise RefusedError("memory", "it needs more room on the disk than it may use") from None
        raise RefusedError("sql", str(exc).rstrip(".")) from None


def _is_damage(exc: BaseException) -> bool:
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _in_words(action: int, first: str | None, second: str | None) -> str:
    if action == sqlite3.SQLITE_READ:
        return f"{first} is no data set that can be read"
    if action == sqlite3.SQLITE_FUNCTION:
        return f"the function {second} may not be used"
    return "only one SELECT is run: nothing that writes, attaches or changes settings"


def _shown(value: Any) -> Any:
    """Return a value as JSON can hold it: a text in place of bytes and of numbers without an end."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _bound_process() -> None:
    """Let the system end this process when it takes too much, where the system can."""
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
    """Answer the question on stdin."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    question = json.loads(sys.stdin.buffer.readline())
    _bound_process()
    for part in answer(question):
        sys.stdout.write(json.dumps(part, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
