"""Check planned calls against the portal: ask what is not known, judge, and look again before a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from b24_mcp.app.mistakes import misfit
from b24_mcp.app.portal_checks.custom_fields import names_process, owner_problems
from b24_mcp.app.portal_checks.directories import directory_problems, names_directory
from b24_mcp.app.portal_checks.exceptions import load_exceptions
from b24_mcp.app.portal_checks.judge import Judge, Verdicts, stage_uses
from b24_mcp.app.portal_checks.parts import Part, parts_of
from b24_mcp.app.portal_checks.records import Record, pipelines_of, record_id
from b24_mcp.app.portal_checks.stages import pipeline_beside
from b24_mcp.app.short_work import run_short
from b24_mcp.catalog import known_methods
from b24_mcp.discovery import DirectoryEntry, PortalEntity, PortalFacts, SmartProcess
from b24_mcp.errors import B24Error, FieldProblem
from b24_mcp.rest import PlannedCall

if TYPE_CHECKING:
    from b24_mcp.app.open_portal import OpenPortal

_T = TypeVar("_T")
_PATIENCE = 8.0
_HINT = (
    "Nothing was sent. Correct them (describe_fields shows the fields of this portal); validate=false sends them "
    "unchanged."
)


async def check_calls(opened: OpenPortal, calls: Sequence[PlannedCall]) -> tuple[PlannedCall, ...]:
    """Return the calls with labels replaced by the ids they stand for, and with warnings of what is unusual.

    What the portal does not say is not checked. Requests are sent only for what the documentation does not settle.

    Raises:
        B24Error: `B24MCP_PARAMS` for the first call with a certain mistake; nothing was sent but questions.
    """
    checked: list[PlannedCall] = []
    for one in await check_each(opened, calls):
        if isinstance(one, B24Error):
            raise one
        checked.append(one)
    return tuple(checked)


async def check_each(opened: OpenPortal, calls: Sequence[PlannedCall]) -> list[PlannedCall | B24Error]:
    """Return each call as `check_calls` does, or the error that refuses it."""
    methods = {call.method for call in calls}
    parts, others = await run_short(partial(_parts, calls), "parts", known_methods(), methods, None)
    refused = await _other_refusals(opened.facts, others)
    if not any(parts):
        return [refused.get(place, call) for place, call in enumerate(calls)]
    check = _Check(opened, calls, parts)
    await check.ask()
    verdicts = check.judged()
    if any(one.without_field or one.without_value for one in verdicts):
        verdicts = await check.judged_again(verdicts)
    results: list[PlannedCall | B24Error] = []
    for place, (call, found) in enumerate(zip(calls, verdicts, strict=True)):
        if place in refused:
            results.append(refused[place])
        elif found.problems:
            results.append(_refusal(call, found.problems))
        else:
            results.append(found.applied(call))
    return results


@dataclass(frozen=True, slots=True)
class _OtherCheck(Generic[_T]):
    """A check of values that are no fields: `read` asks the portal what it has, `key` is what to forget before that."""

    applies: Callable[[PlannedCall], bool]
    key: str
    read: Callable[[PortalFacts], Awaitable[Sequence[_T] | None]]
    problems: Callable[[PlannedCall, Sequence[_T]], list[FieldProblem]]

    async def sure_problems(self, facts: PortalFacts, call: PlannedCall) -> list[FieldProblem]:
        """Return the problems that remain after the portal was asked again, because what is named may be new."""
        known = await self.read(facts)
        if known is None or not self.problems(call, known):
            return []
        await facts.forget([self.key])
        known = await self.read(facts)
        return [] if known is None else self.problems(call, known)


_OTHER_CHECKS = (
    _OtherCheck(names_process, "types", PortalFacts.smart_processes, owner_problems),
    _OtherCheck(names_directory, "statuses", PortalFacts.directories, directory_problems),
)
_Others = list[tuple[int, PlannedCall, _OtherCheck[SmartProcess] | _OtherCheck[DirectoryEntry]]]


def _parts(calls: Sequence[PlannedCall]) -> tuple[list[tuple[Part, ...]], _Others]:
    """Return the parts of each call, and the other checks with their calls and places.

    The first time, this reads tables from disk.
    """
    load_exceptions()
    others = [
        (place, call, check) for place, call in enumerate(calls) for check in _OTHER_CHECKS if check.applies(call)
    ]
    return [tuple(parts_of(call)) for call in calls], others


async def _other_refusals(facts: PortalFacts, others: _Others) -> dict[int, B24Error]:
    """Return the refusals of calls that name a smart process or a directory that the portal does not have, by place."""
    problems: dict[int, list[FieldProblem]] = {}
    calls: dict[int, PlannedCall] = {}
    for place, call, check in others:
        calls[place] = call
        problems[place] = problems.get(place, []) + await check.sure_problems(facts, call)
    return {place: _refusal(calls[place], found) for place, found in problems.items() if found}


class _Check:
    """The check of the calls of one tool call, with what each of them names."""

    def __init__(self, opened: OpenPortal, calls: Sequence[PlannedCall], parts: Sequence[tuple[Part, ...]]) -> None:
        self._opened = opened
        self._facts = opened.facts
        self._calls = calls
        self._parts = parts
        self._started_at = self._facts.now()
        self._records: Mapping[Record, int] = {}

    async def ask(self) -> None:
        """Read the fields that are needed and not known, then the pipelines of records whose stages are set."""
        needed = {part.entity for parts in self._parts for part in parts if part.asks}
        if needed:
            await self._facts.prepare(needed)
        records = self._changed_records()
        if records:
            with anyio.move_on_after(_PATIENCE):
                self._records = await pipelines_of(self._opened.portal, records)

    def judged(self) -> list[Verdicts]:
        """Return the verdicts on all calls by what is known now."""
        return [self._judged(call, parts) for call, parts in zip(self._calls, self._parts, strict=True)]

    async def judged_again(self, verdicts: Sequence[Verdicts]) -> list[Verdicts]:
        """Read again what names and values were missing from; what cannot be read again is not refused."""
        old: set[PortalEntity] = set()
        for entity in {entity for one in verdicts for entity in one.without_value}:
            await self._facts.refresh_directories(entity, self._started_at)
        for entity in {entity for one in verdicts for entity in one.without_field}:
            await self._facts.refreshed_fields(entity, self._started_at)
            fields = self._facts.fields_now(entity)
            if fields is None or fields.read_at < self._started_at:
                old.add(entity)
        again = self.judged()
        return [_softened(one) if one.without_field & old else one for one in again]

    def _judged(self, call: PlannedCall, parts: Sequence[Part]) -> Verdicts:
        judge = Judge(call, self._facts, self._records)
        for part in parts:
            judge.judge(part)
        return judge.verdicts

    def _changed_records(self) -> set[Record]:
        """Return the records whose stages are set and whose pipelines are not known from the calls themselves."""
        records: set[Record] = set()
        moved: set[Record] = set()
        for call, parts in zip(self._calls, self._parts, strict=True):
            if not call.method.lower().endswith(".update") or not isinstance(call.params, dict):
                continue
            number = record_id(call.params)
            for part in parts:
                uses = list(stage_uses(part, self._facts))
                if number is None or len(self._facts.stages_now(part.entity) or ()) < 2:
                    continue
                record = (part.entity.in_style("item"), number)
                if uses:
                    records.add(record)
                if part.entity.style == "item" and any(pipeline_beside(use) is not None for use in part.uses):
                    moved.add(record)
        return records - moved


def _softened(verdicts: Verdicts) -> Verdicts:
    """Return verdicts in which nothing is certain, since the portal could not be asked once more."""
    why = "(by what was known; the portal did not answer now)"
    unsure = [f"{one.field} {one.message} {why}" for one in verdicts.problems]
    return replace(verdicts, problems=[], warnings=[*verdicts.warnings, *unsure])


def _refusal(call: PlannedCall, problems: Sequence[FieldProblem]) -> B24Error:
    error = misfit(call.method, call.version, problems, _HINT)
    if not call.name:
        return error
    fault = error.fault
    return B24Error(replace(fault, message=f"Command {call.name!r}: {fault.message}"), "batch")
