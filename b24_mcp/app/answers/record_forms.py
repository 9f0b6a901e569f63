"""The forms of answers about data sets: lists, imports, queries, exports, and the data sets themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from b24_mcp.app.answers.forms import Form, failure_form, head
from b24_mcp.records import (
    Column,
    DataSet,
    DataSetLibrary,
    Exported,
    Fetched,
    Imported,
    ListChanges,
    QueryAnswer,
    SqlDialect,
    quoted,
)

if TYPE_CHECKING:
    from b24_mcp.app.charts.shape import ChartShape

_PREVIEW_ROWS = 10
# The first row shows what a long cell is like; in the others a beginning is enough.
_LONGEST_CELL = 200
_COLUMNS_COUNTED = 20
_LONGEST_LATER_CELL = 60


class ColumnsForm(TypedDict, total=False):
    """The names of columns, and by type the names of those that are not texts."""

    columns: list[str]
    types: dict[str, list[str]]


class ChangesForm(TypedDict):
    """How many rows of a refreshed list differ, and the data set `records` with each change."""

    records: str
    created: int
    updated: int
    removed: int
    more: str


class ListForm(ColumnsForm, total=False):
    """A list that was read into the data set `records`: counts, columns and the first rows.

    `count` is the rows that are stored, `total` the rows of the whole list, `requests` the HTTP requests of this call.
    """

    method: str
    version: str
    records: str
    count: int
    total: int
    complete: bool
    requests: int
    changes: ChangesForm
    notes: list[str]
    rows: Sequence[Sequence[object]]
    more: str


class ProblemForm(TypedDict):
    """One value of a file that is not of the type of its column, or one row that is not as the others."""

    row: int
    column: str
    value: str
    problem: str


class ImportForm(ColumnsForm, total=False):
    """A file that was imported into the data set `records`. `problems` are all of them, `first_problems` some.

    Rows are counted as in the file, so the first row after a header is row 2.
    """

    records: str
    file: str
    count: int
    notes: list[str]
    problems: int
    problems_by_column: Mapping[str, int]
    first_problems: list[ProblemForm]
    rows: Sequence[Sequence[object]]
    more: str


class QueryForm(TypedDict, total=False):
    """The rows of a query. `as_of` is the age of each data set that was read."""

    columns: Sequence[str]
    count: int
    truncated: bool
    as_of: dict[str, str]
    notes: list[str]
    rows: Sequence[Sequence[object]]


class ExportForm(TypedDict, total=False):
    """A file that was written: its path, its rows and its columns."""

    file: str
    written: int
    columns: list[str]
    notes: list[str]


class ChartForm(TypedDict, total=False):
    """A chart of the rows of a query: its file, what is drawn and why, and the number of rows.

    `notes` say what of the rows is not in the picture.
    """

    file: str
    kind: str
    why: str
    title: str
    count: int
    notes: list[str]


class DataSetForm(TypedDict, total=False):
    """A data set: its size, its origin, its age, and the type of each column."""

    records: str
    count: int
    total: int
    complete: bool
    method: str
    params: object
    portal: str
    updated_at: str
    notes: list[str]
    columns: Mapping[str, str]


class InterruptedForm(TypedDict):
    """A list whose reading the user interrupted."""

    interrupted: bool
    records: str
    count: int
    complete: bool
    notes: list[str]


async def list_form(fetched: Fetched, library: DataSetLibrary, method: str, notice: str | None, version: str) -> Form:
    """Return the form of a list that was read, complete or not."""
    beginning = head(True, notice) if fetched.error is None else failure_form(fetched.error, notice)
    form = ListForm(method=method, version=version, records=fetched.name, count=fetched.count)
    if fetched.total is not None:
        form["total"] = fetched.total
    form["complete"] = fetched.complete
    form["requests"] = fetched.requests
    if fetched.changes is not None:
        form["changes"] = _changes_form(fetched.changes, library.store.dialect)
    notes = [*fetched.notes, *_next_steps(fetched)]
    data_set = fetched.records
    if data_set is None or fetched.kept_apart:
        form["notes"] = notes
        return beginning | form
    misfits = [note for note in data_set.notes if note not in notes]
    if notes or misfits:
        form["notes"] = [*misfits, *notes]
    rows = await library.first_rows(data_set, _PREVIEW_ROWS)
    _add_columns(form, data_set.columns)
    form["rows"] = _short_rows(rows)
    if data_set.rows > len(rows) or rows != form["rows"]:
        form["more"] = f"These are the first rows, with long texts cut. query_records reads on: {_example(data_set)}"
    return beginning | form


async def import_form(imported: Imported, library: DataSetLibrary, notice: str | None) -> Form:
    """Return the form of a file that was imported."""
    data_set, problems = imported.records, imported.problems
    form = ImportForm(records=data_set.name, file=imported.path.name, count=data_set.rows)
    if imported.notes:
        form["notes"] = list(imported.notes)
    if problems.count:
        form["problems"] = problems.count
        by_column = {column: count for column, count in problems.by_column.most_common(_COLUMNS_COUNTED) if column}
        if by_column:
            form["problems_by_column"] = by_column
        form["first_problems"] = [
            ProblemForm(row=one.row, column=one.column, value=one.value, problem=one.problem) for one in problems.first
        ]
    rows = await library.first_rows(data_set, _PREVIEW_ROWS)
    _add_columns(form, data_set.columns)
    form["rows"] = _short_rows(rows)
    form["more"] = f"query_records reads all rows: {_example(data_set, 0)}"
    beginning: Form = {"records": data_set.name, "file": imported.path.name, **imported.facts}
    return head(True, notice) | beginning | form


def query_form(answered: QueryAnswer, notice: str | None) -> Form:
    """Return the form of a query: its rows, and how old and how complete the data sets are."""
    form = QueryForm(columns=answered.columns, count=len(answered.rows), truncated=answered.truncated)
    if answered.read:
        form["as_of"] = {data_set.name: data_set.updated_at for data_set in answered.read}
    notes = [_incomplete(data_set) for data_set in answered.read if not data_set.complete]
    notes += [f"{table.name}: {note}" for table in answered.tables for note in table.notes]
    if notes:
        form["notes"] = notes
    form["rows"] = answered.rows
    return head(True, notice) | form


def export_form(exported: Exported, notice: str | None) -> Form:
    """Return the form of an export: where the file is, and what is in it."""
    form = ExportForm(file=str(exported.path), written=exported.rows, columns=list(exported.columns))
    if exported.notes:
        form["notes"] = list(exported.notes)
    return head(True, notice) | form


def chart_form(shape: ChartShape, file: str | None) -> Form:
    """Return the form of a chart. `file` is where its picture is."""
    form = ChartForm() if file is None else ChartForm(file=file)
    form |= ChartForm(kind=shape.kind, why=shape.why, title=shape.title, count=shape.rows)
    if shape.notes:
        form["notes"] = list(shape.notes)
    return dict(form)


def set_form(data_set: DataSet) -> DataSetForm:
    """Return everything that is known of a data set."""
    form = DataSetForm(records=data_set.name, count=data_set.rows)
    if data_set.total is not None:
        form["total"] = data_set.total
    form["complete"] = data_set.complete
    form["method"] = data_set.method
    form["params"] = json.loads(data_set.params)
    form["portal"] = data_set.portal
    form["updated_at"] = data_set.updated_at
    if data_set.notes:
        form["notes"] = list(data_set.notes)
    form["columns"] = {column.name: column.kind for column in data_set.columns}
    return form


def interrupted_form(fetched: Fetched, notice: str | None) -> Form:
    """Return the form of a list whose reading the user interrupted: what is stored, and how to continue."""
    return head(False, notice) | InterruptedForm(
        interrupted=True,
        records=fetched.name,
        count=fetched.count,
        complete=False,
        notes=_next_steps(fetched),
    )


def _changes_form(changes: ListChanges, dialect: SqlDialect) -> ChangesForm:
    newest = f"ORDER BY {dialect.time('changed_at')} DESC"
    more = f"SELECT id, change, field, old, new, changed_at FROM {changes.records} {newest}"  # noqa: S608
    return ChangesForm(
        records=changes.records,
        created=changes.created,
        updated=changes.updated,
        removed=changes.removed,
        more=more,
    )


def _next_steps(fetched: Fetched) -> list[str]:
    """Return what is stored of an incomplete list, and how to continue; empty for a complete one."""
    if fetched.complete:
        return []
    if not fetched.count:
        return ["no rows were stored"]
    notes = []
    if fetched.kept_apart and fetched.records is not None:
        former = fetched.records
        notes.append(
            f"{fetched.name} is still the former data set of {former.rows} rows, as of {former.updated_at}; "
            f"the {fetched.count} rows read now are stored separately"
        )
    if fetched.resumable:
        notes.append("the same call with resume=true continues after these rows")
    return notes


def _incomplete(data_set: DataSet) -> str:
    of = f" of {data_set.total}" if data_set.total is not None else ""
    return f"{data_set.name} is not the whole list: it holds {data_set.rows}{of} rows"


def _add_columns(form: ColumnsForm, columns: Sequence[Column]) -> None:
    types: dict[str, list[str]] = {}
    for column in columns:
        if column.kind != "text":
            types.setdefault(column.kind, []).append(column.name)
    form["columns"] = [column.name for column in columns]
    if types:
        form["types"] = types


def _short_rows(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [
        [_short_cell(value, _LONGEST_LATER_CELL if place else _LONGEST_CELL) for value in row]
        for place, row in enumerate(rows)
    ]


def _short_cell(value: object, longest: int) -> object:
    return value[:longest] + "…" if isinstance(value, str) and len(value) > longest else value


def _example(data_set: DataSet, after: int = _PREVIEW_ROWS) -> str:
    """Return a query that reads the rows after the first ones."""
    column = data_set.columns[0].name
    shown = column if column.isidentifier() else quoted(column)
    return f"SELECT {shown} FROM {data_set.name} LIMIT 100" + (f" OFFSET {after}" * bool(after))  # noqa: S608  # a hint
