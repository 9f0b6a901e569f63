"""The SQLite file that holds the data sets of one portal. Its owner alone can read it; several processes write it."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import logging
import os
import re
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.names import quoted
from b24_mcp.records.query import SqlQuery
from b24_mcp.records.sql_names import with_stored_names
from b24_mcp.records.sqlite_database import DAMAGED_HINT, SQLITE, SqliteDatabase, transaction
from b24_mcp.storage.databases import SIDE_FILES, is_damage, open_database, set_aside, try_lock
from b24_mcp.storage.folders import make_private, make_private_file

if TYPE_CHECKING:
    from b24_mcp.records.data_set import DataSet
    from b24_mcp.records.portal_tables import PortalTable
    from b24_mcp.records.store import Database

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
_FORMAT = 1
_PATIENCE = 20.0
_MODE = 0o600
_OTHERS = 0o077
_LONGEST_NAME = 100
_PRAGMAS = {"auto_vacuum": "INCREMENTAL", "journal_mode": "WAL", "synchronous": "NORMAL"}
_DAY = 86_400
_LOCKS_KEPT_SECONDS = 30 * 86_400.0
# `table_name` is the table with the rows; it is the name of the set once they are `readable`. `owner` is the run that
# may write: a run that another process took over finds another owner here. `cursor` is the position to resume at.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS data_sets (
    name TEXT NOT NULL COLLATE NOCASE, rows INTEGER NOT NULL DEFAULT 0, total INTEGER,
    complete INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'running', readable INTEGER NOT NULL DEFAULT 0,
    method TEXT NOT NULL, params TEXT NOT NULL, portal TEXT NOT NULL, started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL, columns TEXT NOT NULL DEFAULT '{}', notes TEXT NOT NULL DEFAULT '[]',
    fields TEXT NOT NULL DEFAULT '[]', id INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT, owner TEXT, cursor TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS readable_name ON data_sets (name) WHERE readable;
"""
# The time of the portal when a run began, by the id of the run. It is not a valid name of a set.
_PORTAL_TIMES = """
CREATE TABLE IF NOT EXISTS "~portal_times" (id INTEGER PRIMARY KEY, began_at TEXT NOT NULL)
"""


def path_for(folder: Path, portal: str) -> Path:
    """Return the file of a portal's data sets in a folder; `portal` is a unique name of it, such as its host."""
    plain = re.sub(r"[^a-z0-9.@-]", "_", portal.lower())[:_LONGEST_NAME]
    if plain != portal:
        plain += "-" + hashlib.sha256(portal.encode()).hexdigest()[:8]
    return folder / f"{plain}.db"


