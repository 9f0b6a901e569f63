"""SQLite databases in files: opening them, locking with them, and setting a damaged one aside."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from b24_mcp.storage.folders import make_private_file

SIDE_FILES = ("-wal", "-shm", "-journal")
"""The endings of the files that SQLite keeps beside a database."""


def open_database(
    path: Path | str,
    *,
    timeout: float = 5.0,
    pragmas: Mapping[str, str] | None = None,
    schema: str = "",
    autocommit: bool = True,
) -> sqlite3.Connection:
    """Open a database to read and write. A missing file is created with mode 0600, in a folder that exists.

    `path` as text, such as `:memory:`, means no file. `timeout` is how many seconds a statement waits for a lock of
    another connection. `schema` is executed after the pragmas. Without `autocommit`, the first change begins a
    transaction. The connection may be used by several threads, one at a time.

    Raises:
        OSError: when the file cannot be created.
        sqlite3.Error: when it cannot be opened; the connection is closed.
    """
    if isinstance(path, Path):
        make_private_file(path)
    db = sqlite3.connect(
        path, timeout=timeout, isolation_level=None if autocommit else "DEFERRED", check_same_thread=False
    )
    try:
        for name, value in (pragmas or {}).items():
            db.execute(f"PRAGMA {name} = {value}")
        if schema:
            db.executescript(schema)
    except BaseException:
        db.close()
        raise
    return db


def open_read_only(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Open a database file that exists to read it. `immutable` promises that nothing changes it, and saves all locks.

    The connection may be used by several threads, one at a time.

    Raises:
        sqlite3.Error: when it cannot be opened.
    """
    address = f"{path.resolve().as_uri()}?mode=ro" + ("&immutable=1" if immutable else "")
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def try_lock(path: Path, *, timeout: float = 0) -> sqlite3.Connection | None:
    """Acquire the lock between processes and threads that a file stands for; None when it is held elsewhere.

    `timeout` is how many seconds to wait for it.

    The file is an empty database, because SQLite locks files alike on every system. Closing the connection, or the end
    of the process, releases the lock.

    Raises:
        OSError: when the file cannot be used.
        sqlite3.Error: the same.
    """
    lock = open_database(path, timeout=timeout)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as exc:
        lock.close()
        if _primary_code(exc) == sqlite3.SQLITE_BUSY:
            return None
        raise
    return lock


def is_damage(exc: sqlite3.Error) -> bool:
    """Whether an error means that the file is not a database, or a damaged one."""
    return _primary_code(exc) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def set_aside(path: Path, ending: str) -> Path:
    """Rename a closed database by adding `ending` to its name, remove its side files, and return the new path.

    Raises:
        OSError: when it cannot be renamed.
    """
    aside = path.with_name(path.name + ending)
    os.replace(path, aside)
    remove_side_files(path)
    return aside


def remove_side_files(path: Path) -> None:
    """Remove the files that SQLite keeps beside a closed database.

    Raises:
        OSError: when one cannot be removed.
    """
    for ending in SIDE_FILES:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _primary_code(exc: sqlite3.Error) -> int:
    """Return the error code of SQLite without its extension."""
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF
