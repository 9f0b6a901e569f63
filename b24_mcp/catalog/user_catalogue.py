"""The catalogue that a user built from newer documentation than this version of the program has.

It provides newer facts and texts. It cannot lower an effect or a risk, because write access to the data folder could
otherwise make a deletion look like a read-only call. The shipped effects and risks are its floor, see `Catalogue`.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from zlib import crc32

from b24_mcp import __version__
from b24_mcp.catalog.compiler import FORMAT
from b24_mcp.storage.databases import open_read_only

_LOG = logging.getLogger(__name__)

# Raise it when the build reads other facts from the same pages, so that older catalogues are ignored.
EXTRACTOR = 1
_LARGEST = 256 << 20


def fingerprint() -> int:
    """Return the mark of a catalogue that this version of the program built: its effects and texts belong together."""
    return crc32(f"{__version__} {FORMAT} {EXTRACTOR}".encode()) & 0x7FFFFFFF


def user_folder() -> Path | None:
    """Return the folder of the user catalogue; None when the settings cannot be read."""
    from b24_mcp.config.settings import (  # a slow import, needed only to load the catalogue
        SettingsError,
        load_settings,
    )

    try:
        return load_settings().data_folder / "catalog"
    except SettingsError:
        return None


def user_catalogue() -> sqlite3.Connection | None:
    """Read the user catalogue into memory; None unless this version of the program built one."""
    folder = user_folder()
    path = folder / "catalog.db" if folder is not None else None
    if path is None or not path.is_file():
        return None
    db = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        with closing(open_read_only(path)) as file:
            if path.stat().st_size > _LARGEST:
                raise sqlite3.DatabaseError("too large")
            if file.execute("PRAGMA application_id").fetchone()[0] != fingerprint():
                raise sqlite3.DatabaseError("built by another version")
            file.backup(db)
        _refuse_programs(db)
        # The floor knows a method by its name. A wrong key would hide the method from the floor.
        db.execute("UPDATE OR FAIL method SET key = lower(name)")
        db.commit()
    except (sqlite3.Error, OSError):
        db.close()
        _LOG.warning(
            "The catalogue in %s is damaged, or another version built it. It is ignored; "
            "run `b24-mcp catalog build` to build a new one.",
            folder,
        )
        return None
    return db


def _refuse_programs(db: sqlite3.Connection) -> None:
    """Refuse a file with views or triggers, whose contents could change after the check."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')").fetchone():
        raise sqlite3.DatabaseError("this is not a catalogue")
