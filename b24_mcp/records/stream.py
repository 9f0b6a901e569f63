"""All rows of a query, part by part, for work that must not hold them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.answer import UNKNOWN_NAME, names_hint
from b24_mcp.records.columns import Cell, Kind
from b24_mcp.records.data_set import DataSet
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.portal_tables import PortalTable
from b24_mcp.records.store import StatementQuery

_T = TypeVar("_T")
_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class QueryShape:
    """The columns of a query, the type of each where it is known, and the data sets that were read."""

    columns: tuple[str, ...]
    kinds: tuple[Kind | None, ...]
    read: tuple[str, ...]


async def stream_rows(
    library: DataSetLibrary,
    sql: str,
    work: Callable[[QueryShape, Iterator[list[list[Cell]]]], _T],
    *,
    caller: str = "",
    tables: Sequence[PortalTable] = (),
) -> _T:
    """Run a query over data sets and `tables` for a caller, and `work` on its rows in a thread.

    Raises:
        B24Error: `B24MCP_QUERY_BUSY` if too many queries are running, an error of `SqlQuery`, or one of `work`.
    """
    sets = await library.sets()
    query = library.store.query(sql, sets, rows=None, seconds=_SECONDS, tables=tables)

    def started(running: StatementQuery, parts: Iterator[list[list[Cell]]]) -> _T:
        first = next(parts, [])  # the columns are known from the first part on
        shape = QueryShape(tuple(running.columns), tuple(kinds_of(running, sets)), tuple(running.read))
        return work(shape, _from(first, parts))

    try:
        async with library.turns.turn(caller, is_export=True):
            return await query.with_rows(started)
    except B24Error as exc:
        if exc.fault.code != "B24MCP_SQL" or not UNKNOWN_NAME.search(exc.fault.message):
            raise
        raise our_error("B24MCP_SQL", exc.fault.message, hint=names_hint(exc.fault.message, sql, sets)) from None


def kinds_of(query: StatementQuery, sets: Sequence[DataSet]) -> list[Kind | None]:
    """Return the types of the columns in the sets that were queried; None for a name with two types."""
    kinds: dict[str, Kind | None] = {}
    for data_set in sets:
        for column in data_set.columns if data_set.name in query.read else ():
            if kinds.setdefault(column.name, column.kind) != column.kind:
                kinds[column.name] = None
    return [kinds.get(column) for column in query.columns]


def _from(first: list[list[Cell]], parts: Iterator[list[list[Cell]]]) -> Iterator[list[list[Cell]]]:
    yield first
    yield from parts
