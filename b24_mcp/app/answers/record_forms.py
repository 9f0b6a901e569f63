"""The normal form of answers about data sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from b24_mcp.app.answers.forms import Form, failure_form, head
from b24_mcp.records import Column, DataSet, DataSetLibrary, Exported, Fetched, QueryAnswer, quoted

_PREVIEW_ROWS = 10
_LONGEST_CELL = 200


async def list_form(fetched: Fetched, library: DataSetLibrary, method: str, notice: str | None, version: str) -> Form:
    """What became of reading a list: counts, what there is to know, the columns, and the first rows."""
    form = head(True, notice) if fetched.error is None else failure_form(fetched.error, notice)
    form |= {"method": method, "version": version, "records": fetched.name, "count": fetched.count}
    if fetched.total is not None:
        form["total"] = fetched.total
    form |= {"complete": fetched.complete, "requests": fetched.requests}
    said = [*fetched.notes, *_what_to_do(fetched)]
    data_set = fetched.records
    if data_set is None or fetched.kept_apart:
        return form | {"notes": said}
    misfits = [note for note in data_set.notes if note not in said]
    if said or misfits:
        form["notes"] = [*misfits, *said]
    rows = await library.first_rows(data_set, _PREVIEW_ROWS)
    form |= _columns(data_set.columns)
    form["rows"] = [[_in_short(value) for value in row] for row in rows]
    if data_set.rows > len(rows) or rows != form["rows"]:
        form["more"] = f"These are the first rows, long texts cut. query_records reads on: {_example(data_set)}"
    return form


def query_form(answered: QueryAnswer, notice: str | None) -> Form:
    """The rows of a query, and how old and how whole the sets are that they come from."""
    form = head(True, notice) | {"columns": answered.columns, "count": len(answered.rows)}
    form["truncated"] = answered.truncated
    if answered.read:
        form["as_of"] = {data_set.name: data_set.updated_at for data_set in answered.read}
    notes = [_incomplete(data_set) for data_set in answered.read if not data_set.complete]
    if notes:
        form["notes"] = notes
    return form | {"rows": answered.rows}


def export_form(exported: Exported, notice: str | None) -> Form:
    """Where a file was written, and what is in it."""
    form = head(True, notice) | {"file": str(exported.path), "written": exported.rows}
    form["columns"] = list(exported.columns)
    return form | {"notes": list(exported.notes)} if exported.notes else form


def set_form(data_set: DataSet) -> Form:
    """All that is known of a data set."""
    form: Form = {"records": data_set.name, "count": data_set.rows}
    if data_set.total is not None:
        form["total"] = data_set.total
    form |= {"complete": data_set.complete, "method": data_set.method, "params": json.loads(data_set.params)}
    form |= {"portal": data_set.portal, "updated_at": data_set.updated_at}
    if data_set.notes:
        form["notes"] = list(data_set.notes)
    return form | {"columns": {column.name: column.kind for column in data_set.columns}}


def interrupted_form(fetched: Fetched, notice: str | None) -> Form:
    """What is left of reading a list that a person broke off."""
    form = head(False, notice) | {
        "interrupted": True,
        "records": fetched.name,
        "count": fetched.count,
        "complete": False,
    }
    return form | {"notes": _what_to_do(fetched)}


def _what_to_do(fetched: Fetched) -> list[str]:
    if fetched.complete:
        return []
    if not fetched.count:
        return ["nothing was kept"]
    said = []
    if fetched.kept_apart and fetched.records is not None:
        former = fetched.records
        said.append(
            f"{fetched.name} is still the former data set of {former.rows} rows, as of {former.updated_at}; "
            f"the {fetched.count} rows read now are kept aside"
        )
    if fetched.resumable:
        said.append("the same call with resume=true goes on after these rows")
    return said


def _incomplete(data_set: DataSet) -> str:
    of = f" of {data_set.total}" if data_set.total is not None else ""
    return f"{data_set.name} is not the whole list: it holds {data_set.rows}{of} rows"


def _columns(columns: Sequence[Column]) -> Form:
    """The names of the columns, and the types of those that are no texts."""
    types: dict[str, list[str]] = {}
    for column in columns:
        if column.kind != "text":
            types.setdefault(column.kind, []).append(column.name)
    form: Form = {"columns": [column.name for column in columns]}
    return form | {"types": types} if types else form


def _in_short(value: Any) -> Any:
    return value[:_LONGEST_CELL] + "…" if isinstance(value, str) and len(value) > _LONGEST_CELL else value


def _example(data_set: DataSet) -> str:
    column = data_set.columns[0].name
    shown = column if column.isidentifier() else quoted(column)
    return f"SELECT {shown} FROM {data_set.name} LIMIT 100 OFFSET {_PREVIEW_ROWS}"  # noqa: S608  # a hint
