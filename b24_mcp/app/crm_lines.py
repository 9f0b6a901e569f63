"""What is special about the CRM of a portal, in one line each: smart processes, pipelines and custom fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from b24_mcp.discovery import PortalEntity, PortalFacts, SmartProcess

_KINDS = ("lead", "deal", "contact", "company")
_PROCESSES_READ = 20
_SHOWN = 20
"""The most smart processes, and the most pipelines of one entity, that are named."""


@dataclass(frozen=True, slots=True)
class CrmLines:
    """The lines; None where the portal does not say."""

    smart_processes: str | None
    pipelines: str | None
    custom_fields: str | None


async def crm_lines(facts: PortalFacts) -> CrmLines:
    """Return the lines: one batch, and another one when the portal has smart processes."""
    await facts.prepare([PortalEntity(kind) for kind in _KINDS], smart_processes=True)
    processes = await facts.smart_processes()
    entities = [PortalEntity(f"dynamic:{one.entity_type_id}", "item") for one in (processes or ())[:_PROCESSES_READ]]
    if entities:
        await facts.prepare(entities)
    standard = [PortalEntity(kind) for kind in _KINDS]
    return CrmLines(
        None if processes is None else _processes(processes),
        _pipelines(facts, [PortalEntity("deal"), *entities]),
        _custom_fields(facts, [*standard, *entities]),
    )


def _processes(processes: Sequence[SmartProcess]) -> str:
    named = [f"{one.title} (dynamic:{one.entity_type_id})" for one in processes]
    return _joined(named, len(processes)) or "none"


def _pipelines(facts: PortalFacts, entities: Sequence[PortalEntity]) -> str | None:
    known = [(entity, pipelines) for entity in entities if (pipelines := facts.stages_now(entity))]
    found = []
    for entity, pipelines in known:
        names = [f"{one.name} ({one.id}, {len(one.stages)} stages)" for one in pipelines]
        found.append(f"{entity.kind}: {_joined(names, len(names))}")
    return "; ".join(found) or None


def _custom_fields(facts: PortalFacts, entities: Sequence[PortalEntity]) -> str | None:
    known = [(entity, fields) for entity in entities if (fields := facts.fields_now(entity)) is not None]
    counts = [(entity.kind, sum(field.custom for field in fields.fields.values())) for entity, fields in known]
    return ", ".join(f"{kind} {count}" for kind, count in counts) or None


def _joined(names: Sequence[str], count: int) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {count - _SHOWN} more" if count > _SHOWN else "")
