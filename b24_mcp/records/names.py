"""What a data set may be called, and what it is called when nobody says."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Mapping
from typing import Any

from b24_mcp.errors import our_error

_LONGEST = 60
_NAME = re.compile(r"[^\W\d_]\w*")
_RESERVED = {"data_sets"}
_RESERVED_BEGINNING = "sqlite_"
_NUMBER = re.compile(r"\d{1,18}")


def check_name(name: str) -> str:
    """Give a name a person or a model chose, in the form it is kept.

    Letters of any script, digits and underscores: what can stand in SQL without quotes, and in no path.

    Raises:
        B24Error: `B24MCP_RECORDS_NAME`, saying what is wrong with it.
    """
    name = unicodedata.normalize("NFC", name)
    if len(name) > _LONGEST:
        raise _refuse(name, f"it is longer than {_LONGEST} characters")
    if not _NAME.fullmatch(name):
        raise _refuse(name, "it must begin with a letter and hold only letters, digits and underscores")
    if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_BEGINNING):
        raise _refuse(name, "it is taken by the file itself")
    if _is_word_of_sql(name):
        raise _refuse(name, "it is a word of SQL")
    return name


def name_for(method: str, params: Any) -> str:
    """Name a set after its method, e.g. `crm_deal_list`, and after the ids that say what is listed: smart processes of
    type 1036 are `crm_item_list_1036`.
    """
    parts = method.split(".")
    if isinstance(params, Mapping):
        parts += [
            str(value)
            for key, value in params.items()
            if key.lower().endswith("id") and _NUMBER.fullmatch(str(value)) and not isinstance(value, bool)
        ]
    return "_".join(parts)[:_LONGEST]


def quoted(name: str) -> str:
    """Write a name so that SQL takes it for nothing else."""
    return '"' + name.replace('"', '""') + '"'


def _is_word_of_sql(name: str) -> bool:
    """Ask SQLite whether it takes the name for a table's without quotes; only such names come here."""
    db = sqlite3.connect(":memory:")
    try:
        db.execute(f"CREATE TABLE {name} (x)")
        db.execute(f"SELECT {name}.x FROM {name}")  # noqa: S608  # what is asked is whether this is SQL at all
    except sqlite3.OperationalError:
        return True
    finally:
        db.close()
    return False


def _refuse(name: str, why: str) -> Exception:
    shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "…"
    return our_error("B24MCP_RECORDS_NAME", f"{shown!r} cannot be the name of a data set: {why}.")
