"""A query's rows into a file that is either whole or not there."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from b24_mcp.errors import our_error
from b24_mcp.records.columns import Kind
from b24_mcp.records.exports.new_file import new_file
from b24_mcp.records.exports.places import ExportPlace
from b24_mcp.records.library import DataSet, DataSetLibrary
from b24_mcp.records.query import SqlQuery
from b24_mcp.records.sql_names import with_kept_names

_SECONDS = 900.0
# The ending of a file, and the library and the extra it needs.
_ENDINGS: dict[str, tuple[str, str] | None] = {
    ".csv": None,
    ".jsonl": None,
    ".xlsx": ("xlsxwriter", "xlsx"),
    ".parquet": ("pyarrow", "parquet"),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `columns` are named as in the file."""

    path: Path
    rows: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]


class Writer(Protocol):
    """What writes a format into a file."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format could not hold."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Write what is left; the file stays open."""


def check_format(path: Path) -> str:
    """Return the ending of a file whose format can be written here.

    Raises:
        B24Error: `B24MCP_EXPORT`, saying which endings there are or which extra is missing.
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise our_error(
            "B24MCP_EXPORT",
            f"What format {path.name[:100]!r} should have is not known.",
            hint=f"Nothing was written. Let the name end with one of: {', '.join(_ENDINGS)}.",
        )
    needed = _ENDINGS[ending]
    if needed is not None and importlib.util.find_spec(needed[0]) is None:
        raise our_error(
            "B24MCP_EXPORT",
            f"{ending} needs an extra that is not installed.",
            hint=f"Nothing was written. A person installs b24-mcp[{needed[1]}]; .csv and .jsonl need nothing.",
        )
    return ending


async def export(
    library: DataSetLibrary, sql: str, place: ExportPlace, *, overwrite: bool = False, caller: str = ""
) -> Exported:
    """Run a query for a caller and write all its rows to a new file, whose ending says the format.

    Raises:
        B24Error: `B24MCP_EXPORT` when the file exists or cannot be written, `B24MCP_QUERY_BUSY` when too many queries
            are running, and what `SqlQuery` raises. Nothing is left.
    """
    ending = check_format(place.path)
    sets = await library.sets()
    sql = with_kept_names(sql, sets)
    async with library.turns.turn(caller, is_export=True):
        return await _exported(library, sql, place, ending, sets, overwrite=overwrite)


async def _exported(
    library: DataSetLibrary, sql: str, place: ExportPlace, ending: str, sets: Sequence[DataSet], *, overwrite: bool
) -> Exported:

    def ask() -> SqlQuery:
        return SqlQuery(library.file.path, sql, rows=None, seconds=_SECONDS)

    types: list[str] | None = None
    if ending == ".parquet":
        types = await ask().with_rows(lambda query, rows: _surveyed(query, rows, sets))

    def work(query: SqlQuery, rows: Iterator[list[list[Any]]]) -> Exported:
        with new_file(place, overwrite=overwrite) as file:
            return _written(place.path, query, rows, lambda: _writer(ending, file, query, sets, types))

    return await ask().with_rows(work)


def _written(
    path: Path, query: SqlQuery, rows: Iterator[list[list[Any]]], open_writer: Callable[[], Writer]
) -> Exported:
    writer: Writer | None = None
    count = 0
    try:
        for some in rows:
            if writer is None:
                writer = open_writer()
            writer.write(some)
            count += len(some)
    except BaseException:
        if writer is not None:
            with contextlib.suppress(Exception):
                writer.close()  # it holds files of its own; what it wrote is removed
        raise
    assert writer is not None  # the first part of every answer names the columns
    writer.close()
    return Exported(path, count, tuple(query.columns), writer.notes)


def _writer(ending: str, file: BinaryIO, query: SqlQuery, sets: Sequence[DataSet], types: list[str] | None) -> Writer:
    # The libraries of the extras are imported only when their format is wanted.
    kinds = _kinds_of(query, sets)
    if types is not None:
        from b24_mcp.records.exports.parquet import ParquetWriter

        return ParquetWriter(file, query.columns, types)
    if ending == ".xlsx":
        from b24_mcp.records.exports.xlsx import XlsxWriter

        return XlsxWriter(file, query.columns, kinds)
    from b24_mcp.records.exports.text import CsvWriter, JsonLinesWriter

    return (CsvWriter if ending == ".csv" else JsonLinesWriter)(file, query.columns, kinds)


def _surveyed(query: SqlQuery, rows: Iterator[list[list[Any]]], sets: Sequence[DataSet]) -> list[str]:
    from b24_mcp.records.exports.parquet import Survey

    survey: Survey | None = None
    for some in rows:
        survey = survey or Survey(_kinds_of(query, sets))
        survey.look(some)
    assert survey is not None
    return survey.types


def _kinds_of(query: SqlQuery, sets: Sequence[DataSet]) -> list[Kind | None]:
    """What the sets a query reads say of columns of these names; nothing where two disagree."""
    kinds: dict[str, Kind | None] = {}
    for data_set in sets:
        for column in data_set.columns if data_set.name in query.read else ():
            if kinds.setdefault(column.name, column.kind) != column.kind:
                kinds[column.name] = None
    return [kinds.get(column) for column in query.columns]
