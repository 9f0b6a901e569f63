"""Import of one file into a data set, in two passes: the types of the columns first, then the rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import anyio
from anyio.to_thread import run_sync

from b24_mcp.errors import our_error
from b24_mcp.records.data_set import DataSet, DataSetOrigin
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.imports.header import column_name
from b24_mcp.records.imports.places import ImportPlace
from b24_mcp.records.imports.problems import ImportProblems
from b24_mcp.records.imports.source import MOST_COLUMNS, RowSource, SourceRow
from b24_mcp.records.imports.survey import MISFIT, ColumnPlan, ColumnSurvey
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.names import check_name, name_for_file

IMPORT_METHOD = "import_records"
"""What an imported data set has in place of the method of a list."""
_ROWS_AT_ONCE = 2_000
_SIZE_AT_ONCE = 4 << 20
_SECONDS_TO_CLEAN = 30.0
_MAGIC = {b"PK\x03\x04": "a workbook (.xlsx)", b"PAR1": "Parquet (.parquet)", b"\xd0\xcf\x11\xe0": "an old workbook"}

OnImported = Callable[[int, int | None], Awaitable[None]]
"""Called with the number of rows that are stored, and the number of all rows, once it is known."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import. `facts` say how the file was read."""

    path: Path
    records: DataSet
    facts: Mapping[str, object]
    notes: tuple[str, ...]
    problems: ImportProblems


class FileImport:
    """Reads one file into one data set of `library`. Without `name` the set is named after the file."""

    def __init__(
        self, library: DataSetLibrary, place: ImportPlace, host: str, *, name: str | None = None, caller: str = ""
    ) -> None:
        self._library = library
        self._caller = caller
        self._place = place
        params: dict[str, object] = {"path": place.path.name}
        if place.sheet is not None:
            params["sheet"] = place.sheet
        self._origin = DataSetOrigin(IMPORT_METHOD, params, host)
        self._wanted = name
        self.name = name or ""
        """The name of the data set. It is known once `run` has begun."""

    async def run(self, on_rows: OnImported | None = None) -> Imported:
        """Import the file. If it cannot be read to its end, a former data set of the name stays as it was.

        Raises:
            B24Error: `B24MCP_IMPORT` with the reason, `B24MCP_RECORDS_NAME`, `B24MCP_RECORDS_FILE`, or
                `B24MCP_QUERY_BUSY` if too many queries, exports and imports are running.
        """
        longest = self._library.store.dialect.longest_name
        self.name = await run_sync(lambda: check_name(self._wanted or name_for_file(self._place.path, longest)))
        async with self._library.turns.turn(self._caller, is_export=True):  # the memory of both has a limit together
            return await self._import(on_rows)

    async def _import(self, on_rows: OnImported | None) -> Imported:
        with await run_sync(_Opened, self._place) as opened:
            source = opened.source
            plans, total = await self._survey(source, on_rows)
            problems = ImportProblems()
            fields = [(plan.name, plan.kind) for plan in plans.values()]
            run = await self._library.begin(self.name, self._origin, FieldKinds({}), fields)
            try:
                async for rows in _batches(source, problems):
                    converted = await run_sync(_converted, rows, plans, problems)
                    await run.append(converted, None, key=None, total=total)
                    if on_rows is not None:
                        await on_rows(run.rows, total)
                notes = (*source.notes, *(plan.note for plan in plans.values() if plan.note))
                await run.finish(complete=True, notes=notes)
            except BaseException:
                with anyio.move_on_after(_SECONDS_TO_CLEAN, shield=True):
                    await run.discard()
                raise
        records = await self._library.find(self.name)
        assert records is not None
        return Imported(self._place.path, records, source.facts, notes, problems)

    @staticmethod
    async def _survey(source: RowSource, on_rows: OnImported | None) -> tuple[dict[str, ColumnPlan], int]:
        surveys: dict[str, ColumnSurvey] = {}
        total = 0
        async for rows in _batches(source, ImportProblems()):
            await run_sync(_look_at, rows, surveys)
            total += len(rows)
            if on_rows is not None:
                await on_rows(0, None)  # nothing is stored yet, but the caller sees that the import runs
        if not surveys:
            raise our_error("B24MCP_IMPORT", "The file holds a header and no rows.")
        plans = {
            name: survey.plan(name, source.texts)
            for place, (name, survey) in enumerate(surveys.items())
            if survey.count or name != column_name(place)
        }
        return plans, total


