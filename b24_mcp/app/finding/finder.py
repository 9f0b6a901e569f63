"""Send the searches of a question: three requests at most, each one batch.

The first request searches every kind and reads what is not known of the portal: smart processes and names of stages.
The second one searches smart processes that were not known, and reads the records that the portal's search for phones
and e-mails named. When nothing fits well, it also searches for what nearly fits. The last one reads the names of people
and companies. A request with nothing to ask is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from anyio.to_thread import run_sync

from b24_mcp.access import probing
from b24_mcp.app.finding.kinds import FindKind, find_kinds
from b24_mcp.app.finding.question import Question
from b24_mcp.app.finding.ranking import GOOD, LEAST, Candidate, scored
from b24_mcp.app.finding.searches import Command, How, Search, by_ids, duplicates, exact_searches, wide_searches
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.record_names import refusal
from b24_mcp.discovery import SmartProcess
from b24_mcp.discovery.schemas import listing, mapping, text
from b24_mcp.discovery.sources import SMART_PROCESSES, FactSource
from b24_mcp.errors import B24Error
from b24_mcp.rest import Failed, Outcome, Succeeded, plan_batch

COMPANY = 4
"""The entity type id of companies."""

_MOST_COMMANDS = 50
_MOST_PROCESSES = 20
_PAGE = 50
_OWNERS = {"CONTACT": "contact", "COMPANY": "company", "LEAD": "lead"}
_DUPLICATES = "phones and e-mails of CRM records"
_TOO_MANY = "too many kinds at once: name it in kinds"
_WHY = {
    "insufficient_scope": "scope not granted",
    "ERROR_METHOD_NOT_FOUND": "not on this portal",
}

Take = Callable[[Outcome | None], None]


@dataclass(slots=True)
class _Job:
    """A command, the kind that it searches, and what is done with its outcome."""

    command: Command
    take: Take
    kind: FindKind | None = None
    name: str = ""
    """What is not searched without the command."""


@dataclass(slots=True)
class Finder:
    """One search for one question. `kinds` are searched, and smart processes with one of the types, or all of them.

    After `run`, `not_searched` has the reason for each kind, `crowded` the kinds with more matches than were read, and
    `requests` the number of HTTP requests.
    """

    opened: OpenPortal
    question: Question
    kinds: Sequence[FindKind]
    processes: frozenset[int] | None = frozenset()
    not_searched: dict[str, str] = field(default_factory=dict)
    crowded: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    requests: int = 0
    _found: dict[tuple[str, int], Candidate] = field(default_factory=dict)
    _named: dict[str, tuple[How, list[int]]] = field(default_factory=dict)
    _searched: set[str] = field(default_factory=set)
    _processes: Sequence[SmartProcess] | None = None

    async def run(self, limit: int) -> list[Candidate]:
        """Return the records that fit best, at most `limit` of each kind.

        Raises:
            B24Error: when the first request failed as a whole.
        """
        facts = self.opened.facts
        wants_crm = any(kind.scope == "crm" for kind in self.kinds) or self.processes != frozenset()
        known = self._process_kinds()
        jobs = await run_sync(self._first_jobs, (*self.kinds, *known))
        due = await facts.due(crm=wants_crm)
        await self._send(jobs, due, is_first=True)
        later = [kind for kind in self._process_kinds() if kind.kind not in {one.kind for one in known}]
        if self.processes is None and facts.smart_processes_now() is None and self._processes is None:
            self.not_searched.setdefault("dynamic", "the portal did not list its smart processes")
        await self._look_wider([*self.kinds, *known], later)
        chosen = self._chosen(limit)
        await self._name(chosen)
        return chosen

    def _first_jobs(self, kinds: Iterable[FindKind]) -> list[_Job]:
        jobs = self._duplicate_jobs()
        for kind in kinds:
            jobs += self._search(kind, exact_searches(kind, self.question))
        return jobs

    async def _look_wider(self, kinds: Sequence[FindKind], later: Sequence[FindKind]) -> None:
        """Send the second request, if there is anything to ask."""
        await self._send(await run_sync(self._second_jobs, kinds, later))
        await run_sync(self._score)

    def _second_jobs(self, kinds: Sequence[FindKind], later: Sequence[FindKind]) -> list[_Job]:
        question = self.question
        jobs = self._named_jobs()
        for kind in later:
            jobs += self._search(kind, exact_searches(kind, question))
        self._score()
        if question.words and max([one.score for one in self._found.values()], default=0.0) < GOOD:
            for kind in (*kinds, *later):
                if kind.kind not in self.not_searched:
                    jobs += self._search(kind, wide_searches(kind, question))
        return jobs

    async def _name(self, chosen: Sequence[Candidate]) -> None:
        """Read the names of people and companies that are not known yet."""
        facts, names = self.opened.facts, self.opened.record_names
        people = {number for one in chosen if (number := number_of(one.row.get(one.kind.person)))}
        companies = {number for one in chosen if (number := number_of(one.row.get(one.kind.company)))}
        due = await facts.due(people=people)
        jobs = []
        if (asked := names.command(COMPANY, companies)) is not None:
            command, ids = asked

            def learn(outcome: Outcome | None) -> None:
                if isinstance(outcome, Succeeded):
                    names.learn(COMPANY, ids, outcome.answer.result)

            jobs.append(_Job(command, learn))
        await self._send(jobs, due)

    def _process_kinds(self) -> list[FindKind]:
        """Return the kinds of the smart processes that are searched. Those that a caller names need not be listed."""
        listed = self.opened.facts.smart_processes_now() or self._processes or ()
        chosen = [one for one in listed if self.processes is None or one.entity_type_id in self.processes]
        titled = {one.entity_type_id for one in chosen}
        chosen += [SmartProcess(0, number, "") for number in sorted(self.processes or ()) if number not in titled]
        for one in chosen[_MOST_PROCESSES:]:
            self.not_searched[f"dynamic:{one.entity_type_id}"] = _TOO_MANY
        return [find_kinds().dynamic.of(one) for one in chosen[:_MOST_PROCESSES]]

    def _search(self, kind: FindKind, searches: Iterable[Search]) -> list[_Job]:
        found = [_Job(command, partial(self._take_rows, kind, how), kind) for how, command in searches]
        if not found and kind.kind not in self._searched and kind.shortest > 1:
            self.not_searched[kind.kind] = f"needs words of {kind.shortest} letters"
        return found

    def _duplicate_jobs(self) -> list[_Job]:
        if not any(kind.content for kind in self.kinds):
            return []
        return [
            _Job(command, partial(self._take_duplicates, how), name=_DUPLICATES)
            for how, command in duplicates(self.question)
        ]

    def _named_jobs(self) -> list[_Job]:
        """Return the commands for the records that the portal's search named and that no other search found."""
        jobs = []
        for kind in self.kinds:
            how, ids = self._named.get(kind.kind, ("phone", []))
            for one in ids:
                if (candidate := self._found.get((kind.kind, one))) is not None:
                    candidate.how = how
            if missing := [one for one in ids if (kind.kind, one) not in self._found]:
                jobs += self._search(kind, [(how, by_ids(kind, missing))])
        return jobs

    async def _send(self, jobs: Sequence[_Job], due: Sequence[FactSource] = (), *, is_first: bool = False) -> None:
        """Send the commands that the gate allows, in one batch, and pass on their outcomes.

        `due` are facts about the portal that are read with them.
        """
        learnt: dict[str, Outcome | None] = {}
        own = [_Job(source.command, partial(learnt.__setitem__, source.key)) for source in due]
        jobs, left_out = [*own, *jobs][:_MOST_COMMANDS], jobs[_MOST_COMMANDS - len(own) :]
        for kind in {job.kind.kind for job in left_out if job.kind is not None} - self._searched:
            self.not_searched.setdefault(kind, _TOO_MANY)
        if not jobs:
            return
        with probing():
            planned = plan_batch({f"c{place}": job.command for place, job in enumerate(jobs)}).commands
            allowed: dict[str, _Job] = {}
            for call, job in zip(planned, jobs, strict=True):
                why = refusal(self.opened.gate, call)
                if not why:
                    allowed[call.name] = job
                elif name := job.name or (job.kind.kind if job.kind is not None else ""):
                    self.not_searched.setdefault(name, why)
            if not allowed:
                return
            answer = await self.opened.portal.batch({name: job.command for name, job in allowed.items()})
        self.requests += answer.requests
        if answer.error is not None:
            if is_first:
                raise answer.error
            self.problems.append(answer.error.fault.message.rstrip("."))
        for name, job in allowed.items():
            job.take(answer.outcomes.get(name))
        for source in due:
            if source.key in learnt:
                outcome = learnt[source.key]
                await self.opened.facts.learn(source, outcome)
                if source.key == SMART_PROCESSES.key and isinstance(outcome, Succeeded):
                    self._processes = source.read(outcome.answer.result)  # the first page, if there are more

    def _take_rows(self, kind: FindKind, how: How, outcome: Outcome | None) -> None:
        if not isinstance(outcome, Succeeded):
            if isinstance(outcome, Failed) and kind.kind not in self._searched:
                self.not_searched.setdefault(kind.kind, _why(outcome.error))
            return
        self._searched.add(kind.kind)
        self.not_searched.pop(kind.kind, None)
        rows = rows_of(outcome.answer.result, kind.rows)
        if len(rows) >= _PAGE:
            self.crowded.add(kind.kind)
        for row in rows:
            number = number_of(row.get(kind.id))
            if number:
                self._found.setdefault((kind.kind, number), Candidate(kind, number, row, how, 0.0))

    def _take_duplicates(self, how: How, outcome: Outcome | None) -> None:
        if not isinstance(outcome, Succeeded):
            if isinstance(outcome, Failed):
                self.not_searched.setdefault(_DUPLICATES, _why(outcome.error))
            return
        # The full-text field, which is asked as well, only adds parts of numbers.
        self._searched |= set(_OWNERS.values())
        for owner, ids in mapping(outcome.answer.result).items():
            kind = _OWNERS.get(str(owner).upper(), "")
            numbers = [number for one in listing(ids) if (number := number_of(one))]
            self._named[kind] = (how, [*self._named.get(kind, (how, []))[1], *numbers][:_PAGE])

    def _score(self) -> None:
        for candidate in self._found.values():
            candidate.score = scored(self.question, candidate)

    def _chosen(self, limit: int) -> list[Candidate]:
        """Return the best of each kind, in the order of their scores, without those that fit much worse."""
        order = {kind.kind: place for place, kind in enumerate(find_kinds().all)}
        ranked = sorted(
            (one for one in self._found.values() if one.score >= LEAST),
            key=lambda one: (-round(one.score, 2), order.get(one.kind.kind.partition(":")[0], 0), -one.id),
        )
        least = ranked[0].score - 0.35 if ranked and ranked[0].score >= GOOD else 0.0
        counts: dict[str, int] = {}
        chosen = []
        for one in ranked:
            counts[one.kind.kind] = counts.get(one.kind.kind, 0) + 1
            if counts[one.kind.kind] <= limit and one.score >= least:
                chosen.append(one)
        return chosen


def rows_of(result: object, key: str) -> list[Mapping[str, object]]:
    """Return the rows of a result, which may be under a key, and may be an object by number."""
    rows = mapping(result).get(key, result) if key else result
    return [mapping(row) for row in (listing(rows) or list(mapping(rows).values()))]


def number_of(value: object) -> int:
    """Return an id as a number; 0 for anything else. An object is read by its own id."""
    if isinstance(value, Mapping):
        value = value.get("id")
    found = text(value)
    return int(found) if found.isdecimal() and len(found) < 19 else 0


def _why(error: B24Error) -> str:
    fault = error.fault
    return _WHY.get(fault.code) or f"{fault.code or fault.kind}: {text(fault.message, 120)}"
