"""The outcomes of a job as a data set: one row for each row of the query, with the columns of the query beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from b24_mcp.records import DataSetOrigin, check_name, with_ending

if TYPE_CHECKING:
    from b24_mcp.app.apply.request import ApplyRequest
    from b24_mcp.records import DataSetLibrary, Journal, RowOutcome

_PAGE = 1_000
_ENDING = "_applied"
_TITLES = ("title", "name", "last_name", "company_title", "login", "email")
COLUMNS = ("row", "id", "ok", "outcome", "code", "message", "executed")
"""The columns of the outcomes. A column of the query with one of these names is `NAME_2`; the one that holds the id of
the record is left out.
"""


def outcome_name(request: ApplyRequest, read: Sequence[str], longest: int | None = None) -> str:
    """Return the name of the data set: `save_as`, or the first set of the query with `_applied`.

    `longest` is the largest name in bytes.

    Raises:
        B24Error: `B24MCP_RECORDS_NAME`.
    """
    if request.save_as is not None:
        return check_name(request.save_as)
    base = read[0] if read else request.method.replace(".", "_").lower()
    return check_name(with_ending(base.removesuffix(_ENDING), _ENDING, longest))


def title_of(columns: Sequence[str], cells: Sequence[object]) -> str:
    """Return the title of the record in a row, if the query has a column for it."""
    by_name = {column.lower(): cell for column, cell in zip(columns, cells, strict=False)}
    found = [str(by_name[name]) for name in _TITLES if by_name.get(name) not in (None, "")]
    if found and "title" not in by_name and "name" in by_name and "last_name" in by_name:
        return " ".join(found[:2])
    return found[0] if found else ""


async def store_outcomes(
    library: DataSetLibrary, journal: Journal, number: int, name: str, origin: DataSetOrigin, columns: Sequence[str]
) -> None:
    """Write the outcomes of a job to the data set `name`.

    Raises:
        B24Error: `B24MCP_RECORDS_FILE`.
    """
    from b24_mcp.records.fields import FieldKinds

    kinds = FieldKinds({"row": "integer", "ok": "boolean", "code": "text", "message": "text"})
    run = await library.begin(name, origin, kinds)
    after = 0
    names = _free_names(columns, _id_column(origin.params))
    while page := await journal.settled_page(number, after, _PAGE):
        rows = [
            _row(outcome, {name: cell for name, cell in zip(names, cells, strict=False) if name})
            for outcome, cells in page
        ]
        await run.append(rows, None, key="row", total=None)
        after = page[-1][0].row
    await run.finish(complete=True)


def _row(outcome: RowOutcome, source: Mapping[str, object]) -> dict[str, object]:
    id_: object = outcome.id
    if outcome.id is not None and outcome.id.isdigit() and len(outcome.id) < 16:
        id_ = int(outcome.id)
    return {
        "row": outcome.row,
        "id": id_,
        "ok": outcome.ok,
        "outcome": outcome.action or None,
        "code": outcome.code or None,
        "message": outcome.message or None,
        "executed": outcome.executed,
        **source,
    }


def _id_column(params: object) -> str:
    """Return the column whose value is the id of the record, in lower case; empty without one."""
    if not isinstance(params, dict):
        return ""
    value = next((value for name, value in params.items() if name.lower() == "id"), "")
    return value[1:].lower() if isinstance(value, str) and value.startswith("$") else ""


def _free_names(columns: Sequence[str], id_column: str) -> list[str]:
    """Return the names of the columns of the query, different from those of the outcomes in any letter case.

    The column of the id has no name when it is the id of the outcomes.
    """
    taken = set(COLUMNS)
    names: list[str] = []
    for column in columns:
        if column.lower() == id_column == "id":
            names.append("")
            continue
        name, number = column, 2
        while name.lower() in taken:
            name, number = f"{column}_{number}", number + 1
        taken.add(name.lower())
        names.append(name)
    return names