class RecordsFile:
    """The file at `path`, opened at its first use. Work on it is done in threads, one piece at a time."""

    def __init__(self, path: Path, *, keep_days: float = 0, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._keep_days = keep_days
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: SqliteDatabase | None = None
        self._identity: tuple[int, int] | None = None

    dialect = SQLITE

    @property
    def place(self) -> Mapping[str, str]:
        """The path, for a person."""
        return {"file": str(self.path)}

    async def do(self, work: Callable[[Database], _T]) -> _T:
        """Run `work` on the file in a thread.

        Raises:
            B24Error: `B24MCP_RECORDS_FILE` if the file cannot be used.
        """

        def locked() -> _T:
            with self._lock, file_errors():
                if self._opened is not None and self._identity != _identity(self.path):
                    self._close()  # another process set the file aside
                if self._opened is None:
                    self._opened = SqliteDatabase(_open(self.path, self._keep_days, self._clock()))
                    self._identity = _identity(self.path)
                return work(self._opened)

        return await anyio.to_thread.run_sync(locked)

    async def set_aside(self) -> str | None:
        """Rename the file, whatever it holds, so that the next use begins with an empty one.

        Return its new path; None if there was no file.

        Raises:
            B24Error: `B24MCP_RECORDS_FILE` if it cannot be renamed.
        """

        def work() -> str | None:
            with self._lock, file_errors():
                self._close()
                return str(_set_aside(self.path)) if os.path.lexists(self.path) else None

        return await anyio.to_thread.run_sync(work)

    def query(
        self, sql: str, sets: Sequence[DataSet], *, rows: int | None, seconds: float, tables: Sequence[PortalTable] = ()
    ) -> SqlQuery:
        """Return a statement over the data sets `sets` and `tables`: at most `rows` rows (None: all)."""
        return SqlQuery(self.path, with_stored_names(sql, sets), rows=rows, seconds=seconds, tables=tables)

    @contextlib.asynccontextmanager
    async def lock(self, key: str) -> AsyncGenerator[bool]:
        """Hold the lock of a job while the block runs; False if another task or process holds it.

        The lock is a file beside that of the data sets.
        """
        path = self.path.with_name(f"{self.path.stem}.{key[:24]}.lock")

        def acquire() -> sqlite3.Connection | None:
            with file_errors():
                make_private(path.parent, own=True)
                self._remove_old_locks()
                return try_lock(path)

        lock = await anyio.to_thread.run_sync(acquire)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(
                        lock.close
                    )  # the file stays: another process may be about to lock it

    def _remove_old_locks(self) -> None:
        before = time.time() - _LOCKS_KEPT_SECONDS
        for path in self.path.parent.glob(f"{glob.escape(self.path.stem)}.*.lock"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()

    def moment(self, ago: float = 0) -> str:
        """Return the time now, or a number of seconds ago, as it is stored: UTC, in a form that sorts."""
        return _moment(self._clock() - ago)

    async def aclose(self) -> None:
        """Close the file; it is opened again when needed."""

        def close() -> None:
            with self._lock:
                self._close()

        await anyio.to_thread.run_sync(close)

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.connection.close()
            self._opened = None


def _open(path: Path, keep_days: float, now: float) -> sqlite3.Connection:
    """Open the file, creating it if necessary, and remove sets older than `keep_days` (0 keeps everything).

    A damaged file is renamed: data sets can be read from the portal again.
    """
    make_private(path.parent, own=True)
    _make(path)
    try:
        db = _prepared(path)
    except sqlite3.DatabaseError as exc:
        if not _is_damage(exc):
            raise
        _set_aside(path)
        _make(path)
        db = _prepared(path)
    if keep_days:
        _expire(db, now - keep_days * _DAY)
        _expire_files(path, now - keep_days * _DAY)
    return db


def _make(path: Path) -> None:
    """Create the file for this user alone, and close existing journals to others. SQLite gives new ones its mode."""
    make_private_file(path)
    if os.name != "posix":
        return
    for ending in SIDE_FILES:
        file = path.with_name(path.name + ending)
        with contextlib.suppress(OSError):  # no journal, or one of another user
            if stat.S_IMODE(file.stat().st_mode) & _OTHERS:
                file.chmod(_MODE)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what distinguishes the file at a path from one that replaces it; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def file_errors() -> Iterator[None]:
    """Convert errors of SQLite and of the system into a `B24Error`."""
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise _file_error(exc) from None


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _prepared(path: Path) -> sqlite3.Connection:
    db = open_database(path, timeout=_PATIENCE, pragmas=_PRAGMAS)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_FORMAT}; COMMIT;")
        elif version != _FORMAT:
            raise _OtherFormatError("file of another version of b24-mcp")
        db.execute(_PORTAL_TIMES)
    except BaseException:
        db.close()
        raise
    return db


class _OtherFormatError(sqlite3.DatabaseError):
    pass


def _is_damage(exc: sqlite3.DatabaseError) -> bool:
    return isinstance(exc, _OtherFormatError) or is_damage(exc)


def _set_aside(path: Path) -> Path:
    aside = set_aside(path, ".damaged")
    _LOG.warning("The file of data sets was set aside; it is now %s", aside)
    return aside


def _expire(db: sqlite3.Connection, before: float) -> None:
    with transaction(db):
        old = "SELECT id, table_name FROM data_sets WHERE updated_at < ?"
        expired = db.execute(old, (_moment(before),)).fetchall()
        for number, table in expired:
            if table is not None:
                db.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
            db.execute("DELETE FROM data_sets WHERE id = ?", (number,))
    if expired:
        SqliteDatabase(db).shrink()


def _expire_files(path: Path, before: float) -> None:
    """Delete the files of other portals whose sets are all too old. They may never be opened again."""
    for other in [*path.parent.glob("*.db"), *path.parent.glob("*.db.damaged")]:
        if other == path:
            continue
        files = [other, *(other.with_name(other.name + ending) for ending in SIDE_FILES)]
        with contextlib.suppress(OSError):
            if max(file.stat().st_mtime for file in files if file.exists()) < before:
                for file in files:
                    file.unlink(missing_ok=True)


def _file_error(exc: sqlite3.Error | OSError) -> B24Error:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        said, hint = "another process holds it", "Nothing in it was changed. Call again in a moment."
    elif code == sqlite3.SQLITE_FULL or getattr(exc, "errno", None) == 28:
        said = "the disk is full"
        hint = "The rows read before are kept. The user must free disk space; then resume=true continues."
    elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        said, hint = "it is damaged", DAMAGED_HINT
    else:
        said = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        hint = "The user must make the folder of B24_DATA_DIR writable for b24-mcp, or set another one."
    return our_error("B24MCP_RECORDS_FILE", f"The file of data sets cannot be used: {said}.", hint=hint)
