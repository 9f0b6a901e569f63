"""Names of data sets: which are valid, and the default for a list."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.portal_tables import PORTAL_TABLES

_LONGEST = 60
_NAME = re.compile(r"[^\W\d_]\w*")
_FILE = "file"
_RESERVED = {"data_sets"}
_RESERVED_BEGINNING = "sqlite_"
_NUMBER = re.compile(r"\d{1,18}")


def check_name(name: str) -> str:
    """Return a name that a user or a model chose, in the form in which it is stored.

    A name has letters of any script, digits and underscores, so that SQL needs no quotes and no path can be made of it.

    Raises:
        B24Error: `B24MCP_RECORDS_NAME`, with the reason.
    """
    name = unicodedata.normalize("NFC", name)
    if len(name) > _LONGEST:
        raise _refuse(name, f"it is longer than {_LONGEST} characters")
    if not _NAME.fullmatch(name):
        raise _refuse(name, "it must begin with a letter and hold only letters, digits and underscores")
    if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_BEGINNING):
        raise _refuse(name, "it is taken by the file itself")
    if name.lower() in PORTAL_TABLES:
        raise _refuse(name, "it is a table of the portal, which query_records fills by itself")
    if _is_word_of_sql(name):
        raise _refuse(name, "it is a word of SQL")
    return name


def check_fits(name: str, longest: int | None, reserved: Collection[str]) -> None:
    """Check that a database can hold a data set of a name. `longest` is the largest name in bytes.

    Raises:
        B24Error: `B24MCP_RECORDS_NAME`.
    """
    if name.lower() in reserved:
        raise _refuse(name, "it is a word of SQL")
    if longest is not None and name.lower().startswith("pg_"):
        raise _refuse(name, "names that begin with pg_ are taken by the database")
    if longest is not None and len(name.encode()) > longest:
        raise _refuse(name, f"it is longer than {longest} bytes, and a letter that is not Latin has two")


def with_ending(name: str, ending: str, longest: int | None = None) -> str:
    """Return a name with an ending, cut so that it stays valid. `longest` is the largest name in bytes."""
    kept = name[: _LONGEST - len(ending)]
    return (kept if longest is None else cut(kept, longest - len(ending))) + ending


def cut(name: str, longest: int) -> str:
    """Return the beginning of a name that has at most `longest` bytes."""
    return name.encode("utf-8", "replace")[:longest].decode("utf-8", "ignore")


def name_for(method: str, params: object) -> str:
    """Return the default name of a set: its method, e.g. `crm_deal_list`, and the ids among the parameters.

    For example, smart processes of type 1036 are `crm_item_list_1036`.
    """
    parts = method.split(".")
    if isinstance(params, Mapping):
        parts += [
            str(value)
            for key, value in params.items()
            if key.lower().endswith("id") and _NUMBER.fullmatch(str(value)) and not isinstance(value, bool)
        ]
    return "_".join(parts)[:_LONGEST]


def name_for_file(path: Path, longest: int | None = None) -> str:
    """Return the default name of a set that is imported from a file: the name of the file, as far as it can be one.

    `longest` is the largest name in bytes.
    """
    stem = unicodedata.normalize("NFC", path.stem)
    plain = re.sub(r"\W+", "_", stem).strip("_")[: _LONGEST - len(_FILE)] or _FILE
    if longest is not None:
        plain = cut(plain, longest - len(_FILE) - 1)
    if not plain[0].isalpha():
        plain = f"{_FILE}_{plain}"
    try:
        return check_name(plain)
    except B24Error:
        return f"{plain}_{_FILE}"


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _is_word_of_sql(name: str) -> bool:
    """Whether SQLite rejects a valid name as an identifier without quotes."""
    db = sqlite3.connect(":memory:")
    try:
        db.execute(f"CREATE TABLE {name} (x)")
        db.execute(f"SELECT {name}.x FROM {name}")  # noqa: S608  # the name is valid and the database empty
    except sqlite3.OperationalError:
        return True
    finally:
        db.close()
    return False


def _refuse(name: str, why: str) -> Exception:
    shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "…"
    return our_error("B24MCP_RECORDS_NAME", f"{shown!r} cannot be the name of a data set: {why}.")
