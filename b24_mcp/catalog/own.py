"""The catalogue a person built from newer documentation than this version of the program came with.

It brings newer facts and texts. What a call may do is not its to decide: whoever can write to the data folder could
otherwise make a deletion look like reading. So the judgements that ship with the program hold, see `_judge`.
"""

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
_LARGEST = 256 << 20
_WEAKEST_FIRST = ("read", "write", "destructive")
# Columns of the table of methods, beside the effect, in which only what ships counts. One that is not there is skipped.
_JUDGEMENTS = ("risks",)


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


def own_catalogue(shipped: Path) -> sqlite3.Connection | None:
    """Return the person's own catalogue as a database in memory; None when this version of the program built none.

    `shipped` is the catalogue that comes with the program. No method in it has a weaker effect, or fewer risks, in the
    result, and a method that is not in it counts as destructive.
    """
    folder = own_folder()
    path = folder / "catalog.db" if folder is not None else None
    if path is None or not path.is_file():
        return None
    db = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
            if path.stat().st_size > _LARGEST:
                raise sqlite3.DatabaseError("too large")
            if file.execute("PRAGMA application_id").fetchone()[0] != builder():
                raise sqlite3.DatabaseError("built by another version")
            file.backup(db)
        _refuse_programs(db)
        _judge(db, shipped)
    except (sqlite3.Error, OSError):
        db.close()
        _LOG.warning(
            "The catalogue in %s is damaged, or was built by another version and is left aside; "
            "`b24-mcp catalog build` builds a new one.",
            folder,
        )
        return None
    return db


def _refuse_programs(db: sqlite3.Connection) -> None:
    """Refuse a file with views or triggers, which our own never has: their contents could change after the check."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')").fetchone():
        raise sqlite3.DatabaseError("this is not a catalogue")


def _judge(db: sqlite3.Connection, shipped: Path) -> None:
    """Put the judgements that ship with the program into another catalogue, where they are stricter than its own.

    A method is recognised by its name in any letter case. In a version that does not ship it is judged like the
    strictest version that does.

    Raises:
        sqlite3.Error: when the other catalogue is damaged.
    """
    with closing(sqlite3.connect(f"{shipped.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as ours:
        columns = ["effect", *(one for one in _JUDGEMENTS if one in _columns(ours))]
        rows = ours.execute(f"SELECT key, version, {', '.join(columns)} FROM method").fetchall()  # noqa: S608  # constants
    # The strictest version of each name comes last, and so stands for versions that do not ship.
    rows.sort(key=lambda row: _WEAKEST_FIRST.index(row[2]))
    judged = {(key, version): values for key, version, *values in rows}
    by_name = {key: values for key, _, *values in rows}
    db.execute("UPDATE OR FAIL method SET key = lower(name)")
    for number, key, version, effect in db.execute("SELECT id, key, version, effect FROM method").fetchall():
        least, *others = judged.get((key, version)) or by_name.get(key) or ["destructive"]
        stricter = max(least, effect if effect in _WEAKEST_FIRST else "destructive", key=_WEAKEST_FIRST.index)
        for column, value in zip(columns, (stricter, *others), strict=False):
            db.execute(f"UPDATE method SET {column} = ? WHERE id = ?", (value, number))  # noqa: S608  # constants
    db.commit()


def _columns(db: sqlite3.Connection) -> set[str]:
    return {row[1] for row in db.execute("PRAGMA table_info(method)")}
