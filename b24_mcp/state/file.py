"""The shared state in a SQLite file.

A process that is killed leaves no lock: the next process rolls its transaction back. A damaged file is renamed and
created again, because its content is valid for minutes only.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from b24_mcp.state.limits import LONGEST_CHARGE, Bucket, Charge, Turn, take_turn
from b24_mcp.storage.databases import is_damage, open_database, set_aside
from b24_mcp.storage.folders import make_private, make_private_file

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_LOCK_TIMEOUT = 2.0
# For these seconds after a failure every operation fails at once, so that calls do not queue for a held lock.
_PAUSE_AFTER_FAILURE = 5.0
# It is worth minutes, so no call waits for the disk.
_PRAGMAS = {"journal_mode": "WAL", "synchronous": "OFF"}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (key TEXT PRIMARY KEY, level REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS charge (key TEXT PRIMARY KEY, seconds REAL NOT NULL, reset_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (key TEXT PRIMARY KEY, text TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
  name TEXT NOT NULL, key TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID;
"""
_OLD_MEMBERS = "SELECT key FROM member WHERE name = ? ORDER BY until DESC LIMIT -1 OFFSET ?"


class FileState:
    """The state in one file that all processes of a user open. `path` is `:memory:` for one process alone.

    `clock` counts seconds. It is the same in all processes and monotonic until the computer restarts. Times from before
    a restart are recognised and ignored.

    Raises (every method):
        OSError: if the file cannot be used.
    """

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_private = path == ":memory:"
        """Whether no other process uses this state, which then cannot fail either."""
        self._path = path
        self._now = clock
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._file_id: tuple[int, int] | None = None
        self._failure: tuple[float, str] | None = None

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request; see `LimitState`."""

        def work(db: sqlite3.Connection) -> Turn:
            now = self._now()
            level, at = self._bucket(db, key, now)
            turn, level = take_turn(level, now - at, bucket, keep_free=keep_free, longest_wait=longest_wait)
            db.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)", (key, level, now))
            return turn

        return await self._run(work)

    async def give_back(self, key: str) -> None:
        """Return a reserved place; see `LimitState`."""
        await self._run(lambda db: db.execute("UPDATE bucket SET level = max(0, level - 1) WHERE key = ?", (key,)))

    async def level(self, key: str, bucket: Bucket) -> float:
        """Return the level of a bucket; see `LimitState`."""

        def work(db: sqlite3.Connection) -> float:
            now = self._now()
            level, at = self._bucket(db, key, now)
            return max(0.0, level - max(0.0, now - at) * bucket.rate)

        return await self._run(work)

    async def fill(self, key: str, bucket: Bucket) -> None:
        """Mark a bucket as full; see `LimitState`."""

        def work(db: sqlite3.Connection) -> None:
            now = self._now()
            level, at = self._bucket(db, key, now)
            level = max(bucket.capacity, level - max(0.0, now - at) * bucket.rate)
            db.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)", (key, level, now))

        await self._run(work)

    async def charge(self, key: str, charge: Charge) -> None:
        """Record working time; see `LimitState`."""
        row = (key, charge.seconds, self._now() + charge.resets_in)
        await self._run(lambda db: db.execute("INSERT OR REPLACE INTO charge VALUES (?, ?, ?)", row))

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Return the working time of methods; see `LimitState`."""
        wanted = list(keys)

        def work(db: sqlite3.Connection) -> dict[str, Charge]:
            now, found = self._now(), {}
            for key in wanted:
                row = db.execute("SELECT seconds, reset_at FROM charge WHERE key = ?", (key,)).fetchone()
                # A time further away than the longest charge was written before the computer restarted.
                if row is not None and 0 < row[1] - now <= LONGEST_CHARGE:
                    found[key] = Charge(row[0], row[1] - now)
            return found

        return await self._run(work)

    @staticmethod
    def _bucket(db: sqlite3.Connection, key: str, now: float) -> tuple[float, float]:
        row = db.execute("SELECT level, at FROM bucket WHERE key = ?", (key,)).fetchone()
        return (0.0, now) if row is None else (float(row[0]), float(row[1]))

    async def put_note(
        self, key: str, text: str, now: float, *, seconds: float, group: str | None = None, newest: int | None = None
    ) -> None:
        """Store a text for a time; see `ExpiringStore`."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM note WHERE until <= ?", (now,))
            db.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", (key, text, now + seconds))
            if group is not None:
                db.execute("DELETE FROM member WHERE until <= ?", (now,))
                db.execute("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", (group, key, now + seconds))
            if group is not None and newest is not None:
                rows = db.execute(_OLD_MEMBERS, (group, newest)).fetchall()
                db.executemany("DELETE FROM note WHERE key = ?", rows)
                db.executemany("DELETE FROM member WHERE key = ?", rows)

        await self._run(work)

    async def add_note(self, key: str, text: str, now: float, *, seconds: float) -> bool:
        """Store a text unless the key has one; see `ExpiringStore`."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM note WHERE until <= ?", (now,))
            return db.execute("INSERT OR IGNORE INTO note VALUES (?, ?, ?)", (key, text, now + seconds)).rowcount > 0

        return await self._run(work)

    async def read_note(self, key: str, now: float) -> str | None:
        """Return a text; see `ExpiringStore`."""
        return await self._run(lambda db: _note(db, key, now))

    async def take_note(self, key: str, now: float) -> str | None:
        """Return a text and delete it; see `ExpiringStore`."""

        def work(db: sqlite3.Connection) -> str | None:
            found = _note(db, key, now)
            db.execute("DELETE FROM note WHERE key = ?", (key,))
            return found

        return await self._run(work)

    async def read_group(self, group: str, now: float) -> Mapping[str, str]:
        """Return the texts of a group; see `ExpiringStore`."""
        query = "SELECT key, text FROM note JOIN member USING (key) WHERE name = ? AND note.until > ?"
        return await self._run(lambda db: dict(db.execute(query, (group, now)).fetchall()))

    async def aclose(self) -> None:
        """Close the file."""

        def close() -> None:
            with self._lock:
                self._close()

        await anyio.to_thread.run_sync(close)

    async def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await anyio.to_thread.run_sync(self._step, work)

    def _step(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            if self._failure is not None and time.monotonic() < self._failure[0]:
                raise OSError(self._failure[1])
            try:
                result = self._try_twice(work)
            except (sqlite3.Error, OSError) as exc:
                self._close()
                reason = f"the shared state cannot be used: {_reason(exc)}"
                self._failure = (time.monotonic() + _PAUSE_AFTER_FAILURE, reason)
                raise OSError(reason) from None
            self._failure = None
            return result

    def _try_twice(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do the work; a second time with a new file if this one is not a database."""
        try:
            return self._transaction(work)
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc) or not isinstance(self._path, Path):
                raise
        self._set_aside(self._path)
        return self._transaction(work)

    def _transaction(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        db = self._open()
        db.execute("BEGIN IMMEDIATE")
        try:
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return result

    def _open(self) -> sqlite3.Connection:
        if self._opened is not None and self._file_id != self._id_on_disk():
            self._close()  # the file was deleted or replaced: other processes use the new one
        if self._opened is None:
            if isinstance(self._path, Path):
                make_private(self._path.parent)
                make_private_file(self._path)
            self._file_id = self._id_on_disk()
            self._opened = open_database(self._path, timeout=_LOCK_TIMEOUT, pragmas=_PRAGMAS, schema=_SCHEMA)
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _id_on_disk(self) -> tuple[int, int] | None:
        if not isinstance(self._path, Path):
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _set_aside(self, path: Path) -> None:
        """Rename a file that is not a database, unless another process replaced it already."""
        self._close()
        if self._file_id is not None and self._file_id == self._id_on_disk():
            damaged = set_aside(path, f".damaged-{time.strftime('%Y%m%d-%H%M%S')}")
            _LOG.warning("%s is damaged; it was renamed to %s and created again", path, damaged.name)


def _reason(exc: Exception) -> str:
    """Return the reason of a failure, without the path of the file: a model may read it."""
    return (exc.strerror or type(exc).__name__) if isinstance(exc, OSError) else str(exc)


def _note(db: sqlite3.Connection, key: str, now: float) -> str | None:
    row = db.execute("SELECT text FROM note WHERE key = ? AND until > ?", (key, now)).fetchone()
    return None if row is None else str(row[0])
