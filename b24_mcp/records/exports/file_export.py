"""Export of the rows of a query to a file, which is either complete or does not exist."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from b24_mcp.errors import our_error
from b24_mcp.records.columns import Cell
from b24_mcp.records.data_set import DataSet
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.portal_tables import PortalTable
from b24_mcp.records.store import StatementQuery
from b24_mcp.records.stream import kinds_of
from b24_mcp.storage.new_file import new_file
from b24_mcp.storage.places import FilePlace

_SECONDS = 900.0
# The suffix of a file, and the library and the extra that its format needs.
_SUFFIXES: dict[str, tuple[str, str] | None] = {
    ".csv": None,
    ".jsonl": None,
    ".xlsx": ("xlsxwriter", "xlsx"),
    ".parquet": ("pyarrow", "parquet"),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """The file that was written. `columns` are its column names."""

    path: Path
    rows: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]


class Writer(Protocol):
    """Writes rows to a file in one format."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format could not represent."""

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write what is buffered; the file stays open."""


def check_format(path: Path) -> str:
    """Return the suffix of a file if its format is supported.

    Raises:
        B24Error: `B24MCP_EXPORT`, with the supported suffixes or the missing extra.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise our_error(
            "B24MCP_EXPORT",
            f"The format of {path.name[:100]!r} is unknown.",
            hint=f"Nothing was written. End the name with one of: {', '.join(_SUFFIXES)}.",
        )
    needed = _SUFFIXES[suffix]
    if needed is not None and importlib.util.find_spec(needed[0]) is None:
        raise our_error(
            "B24MCP_EXPORT",
            f"{suffix} needs an extra that is not installed.",
            hint=f"Nothing was written. The user can install b24-mcp[{needed[1]}]; .csv and .jsonl need no extra.",
        )
    return suffix


async def export(
    library: DataSetLibrary,
    sql: str,
    place: FilePlace,
    *,
    overwrite: bool = False,
    caller: str = "",
    tables: Sequence[PortalTable] = (),
) -> Exported:
    """Run a query over data sets and `tables` for a caller and write all its rows to a new file.

    The suffix of the file decides the format.

    Raises:
        B24Error: `B24MCP_EXPORT` if the file exists or cannot be written, `B24MCP_QUERY_BUSY` if too many queries are
            running, or an error of `SqlQuery`. No file is left.
    """
    suffix = check_format(place.path)
    sets = await library.sets()
    async with library.turns.turn(caller, is_export=True):

        def query() -> StatementQuery:
            return library.store.query(sql, sets, rows=None, seconds=_SECONDS, tables=tables)

        return await _exported(query, place, suffix, sets, overwrite=overwrite)


async def _exported(
    query: Callable[[], StatementQuery], place: FilePlace, suffix: str, sets: Sequence[DataSet], *, overwrite: bool
) -> Exported:
    types: list[str] | None = None
    if suffix == ".parquet":
        types = await query().with_rows(lambda running, rows: _surveyed(running, rows, sets))

    def work(running: StatementQuery, rows: Iterator[list[list[Cell]]]) -> Exported:
        with new_file(place, overwrite=overwrite) as file:
            return _written(place.path, running, rows, lambda: _writer(suffix, file, running, sets, types))

    return await query().with_rows(work)


def _written(
    path: Path, query: StatementQuery, rows: Iterator[list[list[Cell]]], open_writer: Callable[[], Writer]
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
                writer.close()  # it may have temporary files; the export is removed
        raise
    assert writer is not None  # every answer has a first part, with the columns
    writer.close()
    return Exported(path, count, tuple(query.columns), writer.notes)


def _writer(
    suffix: str, file: BinaryIO, query: StatementQuery, sets: Sequence[DataSet], types: list[str] | None
) -> Writer:
    # The libraries of the extras are imported only when their format is wanted.
    kinds = kinds_of(query, sets)
    if types is not None:
        from b24_mcp.records.exports.parquet import ParquetWriter

        return ParquetWriter(file, query.columns, types)
    if suffix == ".xlsx":
        from b24_mcp.records.exports.xlsx import XlsxWriter

        return XlsxWriter(file, query.columns, kinds)
    from b24_mcp.records.exports.text import CsvWriter, JsonLinesWriter

    return (CsvWriter if suffix == ".csv" else JsonLinesWriter)(file, query.columns, kinds)


def _surveyed(query: StatementQuery, rows: Iterator[list[list[Cell]]], sets: Sequence[DataSet]) -> list[str]:
    from b24_mcp.records.exports.parquet import Survey

    survey: Survey | None = None
    for some in rows:
        survey = survey or Survey(kinds_of(query, sets))
        survey.add(some)
    assert survey is not None
    return survey.types
