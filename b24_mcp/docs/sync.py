"""Update the local copy of the documentation.

A new index is built beside the old one and replaces it atomically at the end, so an interrupted sync leaves the old
index intact. Unchanged pages are copied from it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.docs.errors import DocsError, SyncRunningError
from b24_mcp.docs.index import FORMAT, IndexChanges, Progress, create_index, update_index
from b24_mcp.docs.index_file import format_of, index_path
from b24_mcp.docs.origin import DocsOrigin, Language
from b24_mcp.docs.sources import LicensedEdition
from b24_mcp.storage.databases import open_database, open_read_only, remove_side_files, try_lock
from b24_mcp.storage.files import put_in_place
from b24_mcp.storage.folders import make_private


@dataclass(frozen=True, slots=True)
class SyncResult:
    """The result for one language. `written` is None when the copy was already up to date."""

    language: Language
    origin: DocsOrigin
    written: IndexChanges | None


@contextmanager
def sync_lock(folder: Path, *, timeout: float = 0) -> Iterator[None]:
    """Hold the lock of the folder, so that only one sync runs. The lock is released when its process ends in any way.

    `timeout` is how many seconds to wait for it.

    Raises:
        SyncRunningError: when another sync is running.
        DocsError: when the folder is not writable.
    """
    try:
        make_private(folder, own=True)
        lock = try_lock(folder / "sync.lock", timeout=timeout)
    except (OSError, sqlite3.Error) as exc:
        raise DocsError(f"{folder} cannot be written: {exc}.") from None
    if lock is None:
        raise SyncRunningError("Another sync of the documentation is running. Nothing was changed.")
    with closing(lock):
        yield


def replace_copy(folder: Path, source: LicensedEdition, progress: Progress) -> SyncResult:
    """Index an edition and replace the copy of its language. The caller holds `sync_lock`.

    Raises:
        DocsError: when the edition has no pages, or the folder cannot be written.
    """
    target = index_path(folder, source.language)
    draft = target.with_suffix(".draft")
    try:
        make_private(target.parent, own=True)
        _remove_draft(draft)
        with closing(open_database(draft, autocommit=False)) as db:
            _copy_old_index(db, target)
            written = update_index(db, source.edition, progress)
            if not written.pages:
                raise DocsError("The edition contains no pages. An existing copy was kept.")
            about = {"origin": source.origin.to_json(), "licence": source.licence}
            db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", about.items())
            db.execute("INSERT INTO unit (unit) VALUES ('optimize')")
            db.commit()
            if written.gone or written.read:
                db.execute("VACUUM")
        put_in_place(draft, target)
        _write_origin(target.parent, source)
    except (OSError, sqlite3.Error) as exc:
        raise DocsError(f"The copy of the documentation cannot be written to {target.parent}: {exc}.") from None
    finally:
        with suppress(OSError):
            _remove_draft(draft)
    return SyncResult(source.language, source.origin, written)


def copy_origin(folder: Path, language: str) -> DocsOrigin | None:
    """Return the origin of the copy of a language; None without a copy that this version can read."""
    path = index_path(folder, language)
    if format_of(path) != FORMAT:
        return None
    with suppress(sqlite3.Error), closing(open_read_only(path)) as db:
        row = db.execute("SELECT value FROM about WHERE key = 'origin'").fetchone()
        return DocsOrigin.from_json(row[0]) if row else None
    return None


def sound_origin(folder: Path, language: str) -> DocsOrigin | None:
    """Return the origin of the copy of a language; None also when the copy is damaged, so that it is built again."""
    found = copy_origin(folder, language)
    if found is None:
        return None
    with suppress(sqlite3.Error), closing(open_read_only(index_path(folder, language))) as db:
        return found if db.execute("PRAGMA quick_check").fetchone() == ("ok",) else None
    return None


def _copy_old_index(db: sqlite3.Connection, old: Path) -> None:
    """Fill the draft with the old index, if this version can read it. No journal is kept on disk."""
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
        create_index(db)


def _write_origin(folder: Path, source: LicensedEdition) -> None:
    """Write the licence and the origin of the copy as text files for the user."""
    origin = source.origin
    lines = [
        f"The official documentation of Bitrix24, published at https://github.com/{origin.repository}",
        f"Source: {origin.source}",
        f"Revision: {origin.revision or 'unknown'}",
        f"SHA-256 of the archive: {origin.sha256 or 'not from an archive'}",
        f"Retrieved: {origin.taken}",
    ]
    (folder / "ORIGIN.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "LICENSE.txt").write_text(source.licence, "utf-8")


def _remove_draft(draft: Path) -> None:
    draft.unlink(missing_ok=True)
    remove_side_files(draft)
