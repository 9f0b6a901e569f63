"""The shared state in a SQLite file. A process that is killed at any point leaves nothing locked: what it had begun is
rolled back by the next one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from b24_mcp.folders import make_private, make_private_file
from b24_mcp.state.limits import Bucket, Charge, Turn, take_turn

_T = TypeVar("_T")
_PATIENCE = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (key TEXT PRIMARY KEY, level REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS charge (key TEXT PRIMARY KEY, seconds REAL NOT NULL, reset_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (key TEXT PRIMARY KEY, text TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""


class FileState:
    """The state in one file that all processes of a user open. `path` is `:memory:` for one process alone.

    Raises (every method):
        OSError: when the file cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    async def take(self, key: str, bucket: Bucket, now: float, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request; see `LimitState`."""

        def work(db: sqlite3.Connection) -> Turn:
            level, at = db.execute("SELECT level, at FROM bucket WHERE key = ?", (key,)).fetchone() or (0.0, now)
            turn, level = take_turn(level, now - at, bucket, keep_free=keep_free, longest_wait=longest_wait)
            # A clock set back must not make the bucket drain twice, nor stand still for long.
            db.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)", (key, level, now))
            return turn

        return await self._in_one_step(work)

    async def give_back(self, key: str) -> None:
        """Return a reserved place; see `LimitState`."""
        await self._in_one_step(
            lambda db: db.execute("UPDATE bucket SET level = max(0, level - 1) WHERE key = ?", (key,))
        )

    async def level(self, key: str, bucket: Bucket, now: float) -> float:
        """How full a bucket is; see `LimitState`."""

        def work(db: sqlite3.Connection) -> float:
            level, at = db.execute("SELECT level, at FROM bucket WHERE key = ?", (key,)).fetchone() or (0.0, now)
            return max(0.0, level - max(0.0, now - at) * bucket.rate)

        return await self._in_one_step(work)

    async def fill(self, key: str, bucket: Bucket, now: float) -> None:
        """Take the bucket for full; see `LimitState`."""

        def work(db: sqlite3.Connection) -> None:
            level, at = db.execute("SELECT level, at FROM bucket WHERE key = ?", (key,)).fetchone() or (0.0, now)
            level = max(bucket.capacity, level - max(0.0, now - at) * bucket.rate)
            db.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)", (key, level, now))

        await self._in_one_step(work)

    async def charge(self, key: str, charge: Charge) -> None:
        """Note working time; see `LimitState`."""
        row = (key, charge.seconds, charge.reset_at)
        await self._in_one_step(lambda db: db.execute("INSERT OR REPLACE INTO charge VALUES (?, ?, ?)", row))

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Working time of methods; see `LimitState`."""
        wanted = list(keys)

        def work(db: sqlite3.Connection) -> dict[str, Charge]:
            found = {}
            for key in wanted:
                row = db.execute("SELECT seconds, reset_at FROM charge WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = Charge(*row)
            return found

        return await self._in_one_step(work)

    async def put_note(self, key: str, text: str, now: float, *, seconds: float) -> None:
        """Keep a text for a time; see `ExpiringStore`."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM note WHERE until <= ?", (now,))
            db.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", (key, text, now + seconds))

        await self._in_one_step(work)

    async def read_note(self, key: str, now: float) -> str | None:
        """A text that is kept; see `ExpiringStore`."""
        return await self._in_one_step(lambda db: _note(db, key, now))

    async def take_note(self, key: str, now: float) -> str | None:
        """A text, once; see `ExpiringStore`."""

        def work(db: sqlite3.Connection) -> str | None:
            found = _note(db, key, now)
            db.execute("DELETE FROM note WHERE key = ?", (key,))
            return found

        return await self._in_one_step(work)

    async def aclose(self) -> None:
        """Close the file."""

        def close() -> None:
            with self._lock:
                if self._opened is not None:
                    self._opened.close()
                    self._opened = None

        await anyio.to_thread.run_sync(close)

    async def _in_one_step(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def step() -> _T:
            with self._lock:
                db = self._open()
                db.execute("BEGIN IMMEDIATE")
                try:
                    result = work(db)
                    db.execute("COMMIT")
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                return result

        try:
            return await anyio.to_thread.run_sync(step)
        except sqlite3.Error as exc:
            raise OSError(f"the shared state cannot be used: {exc}") from None

    def _open(self) -> sqlite3.Connection:
        if self._opened is None:
            if isinstance(self._path, Path):
                make_private(self._path.parent)
                make_private_file(self._path)
            db = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")  # it is worth minutes, not a wait for the disk at each call
            db.executescript(_SCHEMA)
            self._opened = db
        return self._opened


def _note(db: sqlite3.Connection, key: str, now: float) -> str | None:
    row = db.execute("SELECT text FROM note WHERE key = ? AND until > ?", (key, now)).fetchone()
    return None if row is None else str(row[0])
