"""The use case `apply_records`: freeze the rows of a query, ask once, send, and keep every outcome.

    same call again? -- running here -------> follow it
          |          -- running elsewhere --> say how far it is
          |          -- interrupted --------> continue it: no row is sent twice
          v
    freeze and check all rows --> dry run: show the first calls
          |
    approval of exactly these rows
          |
    send in batches --> data set of outcomes

Both parts are runs (`b24_mcp.app.runs`): they go on in the server when they take longer than a call.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio
from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app.answers.apply_form import EXAMPLES, dry_job_form, job_form
from b24_mcp.app.answers.forms import Form, failure_form, head, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.apply.facts import examples_in, head_of, notes_for, shown_in
from b24_mcp.app.apply.freezing import Freezer, FrozenRows
from b24_mcp.app.apply.matching import Matcher
from b24_mcp.app.apply.outcomes import outcome_name, store_outcomes, title_of
from b24_mcp.app.apply.question import JobPlan
from b24_mcp.app.apply.request import ApplyRequest
from b24_mcp.app.apply.sending import JobSender
from b24_mcp.app.apply.titles import titled
from b24_mcp.app.approval import AskUser, permit_of
from b24_mcp.app.links import link_pattern
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.runs import BackgroundRun, OnRows, running_form
from b24_mcp.catalog import has_outside_texts
from b24_mcp.errors import B24Error, our_error
from b24_mcp.records import DataSetOrigin, Job, Journal
from b24_mcp.rest import OnWait

_REPEATED_SECONDS = 600.0
_CONTINUED_SECONDS = 86_400.0
_CUT_OFF = "The process was ended before the portal answered."
_ALL_SENT = "All rows were sent. The same call writes their outcomes to the data set; it sends nothing again."
_CONTINUES = "The same call continues once the cause is removed; no row is sent twice."
_STOPPED = "If the server is stopped meanwhile, the same call continues: no row is sent twice."


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that is frozen. `approved` means that it was being sent before."""

    number: int
    facts: Mapping[str, Any]
    approved: bool = False


