"""Sending: the frozen calls of a job in batches, with an outcome for each row.

Rows are marked as sent directly before their request leaves, after all waits. From then on a cancellation waits until
the request is answered, so a job that is stopped ends between two requests. Other calls have priority.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio

from b24_mcp.access import with_risks
from b24_mcp.app.apply.matching import AFTER
from b24_mcp.app.short_work import run_short
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.names import folded
from b24_mcp.errors import B24Error, our_error
from b24_mcp.records import JobCounts, JobRow, RowOutcome
from b24_mcp.rest import BatchAnswer, Failed, NotRun, PlannedBatch, PlannedCall, Succeeded, plan_call

if TYPE_CHECKING:
    from b24_mcp.access import Permit
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.app.runs import BackgroundRun
    from b24_mcp.records import Journal

_LARGEST = 50
_READ_AHEAD = 500
_TARGET_SECONDS = 15.0
_TAKEN = "B24MCP_RECORDS_JOB"
_PAUSES = (0.5, 1.0, 2.0, 4.0)
_OUTCOMES_LOST = (
    "The last rows were sent, and their outcomes could not be stored. The same call continues: those rows become "
    "unknown, and no row is sent twice."
)
_MOST_FAILURES = 6
_LONGEST_PAUSE = 30.0
_LIMITED_SECONDS = 900.0
_FINAL = ("auth", "permission", "policy", "approval", "plan", "unknown_method", "internal")
_LONGEST_MESSAGE = 300


@dataclass(slots=True)
class BatchPace:
    """The number of calls in the next request: as many as take about 15 s, fewer after a request without an answer.

    Every row of such a request is unknown, so the next requests risk fewer rows.
    """

    size: int = 10
    failures: int = 0
    waited: float = 0.0

    def answered(self, seconds: Sequence[float]) -> None:
        """Adapt to the working times of the calls of a request that was answered."""
        self.failures, self.waited = 0, 0.0
        by_speed = _TARGET_SECONDS / max(sum(seconds) / len(seconds), 0.001) if seconds else _LARGEST
        self.size = max(1, min(_LARGEST, int(by_speed), self.size * 2))

    def failed(self, *, lost: bool) -> float:
        """Record a failed request, and return the seconds to wait. `lost` means that it may have been executed."""
        if lost:
            self.size = max(1, self.size // 2)
        pause = min(_LONGEST_PAUSE, 0.5 * 2.0**self.failures)
        self.failures += 1
        self.waited += pause
        return pause

    def gives_up(self, error: B24Error) -> bool:
        """Whether the job ends at this error, to be continued later."""
        if error.fault.kind in _FINAL or error.fault.code == _TAKEN:
            return True
        if error.fault.kind in ("rate_limit", "operating_limit"):
            return self.waited > _LIMITED_SECONDS
        return self.failures >= _MOST_FAILURES


@dataclass(slots=True)
class JobSender:
    """Sends the waiting rows of the job `number`. `approved` is whether the user approved them."""

    opened: OpenPortal
    journal: Journal
    number: int
    approved: bool
    pace: BatchPace = field(default_factory=BatchPace)
    _run: BackgroundRun | None = None
    _ahead: deque[JobRow] = field(default_factory=deque)
    """The next rows that wait, read from the journal in large parts."""

    async def send_all(self, run: BackgroundRun, counts: JobCounts) -> B24Error | None:
        """Send until no row waits. Return the error at which it ended early, if any; the job can be continued then.

        `counts` are the rows that have an outcome already.
        """
        rows, done = counts.rows, counts.rows - counts.waiting
        run.facts = {"succeeded": counts.succeeded, "failed": counts.failed, "unknown": counts.unknown}
        self._run = run
        run.begin_at(done)
        await run.report_rows(done, rows)
        while waiting := await self._waiting():
            calls = await self._frozen(waiting)
            if not calls:
                continue
            settled, error = await self._send(calls, run)
            done += settled
            await run.report_rows(done, rows)
            lost = error is not None and error.fault.executed == "unknown"
            if settled and not lost:
                continue  # a batch of REST 3.0 ends at its first failure, with an error for the whole request
            error = error or our_error("B24MCP_BUSY", "No call could be sent before the deadline.")
            if self.pace.gives_up(error):
                return error
            pause = self.pace.failed(lost=lost)
            await run.report_wait(0, pause, "retrying after a failure of the portal")
            await anyio.sleep(pause)
        return None

    def _count(self, outcomes: Sequence[RowOutcome]) -> None:
        """Add outcomes to what an answer says while the job is running."""
        assert self._run is not None
        for one in outcomes:
            key = "succeeded" if one.ok else "unknown" if one.executed == "unknown" else "failed"
            self._run.facts[key] += 1

    async def _waiting(self) -> list[JobRow]:
        """Return the rows of the next request. A row that needs the id of another one comes after its outcome only."""
        if not self._ahead:
            self._ahead.extend(await self.journal.waiting(self.number, _READ_AHEAD))
        rows: list[JobRow] = []
        together: set[int | None] = set()
        while self._ahead and len(rows) < self.pace.size and self._ahead[0].after not in together:
            rows.append(self._ahead.popleft())
            together.add(rows[-1].row)
        return rows

    async def _frozen(self, rows: Sequence[JobRow]) -> dict[int, _FrozenCall]:
        """Return the calls of rows. Rows whose earlier row created nothing get their outcome here."""
        frozen: dict[int, _FrozenCall] = {}
        orphans: list[RowOutcome] = []
        for row in rows:
            method, params, version = json.loads(row.call or "[]")
            if row.after is not None:
                before = await self.journal.outcome(self.number, row.after)
                if before is None or not before.ok or before.id is None:
                    orphans.append(_orphan(row))
                    continue
                params["id"] = int(before.id) if before.id.isdigit() else before.id
            frozen[row.row] = method, params, version
        if orphans:
            await self.journal.settle(self.number, orphans)
        return frozen

    def _planned(self, frozen: Mapping[int, _FrozenCall]) -> tuple[dict[int, PlannedCall], PlannedBatch, Permit]:
        """Return frozen calls by their rows, and the batch of them with the permit of the gate.

        Raises:
            B24Error: `B24MCP_POLICY`, when the rules changed since the rows were frozen; nothing was sent.
        """
        calls: dict[int, PlannedCall] = {}
        for row, (method, params, version) in frozen.items():
            planned = plan_call(method, params, "v3" if version == "v3" else "v2", name=f"row{row}")
            calls[row] = planned if planned.risks is not None else with_risks(planned)
        batch = PlannedBatch(tuple(calls.values()))
        gate = self.opened.gate
        judgement = gate.judge_each(batch.commands)
        judgement.refuse()
        return calls, batch, gate.permit(judgement, approved=self.approved)

    async def _send(self, frozen: Mapping[int, _FrozenCall], run: BackgroundRun) -> tuple[int, B24Error | None]:
        """Send one batch and store its outcomes. Return how many rows got one, and the error of a failed request."""
        methods = {method for method, _, _ in frozen.values()}
        params = [params for _, params, _ in frozen.values()]
        plan = partial(self._planned, frozen)
        calls, batch, permit = await run_short(plan, "frozen", known_methods(), methods, params)
        scope = anyio.CancelScope()
        marked = False

        async def on_send() -> None:
            nonlocal marked
            if not marked:
                scope.shield = True  # from here on an outcome is waited for
                await self.journal.mark_sent(self.number, list(calls))
                marked = True

        with scope:
            answer = await self.opened.portal.send_batch(
                batch, permit, bulk=True, on_wait=run.report_wait, on_send=on_send
            )
            return await self._settle(calls, answer)
        return 0, None

    async def _settle(self, calls: dict[int, PlannedCall], answer: BatchAnswer) -> tuple[int, B24Error | None]:
        outcomes: list[RowOutcome] = []
        again: list[int] = []
        seconds: list[float] = []
        for row, call in calls.items():
            outcome = answer.outcomes[call.name]
            if isinstance(outcome, NotRun):
                again.append(row)
                continue
            outcomes.append(_outcome(row, call, outcome))
            time = outcome.answer.time if isinstance(outcome, Succeeded) else outcome.time
            if time is not None and time.duration is not None:
                seconds.append(time.duration)
        await self._store(outcomes, again)
        self._count(outcomes)
        if answer.error is None and not again:
            self.pace.answered(seconds)
        else:
            self._ahead.clear()  # rows before these wait again
        return len(outcomes), answer.error

    async def _store(self, outcomes: Sequence[RowOutcome], again: Sequence[int]) -> None:
        """Store outcomes of requests that were sent. If the database cannot be used for a moment, they are stored
        later.

        Raises:
            B24Error: with `executed` unknown. The next process that continues the job finds the rows as sent.
        """
        for pause in (*_PAUSES, None):
            try:
                return await self.journal.settle(self.number, outcomes, again)
            except B24Error as exc:
                if pause is None:
                    hint = f"{_OUTCOMES_LOST} {exc.fault.hint}"
                    raise B24Error(replace(exc.fault, executed="unknown", hint=hint), exc.method) from None
            await anyio.sleep(pause)
        return None


_FrozenCall = tuple[str, "dict[str, object] | list[object]", str]
"""The method, the params and the version of a call that was checked when it was frozen."""


def _outcome(row: int, call: PlannedCall, outcome: Succeeded | Failed) -> RowOutcome:
    given = id_in_params(call)
    if isinstance(outcome, Succeeded):
        found = _id_of(outcome.answer.result)
        return RowOutcome(row, True, "yes", id=given if found is None else found)
    fault = outcome.error.fault
    return RowOutcome(row, False, fault.executed, id=given, code=fault.code, message=fault.message[:_LONGEST_MESSAGE])


def id_in_params(call: PlannedCall) -> str | None:
    """Return the id of the record that a call names; None without one."""
    if not isinstance(call.params, dict):
        first = call.params[0] if call.params else None
        return str(first) if isinstance(first, int | str) and str(first).isdigit() else None
    ids = {folded(name): value for name, value in call.params.items() if isinstance(value, int | str)}
    entity = next((name for name in ids if name.endswith("id") and name not in ("id", "entitytypeid")), "")
    found = ids.get("id", ids.get(entity))
    return None if found is None or found == AFTER else str(found)


def _id_of(result: object) -> str | None:
    """Return the id in the answer of a write: the answer itself, or the id of the record in it."""
    if isinstance(result, int | str) and not isinstance(result, bool):
        return str(result) if str(result).isdigit() and int(result) > 0 else None
    if not isinstance(result, dict):
        return None
    for key, value in result.items():
        if key.lower() == "id" and isinstance(value, int | str) and not isinstance(value, bool):
            return str(value)
    return _id_of(next(iter(result.values()))) if len(result) == 1 else None


def _orphan(row: JobRow) -> RowOutcome:
    return RowOutcome(
        row.row,
        False,
        "no",
        row.action,
        None,
        "B24MCP_APPLY_MATCH",
        f"Row {row.after}, which has the same values, is not known to have created a record.",
    )
