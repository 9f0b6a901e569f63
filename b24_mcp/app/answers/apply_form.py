"""The forms of answers about jobs: what would be sent, and what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from b24_mcp.app.answers.forms import Form, head

if TYPE_CHECKING:
    from b24_mcp.records import JobCounts, RowOutcome
    from b24_mcp.rest import PlannedCall

EXAMPLES = 10
_LONGEST_TITLE = 80
_LONGEST_NUMBER = 16


class RowForm(TypedDict, total=False):
    """The outcome of one row."""

    row: int
    id: int | str
    title: str
    ok: bool
    outcome: str
    code: str
    message: str
    executed: str


class FinishedCallForm(TypedDict, total=False):
    """One call as it would be sent."""

    row: int
    title: str
    method: str
    params: object


def dry_job_form(
    facts: Mapping[str, Any], calls: Sequence[tuple[int, str, PlannedCall]], why: str, notice: str | None
) -> Form:
    """Return the form of a job that was not sent: its counts, its risks and its first calls.

    `facts` are the counts. `why` is the reason for an approval; empty when none is needed.
    """
    form = head(True, notice) | {"dry_run": True, "sent": "nothing"} | dict(facts)
    form["approval"] = f"a person is asked first: {why}" if why else "none"
    form["first_calls"] = [
        FinishedCallForm(row=row, method=call.method, params=call.params)
        | (FinishedCallForm(title=title[:_LONGEST_TITLE]) if title else FinishedCallForm())
        for row, title, call in calls
    ]
    return form


def job_form(
    counts: JobCounts,
    facts: Mapping[str, Any],
    examples: Sequence[tuple[RowOutcome, str]],
    notice: str | None,
    **more: object,
) -> Form:
    """Return the form of a job that has ended: the number of rows by outcome, `more`, and the rows to look at."""
    form = head(not counts.failed and not counts.unknown and not counts.waiting, notice) | dict(facts)
    form |= {
        "rows": counts.rows,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "unknown": counts.unknown,
    }
    if counts.waiting:
        form["not_sent"] = counts.waiting
    form |= {action: count for action, count in (counts.actions or {}).items() if count}
    form |= more
    form["examples"] = [row_form(outcome, title) for outcome, title in examples]
    return form


def row_form(outcome: RowOutcome, title: str) -> RowForm:
    """Return the form of one row."""
    form = RowForm(row=outcome.row)
    if outcome.id is not None:
        form["id"] = int(outcome.id) if outcome.id.isdigit() and len(outcome.id) < _LONGEST_NUMBER else outcome.id
    if title:
        form["title"] = title[:_LONGEST_TITLE]
    form["ok"] = outcome.ok
    if outcome.action:
        form["outcome"] = outcome.action
    if outcome.code:
        form["code"] = outcome.code
    if outcome.message:
        form["message"] = outcome.message
    if not outcome.ok:
        form["executed"] = outcome.executed
    return form
