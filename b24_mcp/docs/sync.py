"""Bringing the local copy up to date.

A new index is made beside the old one and takes its place in one step at the end, so that whatever interrupts leaves
the old one working. Pages that did not change are taken over from it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.docs.errors import DocsError
from b24_mcp.docs.incoming import Incoming
from b24_mcp.docs.index import FORMAT, Progress, Written, create, write
from b24_mcp.docs.origin import DocsOrigin, Language
from b24_mcp.docs.storage import format_of, index_path
from b24_mcp.storage.databases import open_database, open_read_only, remove_side_files, try_lock
from b24_mcp.storage.files import put_in_place
from b24_mcp.storage.folders import make_private

_LEAST_PAGES = 1


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one language. `written` is None when the copy was up to date before."""

    language: Language
    origin: DocsOrigin
    written: Written | None


@contextmanager
def syncing(folder: Path) -> Iterator[None]:
    """Keep other syncs of the folder out. The lock goes with the process that holds it, however that ends.

    Raises:
        DocsError: when another sync is running, or the folder cannot be written.
    """
    try:
        make_private(folder, own=True)
        lock = try_lock(folder / "sync.lock")
    except (OSError, sqlite3.Error) as exc:
        raise DocsError(f"{folder} cannot be written: {exc}.") from None
    if lock is None:
        raise DocsError("Another sync of the documentation is running.")
    with closing(lock):
        yield


def take_over(folder: Path, incoming: Incoming, progress: Progress) -> Synced:
    """Index an edition and put it in the place of the copy there was. Call it inside `syncing`.

    Raises:
        DocsError: when it holds no page, or the disk is full or cannot be written.
    """
    target = index_path(folder, incoming.language)
    draft = target.with_suffix(".draft")
    try:
        make_private(target.parent, own=True)
        _drop(draft)
        with closing(open_database(draft, autocommit=False)) as db:
            _begin(db, target)
            written = write(db, incoming.edition, progress)
            if written.pages < _LEAST_PAGES:
                raise DocsError("The edition holds no page; the copy that was there stays.")
            about = {"origin": incoming.origin.write(), "licence": incoming.licence}
            db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", about.items())
            db.execute("INSERT INTO unit (unit) VALUES ('optimize')")
            db.commit()
            if written.gone or written.read:
                db.execute("VACUUM")
        put_in_place(draft, target)
        _tell(target.parent, incoming)
    except (OSError, sqlite3.Error) as exc:
        raise DocsError(f"The copy of the documentation cannot be written to {target.parent}: {exc}.") from None
    finally:
        with suppress(OSError):
            _drop(draft)
    return Synced(incoming.language, incoming.origin, written)


def known_state(folder: Path, language: str) -> DocsOrigin | None:
    """Where the copy of a language came from; None when there is none, or only one of another version."""
    path = index_path(folder, language)
    if format_of(path) != FORMAT:
        return None
    with suppress(sqlite3.Error), closing(open_read_only(path)) as db:
        return DocsOrigin.read(db.execute("SELECT value FROM about WHERE key = 'origin'").fetchone()[0])
    return None


def _begin(db: sqlite3.Connection, old: Path) -> None:
    """Begin with the old index, if this version can go on with it. A draft needs no safety of its own."""
    if format_of(old) == FORMAT:
        try:
            with closing(open_read_only(old)) as before:
                if before.execute("PRAGMA quick_check").fetchone() == ("ok",):
                    before.backup(db)
        except sqlite3.DatabaseError:
            pass
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    if db.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
        create(db)


def _tell(folder: Path, incoming: Incoming) -> None:
    """Keep the licence, and where the copy comes from, where a person finds them."""
    origin = incoming.origin
    lines = [
        f"The official documentation of Bitrix24, published at https://github.com/{origin.repository}",
        f"Taken from: {origin.source}",
        f"Revision: {origin.revision or 'not known'}",
        f"SHA-256 of the archive: {origin.sha256 or 'no archive'}",
        f"Taken at: {origin.taken}",
    ]
    (folder / "ORIGIN.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "LICENSE.txt").write_text(incoming.licence, "utf-8")


def _drop(draft: Path) -> None:
    draft.unlink(missing_ok=True)
    remove_side_files(draft)
