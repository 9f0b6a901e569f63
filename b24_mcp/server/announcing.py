"""What clients are told the tools can do, known before any setting is read in earnest."""

from __future__ import annotations

import os
from pathlib import Path

from b24_mcp.access import LEVELS, Level

_NAME = "B24_ACCESS"


def announced_level() -> Level:
    """The level of access, from the environment or else from `.env`.

    A client asks for the list of tools before anything else, and it says whether they can change anything; what reads
    all settings is too slow to load for that. A value that is none is told at the first call, which fails then.
    """
    value = next((text for name, text in os.environ.items() if name.upper() == _NAME), "") or _in_file()
    return next((level for level in LEVELS if level == value), "write")


def _in_file() -> str:
    file = Path(".env")
    if not file.is_file():
        return ""
    from dotenv import dotenv_values  # only who has such a file waits for its reader

    try:
        values = dotenv_values(file, encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return next((text or "" for name, text in values.items() if name.upper() == _NAME), "")
