"""How often calls failed, by method and code, kept on this computer for `b24-mcp stats`. No values are kept.

The counts show which texts and tools mislead. The file is small: the rarest counts are removed when there are many.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from b24_mcp.storage.databases import open_database, open_read_only
from b24_mcp.storage.folders import make_private

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.config.settings import Settings

_FILE = "stats.db"
_MOST_ROWS = 500
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS fault (method TEXT, code TEXT, count INTEGER, last REAL, PRIMARY KEY (method, code))"
)
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){0,7}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
_LONGEST_METHOD = 80
_NO_CODE = "(no code)"
_OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How often a method failed with a code, and the Unix time of the last failure. `method` is empty without one."""

    method: str
    code: str
    count: int
    last: float


class FaultCounts:
    """The counts in the data folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / _FILE

    def add(self, method: str, code: str, now: float, times: int = 1) -> None:
        """Count a failure that happened this many times.

        Raises:
            OSError: when the file cannot be written.
            sqlite3.Error: the same.
        """
        make_private(self.path.parent)
        with closing(open_database(self.path, timeout=1.0, schema=_SCHEMA)) as db:
            db.execute(
                "INSERT INTO fault VALUES (?, ?, ?, ?) "
                "ON CONFLICT (method, code) DO UPDATE SET count = count + excluded.count, last = excluded.last",
                (method, code, times, now),
            )
            db.execute(
                "DELETE FROM fault WHERE rowid IN (SELECT rowid FROM fault ORDER BY count DESC, last DESC "
                "LIMIT -1 OFFSET ?)",
                (_MOST_ROWS,),
            )

    def most_frequent(self, limit: int) -> list[FaultCount]:
        """Return the most frequent failures; none when the file does not exist or cannot be read."""
        if not self.path.is_file():
            return []
        try:
            with closing(open_read_only(self.path)) as db:
                sql = "SELECT method, code, count, last FROM fault ORDER BY count DESC, last DESC LIMIT ?"
                return [FaultCount(*row) for row in db.execute(sql, (limit,))]
        except sqlite3.Error:
            return []

    def clear(self) -> None:
        """Remove all counts.

        Raises:
            OSError: when the file cannot be removed.
        """
        self.path.unlink(missing_ok=True)


def count_failures(
    form: Form,
    methods: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    now: float | None = None,
) -> None:
    """Count the failures that an answer describes, unless `B24_STATS` is false. A failure to do so is ignored.

    In the answer of a batch each failed command counts; `methods` are the methods of its commands by name. Only names
    that look like a method or a code are kept, so no value of a call can be. Writes a file: call it in a thread.
    """
    from b24_mcp.config.settings import SettingsError, load_settings  # needed only when a call failed

    failed = [(str(form.get("method") or ""), form.get("error"))]
    results = form.get("results")
    for name, one in results.items() if isinstance(results, dict) else ():
        failed.append(((methods or {}).get(name, ""), one.get("error") if isinstance(one, dict) else None))
    errors = [(method, error) for method, error in failed if isinstance(error, dict)]
    if not errors:
        return
    with contextlib.suppress(SettingsError, OSError, sqlite3.Error):
        settings = settings or load_settings()
        if settings.stats:
            counts = FaultCounts(settings.data_folder)
            kept = Counter((_kept_method(method), _kept_code(error)) for method, error in errors)
            for (method, code), times in kept.items():
                counts.add(method, code, time.time() if now is None else now, times)


def _kept_method(method: str) -> str:
    """Return the name of a method; another text may hold values of the caller."""
    from b24_mcp.catalog import known_methods

    if not method:
        return ""
    if len(method) > _LONGEST_METHOD or not _METHOD.fullmatch(method):
        return _OTHER
    return method if known_methods().method(method) is not None or known_methods().similar(method) else _OTHER


def _kept_code(error: dict[str, object]) -> str:
    code = str(error.get("code") or "")
    if not code:
        return f"{_NO_CODE} {error.get('kind', '')}".strip()
    return code if _CODE.fullmatch(code) else _OTHER
