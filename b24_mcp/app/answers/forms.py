"""The forms of answers: the objects that become their JSON, in the order in which a reader needs the keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypedDict

from b24_mcp.access import Judgement, Ruling
from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error
from b24_mcp.rest import (
    Answer,
    BatchAnswer,
    CallTime,
    DryRun,
    Failed,
    NotRun,
    Outcome,
    PlannedCall,
    Request,
    Succeeded,
)

# What a table adds to an answer: `"table":true,` and `{"columns":[],"rows":[]}`.
_OVERHEAD = 38

Form = dict[str, Any]
"""The JSON object of an answer. It begins with `ok`, and with `portal` where that is not obvious."""


class TimeForm(TypedDict, total=False):
    """The portal's account of its time: seconds of this call, seconds used up of the method's working time, and when
    these are free again.
    """

    duration: float
    operating: float
    operating_reset_at: str


class FieldForm(TypedDict):
    """One entry of `validation`."""

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


class SummaryForm(TypedDict):
    """The counts of a batch. `requests` are HTTP requests."""

    commands: int
    succeeded: int
    failed: int
    not_run: int
    requests: int


class RiskForm(TypedDict):
    """A risk of a call: its kinds, and the reason."""

    kinds: list[str]
    why: str


class RulingForm(TypedDict, total=False):
    """The judgement of a call that was not made."""

    method: str
    version: str
    effect: str
    risks: list[RiskForm]
    needs_approval: str


def call_form(answer: Answer, notice: str | None = None, warnings: Iterable[str] = ()) -> Form:
    """Return the form of a call that succeeded. Counts come before the rows: clients cut long texts at their end."""
    form = head(True, notice)
    form["method"] = answer.method
    form["version"] = answer.version
    _add_body(form, answer)
    form["warnings"] = [*answer.warnings, *warnings]
    return form


def failure_form(error: B24Error, notice: str | None = None, version: Version | None = None) -> Form:
    """Return the form of a call that failed, or of arguments that were refused. `version` is that of the call."""
    form = head(False, notice)
    if error.method:
        form["method"] = error.method
    if version is not None:
        form["version"] = version
    form["error"] = _error(error)
    return form


def batch_form(answer: BatchAnswer, commands: Iterable[PlannedCall], notice: str | None = None) -> Form:
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
    warnings = [*answer.warnings, *_warnings_of(commands)]
    if warnings:
        form["warnings"] = warnings
    form["results"] = {
        command.name: _outcome(answer.outcomes[command.name], command.version, answer.error) for command in commands
    }
    return form


def dry_call_form(judgement: Judgement, planned: PlannedCall, notice: str | None = None) -> Form:
    """Return the form of a call that was not made: what would be sent, and whether the user would be asked."""
    form = _dry_head(judgement, notice) | _ruled(judgement.rulings[0])
    form["params"] = planned.params
    if planned.warnings:
        form["warnings"] = list(planned.warnings)
    return form


def dry_batch_form(
    judgement: Judgement, commands: Iterable[PlannedCall], dry_run: DryRun, notice: str | None = None
) -> Form:
    """Return the form of a batch that was not made, with the requests that would be sent."""
    form = _dry_head(judgement, notice)
    form["commands"] = {ruling.call.name: _ruled(ruling) for ruling in judgement.rulings}
    if dry_run.waiting:
        form["written_down_later"] = list(dry_run.waiting)
    form["requests"] = [_request(request) for request in dry_run.requests]
    if warnings := _warnings_of(commands):
        form["warnings"] = warnings
    return form


def with_notice(form: Form, notice: str) -> Form:
    """Return the form with a notice before what it is about."""
    head = {key: form[key] for key in ("ok", "portal") if key in form}
    return head | {"notice": notice} | {key: value for key, value in form.items() if key not in (*head, "notice")}


def head(ok: bool, notice: str | None) -> Form:
    """Return the beginning of every answer."""
    return {"ok": ok} if notice is None else {"ok": ok, "portal": notice}


def as_table(result: object) -> dict[str, object]:
    """Return `{"result": …}`, with `"table": true` before it where a table is shorter.

    A list under the only key of an object, as in `{"items": […]}`, becomes a table at its place.
    """
    rows, key = result, None
    if isinstance(result, dict) and len(result) == 1:
        ((key, rows),) = result.items()
    if not isinstance(rows, list) or len(rows) < 2 or not isinstance(rows[0], dict):
        return {"result": result}
    columns = list(rows[0])
    # Characters that a table saves in each row: the names with their colons.
    saved = len(json.dumps(columns, ensure_ascii=False, separators=(",", ":"))) - 1
    if not columns or (len(rows) - 1) * saved <= _OVERHEAD + len(columns) or not _share(rows, columns):
        return {"result": result}
    table = {"columns": columns, "rows": [list(row.values()) for row in rows]}
    return {"table": True, "result": table if key is None else {key: table}}


def _share(rows: Iterable[object], columns: list[object]) -> bool:
    """Whether all rows are objects with these keys in this order."""
    return all(isinstance(row, dict) and list(row) == columns for row in rows)


def _outcome(outcome: Outcome, version: Version, of_request: B24Error | None) -> Form:
    form: Form = {"ok": isinstance(outcome, Succeeded)}
    if version == "v3":
        form["version"] = "v3"
    match outcome:
        case NotRun():
            form["not_run"] = outcome.reason
            return form
        case Succeeded(answer=answer):
            _add_body(form, answer)
            warnings = answer.warnings
        case Failed(error=error):
            # A request that failed as a whole is described once, not for each of its commands.
            form["error"] = _error(error, brief=of_request is not None and error.fault is of_request.fault)
            if outcome.time is not None:
                form["time"] = _time(outcome.time)
            warnings = outcome.warnings
    if warnings:
        form["warnings"] = list(warnings)
    return form


def _warnings_of(commands: Iterable[PlannedCall]) -> list[str]:
    """Return the warnings about commands, each text once: with the command it is about and the number of others."""
    names: dict[str, list[str]] = {}
    for command in commands:
        for text in dict.fromkeys(command.warnings):
            names.setdefault(text, []).append(command.name)
    return [
        f"{about[0]}: {text}" if len(about) == 1 else f"{about[0]} and {len(about) - 1} more commands: {text}"
        for text, about in names.items()
    ]


def _dry_head(judgement: Judgement, notice: str | None) -> Form:
    form = head(True, notice)
    form["dry_run"] = True
    form["sent"] = "nothing"
    form["approval"] = "a person is asked first" if judgement.to_approve else "none"
    return form


def _ruled(ruling: Ruling) -> RulingForm:
    form = RulingForm(method=ruling.call.method, version=ruling.call.version, effect=ruling.effect)
    if ruling.risks:
        form["risks"] = [RiskForm(kinds=list(risk.kinds), why=risk.why) for risk in ruling.risks]
    if ruling.need == "approval":
        form["needs_approval"] = ruling.why
    return form


def _request(request: Request) -> Form:
    body = json.loads(json.dumps(request.body, default=str))  # a value that is not known yet says so
    return {"method": request.method, "version": request.version, "body": body}


def _add_body(form: Form, answer: Answer) -> None:
    if answer.total is not None:
        form["total"] = answer.total
    if answer.next is not None:
        form["next"] = answer.next
    form |= as_table(answer.result)
    if answer.time is not None:
        form["time"] = _time(answer.time)


def _time(time: CallTime) -> TimeForm:
    form = TimeForm()
    if time.duration is not None:
        form["duration"] = round(time.duration, 3)
    if time.operating is not None:
        form["operating"] = round(time.operating, 3)
    if time.operating_reset_at is not None:
        form["operating_reset_at"] = time.operating_reset_at.isoformat()
    return form


def _error(error: B24Error, *, brief: bool = False) -> ErrorForm:
    """`brief` leaves out what the answer says once for all commands of a request that failed."""
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
