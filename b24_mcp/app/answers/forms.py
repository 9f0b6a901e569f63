"""The normal form of every answer, as the objects that become its JSON."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from b24_mcp.access import Judgement, Ruling
from b24_mcp.app.answers.tables import as_table
from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer, BatchAnswer, CallTime, DryRun, Failed, NotRun, Outcome, Request, Succeeded

Form = dict[str, Any]


def call_form(answer: Answer, notice: str | None = None) -> Form:
    """The form of a call that succeeded. Counts come before the rows: clients cut long texts at their end."""
    form = head(True, notice) | {"method": answer.method, "version": answer.version} | _body(answer)
    return form | {"warnings": list(answer.warnings)}


def error_form(error: B24Error, notice: str | None = None, version: Version | None = None) -> Form:
    """The form of a call that failed, or of arguments that were refused; `version` is what it was made in."""
    form = head(False, notice)
    if error.method:
        form["method"] = error.method
    if version is not None:
        form["version"] = version
    return form | {"error": _error(error)}


def batch_form(answer: BatchAnswer, notice: str | None = None, in_v3: Collection[str] = ()) -> Form:
    """The form of a batch: a summary, then what became of each command, in their order. `in_v3` names the commands
    made in REST 3.0.
    """
    outcomes = answer.outcomes.values()
    succeeded = sum(isinstance(outcome, Succeeded) for outcome in outcomes)
    not_run = sum(isinstance(outcome, NotRun) for outcome in outcomes)
    form = head(succeeded == len(outcomes), notice)
    form["summary"] = {
        "commands": len(outcomes),
        "succeeded": succeeded,
        "failed": len(outcomes) - succeeded - not_run,
        "not_run": not_run,
        "requests": answer.requests,
    }
    if answer.error is not None:
        form["error"] = _error(answer.error)
    if answer.warnings:
        form["warnings"] = list(answer.warnings)
    results: Form = {}
    for name, outcome in answer.outcomes.items():
        entry = _outcome(outcome, answer.error)
        results[name] = {"ok": entry["ok"], "version": "v3"} | entry if name in in_v3 else entry
    return form | {"results": results}


def dry_form(judgement: Judgement, notice: str | None = None, rehearsal: DryRun | None = None) -> Form:
    """The form of a call or a batch that was not made: what would be sent, and whether a person would be asked. The
    requests of a batch are in its `rehearsal`.
    """
    rulings = judgement.rulings
    form = head(True, notice) | {"dry_run": True, "sent": "nothing", "approval": "none"}
    if judgement.to_approve:
        form["approval"] = "a person is asked first"
    if rehearsal is None:
        return form | _ruled(rulings[0]) | {"params": rulings[0].act.params}
    form["commands"] = {ruling.act.name: _ruled(ruling) for ruling in rulings}
    if rehearsal.waiting:
        form["written_down_later"] = list(rehearsal.waiting)
    return form | {"requests": [_request(request) for request in rehearsal.requests]}


def with_notice(form: Form, notice: str) -> Form:
    """Put a remark where a reader meets it before what it is about."""
    head = {key: form[key] for key in ("ok", "portal") if key in form}
    return head | {"notice": notice} | {key: value for key, value in form.items() if key not in (*head, "notice")}


def head(ok: bool, notice: str | None) -> Form:
    """How every answer begins."""
    return {"ok": ok} if notice is None else {"ok": ok, "portal": notice}


def _outcome(outcome: Outcome, of_request: B24Error | None) -> Form:
    match outcome:
        case NotRun():
            return {"ok": False, "not_run": outcome.reason}
        case Succeeded():
            form: Form = {"ok": True} | _body(outcome.answer)
            warnings = outcome.answer.warnings
        case Failed():
            form = {"ok": False, "error": _error(outcome.error, brief=_same_fault(outcome.error, of_request))}
            form |= _time(outcome.time)
            warnings = outcome.warnings
    return form | {"warnings": list(warnings)} if warnings else form


def _ruled(ruling: Ruling) -> Form:
    act = ruling.act
    form: Form = {"method": act.method, "version": act.version, "effect": ruling.effect}
    if ruling.risks:
        form["risks"] = [{"kinds": list(risk.kinds), "why": risk.why} for risk in ruling.risks]
    if ruling.need == "approval":
        form["needs_approval"] = ruling.why
    return form


def _request(request: Request) -> Form:
    body = json.loads(json.dumps(request.body, default=str))  # what is not known yet says so
    return {"method": request.method, "version": request.version, "body": body}


def _same_fault(error: B24Error, other: B24Error | None) -> bool:
    return other is not None and error.fault is other.fault


def _body(answer: Answer) -> Form:
    form: Form = {}
    if answer.total is not None:
        form["total"] = answer.total
    if answer.next is not None:
        form["next"] = answer.next
    return form | as_table(answer.result) | _time(answer.time)


def _time(time: CallTime | None) -> Form:
    if time is None:
        return {}
    known: Form = {}
    if time.duration is not None:
        known["duration"] = round(time.duration, 3)
    if time.operating is not None:
        known["operating"] = round(time.operating, 3)
    if time.operating_reset_at is not None:
        known["operating_reset_at"] = time.operating_reset_at.isoformat()
    return {"time": known}


def _error(error: B24Error, *, brief: bool = False) -> Form:
    """`brief` leaves out what the answer says once for all commands of a request that failed."""
    fault = error.fault
    form: Form = {"code": fault.code}
    if not brief:
        form["message"] = fault.message
        if fault.status is not None:
            form["status"] = fault.status
    form |= {"kind": fault.kind, "executed": fault.executed}
    if brief:
        return form
    form |= {"retryable": fault.retryable, "hint": fault.hint}
    if fault.validation:
        form["validation"] = [{"field": problem.field, "message": problem.message} for problem in fault.validation]
    return form
