"""Write the outcomes of a batch in less space: equal outcomes once, like results as a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypedDict

from b24_mcp.app.answers.command_ranges import name_ranges, row_ranges
from b24_mcp.app.answers.forms import Form, OutcomeForm, TableForm
from b24_mcp.rest import to_json

_WORTH_FOLDING = 3
_WORTH_FOLDING_IN_SMALL = 5
_NAMED_ONE_BY_ONE = 20


class OutcomeTableForm(TableForm):
    """Results of commands as a table. The first column is the name of the command."""

    ok: bool


class FoldedForm(TypedDict, total=False):
    """The outcomes of a batch. An entry of `equal` is the outcome of all its `commands`, with their `count`."""

    equal: list[dict[str, object]]
    tables: list[OutcomeTableForm]
    results: Mapping[str, OutcomeForm]


def folded(results: Mapping[str, OutcomeForm], tabled: Collection[str]) -> FoldedForm:
    """Return the outcomes with equal ones written once, and like results of `tabled` commands as tables."""
    equal: dict[str, list[str]] = {}
    for name, outcome in results.items():
        equal.setdefault(to_json(outcome), []).append(name)
    groups = [group for group in equal.values() if len(group) >= _WORTH_FOLDING]
    done = {name for group in groups for name in group}
    tables: dict[tuple[str, ...], list[list[object]]] = {}
    for name, outcome in results.items():
        row = _row(outcome) if name in tabled and name not in done else None
        if row is not None:
            columns, cells = row
            tables.setdefault(columns, []).append([name, *cells])
    shown = {columns: rows for columns, rows in tables.items() if len(rows) >= _WORTH_FOLDING}
    done |= {str(row[0]) for rows in shown.values() for row in rows}
    form = FoldedForm()
    if groups:
        form["equal"] = [_counted(group) | results[group[0]] for group in groups]
    if shown:
        form["tables"] = [
            OutcomeTableForm(ok=True, columns=["command", *columns], rows=rows) for columns, rows in shown.items()
        ]
    form["results"] = {name: outcome for name, outcome in results.items() if name not in done}
    return form


def with_equal_folded(form: Form) -> Form:
    """Return the form of a small batch with many equal outcomes written once, without their times."""
    results: Mapping[str, OutcomeForm] = form["results"]
    groups: dict[str, list[str]] = {}
    for name, outcome in results.items():
        plain = {key: value for key, value in outcome.items() if key != "time"}
        groups.setdefault(to_json(plain), []).append(name)
    shown = [group for group in groups.values() if len(group) >= _WORTH_FOLDING_IN_SMALL]
    if not shown:
        return form
    done = {name for group in shown for name in group}
    before = {key: value for key, value in form.items() if key != "results"}
    equal = [
        _counted(group) | {key: value for key, value in results[group[0]].items() if key != "time"} for group in shown
    ]
    left = {name: outcome for name, outcome in results.items() if name not in done}
    return before | {"equal": equal, "results": left}


def _counted(group: Sequence[str]) -> dict[str, object]:
    """Return the number of commands with equal outcomes, and their names: many of them as ranges, `u1..u300`."""
    return {"count": len(group), "commands": group if len(group) <= _NAMED_ONE_BY_ONE else name_ranges(group)}


def with_ranges(form: Form) -> Form:
    """Return the form of a batch with the names of folded commands as ranges: `u1..u300`."""
    changed = dict(form)
    if "equal" in form:
        changed["equal"] = [entry | {"commands": name_ranges(entry["commands"])} for entry in form["equal"]]
    if "tables" in form:
        changed["tables"] = [table | {"rows": row_ranges(table["rows"])} for table in form["tables"]]
    return changed


def _row(outcome: OutcomeForm) -> tuple[tuple[str, ...], Sequence[object]] | None:
    """Return the columns and cells of an outcome; None for one that has more than a result or an id."""
    if len(outcome) != 2 or not outcome["ok"]:
        return None
    if "id" in outcome:
        return ("id",), [outcome["id"]]
    return _cells(outcome["result"]) if "result" in outcome else None


def _cells(result: object) -> tuple[tuple[str, ...], Sequence[object]] | None:
    prefix = ""
    if isinstance(result, dict) and len(result) == 1 and isinstance(inner := next(iter(result.values())), dict):
        prefix, result = f"{next(iter(result))}.", inner
    if not isinstance(result, dict):
        return None if isinstance(result, list) else (("result",), [result])
    if not result or "command" in result:
        return None
    return tuple(prefix + key for key in result), list(result.values())