async def apply_records(
    app: App,
    request: ApplyRequest,
    portal: str | None = None,
    *,
    ask: AskUser | None = None,
    on_rows: OnRows,
    on_wait: OnWait,
) -> Reply:
    """Make one call for each row of a query and return the reply. `ask` asks the user for approval.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    return await ApplyCall(app, opened, request).run(ask, on_rows, on_wait)


class ApplyCall:
    """One call of `apply_records`. A patient call waits for the end of the job, however long it takes."""

    def __init__(self, app: App, opened: OpenPortal, request: ApplyRequest, *, is_patient: bool = False) -> None:
        self._app = app
        self._opened = opened
        self._request = request
        self._is_patient = is_patient
        self._library = app.data_sets.of(opened)
        self._journal = Journal(self._library.store)
        self._longest_name = self._library.store.dialect.longest_name
        self._key = request.key(opened)

    async def run(self, ask: AskUser | None, on_rows: OnRows, on_wait: OnWait) -> Reply:
        """Prepare the job, ask, and send it; or follow what the same call began before."""
        ends_at = math.inf if self._is_patient else anyio.current_time() + self._opened.settings.deadline
        sending = f"{self._key}:send"
        try:
            prepared: Prepared | Reply | None = None
            if self._request.dry_run or self._app.runs.find(sending) is None:
                prepared = await self._app.runs.follow(
                    f"{self._key}:{'dry' if self._request.dry_run else 'prepare'}",
                    self._prepare,
                    self._running,
                    seconds=ends_at - anyio.current_time(),
                    on_rows=on_rows,
                    on_wait=on_wait,
                )
            if isinstance(prepared, Reply):
                return prepared
            if prepared is not None and not prepared.approved:
                await self._approve(prepared, ask)
            return await self._app.runs.follow(
                sending,
                self._send,
                self._running,
                seconds=ends_at - anyio.current_time(),
                on_rows=on_rows,
                on_wait=on_wait,
            )
        except B24Error as exc:
            return self._reply(failure_form(exc, self._opened.notice))

    async def _prepare(self, run: BackgroundRun) -> Prepared | Reply:
        request, journal = self._request, self._journal
        matcher = Matcher.of(self._opened, request.method, request.match, request.on_match) if request.match else None
        async with journal.lock(self._key) as held:
            if not held:
                return await self._elsewhere()
            job = await journal.find(self._key)
            if job is not None and job.state == "approved":
                return await self._interrupted(job)
            if request.resume:
                raise our_error("B24MCP_APPLY_RESUME", "No such job was interrupted.")
            if request.save_as is not None:
                await run_sync(
                    outcome_name, request, (), self._longest_name
                )  # a name that is not valid is refused first
            number = await journal.begin(self._key)
            try:
                return await self._frozen(run, number, job, matcher)
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await journal.drop(number)
                raise

    async def _frozen(
        self, run: BackgroundRun, number: int, job: Job | None, matcher: Matcher | None
    ) -> Prepared | Reply:
        """Freeze the rows into a draft, unless they are those of the last job."""
        request, journal = self._request, self._journal
        run.begin_phase("reading the rows of the query")
        freezer = Freezer(self._app, self._opened, request, journal, number)
        source = await freezer.read_rows()
        if job is not None and not request.dry_run:
            if job.state == "dry" and job.source != source:
                await journal.drop(job.number)
                rows = job.facts.get("rows")
                raise our_error(
                    "B24MCP_APPLY_CHANGED",
                    f"The rows of the query are not those of the dry run: {rows} then, {freezer.frozen.rows} now, or "
                    "other values.",
                    method=request.method,
                )
            if job.source == source and job.state in ("asked", "finished"):
                is_recent = time.time() - float(job.facts.get("at", 0)) < _REPEATED_SECONDS
                if job.state == "asked":
                    await journal.drop(number)
                    return Prepared(job.number, job.facts)
                if is_recent:
                    await journal.drop(number)
                    return self._repeated(job)
        name = await run_sync(outcome_name, request, freezer.frozen.read, self._longest_name)
        frozen = await freezer.plan_rows(run, matcher)
        facts = await self._facts(frozen, number, name)
        if request.dry_run:
            calls = [(row, title, call) for row, title, call in examples_in(facts)]
            await journal.note(number, "dry", {"rows": frozen.rows}, source)
            await journal.drop_others(self._key, number)
            await journal.drop_rows(number)
            form = dry_job_form(shown_in(facts), calls, facts["why"], self._opened.notice)
            return self._reply(with_notice(form, NOTICE) if facts["outside"] else form)
        await journal.note(number, "asked", facts, source)
        await journal.drop_others(self._key, number)
        return Prepared(number, facts)

    async def _facts(self, frozen: FrozenRows, number: int, name: str) -> dict[str, Any]:
        """Return what the journal keeps of a frozen job, so that any process can ask about it and send it."""
        gate = self._opened.gate
        many = await gate.why_many(frozen.writes, sending=not self._request.dry_run)
        why = "; ".join([*frozen.reasons[:5], *([many] if many else [])])
        risks = [{"kinds": list(risk.kinds), "why": risk.why} for one in frozen.first_rulings for risk in one.risks]
        examples = []
        for row, call in frozen.first_calls:
            (line,) = await self._journal.page(number, row - 1, 1)
            examples.append([row, title_of(frozen.columns, line.cells), call.method, call.params, call.version])
        await titled(self._opened, examples)
        return {
            "rows": frozen.rows,
            "calls": frozen.calls,
            "version": frozen.version,
            "columns": list(frozen.columns),
            "actions": frozen.actions,
            "warnings": frozen.warnings_shown,
            "risks": [risk for place, risk in enumerate(risks) if risk not in risks[:place]],
            "why": why,
            "digest": frozen.digest,
            "records": name,
            "examples": examples,
            "method": frozen.method or self._request.method,
            "outside": await self._reads_outside_texts(frozen.read),
            "at": time.time(),
        }

    async def _reads_outside_texts(self, read: Sequence[str]) -> bool:
        """Whether one of these data sets may hold texts written by outsiders."""
        sets = await self._library.sets()
        return any(has_outside_texts(one.method) for one in sets if one.name in read)

    async def _approve(self, prepared: Prepared, ask: AskUser | None) -> None:
        """Wait for the approval of a job if it needs one, and mark it as approved.

        Raises:
            B24Error: `B24MCP_DECLINED` or `B24MCP_APPROVAL`; nothing was sent.
        """
        facts = prepared.facts
        if facts["why"]:
            examples = examples_in(facts)
            calls = [call for _, _, call in examples]
            judgement = self._opened.gate.judge_each(calls).asked(facts["why"])
            rulings = tuple([replace(one, why=facts["why"]) for one in judgement.to_approve])
            plan = JobPlan(
                self._opened,
                calls,
                replace(judgement, rulings=rulings),
                rulings,
                frozen_digest=self._digest(facts),
                rows=facts["calls"],
                job_method=self._request.method,
                why=facts["why"],
                actions=facts["actions"],
                examples=examples,
            )
            await permit_of(plan, ask, self._app.redactor)
        await self._journal.approve(prepared.number, dict(facts) | {"at": time.time()})

    def _digest(self, facts: Mapping[str, Any]) -> str:
        """Return the digest that an approval is bound to: of the caller, the portal, the call and every frozen row."""
        return f"{self._key}:{facts['digest']}"

    async def _send(self, run: BackgroundRun) -> Reply:
        journal = self._journal
        async with journal.lock(self._key) as held:
            if not held:
                return await self._elsewhere()
            job = await journal.find(self._key)
            if job is None or job.state != "approved":
                return self._repeated(job) if job is not None and job.state == "finished" else self._gone()
            number, facts = job.number, job.facts
            await journal.recover(number, "B24MCP_APPLY_UNKNOWN", _CUT_OFF)
            run.begin_phase("")
            sender = JobSender(self._opened, journal, number, approved=bool(facts["why"]))
            error: B24Error | None
            try:
                error = await sender.send_all(run, await journal.counts(number))
            except B24Error as exc:
                error = exc
            if error is not None:
                return await self._stopped(job, error)
            origin = DataSetOrigin(facts["method"], self._request.params, self._opened.portal.host)
            try:
                await store_outcomes(self._library, journal, number, facts["records"], origin, facts["columns"])
                form = await self._ended(job)
                await journal.note(number, "finished", {"form": form, "rows": facts["rows"], "at": time.time()})
                await journal.drop_rows(number)
            except B24Error as exc:
                hint = f"{_ALL_SENT} {exc.fault.hint}"
                return await self._stopped(job, B24Error(replace(exc.fault, executed="yes", hint=hint), exc.method))
        return self._reply(form)

    async def _ended(self, job: Job) -> Form:
        counts = await self._journal.counts(job.number)
        facts = job.facts
        more: dict[str, object] = {"records": facts["records"]}
        pattern = await run_sync(link_pattern, self._opened.portal.origin, facts["method"], self._request.params, "1")
        if pattern is not None:  # the column `id` of the outcomes is the id of the record
            more["link"] = pattern.replace("{result}", "{id}")
        if facts["warnings"]:
            more["warnings"] = facts["warnings"]
        if notes := notes_for(counts, facts["records"]):
            more["notes"] = notes
        form = job_form(counts, head_of(facts), await self._worth_showing(job), self._opened.notice, **more)
        return with_notice(form, NOTICE) if facts["outside"] else form

    async def _stopped(self, job: Job, error: B24Error) -> Reply:
        """Return the reply of a job that ended early: the error, and what was done until then."""
        form = failure_form(error, self._opened.notice)
        try:
            counts = await self._journal.counts(job.number)
            shown = await self._worth_showing(job)
        except B24Error:  # the data sets cannot be read
            form["error"]["executed"] = "yes" if error.fault.executed == "yes" else "unknown"
            form["notes"] = [f"It is not known now which rows were sent. {_CONTINUES}"]
            return self._reply(form)
        form |= job_form(counts, head_of(job.facts), shown, self._opened.notice) | {"ok": False}
        form["notes"] = [
            f"{counts.waiting} rows were not sent. The same call continues with them once the cause is removed; no row "
            "is sent twice."
        ]
        return self._reply(form)

    async def _worth_showing(self, job: Job) -> list[tuple[Any, str]]:
        """Return the first rows that did not succeed, or else the first that did, with their titles."""
        found = await self._journal.examples(job.number, ok=False, limit=EXAMPLES)
        found = found or await self._journal.examples(job.number, ok=True, limit=3)
        return [(outcome, title_of(job.facts["columns"], cells)) for outcome, cells in found]

    async def _interrupted(self, job: Job) -> Prepared | Reply:
        """Return a job that was being sent when its process ended, so that it is continued."""
        is_old = time.time() - float(job.facts.get("at", 0)) > _CONTINUED_SECONDS
        if not self._request.dry_run and (self._request.resume or not is_old):
            return Prepared(job.number, job.facts, approved=True)
        counts = await self._journal.counts(job.number)
        said = f"This call was interrupted at {job.updated_at}: {counts.waiting} of {counts.rows} rows were not sent."
        if not self._request.dry_run:
            hint = "Nothing was sent. resume=true continues it. Another save_as starts a new job."
            raise our_error("B24MCP_APPLY_RESUME", said, hint=hint)
        form = job_form(counts, head_of(job.facts), await self._worth_showing(job), self._opened.notice)
        form |= {
            "ok": True,
            "dry_run": True,
            "sent": "nothing",
            "notes": [f"{said} The call without dry_run continues."],
        }
        return self._reply(form)

    def _repeated(self, job: Job) -> Reply:
        form = dict(job.facts["form"])
        note = (
            "These calls were made before, a moment ago, and nothing was sent again. To make them once more, use "
            "another save_as."
        )
        form["notes"] = [note, *form.get("notes", [])]
        return self._reply(form)

    async def _elsewhere(self) -> Reply:
        """Return the reply when another process is working on the same call."""
        form = head(True, self._opened.notice) | {"running": True, "method": self._request.method}
        job = await self._journal.find(self._key)
        if job is not None and job.state == "approved":
            counts = await self._journal.counts(job.number)
            form |= {"rows": counts.rows - counts.waiting, "total": counts.rows}
        form["notes"] = [
            "Another call or process of b24-mcp is making these calls now. Make exactly the same call again to see how "
            "far it is and to get its result."
        ]
        return self._reply(form)

    def _gone(self) -> Reply:
        raise our_error("B24MCP_APPLY_RESUME", "The frozen rows of this call were removed.")

    def _running(self, run: BackgroundRun) -> Reply:
        facts: Form = {"method": self._request.method}
        return self._reply(running_form(run, self._opened.notice, facts, note="" if run.phase else _STOPPED))

    def _reply(self, form: Form) -> Reply:
        return Reply(form, self._opened.settings.budget)
