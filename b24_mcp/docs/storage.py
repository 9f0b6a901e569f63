"""The files of the local copy: one index for each language, opened for one question and closed again, so that a new
one is met at once and can take the place of the old on every operating system.
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
    """Where the index of a language lies."""
    return folder / language / "index.db"


def synced_languages(folder: Path) -> list[Language]:
    """The languages of which there is a copy that this version of the program can read."""
    return [language for language in LANGUAGES if format_of(index_path(folder, language)) == FORMAT]


def format_of(path: Path) -> int | None:
    """The format of an index; None when there is none, 0 when it cannot be read."""
    if not path.is_file():
        return None
    try:
        with _connected(path) as db:
            found: int = db.execute("PRAGMA user_version").fetchone()[0]
            return found
    except sqlite3.Error:
        return 0


@contextmanager
def opened(folder: Path, language: str) -> Iterator[sqlite3.Connection]:
    """Open the index of a language to read.

    Raises:
        DocsError: when it is broken.
    """
    try:
        with _connected(index_path(folder, language)) as db:
            yield db
    except sqlite3.DatabaseError:
        raise DocsError("The local copy of the documentation is broken: `b24-mcp docs sync` makes it anew.") from None


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    db = open_read_only(path, immutable=True)
    try:
        yield db
    finally:
        db.close()


@dataclass(frozen=True, slots=True)
class Stored:
    """The files of an edition as an index keeps them."""

    db: sqlite3.Connection

    def names(self) -> Iterable[str]:
        """Every path there is."""
        return [name for (name,) in self.db.execute("SELECT name FROM source ORDER BY name")]

    def text(self, name: str) -> str | None:
        """The text of a file; None when there is none."""
        row = self.db.execute("SELECT text FROM source WHERE name = ?", (name,)).fetchone()
        return None if row is None else zlib.decompress(row[0]).decode("utf-8")
