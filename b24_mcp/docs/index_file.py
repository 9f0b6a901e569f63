"""Access to the index files: one for each language.

An index is opened for one query and closed again, so a new index is used immediately and can replace the old one on
every operating system.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.docs.errors import DocsError
from b24_mcp.docs.index import FORMAT
from b24_mcp.docs.origin import LANGUAGES, Language
from b24_mcp.storage.databases import open_read_only


def index_path(folder: Path, language: str) -> Path:
    """Return the path of the index of a language."""
    return folder / language / "index.db"


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return the inode, the size in bytes and the time in nanoseconds of a file; None if it does not exist.

    A later file at the same path has other values.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def synced_languages(folder: Path) -> list[Language]:
    """Return the languages whose copy this version of the program can read."""
    return [language for language in LANGUAGES if format_of(index_path(folder, language)) == FORMAT]


def format_of(path: Path) -> int | None:
    """Return the format of an index; None when it does not exist, 0 when it cannot be read."""
    if not path.is_file():
        return None
    try:
        with _connected(path) as db:
            found: int = db.execute("PRAGMA user_version").fetchone()[0]
            return found
    except sqlite3.Error:
        return 0


@contextmanager
def open_index(folder: Path, language: str) -> Iterator[sqlite3.Connection]:
    """Open the index of a language for reading.

    Raises:
        DocsError: when the index is damaged.
    """
    try:
        with _connected(index_path(folder, language)) as db:
            yield db
    except sqlite3.DatabaseError:
        raise DocsError(
            "The local copy of the documentation is damaged. `b24-mcp docs sync` builds it again."
        ) from None


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    db = open_read_only(path, immutable=True)
    try:
        yield db
    finally:
        db.close()


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The source files of an edition, as stored in its index."""

    db: sqlite3.Connection

    def names(self) -> Iterable[str]:
        """Return the paths of all files."""
        return [name for (name,) in self.db.execute("SELECT name FROM source ORDER BY name")]

    def text(self, name: str) -> str | None:
        """Return the text of a file; None when it does not exist."""
        row = self.db.execute("SELECT text FROM source WHERE name = ?", (name,)).fetchone()
        return None if row is None else zlib.decompress(row[0]).decode("utf-8")
