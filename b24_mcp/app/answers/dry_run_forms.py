"""The forms of calls and batches that were not made (`dry_run`): what would be sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypedDict

from b24_mcp.access import Judgement, Ruling
from b24_mcp.app.answers.forms import Form, command_warnings, head
from b24_mcp.rest import DryRun, PlannedCall, Request


class RiskForm(TypedDict):
    """A risk of a call: its kinds, and the reason."""

    kinds: list[str]
    why: str


class RulingForm(TypedDict, total=False):
    """The decision of the gate about a call that was not made. `needs_approval` is the reason."""

    method: str
    version: str
    effect: str
    risks: list[RiskForm]
    needs_approval: str


class RequestForm(TypedDict):
    """An HTTP request that would be sent."""

    method: str
    version: str
    body: object


def dry_call_form(judgement: Judgement, planned: PlannedCall, notice: str | None = None) -> Form:
    """Return the form of a call that was not made: what would be sent, and whether the user would be asked first."""
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
    if warnings := command_warnings(commands):
        form["warnings"] = warnings
    return form


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


def _request(request: Request) -> RequestForm:
    body = json.loads(json.dumps(request.body, default=str))  # a value that is not known yet is described in words
    return RequestForm(method=request.method, version=request.version, body=body)
