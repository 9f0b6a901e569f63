"""The names in a statement as they are stored, in quotes where PostgreSQL needs them.

PostgreSQL makes names without quotes lower case, and most fields of a portal are written in capitals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from b24_mcp.records.data_set import DataSet
from b24_mcp.records.names import quoted
from b24_mcp.records.portal_tables import PORTAL_TABLES
from b24_mcp.records.postgresql.tokens import SqlToken
from b24_mcp.records.postgresql.words import RESERVED

_CATALOGUE = ("name", "rows", "total", "complete", "method", "params", "started_at", "updated_at", "columns")


def restore_names(tokens: Sequence[SqlToken], sets: Sequence[DataSet]) -> None:
    """Write the names of data sets and columns as they are stored."""
    named = {_form(token.name) for token in tokens if token.name}
    tables = {name: tuple(columns) for name, columns in PORTAL_TABLES.items() if name in named}
    tables |= {one.name: tuple(column.name for column in one.columns) for one in sets if _form(one.name) in named}
    if "data_sets" in named:
        tables["data_sets"] = _CATALOGUE
    everything = _Names([*tables, *(column for columns in tables.values() for column in columns)])
    by_alias = _columns_by_alias(tokens, tables)
    in_cast = _types_of_casts(tokens)
    for place, token in enumerate(tokens):
        if not token.name or place in in_cast or not _may_be_column(tokens, place):
            continue
        qualifier = tokens[place - 2].name if place > 1 and tokens[place - 1].text == "." else ""
        stored = (by_alias.get(_form(qualifier)) or everything).find(token.name)
        if stored is not None and (token.kind == "double" or stored != token.name or stored != stored.lower()):
            token.text = quoted(stored)


def _may_be_column(tokens: Sequence[SqlToken], place: int) -> bool:
    """Whether a name can be that of a column or table: no word of SQL, function, or type."""
    token = tokens[place]
    if token.kind == "double":
        return True
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if token.word in RESERVED or (after is not None and (after.text == "(" or after.kind == "text")):
        return False
    return not place or tokens[place - 1].kind != "cast"


def _columns_by_alias(tokens: Sequence[SqlToken], tables: Mapping[str, Sequence[str]]) -> dict[str, _Names]:
    """Return the columns by the names of the tables and by their aliases. An alias of two tables has none."""
    known = _Names(tables)
    found: dict[str, set[str]] = {}
    for place, token in enumerate(tokens):
        table = known.find(token.name) if token.name else None
        if table is None or not place or tokens[place - 1].word not in ("from", "join", ",", "("):
            continue
        ahead = place + 1
        if ahead < len(tokens) and tokens[ahead].word == "as":
            ahead += 1
        alias = tokens[ahead] if ahead < len(tokens) else None
        if alias is None or not alias.name or (alias.kind == "bare" and alias.word in RESERVED):
            alias = token
        found.setdefault(_form(alias.name), set()).add(table)
    return {alias: _Names(tables[next(iter(of))]) for alias, of in found.items() if len(of) == 1}


class _Names:
    """Names of which some differ only in the case of letters or in their Unicode form."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = set(names)
        self._by_form: dict[str, set[str]] = {}
        for name in self._exact:
            self._by_form.setdefault(_form(name), set()).add(name)

    def find(self, written: str) -> str | None:
        """Return the stored name that was meant; None if no name or several names fit."""
        if written in self._exact:
            return written
        found = self._by_form.get(_form(written), set())
        return next(iter(found)) if len(found) == 1 else None


def _types_of_casts(tokens: Sequence[SqlToken]) -> set[int]:
    """Return the places of the words after AS in `CAST(x AS type)`, and of the first word in `EXTRACT(part FROM x)`."""
    found: set[int] = set()
    calls: list[str] = []
    for place, token in enumerate(tokens):
        if token.text == "(":
            calls.append(tokens[place - 1].word if place else "")
            if calls[-1] == "extract":
                found.add(place + 1)
        elif token.text == ")":
            calls.pop()
        elif token.word == "as" and calls and calls[-1] == "cast":
            ahead = place + 1
            while ahead < len(tokens) and tokens[ahead].text != ")":
                found.add(ahead)
                ahead += 1
    return found


def _form(name: str) -> str:
    return "".join(one.lower() if one.isascii() else one for one in unicodedata.normalize("NFC", name))
