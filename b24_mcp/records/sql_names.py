"""Names in a statement, in the form in which the file keeps them.

The same name can be written with one character for a letter and its accent (NFC) or with two (NFD, as macOS writes the
names of files); SQLite takes them for two names. Only identifiers are changed, and only those that become the name of a
data set or of a column by it: texts, comments and the names that a statement makes up stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from b24_mcp.records.library import DataSet

# The tokens of SQLite that matter here. What is not closed runs to the end, as in SQLite.
_TOKEN = re.compile(
    r"""
      (?P<text>     '[^']*(?:''[^']*)*(?:'|\Z) )
    | (?P<comment>  --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<double>   "(?P<in_double>[^"]*(?:""[^"]*)*)(?:"|\Z) )
    | (?P<back>     `(?P<in_back>[^`]*(?:``[^`]*)*)(?:`|\Z) )
    | (?P<bracket>  \[(?P<in_bracket>[^\]]*)(?:\]|\Z) )
    | (?P<bare>     [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    """,
    re.VERBOSE | re.DOTALL,
)
_UPPER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def with_kept_names(sql: str, sets: Sequence[DataSet]) -> str:
    """Return a statement whose names of data sets and columns are written as these are kept."""
    if sql.isascii():
        return sql
    names = [name for data_set in sets for name in (data_set.name, *(column.name for column in data_set.columns))]
    kept = _by_meaning(names)
    if not kept:
        return sql
    exact = {_folded(name) for name in names}

    def rewritten(match: re.Match[str]) -> str:
        for kind, mark in (("double", '"'), ("back", "`")):
            if match[kind] is not None:
                found = match[f"in_{kind}"].replace(mark * 2, mark)
                other = _other_form(found, kept, exact)
                return match[0] if other is None else mark + other.replace(mark, mark * 2) + mark
        found = match["in_bracket"] if match["bracket"] is not None else match["bare"]
        other = _other_form(found, kept, exact) if found is not None else None
        if other is None or (match["bracket"] is not None and "]" in other):
            return match[0]
        return f"[{other}]" if match["bracket"] is not None else other

    return _TOKEN.sub(rewritten, sql)


def _other_form(name: str, kept: dict[str, str], exact: set[str]) -> str | None:
    """Return the name that is meant, where it is kept in another form only."""
    if name.isascii() or _folded(name) in exact:
        return None
    return kept.get(_folded(unicodedata.normalize("NFC", name)))


def _by_meaning(names: Iterable[str]) -> dict[str, str]:
    """Return the names by their form in NFC, without those of which several have the same."""
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
    """Return what SQLite compares names by: it passes over the case of ASCII letters only."""
    return name.translate(_UPPER)
