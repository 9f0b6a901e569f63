"""Unicode normalisation of the names in a statement.

A name can be written with one character for a letter and its accent (NFC) or with two (NFD, as macOS writes file
names). SQLite compares them as different names. Only identifiers are changed, and only to the name of an existing data
set or column. Texts, comments and the statement's own aliases are not changed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from b24_mcp.records.data_set import DataSet
from b24_mcp.records.sql_tokens import TOKEN

_UPPER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def with_stored_names(sql: str, sets: Sequence[DataSet]) -> str:
    """Return the statement with the names of data sets and columns as they are stored."""
    if sql.isascii():
        return sql
    names = [name for data_set in sets for name in (data_set.name, *(column.name for column in data_set.columns))]
    kept = _by_normal_form(names)
    if not kept:
        return sql
    exact = {_folded(name) for name in names}

    def rewritten(match: re.Match[str]) -> str:
        for kind, mark in (("double", '"'), ("back", "`")):
            if match[kind] is not None:
                found = match[f"in_{kind}"].replace(mark * 2, mark)
                other = _other_form(found, kept, exact)
                is_closed = len(match[0]) == len(match[f"in_{kind}"]) + 2
                return match[0] if other is None or not is_closed else mark + other.replace(mark, mark * 2) + mark
        found = match["in_bracket"] if match["bracket"] is not None else match["bare"]
        other = _other_form(found, kept, exact) if found is not None else None
        if other is None or (match["bracket"] is not None and ("]" in other or not match[0].endswith("]"))):
            return match[0]
        return f"[{other}]" if match["bracket"] is not None else other

    return TOKEN.sub(rewritten, sql)


def _other_form(name: str, kept: dict[str, str], exact: set[str]) -> str | None:
    """Return the stored form of a name; None if it is stored as written, or not at all."""
    if name.isascii() or _folded(name) in exact:
        return None
    return kept.get(_folded(unicodedata.normalize("NFC", name)))


def _by_normal_form(names: Iterable[str]) -> dict[str, str]:
    """Return the names by their form in NFC, without names that share one."""
    found: dict[str, str] = {}
    unclear: set[str] = set()
    for name in names:
        if name.isascii():
            continue
        form = _folded(unicodedata.normalize("NFC", name))
        if _folded(found.setdefault(form, name)) != _folded(name):
            unclear.add(form)
    return {form: name for form, name in found.items() if form not in unclear}


def _folded(name: str) -> str:
    """Return a name as SQLite compares it: without the case of ASCII letters."""
    return name.translate(_UPPER)
