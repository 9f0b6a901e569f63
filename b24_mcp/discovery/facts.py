"""What a portal says of itself: fields, stages, directories, people. Read when first needed, then kept.

Never raises: what the portal does not answer is not known, and None is returned for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from anyio.abc import TaskGroup

from b24_mcp.discovery.entities import STYLES, PortalEntity
from b24_mcp.discovery.fields import EntityFields, Option, PortalField, completed, folded
from b24_mcp.discovery.people import Category, Department, DirectoryEntry, Person, Pipeline, SmartProcess, Stage
from b24_mcp.discovery.readings import Readings
from b24_mcp.discovery.roster import Roster
from b24_mcp.discovery.sources import (
    CURRENCIES,
    DEPARTMENTS,
    EVERYONE,
    SCOPES,
    SMART_PROCESSES,
    STATUSES,
    USER_FIELDS,
    FactSource,
    categories_source,
    fields_source,
)
from b24_mcp.errors import B24Error
from b24_mcp.rest import Clock, Outcome, Portal, SystemClock
from b24_mcp.state import ExpiringStore

CURRENCY_DIRECTORY = "CURRENCY"
"""The code under which `directory` returns the currencies, which are no directory of the portal."""
_PATIENCE = 8.0


class PortalFacts:
    """What one portal says of itself to one credential.

    `store` shares it with other processes; `owner` tells credentials apart there. `background` runs requests that
    outlive the call that needed them. `as_probe` is a context for requests of the program itself. `patience` is the
    longest wait of a caller in seconds.
    """

    def __init__(
        self,
        portal: Portal,
        clock: Clock | None = None,
        *,
        store: ExpiringStore | None = None,
        owner: str = "",
        background: TaskGroup | None = None,
        as_probe: Callable[[], AbstractContextManager[None]] = nullcontext,
        patience: float = _PATIENCE,
    ) -> None:
        self._readings = Readings(
            portal,
            clock or SystemClock(),
            store=store,
            owner=owner,
            background=background,
            as_probe=as_probe,
            patience=patience,
        )
        self._roster = Roster(self._readings)

    @property
    def is_reading(self) -> bool:
        """Whether a request for facts is running."""
        return self._readings.is_reading

    def now(self) -> float:
        """Return the time that `since` of `refreshed_fields` is compared with."""
        return self._readings.now()

    async def fields(self, entity: PortalEntity) -> EntityFields | None:
        """Return the fields of an entity; None when the portal does not say.

        What their values are checked against (directories, pipelines, currencies) is read with them, in one batch.
        """
        return await self._fields(entity, None)

    def fields_now(self, entity: PortalEntity) -> EntityFields | None:
        """Return the fields of an entity if they are known without a request."""
        source = fields_source(entity)
        reading = None if source is None else self._readings.known(source)
        if reading is None:
            return None
        details = self._readings.known(USER_FIELDS) if entity.kind == "user" else None
        fields = reading.value if details is None else completed(reading.value, details.value)
        return EntityFields(entity, fields, reading.read_at)

    async def refreshed_fields(self, entity: PortalEntity, since: float | None = None) -> EntityFields | None:
        """Return the fields of an entity, read again, unless they were read at or after `since`."""
        return await self._fields(entity, self.now() if since is None else since)

    async def both_styles(self, entity: PortalEntity) -> Sequence[EntityFields]:
        """Return the fields with the names of each style that methods of the entity use."""
        entities = [one for style in STYLES if (one := entity.in_style(style)).style == style]
        sources = {one: source for one in entities if (source := fields_source(one)) is not None}
        await self._readings.get([*sources.values(), *_companions(entity)])
        return [known for one in sources if (known := self.fields_now(one)) is not None]

    async def prepare(self, entities: Iterable[PortalEntity], *, smart_processes: bool = False) -> None:
        """Make the fields and pipelines of several entities known, with one batch for all that are missing."""
        chosen = tuple(entities)
        sources = [source for entity in chosen if (source := fields_source(entity)) is not None]
        sources += [SMART_PROCESSES] if smart_processes else []
        companions = [source for entity in chosen for source in _companions(entity)]
        await self._readings.get(list({source.key: source for source in [*sources, *companions]}.values()))

    async def stages(self, entity: PortalEntity) -> tuple[Pipeline, ...] | None:
        """Return the pipelines of an entity with their stages; None when not known, empty for one without stages."""
        categories = categories_source(entity)
        if categories is None and entity.kind not in _SINGLE_PIPELINES:
            return ()
        await self._readings.get(_companions(entity))
        return self.stages_now(entity)

    def stages_now(self, entity: PortalEntity) -> tuple[Pipeline, ...] | None:
        """Return the pipelines of an entity if they are known without a request."""
        statuses = self._readings.known(STATUSES)
        if statuses is None:
            return None
        single = _SINGLE_PIPELINES.get(entity.kind)
        if single is not None:
            return (Pipeline(0, "", _stages(statuses.value, single), is_default=True),)
        source = categories_source(entity)
        if source is None:
            return ()
        categories = self._readings.known(source)
        if categories is None:
            return None
        return tuple([_pipeline(entity, category, statuses.value) for category in categories.value])

    async def directory(self, code: str) -> tuple[Option, ...] | None:
        """Return the entries of a directory, such as `SOURCE` or `CURRENCY`; None when not known or without entries."""
        await self._readings.get([CURRENCIES if code == CURRENCY_DIRECTORY else STATUSES])
        return self.directory_now(code)

    def directory_now(self, code: str) -> tuple[Option, ...] | None:
        """Return the entries of a directory if they are known without a request."""
        if code == CURRENCY_DIRECTORY:
            currencies = self._readings.known(CURRENCIES)
            return None if currencies is None else tuple(currencies.value) or None
        statuses = self._readings.known(STATUSES)
        if statuses is None:
            return None
        return tuple([Option(one.id, one.name) for one in statuses.value if one.directory == code]) or None

    def values_now(self, entity: PortalEntity, field: PortalField) -> tuple[Option, ...] | None:
        """Return the values that a field may have, as far as they are known without a request.

        None when they are not known, or when any value may be written. A stage may be of any pipeline.
        """
        if field.options is not None:
            return field.options
        if self.is_stage(entity, field):
            pipelines = self.stages_now(entity)
            stages = [stage for pipeline in pipelines or () for stage in pipeline.stages]
            return tuple([Option(stage.id, stage.name) for stage in stages]) or None
        if field.directory:
            return self.directory_now(field.directory)
        is_currency = field.type == "crm_currency" or folded(field.name) == "currencyid"
        return self.directory_now(CURRENCY_DIRECTORY) if is_currency else None

    def is_stage(self, entity: PortalEntity, field: PortalField) -> bool:
        """Whether a field holds the stage of a record of an entity."""
        single = _SINGLE_PIPELINES.get(entity.kind)
        if single is not None:
            return field.directory == single
        return categories_source(entity) is not None and _STAGE_DIRECTORY.fullmatch(field.directory) is not None

    async def directories(self) -> Sequence[DirectoryEntry] | None:
        """Return the entries of all directories of the CRM, stages included."""
        return await self._value(STATUSES)

    async def refresh_directories(self, entity: PortalEntity, since: float | None = None) -> None:
        """Read the directories, pipelines and currencies of an entity again, unless they were read since then."""
        await self._readings.get(_companions(entity), since=self.now() if since is None else since)

    async def people(self, ids: Iterable[int]) -> Mapping[int, Person] | None:
        """Return those of the users that the portal has; None when it does not say."""
        return await self._roster.people(ids)

    async def due(self, *, people: Iterable[int] = (), crm: bool = False) -> list[FactSource]:
        """Return what is not known of the people and, with `crm`, of the smart processes and directories.

        A caller that sends a batch anyway adds these requests to it and passes their outcomes to `learn`.
        """
        common = [SMART_PROCESSES, STATUSES] if crm else []
        return await self._readings.due([*common, *self._roster.sources(people)])

    async def learn(self, source: FactSource, outcome: Outcome | None) -> None:
        """Keep the outcome of a request for a source that `due` returned."""
        await self._readings.learn(source, outcome)

    def directories_now(self) -> Sequence[DirectoryEntry] | None:
        """Return the entries of all directories if they are known without a request."""
        reading = self._readings.known(STATUSES)
        return None if reading is None else reading.value

    def smart_processes_now(self) -> Sequence[SmartProcess] | None:
        """Return all smart processes if they are known without a request."""
        reading = self._readings.known(SMART_PROCESSES)
        return None if reading is None else reading.value

    async def everyone(self) -> Sequence[Person] | None:
        """Return all users of the portal: one request for 50 users and one more for each 2,500."""
        return await self._value(EVERYONE)

    async def departments(self) -> Sequence[Department] | None:
        """Return all departments."""
        return await self._value(DEPARTMENTS)

    async def scopes(self) -> Sequence[str] | None:
        """Return the granted scopes."""
        return await self._value(SCOPES)

    def scopes_now(self) -> Sequence[str] | None:
        """Return the granted scopes if they are known without a request."""
        reading = self._readings.known(SCOPES)
        return None if reading is None else reading.value

    async def smart_processes(self) -> Sequence[SmartProcess] | None:
        """Return all smart processes."""
        return await self._value(SMART_PROCESSES)

    def trouble(self, entity: PortalEntity) -> B24Error | None:
        """Return the error for which the fields of an entity are not known; None when the portal has not answered."""
        source = fields_source(entity)
        return None if source is None else self._readings.trouble(source)

    async def forget(self, patterns: Iterable[str]) -> None:
        """Forget what was changed: keys of sources as globs, such as `fields:deal:*` or `statuses`."""
        patterns = tuple(patterns)
        await self._readings.forget(patterns)
        if EVERYONE.key in patterns:
            self._roster.forget()

    async def _fields(self, entity: PortalEntity, since: float | None) -> EntityFields | None:
        source = fields_source(entity)
        if source is None:
            return None
        companions = _companions(entity)
        if since is None:
            await self._readings.get([source, *companions])
        else:
            await self._readings.get([source], since=since)
        return self.fields_now(entity)

    async def _value(self, source: FactSource) -> Sequence[Any] | None:
        await self._readings.get([source])
        reading = self._readings.known(source)
        return None if reading is None else reading.value


_SINGLE_PIPELINES = {"lead": "STATUS", "quote": "QUOTE_STATUS"}
"""The directories of stages of entities that have one pipeline."""
_STAGE_DIRECTORY = re.compile(r"(DEAL_STAGE|SMART_INVOICE_STAGE|DYNAMIC_[0-9]{1,9}_STAGE)(_[0-9]{1,9})?")


def _companions(entity: PortalEntity) -> list[FactSource]:
    """Return the sources that values of an entity are checked against, besides its fields."""
    if entity.kind == "user":
        return [USER_FIELDS]
    if entity.type_id is None:
        return []
    categories = categories_source(entity)
    return [STATUSES, CURRENCIES, *([] if categories is None else [categories])]


def _pipeline(entity: PortalEntity, category: Category, entries: Sequence[DirectoryEntry]) -> Pipeline:
    return Pipeline(
        category.id, category.name, _stages(entries, _stage_directory(entity, category.id)), category.is_default
    )


def _stage_directory(entity: PortalEntity, category: int) -> str:
    """Return the code of the directory with the stages of a pipeline.

    Source: documentation, crm.status.list; measured behaviour.
    """
    if entity.kind == "deal":
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
    if entity.kind == "invoice":
        return f"SMART_INVOICE_STAGE_{category}"
    return f"DYNAMIC_{entity.type_id}_STAGE_{category}"


def _stages(entries: Sequence[DirectoryEntry], directory: str) -> tuple[Stage, ...]:
    return tuple([Stage(one.id, one.name, one.semantics) for one in entries if one.directory == directory])
