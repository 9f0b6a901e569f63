"""The catalogue a person built from newer documentation than this version of the program came with."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from zlib import crc32

from b24_mcp import __version__
from b24_mcp.catalog.compiling import FORMAT

_LOG = logging.getLogger(__name__)

# Raise it when the extractor reads other facts off the same pages, so that catalogues built before are left aside.
EXTRACTOR = 1


def builder() -> int:
    """What marks a catalogue as built by this very version of the program: its effects and texts belong together."""
    return crc32(f"{__version__} {FORMAT} {EXTRACTOR}".encode()) & 0x7FFFFFFF


def own_folder() -> Path | None:
    """Where a person's own catalogue lies; None when the settings cannot be read."""
    from b24_mcp.settings import SettingsError, load_settings  # costs time, and is needed only to load the catalogue

    try:
        return load_settings().data_folder / "catalog"
    except SettingsError:
        return None


def own_catalogue() -> Path | None:
    """The person's own catalogue, if there is one that this version of the program built."""
    folder = own_folder()
    path = folder / "catalog.db" if folder is not None else None
    if path is None or not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            built_by: int = db.execute("PRAGMA application_id").fetchone()[0]
            db.execute("SELECT count(*) FROM method").fetchone()
    except sqlite3.Error:
        built_by = 0
    if built_by == builder():
        return path
    _LOG.warning(
        "The catalogue in %s was built by another version and is left aside; `b24-mcp catalog build` makes it anew.",
        folder,
    )
    return None
