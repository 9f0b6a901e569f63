"""The answer to an SQL query, with the data sets that were read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.columns import Cell
from b24_mcp.records.data_set import DataSet
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.portal_tables import PORTAL_TABLES, PortalTable, portal_tables_in
from b24_mcp.records.store import StatementQuery

_SECONDS = 15.0
_SETS_NAMED = 20
_COLUMNS_NAMED = 80
UNKNOWN_NAME = re.compile(r"no such (table|column)|is not a data set")
"""The message of an error about an unknown name in a statement."""
_CATALOGUE = "data_sets"
_CATALOGUE_COLUMNS = ("name", "rows", "total", "complete", "method", "params", "started_at", "updated_at", "columns")
_NAME_IN_ERROR = re.compile(r"no such (table|column): (.*?)\.?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """The rows of a query. `truncated` means that there are more. `read` are the data sets that were queried, `tables`
    the portal's own tables.
    """

    columns: list[str]
    rows: list[list[Cell]]
    truncated: bool
    read: tuple[DataSet, ...]
    tables: tuple[PortalTable, ...] = ()


async def ask(
    library: DataSetLibrary,
    sql: str,
    *,
    rows: int,
    characters: int,
    seconds: float = _SECONDS,
    caller: str = "",
    tables: Sequence[PortalTable] = (),
) -> QueryAnswer:
    """Run a query over data sets and `tables` for a caller.

    Return at most `rows` rows, or about `characters` characters of JSON.

    Raises:
        B24Error: as `SqlQuery`, with the existing names if the query uses an unknown one; `B24MCP_QUERY_BUSY` if too
            many queries are running.
    """
    sets = await library.sets()
    try:
        async with library.turns.turn(caller):
            return await library.store.query(sql, sets, rows=rows, seconds=seconds, tables=tables).with_rows(
                lambda query, parts: _answer(query, parts, sets, tables, characters)
            )
    except B24Error as exc:
        if exc.fault.code != "B24MCP_SQL" or not UNKNOWN_NAME.search(exc.fault.message):
            raise
        raise our_error("B24MCP_SQL", exc.fault.message, hint=names_hint(exc.fault.message, sql, sets)) from None


def _answer(
    query: StatementQuery,
    parts: Iterator[list[list[Cell]]],
    sets: Sequence[DataSet],
    tables: Sequence[PortalTable],
    characters: int,
) -> QueryAnswer:
    kept: list[list[Cell]] = []
    left = characters
    is_cut = False
    for part in parts:
        kept += part
        left -= sum(len(str(value)) for row in part for value in row)
        if left < 0:
            is_cut = True
            break
    queried = tuple(table for table in tables if table.name in query.read)
    hidden = {table.name for table in queried}
    read = tuple(one for one in sets if one.name in query.read and one.name.lower() not in hidden)
    return QueryAnswer(query.columns, kept, query.truncated or is_cut, read, queried)


def names_hint(message: str, sql: str, sets: Sequence[DataSet]) -> str:
    """Return a hint for a statement with an unknown name: the nearest name, and what there is."""
    return _nearest_name(message, sql, sets) + _existing_names(sql, sets)


def _nearest_name(message: str, sql: str, sets: Sequence[DataSet]) -> str:
    """Return what was probably meant by an unknown name; empty if nothing is like it."""
    unknown = _NAME_IN_ERROR.search(message)
    if unknown is None:
        return ""
    wanted = unknown[2]
    hint = ""
    if unknown[1] == "column":
        known = [column.name for data_set in _named_in(sql, sets) for column in data_set.columns]
        known += [column for name in portal_tables_in(sql) for column in PORTAL_TABLES[name]]
        known += _CATALOGUE_COLUMNS if _CATALOGUE in sql.lower() else ()
        if f'"{wanted}"' in sql:
            hint = "A text is written in single quotes, double quotes are for names. "
        else:
            wanted = wanted.rpartition(".")[2]
    else:
        known = [*(data_set.name for data_set in sets), *PORTAL_TABLES]
    by_form = {name.casefold().replace("_", ""): name for name in reversed(known)}
    form = wanted.casefold().replace("_", "")
    near = difflib.get_close_matches(form, by_form, 1) or [one for one in by_form if form and one.startswith(form)]
    return f"Did you mean {by_form[near[0]]}? {hint}" if near else hint


def _named_in(sql: str, sets: Sequence[DataSet]) -> list[DataSet]:
    statement = normalize("NFC", sql).lower()
    return [data_set for data_set in sets if data_set.name.lower() in statement]


def _existing_names(sql: str, sets: Sequence[DataSet]) -> str:
    """Return the data sets, and the columns of those that a statement names."""
    names = ", ".join(data_set.name for data_set in sets[:_SETS_NAMED])
    nothing = "There are no data sets yet: list_records and import_records create them."
    hint = f"Data sets: {names}." if sets else nothing
    hint += f" Tables of the portal: {', '.join(PORTAL_TABLES)}."
    for name in portal_tables_in(sql):
        hint += f" Columns of {name}: {', '.join(PORTAL_TABLES[name])}."
    for data_set in _named_in(sql, sets):
        columns = [column.name for column in data_set.columns]
        more = ", …" * (len(columns) > _COLUMNS_NAMED)
        hint += f" Columns of {data_set.name}: {', '.join(columns[:_COLUMNS_NAMED])}{more}."
    return hint + ' Put names that are words of SQL in double quotes, e.g. "group".'
