"""Freezing: the rows of a query become checked calls in the journal, before anything is sent.

Every row goes through the checks of a single call: the catalogue, the portal's own fields and values, and the gate. The
rows are read part by part, so that their number does not matter for the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from b24_mcp.access import Judgement, Ruling, current_caller
from b24_mcp.app.apply.request import ApplyRequest
from b24_mcp.app.apply.sending import id_in_params
from b24_mcp.app.apply.template import Template
from b24_mcp.app.planning import CallRequest, judged, plan_checked, prepare_call, with_similar_names
from b24_mcp.errors import B24Error, FieldProblem, our_error
from b24_mcp.rest import PlannedCall, to_json

if TYPE_CHECKING:
    from b24_mcp.app.app import App
    from b24_mcp.app.apply.matching import Matcher
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.app.runs import BackgroundRun
    from b24_mcp.catalog import Catalogue, Version
    from b24_mcp.records import JobRow, Journal, QueryShape, RowOutcome
    from b24_mcp.records.columns import Cell

_PAGE = 500
_REASONS_SHOWN = 10
_ROWS_NAMED = 5
_MOST_BAD_ROWS = 100
_WARNINGS_SHOWN = 10
EXAMPLES = 3


@dataclass(slots=True)
class BadRows:
    """The rows that cannot be sent for one reason: the first of their numbers, and how many they are."""

    rows: list[int] = field(default_factory=list)
    count: int = 0

    def add(self, row: int) -> None:
        """Add a row."""
        self.count += 1
        if len(self.rows) < _ROWS_NAMED:
            self.rows.append(row)

    def __str__(self) -> str:
        """Return the numbers as a text."""
        named = ", ".join(map(str, self.rows))
        more = f" and {self.count - len(self.rows)} more" if self.count > len(self.rows) else ""
        return f"row{'s' if self.count > 1 else ''} {named}{more}"


@dataclass(slots=True)
class FrozenRows:
    """What is known of the frozen rows of a job. `facts` stores it in the journal.

    `first_calls` are the first calls, with the numbers of their rows. `reasons` are why the gate wants an approval.
    """

    method: str = ""
    rows: int = 0
    calls: int = 0
    writes: int = 0
    version: Version = "v2"
    columns: Sequence[str] = ()
    read: Sequence[str] = ()
    actions: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    first_calls: list[tuple[int, PlannedCall]] = field(default_factory=list)
    first_rulings: list[Ruling] = field(default_factory=list)
    digest: str = ""

    def count(self, action: str) -> None:
        """Count what a row will do."""
        self.actions[action] = self.actions.get(action, 0) + 1

    def warn(self, row: int, warnings: Sequence[str]) -> None:
        """Count warnings; each is shown once, with its first row."""
        for text in warnings:
            self.warnings[text] = self.warnings.get(text, 0) + 1

    @property
    def warnings_shown(self) -> list[str]:
        """The warnings with the number of their rows, the most frequent first."""
        ordered = sorted(self.warnings.items(), key=lambda entry: -entry[1])
        shown = [text if count == 1 else f"{count} rows: {text}" for text, count in ordered[:_WARNINGS_SHOWN]]
        hidden = len(ordered) - len(shown)
        return [*shown, f"and {hidden} more warnings"] if hidden > 0 else shown


class Freezer:
    """Freezes the rows of one request into the job `number` of a journal."""

    def __init__(self, app: App, opened: OpenPortal, request: ApplyRequest, journal: Journal, number: int) -> None:
        self._app = app
        self._opened = opened
        self._request = request
        self._journal = journal
        self._number = number
        self.frozen = FrozenRows()
        self._bad: dict[str, BadRows] = {}
        self._bad_count = 0
        self._digest = hashlib.sha256()
        self._kinds: Sequence[str | None] = ()

    async def read_rows(self) -> str:
        """Store the rows of the query and return their digest.

        Raises:
            B24Error: of the query.
        """
        from b24_mcp.app.portal_tables import tables_for
        from b24_mcp.records import stream_rows

        tables = await tables_for(self._opened, self._request.sql, self._app.redactor)
        library = self._app.data_sets.of(self._opened)
        caller = current_caller().name
        return await stream_rows(library, self._request.sql, self._store, caller=caller, tables=tables)

    def _store(self, shape: QueryShape, parts: Iterator[list[list[Cell]]]) -> str:
        digest = hashlib.sha256(to_json([shape.columns, shape.kinds]).encode())
        count = 0
        for part in parts:
            if part:
                anyio.from_thread.run(self._journal.add, self._number, count + 1, part)
            for cells in part:
                digest.update(to_json(cells).encode())
            count += len(part)
        frozen = self.frozen
        frozen.rows, frozen.columns, frozen.read, self._kinds = count, shape.columns, shape.read, shape.kinds
        return digest.hexdigest()

    async def plan_rows(self, run: BackgroundRun, matcher: Matcher | None) -> FrozenRows:
        """Check the calls of all rows and store them.

        Raises:
            B24Error: `B24MCP_APPLY_ROWS` with the bad rows, `B24MCP_APPLY_PARAMS`, or of the gate. Only questions were
                sent.
        """
        template = Template.parse(self._request.params, self.frozen.columns, self._kinds)
        catalogue = await self._catalogue(template)
        after = 0
        run.begin_phase("checking the rows")
        while rows := await self._journal.page(self._number, after, _PAGE):
            planned = await run_sync(self._planned, rows, template, catalogue)
            checked = await self._checked(planned)
            after = rows[-1].row
            if self._bad_count >= _MOST_BAD_ROWS:
                break
            if not self._bad:  # otherwise nothing will be sent
                await self._freeze(rows, checked, matcher)
            await run.report_rows(after, self.frozen.rows)
        if self._bad:
            raise self._bad_rows(is_whole=after == self.frozen.rows)
        self.frozen.digest = self._digest.hexdigest()
        return self.frozen

    async def _catalogue(self, template: Template) -> Catalogue:
        """Return the catalogue to check against, after it was waited for if the method is not documented."""
        rows = await self._journal.page(self._number, 0, 1)
        try:
            if rows:
                request = CallRequest(self._request.method, template.params(rows[0].cells))
                await prepare_call(self._opened, request, self._app.background)
        except B24Error as exc:
            if exc.fault.code != "B24MCP_PARAMS":
                raise
        catalogue = self._opened.discovery.known.catalogue
        method = self._request.method
        if not await run_sync(catalogue.versions, method):
            error = our_error("B24MCP_UNKNOWN_METHOD", f"{method} is not documented. Nothing was sent.", method=method)
            raise await run_sync(with_similar_names, error, catalogue)
        return catalogue

    def _planned(self, rows: Sequence[JobRow], template: Template, catalogue: Catalogue) -> dict[int, PlannedCall]:
        planned: dict[int, PlannedCall] = {}
        for row in rows:
            request = CallRequest(self._request.method, template.params(row.cells))
            try:
                planned[row.row] = plan_checked(request, catalogue, name=f"row{row.row}")
            except B24Error as exc:
                self._refuse(row.row, exc)
        texts = {row: to_json(call.params) for row, call in planned.items()}
        for number in self._with_secrets(texts):
            method = planned.pop(number).method
            self._refuse(number, our_error("B24MCP_PARAMS", "It contains a secret of this program.", method=method))
        return planned

    def _with_secrets(self, texts: Mapping[int, str]) -> list[int]:
        """Return the rows whose parameters contain a secret. One search in all texts is faster than one in each."""
        redact = self._app.redactor.redact
        whole = "\n".join(texts.values())
        return [] if redact(whole) == whole else [row for row, text in texts.items() if redact(text) != text]

    async def _checked(self, planned: dict[int, PlannedCall]) -> dict[int, PlannedCall]:
        """Return the calls that the gate and the portal accept.

        Raises:
            B24Error: `B24MCP_POLICY` or `B24MCP_UNKNOWN_METHOD`, which hold for all rows.
        """
        from b24_mcp.app.portal_checks import check_each  # not needed to start and list the tools

        calls = list(planned.values())
        if calls:
            judged(self._opened, calls[:1], validated=True)
            self.frozen.method = calls[0].method
            if calls[0].reads:
                raise our_error("B24MCP_APPLY_READS", f"{calls[0].method} only reads.", method=calls[0].method)
        checked: dict[int, PlannedCall] = {}
        for row, one in zip(planned, await check_each(self._opened, calls), strict=True):
            if isinstance(one, B24Error):
                self._refuse(row, one)
            else:
                checked[row] = one
        return checked

    async def _freeze(self, rows: Sequence[JobRow], calls: dict[int, PlannedCall], matcher: Matcher | None) -> None:
        from b24_mcp.app.apply.matching import Resolved

        if matcher is None:
            resolved = {row: Resolved(call) for row, call in calls.items()}
        else:
            resolved = await matcher.resolve(calls)
        judgement = await run_sync(self._judge, [one.call for one in resolved.values() if one.call is not None])
        judgement.refuse()
        self._note_rulings(judgement)
        planned: list[JobRow] = []
        done: list[RowOutcome] = []
        for row in rows:
            one = resolved.get(row.row)
            if one is None:
                continue
            text = "" if one.call is None else to_json([one.call.method, one.call.params, one.call.version])
            self._digest.update(f"{row.row} {one.action} {one.after} {text}\n".encode())
            if one.action:
                self.frozen.count(one.action)
            if one.call is None:
                done.append(one.outcome(row.row))
                continue
            self._note_call(row.row, one.call, one.after)
            id_ = id_in_params(one.call)
            planned.append(replace(row, call=text, action=one.action, after=one.after, id=id_))
        await self._journal.plan(self._number, planned, done)

    def _judge(self, calls: Sequence[PlannedCall]) -> Judgement:
        return self._opened.gate.judge_each(calls)

    def _note_rulings(self, judgement: Judgement) -> None:
        frozen = self.frozen
        frozen.writes += judgement.writes
        for ruling in judgement.rulings:
            if ruling.need == "approval" and ruling.why not in frozen.reasons:
                frozen.reasons.append(ruling.why)
            if len(frozen.first_rulings) < EXAMPLES:
                frozen.first_rulings.append(ruling)

    def _note_call(self, row: int, call: PlannedCall, after: int | None) -> None:
        frozen = self.frozen
        frozen.calls += 1
        frozen.version = call.version
        frozen.warn(row, call.warnings)
        if len(frozen.first_calls) < EXAMPLES:
            if after is not None and isinstance(call.params, dict):
                call = replace(call, params=call.params | {"id": f"the id of row {after}"})
            frozen.first_calls.append((row, call))

    def _refuse(self, row: int, error: B24Error) -> None:
        """Record a bad row. Errors that hold for every row, such as an unknown method, end the job."""
        if error.fault.kind not in ("validation", "not_found"):
            raise error
        self._bad_count += 1
        reason = _reason(error, row)
        if reason in self._bad or len(self._bad) < _REASONS_SHOWN:
            self._bad.setdefault(reason, BadRows()).add(row)

    def _bad_rows(self, *, is_whole: bool) -> B24Error:
        count = f"{self._bad_count}" if is_whole else f"At least {self._bad_count}"
        said = "; ".join(f"{rows}: {reason}" for reason, rows in list(self._bad.items())[:3])
        return our_error(
            "B24MCP_APPLY_ROWS",
            f"{count} of {self.frozen.rows} rows do not fit {self._request.method}. {said}.",
            method=self._request.method,
            validation=[FieldProblem(str(rows), reason) for reason, rows in self._bad.items()],
        )


def _reason(error: B24Error, row: int) -> str:
    """Return why a row is bad, without what the answer says once: the method, and the name of the command."""
    problems = [f"{problem.field} {problem.message}" for problem in error.fault.validation]
    return "; ".join(problems) or error.fault.message.removeprefix(f"Command 'row{row}': ").rstrip(".")
