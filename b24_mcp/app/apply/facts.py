"""The facts of a frozen job, as the journal keeps them, in the forms that answers and questions need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from b24_mcp.access import with_risks
from b24_mcp.records import JobCounts
from b24_mcp.rest import PlannedCall, plan_call


def examples_in(facts: Mapping[str, Any]) -> list[tuple[int, str, PlannedCall]]:
    """Return the first calls of a job, with the numbers and titles of their rows."""
    return [
        (row, title, with_risks(plan_call(method, params, version)))
        for row, title, method, params, version in json.loads(json.dumps(facts["examples"]))
    ]


def head_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts at the beginning of every answer."""
    return {"method": facts["method"], "version": facts["version"]}


def shown_in(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a dry run shows."""
    form = head_of(facts) | {"rows": facts["rows"]}
    form |= facts["actions"]
    if facts["risks"]:
        form["risks"] = facts["risks"]
    if facts["warnings"]:
        form["warnings"] = facts["warnings"]
    form["records"] = facts["records"]
    return form


def notes_for(counts: JobCounts, name: str) -> Sequence[str]:
    """Return what to do about the rows that did not succeed. `name` is the data set of outcomes."""
    notes: list[str] = []
    if not counts.rows:
        return ["the query returned no rows, so nothing was sent"]
    if counts.failed or counts.unknown:
        notes.append(f"all rows that did not succeed: SELECT * FROM {name} WHERE NOT ok")  # noqa: S608  # a hint
    if counts.unknown:
        notes.append(
            "unknown rows may have been executed and were not sent again: read their records before you send them again"
        )
    return notes
