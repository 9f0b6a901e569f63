"""Names for the ids in results: people, stages, options, directories, companies, contacts and other records.

The names come from what is known of the portal. What is missing is read first, in as few requests as possible. A name
that cannot be read is a warning of the answer, never an error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app.answers.forms import Form, with_notice
from b24_mcp.app.answers.names_form import with_names_shown
from b24_mcp.app.ids import Ids, entity_of_result, holds_records
from b24_mcp.discovery.entities import PortalEntity
from b24_mcp.rest import Answer, PlannedCall

if TYPE_CHECKING:
    from b24_mcp.app.open_portal import OpenPortal

_LOG = logging.getLogger(__name__)

Named = Mapping[str, object]
"""Names by id, or by a key and then by id; see `NameGroups`."""
Answered = Sequence[tuple[PlannedCall, Answer]]
"""Calls with their answers."""

LONGEST_WAIT = 10.0
"""The longest time for names, in seconds."""

_RECORDS = {1: "leads", 2: "deals", 3: "contacts", 4: "companies", 7: "quotes", 31: "invoices"}
_OTHER_RECORDS = "items"


@dataclass(slots=True)
class Names:
    """The names of ids. `people` and the other groups are in the order in which an answer has them."""

    groups: dict[str, Named] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def has_records(self) -> bool:
        """Whether names of records are among them, which outsiders may have written."""
        return not self.groups.keys().isdisjoint((*_RECORDS.values(), _OTHER_RECORDS))

    def add(self, group: str, names: Named) -> None:
        """Add the names of a group, unless there are none."""
        if names:
            self.groups[group] = names


async def with_names(form: Form, opened: OpenPortal, answered: Answered, ends_at: float) -> Form:
    """Return the form of an answer with the names of the ids in its results.

    `ends_at` is the deadline of the call, as a time of the event loop.
    """
    names = await names_for(opened, answered, min(LONGEST_WAIT, ends_at - anyio.current_time()))
    if names.problems:
        told = f"Some names are missing: {'; '.join(names.problems)}."
        form = form | {"warnings": [*form.get("warnings", ()), told]}
    if not names.groups:
        return form
    named = with_names_shown(form, names.groups)
    return with_notice(named, NOTICE) if names.has_records and "notice" not in named else named


async def names_for(opened: OpenPortal, answered: Answered, seconds: float = LONGEST_WAIT) -> Names:
    """Return the names of the ids in the results of calls. Never raises."""
    lookup = _Lookup(opened)
    with anyio.move_on_after(max(seconds, 0.0)) as time:
        try:
            await lookup.run(answered)
        except Exception:  # a defect here must not turn an answer into an error
            _LOG.exception("The names of ids could not be found")
            lookup.problems.append("they could not be looked up")
    if time.cancelled_caught:
        lookup.problems.append("the portal did not answer in time")
    return lookup.names()


class _Lookup:
    """One search for names. What was found before it was cancelled remains."""

    def __init__(self, opened: OpenPortal) -> None:
        self._opened = opened
        self._facts = opened.facts
        self._ids = Ids()
        self.problems: list[str] = []
        self._people: Named = {}
        self._departments: Named = {}
        self._pipelines: dict[str, Named] = {}
        self._stages: dict[str, Named] = {}
        self._directories: dict[str, Named] = {}

    async def run(self, answered: Answered) -> None:
        """Find the ids, then what they stand for."""
        found = await run_sync(_with_entities, answered)
        entities = {entity for _, _, entity in found if entity is not None}
        await self._facts.prepare(entities)
        for entity in entities:
            if (error := self._facts.trouble(entity)) is not None:
                self.problems.append(f"the fields of {entity.kind} are not known ({error.fault.code})")
            elif entity.type_id is not None and self._facts.fields_now(entity) is None:
                self.problems.append(f"the fields of {entity.kind} are not known yet")

        def collect() -> None:
            for call, answer, entity in found:
                self._ids.add_result(answer.result, call.method, entity, self._facts)

        await run_sync(collect)
        ids = self._ids
        finding = (
            (ids.people, self._find_people),
            (ids.departments, self._find_departments),
            (ids.stages or ids.pipelines, self._find_stages),
            (ids.directories, self._find_directories),
            (ids.records, self._find_records),
        )
        await _together([find for found_ids, find in finding if found_ids])

    def names(self) -> Names:
        """Return what was found."""
        names = Names(problems=self.problems)
        names.add("people", self._people)
        names.add("departments", self._departments)
        records = self._opened.record_names.known(self._ids.records)
        for type_id, group in _RECORDS.items():
            names.add(group, _texts(records.pop(type_id, {})))
        names.add(_OTHER_RECORDS, {str(type_id): _texts(of_type) for type_id, of_type in records.items()})
        names.add("pipelines", self._pipelines)
        names.add("stages", self._stages)
        names.add("directories", self._directories)
        names.add("options", self._ids.options)
        return names

    async def _find_people(self) -> None:
        people = await self._facts.people(self._ids.people)
        if people is None:
            self.problems.append("people could not be read")
        else:
            self._people = {str(one): people[one].name for one in self._ids.people if one in people}

    async def _find_departments(self) -> None:
        departments = await self._facts.departments()
        if departments is None:
            self.problems.append("departments could not be read")
        else:
            names = {department.id: department.name for department in departments}
            self._departments = {str(one): names[one] for one in self._ids.departments if one in names}

    async def _find_stages(self) -> None:
        for kind in dict.fromkeys((*self._ids.stages, *self._ids.pipelines)):
            pipelines = await self._facts.stages(PortalEntity(kind))
            if pipelines is None:
                self.problems.append(f"the stages of {kind} could not be read")
                continue
            stages = {stage.id: stage.name for pipeline in pipelines for stage in pipeline.stages}
            own = {str(pipeline.id): pipeline.name for pipeline in pipelines if pipeline.name}
            _keep(self._stages, kind, stages, self._ids.stages.get(kind, ()))
            _keep(self._pipelines, kind, own, map(str, self._ids.pipelines.get(kind, ())))

    async def _find_directories(self) -> None:
        for code, ids in self._ids.directories.items():
            entries = await self._facts.directory(code)
            if entries is None:
                self.problems.append(f"the directory {code} could not be read")
                continue
            _keep(self._directories, code, {entry.id: entry.label for entry in entries}, ids)

    async def _find_records(self) -> None:
        self.problems += await self._opened.record_names.read(self._opened.portal, self._opened.gate, self._ids.records)


def _with_entities(answered: Answered) -> list[tuple[PlannedCall, Answer, PortalEntity | None]]:
    """Return the calls with records in their answers, and what kind of records these are."""
    return [
        (call, answer, entity_of_result(call.method, call.params))
        for call, answer in answered
        if holds_records(answer.result)
    ]


def _keep(group: dict[str, Named], key: str, names: Mapping[str, str], wanted: Iterable[str]) -> None:
    """Add those of the names that are wanted, in the order in which they are, unless there are none."""
    known = {one: names[one] for one in wanted if one in names}
    if known:
        group[key] = known


async def _together(tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    async with anyio.create_task_group() as group:
        for task in tasks:
            group.start_soon(task)


def _texts(names: Mapping[int, str]) -> dict[str, str]:
    return {str(one): name for one, name in names.items()}
