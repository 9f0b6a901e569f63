"""The forms of answers: the objects that become JSON, with their keys in the order in which a reader needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Required, TypedDict

from b24_mcp.app.answers.leaner import LeanResult, lean_result, lean_results
from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error
from b24_mcp.rest import (
    Answer,
    BatchAnswer,
    CallTime,
    Failed,
    NotRun,
    Outcome,
    PlannedCall,
    Succeeded,
    to_json,
)

# The characters that a table adds to an answer: `"table":true,` and `{"columns":[],"rows":[]}`.
_TABLE_OVERHEAD = 38
SMALL_BATCH = 10
"""With so few commands, each is shown under its name, with its time, when there is room."""
# Seconds of the operating time of a method, of which the portal allows 480 in ten minutes.
_OPERATING_SHOWN = 60.0

Form = dict[str, Any]
"""The JSON object of an answer. It begins with `ok`, and with `portal` when it is not obvious which portal answered."""


class TimeForm(TypedDict, total=False):
    """The time of a call as the portal reports it.

    `duration` is the seconds of this call. Once a method has used a part of its limit that matters, `operating` is the
    seconds that it has used, and `operating_reset_at` the moment when the oldest of them no longer count.
    """

    duration: float
    operating: float
    operating_reset_at: str


class FieldForm(TypedDict):
    """One entry of `validation`: a field and what is wrong with it."""

    field: str
    message: str


class ErrorForm(TypedDict, total=False):
    """The `error` of an answer; see `b24_mcp.errors.Fault`."""

    code: str
    message: str
    status: int
    kind: str
    executed: str
    retryable: bool
    hint: str
    validation: list[FieldForm]


class TableForm(TypedDict):
    """Like objects as a table: their keys once, and their values as rows."""

    columns: Sequence[str]
    rows: list[list[object]]


class ResultForm(TypedDict, total=False):
    """The `result` of a call. `table` is true when its list of objects is written as a `TableForm`."""

    table: bool
    result: object


class BodyForm(ResultForm, total=False):
    """The content of a successful answer; see `b24_mcp.rest.Answer`.

    `empty` and `left_out` count what the result does not show; see `LeanResult`.
    """

    total: int
    next: int | Mapping[str, object]
    empty: int
    left_out: int
    time: TimeForm


class OutcomeForm(BodyForm, total=False):
    """The outcome of one command of a batch.

    In a shortened answer `id` is left of the result of a write, and `characters_left_out` is the size of a result that
    is not shown.
    """

    ok: Required[bool]
    version: str
    id: int | str
    error: ErrorForm
    not_run: str
    warnings: list[str]
    characters_left_out: int


class SummaryForm(TypedDict):
    """The counts of a batch. `requests` is the number of HTTP requests."""

    commands: int
    succeeded: int
    failed: int
    not_run: int
    requests: int


def call_form(
    answer: Answer,
    notice: str | None = None,
    warnings: Iterable[str] = (),
    call: PlannedCall | None = None,
    *,
    empty: bool = False,
) -> Form:
    """Return the form of a call that succeeded. Counts come before the rows: clients cut long texts at the end.

    What the result of `call` need not show is left out; with `empty` every value stays.
    """
    form = head(True, notice)
    form["method"] = answer.method
    form["version"] = answer.version
    body = BodyForm()
    _add_body(body, answer, lean_result(call, answer.result, empty=empty))
    form |= body
    form["warnings"] = [*answer.warnings, *warnings]
    return form


def failure_form(error: B24Error, notice: str | None = None, version: Version | None = None) -> Form:
    """Return the form of a call that failed, or of refused arguments. `version` is the version of the call."""
    form = head(False, notice)
    if error.method:
        form["method"] = error.method
    if version is not None:
        form["version"] = version
    form["error"] = _error(error)
    return form


def batch_form(answer: BatchAnswer, commands: Sequence[PlannedCall], notice: str | None = None) -> Form:
    """Return the form of a batch: a summary, then the outcome of each command, in their order."""
    outcomes = answer.outcomes.values()
    succeeded = sum([isinstance(outcome, Succeeded) for outcome in outcomes])
    not_run = sum([isinstance(outcome, NotRun) for outcome in outcomes])
    form = head(succeeded == len(outcomes), notice)
    form["summary"] = SummaryForm(
        commands=len(outcomes),
        succeeded=succeeded,
        failed=len(outcomes) - succeeded - not_run,
        not_run=not_run,
        requests=answer.requests,
    )
    if answer.error is not None:
        form["error"] = _error(answer.error)
    warnings = [*answer.warnings, *command_warnings(commands)]
    if warnings:
        form["warnings"] = warnings
    results = {name: one.answer.result for name, one in answer.outcomes.items() if isinstance(one, Succeeded)}
    lean, empty, left_out = lean_results(commands, results, together=len(commands) > SMALL_BATCH)
    if empty:
        form["empty"] = empty
    if left_out:
        form["left_out"] = left_out
    form["results"] = {
        command.name: _outcome(answer.outcomes[command.name], command, answer.error, lean.get(command.name))
        for command in commands
    }
    return form


def command_warnings(commands: Iterable[PlannedCall]) -> list[str]:
    """Return each warning about commands once, with the name of its first command and the number of the others."""
    names: dict[str, list[str]] = {}
    for command in commands:
        for text in dict.fromkeys(command.warnings):
            names.setdefault(text, []).append(command.name)
    return [
        f"{about[0]}: {text}" if len(about) == 1 else f"{about[0]} and {len(about) - 1} more commands: {text}"
        for text, about in names.items()
    ]


def with_notice(form: Form, notice: str) -> Form:
    """Return the form with a notice before the content that it is about."""
    beginning = {key: form[key] for key in ("ok", "portal") if key in form}
    rest = {key: value for key, value in form.items() if key not in (*beginning, "notice")}
    return beginning | {"notice": notice} | rest


def head(ok: bool, notice: str | None) -> Form:
    """Return the beginning of every answer."""
    return {"ok": ok} if notice is None else {"ok": ok, "portal": notice}


def as_table(result: object) -> ResultForm:
    """Return `{"result": …}`, with `"table": true` before it when a table is shorter.

    A list under the only key of an object, as in `{"items": […]}`, is replaced by a table.
    """
    rows, key = result, None
    if isinstance(result, dict) and len(result) == 1:
        ((key, rows),) = result.items()
    if not isinstance(rows, list) or len(rows) < 2 or not isinstance(rows[0], dict):
        return ResultForm(result=result)
    columns = list(rows[0])
    # The characters that a table saves in each row: the names with their colons.
    saved = len(to_json(columns)) - 1
    if not columns or (len(rows) - 1) * saved <= _TABLE_OVERHEAD + len(columns) or not _have_keys(rows, columns):
        return ResultForm(result=result)
    table = TableForm(columns=columns, rows=[list(row.values()) for row in rows])
    return ResultForm(table=True, result=table if key is None else {key: table})


def _have_keys(rows: Iterable[object], columns: list[str]) -> bool:
    """Whether all rows are objects with these keys in this order."""
    return all(isinstance(row, dict) and list(row) == columns for row in rows)


def _outcome(
    outcome: Outcome, command: PlannedCall, of_request: B24Error | None, lean: LeanResult | None
) -> OutcomeForm:
    """Return the form of an outcome. `of_request` is the error of a request that failed as a whole."""
    form = OutcomeForm(ok=isinstance(outcome, Succeeded))
    if command.version == "v3":
        form["version"] = "v3"
    match outcome:
        case NotRun():
            form["not_run"] = outcome.reason
            return form
        case Succeeded(answer=answer):
            _add_body(form, answer, lean or LeanResult(answer.result))
            warnings = answer.warnings
        case Failed(error=error):
            # The error of a whole request is described once, not for each of its commands.
            form["error"] = _error(error, brief=of_request is not None and error.fault is of_request.fault)
            if outcome.time is not None:
                form["time"] = _time(outcome.time)
            warnings = outcome.warnings
    if warnings:
        form["warnings"] = list(warnings)
    return form


def _add_body(form: BodyForm, answer: Answer, lean: LeanResult) -> None:
    if answer.total is not None:
        form["total"] = answer.total
    if answer.next is not None:
        form["next"] = answer.next
    if lean.empty:
        form["empty"] = lean.empty
    if lean.left_out:
        form["left_out"] = lean.left_out
    shown = as_table(lean.result)
    if "table" in shown:
        form["table"] = True
    form["result"] = shown["result"]
    if answer.time is not None:
        form["time"] = _time(answer.time)


def _time(time: CallTime) -> TimeForm:
    form = TimeForm()
    if time.duration is not None:
        form["duration"] = round(time.duration, 3)
    if time.operating is not None and time.operating >= _OPERATING_SHOWN:
        form["operating"] = round(time.operating, 3)
        if time.operating_reset_at is not None:
            form["operating_reset_at"] = time.operating_reset_at.isoformat()
    return form


def _error(error: B24Error, *, brief: bool = False) -> ErrorForm:
    """Return the form of an error. `brief` omits what the answer states once for all commands of a failed request."""
    fault = error.fault
    form = ErrorForm(code=fault.code)
    if not brief:
        form["message"] = fault.message
        if fault.status is not None:
            form["status"] = fault.status
    form["kind"] = fault.kind
    form["executed"] = fault.executed
    if brief:
        return form
    form["retryable"] = fault.retryable
    form["hint"] = fault.hint
    if fault.validation:
        form["validation"] = [FieldForm(field=problem.field, message=problem.message) for problem in fault.validation]
    return form