class _Opened:
    """The opened file and its source. It is made in a thread."""

    def __init__(self, place: ImportPlace) -> None:
        self._context = place.opened()
        file = self._context.__enter__()
        try:
            self.source = open_source(file, place)
        except BaseException:
            self._context.__exit__(None, None, None)
            raise

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)


def open_source(file: BinaryIO, place: ImportPlace) -> RowSource:
    """Return the rows of a file by its suffix.

    Raises:
        B24Error: `B24MCP_IMPORT` if the format is not known, or not that of the suffix.
    """
    # Each kind of file is imported only when it is wanted.
    name = place.path.name
    match place.path.suffix.lower():
        case ".csv" | ".tsv" | ".txt" | ".tab":
            from b24_mcp.records.imports.separated import SeparatedSource

            _refuse_other_format(file, name)
            return SeparatedSource(file)
        case ".jsonl" | ".ndjson" | ".json":
            from b24_mcp.records.imports.json_rows import JsonSource

            _refuse_other_format(file, name)
            return JsonSource(file)
        case ".xlsx" | ".xlsm" | ".xls" | ".ods":
            from b24_mcp.records.imports.packed import WorkbookSource

            return WorkbookSource(file, place.sheet)
        case ".parquet":
            from b24_mcp.records.imports.packed import ParquetSource

            return ParquetSource(file)
        case _:
            raise our_error("B24MCP_IMPORT", f"The format of {name[:100]!r} is unknown.")


def _refuse_other_format(file: BinaryIO, name: str) -> None:
    beginning = file.read(4)
    file.seek(0)
    if not beginning:
        raise our_error("B24MCP_IMPORT", f"{name!r} is empty.")
    for magic, kind in _MAGIC.items():
        if beginning.startswith(magic):
            raise our_error("B24MCP_IMPORT", f"{name!r} is {kind}. Rename the file to the suffix of its format.")


async def _batches(source: RowSource, problems: ImportProblems) -> AsyncGenerator[list[SourceRow]]:
    """Read the rows in threads, some thousand at a time."""
    rows = source.rows(problems)
    try:
        while batch := await run_sync(_next_batch, rows):
            yield batch
    finally:
        if isinstance(rows, Generator):
            with anyio.CancelScope(shield=True):
                await run_sync(rows.close)


def _next_batch(rows: Iterator[SourceRow]) -> list[SourceRow]:
    batch: list[SourceRow] = []
    size = 0
    for number, row in rows:
        batch.append((number, row))
        size += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(batch) >= _ROWS_AT_ONCE or size > _SIZE_AT_ONCE:
            break
    return batch


def _look_at(rows: list[SourceRow], surveys: dict[str, ColumnSurvey]) -> None:
    for _, row in rows:
        for name, value in row.items():
            survey = surveys.get(name)
            if survey is None:
                if len(surveys) >= MOST_COLUMNS:
                    raise our_error("B24MCP_IMPORT", f"The file has more than {MOST_COLUMNS} columns. Keep fewer.")
                survey = surveys[name] = ColumnSurvey()
            survey.add(value)


def _converted(
    rows: list[SourceRow], plans: Mapping[str, ColumnPlan], problems: ImportProblems
) -> list[dict[str, object]]:
    converted = []
    for number, row in rows:
        values: dict[str, object] = {}
        for name, plan in plans.items():
            value = row.get(name)
            if value is not None and value != "":
                found = plan.convert(value)
                if found is MISFIT:
                    problems.add(number, name, value, plan.problem)
                else:
                    value = found
            values[name] = value
        converted.append(values)
    return converted
