"""What the journal knows of a job and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

JobState = Literal["draft", "dry", "asked", "approved", "finished"]
"""`draft`: being frozen. `dry`: only shown. `asked`: to be approved. `approved`: being sent, or interrupted."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job: the calls of one query. `source` is the digest of the rows of the query. `facts` are notes."""

    number: int
    state: JobState
    source: str
    facts: Mapping[str, Any]
    updated_at: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of a job: its cells, and its call as JSON, None until it is planned.

    `action` is what the call does to a record, such as `created`. `after` is the row whose id this call needs. `id` is
    the record that the call names.
    """

    row: int
    cells: Sequence[Any]
    call: str | None = None
    action: str = ""
    after: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """The outcome of one row. `executed` is `no`, `yes` or `unknown`."""

    row: int
    ok: bool
    executed: str
    action: str = ""
    id: str | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobCounts:
    """The number of rows by outcome. `actions` counts the rows that succeeded, by action."""

    rows: int = 0
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    unknown: int = 0
    actions: Mapping[str, int] | None = None
