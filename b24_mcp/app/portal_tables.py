"""Fill the portal's own tables for a query that names them, from what is known of the portal."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, cast

from anyio.to_thread import run_sync

from b24_mcp.discovery import PortalEntity, PortalFacts, PortalField
from b24_mcp.errors import our_error
from b24_mcp.rest import to_json
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.records import PortalTable
    from b24_mcp.records.columns import Cell

    Rows = list[Sequence[Cell]]
    _Filled = tuple[Rows | None, list[str]]
    """The rows of a table, None when the portal says nothing of them, and what is missing in them."""

_WITH_FIELDS = ("lead", "deal", "contact", "company", "quote", "invoice", "product", "task", "user")
_WITH_STAGES = ("lead", "deal", "quote", "invoice")
_STAGES = re.compile(r"STATUS|QUOTE_STATUS|[A-Z_0-9]*_STAGE(?:_[0-9]+)?")
_NAMED = 10


async def tables_for(opened: OpenPortal, sql: str, redactor: Redactor) -> list[PortalTable]:
    """Return the portal's own tables that a statement names, filled. What is not known yet is read first.

    The texts in them are redacted, because an export writes them to a file.

    Raises:
        B24Error: `B24MCP_PORTAL_TABLE` when the portal does not say what a table would hold.
    """
    from b24_mcp.records import PortalTable, portal_tables_in  # not needed to start and list the tools
    from b24_mcp.records.row_redactor import RowRedactor

    tables: list[PortalTable] = []
    for name in portal_tables_in(sql):
        rows, missing = await _notes(opened) if name == "portal_notes" else await _FILLERS[name](opened.facts)
        if rows is None:
            raise our_error("B24MCP_PORTAL_TABLE", f"The table {name} could not be filled.")
        notes = (f"not known: {_listed(missing)}",) if missing else ()
        clean = await run_sync(RowRedactor(redactor).redact, rows)
        tables.append(PortalTable(name, cast("Rows", clean), notes))
    return tables


async def _notes(opened: OpenPortal) -> _Filled:
    from b24_mcp.config.notes import notes_file, read_notes  # not needed by other tables

    notes = await run_sync(read_notes, notes_file(opened.settings, opened.name))
    return [[one.kind, one.name or None, one.text] for one in notes], []


async def _users(facts: PortalFacts) -> _Filled:
    people = await facts.everyone()
    if people is None:
        return None, []
    return [
        [one.id, one.name, int(one.active), one.email or None, one.position or None, to_json(list(one.departments))]
        for one in people
    ], []


async def _departments(facts: PortalFacts) -> _Filled:
    departments = await facts.departments()
    if departments is None:
        return None, []
    return [[one.id, one.name, one.parent, one.head] for one in departments], []


async def _stages(facts: PortalFacts) -> _Filled:
    entities, missing = await _entities(facts, _WITH_STAGES)
    rows: Rows = []
    for entity in entities:
        pipelines = facts.stages_now(entity)
        if pipelines is None:
            missing.append(entity.kind)
            continue
        for pipeline in pipelines:
            for position, stage in enumerate(pipeline.stages, start=1):
                semantics = stage.semantics or "P"
                rows.append(
                    [entity.kind, pipeline.id, pipeline.name or None, stage.id, stage.name, position, semantics]
                )
    return rows or None, missing


async def _options(facts: PortalFacts) -> _Filled:
    known, missing = await _known_fields(facts)
    rows: Rows = [
        [kind, field.name, None, option.id, option.label] for kind, field in known for option in field.options or ()
    ]
    directories = await facts.directories()
    if directories is None:
        missing.append("directories")
    rows += [
        [None, None, entry.directory, entry.id, entry.name]
        for entry in directories or ()
        if not _STAGES.fullmatch(entry.directory)
    ]
    return rows or None, missing


async def _fields(facts: PortalFacts) -> _Filled:
    known, missing = await _known_fields(facts)
    rows: Rows = []
    for kind, one in known:
        flags = [int(flag) for flag in (one.required, one.read_only, one.multiple, one.custom)]
        rows.append([kind, one.name, one.label or None, one.type, *flags, one.directory or None])
    return rows or None, missing


async def _known_fields(facts: PortalFacts) -> tuple[list[tuple[str, PortalField]], list[str]]:
    """Return all fields with the kinds of their records, and the kinds whose fields are not known."""
    entities, missing = await _entities(facts, _WITH_FIELDS)
    known: list[tuple[str, PortalField]] = []
    for entity in entities:
        fields = facts.fields_now(entity)
        if fields is None:
            missing.append(entity.kind)
        else:
            known += [(entity.kind, field) for field in fields.fields.values()]
    return known, missing


async def _entities(facts: PortalFacts, kinds: Iterable[str]) -> tuple[list[PortalEntity], list[str]]:
    """Return the entities of these kinds and of all smart processes, after reading about them, and what is missing."""
    processes = await facts.smart_processes()
    entities = [PortalEntity(kind, "item" if kind == "invoice" else "classic") for kind in kinds]
    entities += [PortalEntity(f"dynamic:{process.entity_type_id}", "item") for process in processes or ()]
    await facts.prepare(entities)
    return entities, ["smart processes"] if processes is None else []


def _listed(missing: list[str]) -> str:
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return ", ".join(missing[:_NAMED]) + more


_FILLERS: Mapping[str, Callable[[PortalFacts], Awaitable[_Filled]]] = {
    "portal_users": _users,
    "portal_departments": _departments,
    "portal_stages": _stages,
    "portal_options": _options,
    "portal_fields": _fields,
}


def notes_on_joins(sql: str, *, has_data_sets: bool) -> list[str]:
    """Return a note for each table of the portal whose ids a query takes for unique, although entities share them."""
    lowered = sql.lower()
    if not has_data_sets or "entity" in lowered:
        return []
    return [
        f"{table} has ids that several entities share, such as {example}, and the query does not name its entity: "
        "rows may be counted more than once. Join with entity = 'lead', 'deal' or the one meant too."
        for table, example in _SHARED_IDS.items()
        if table in lowered
    ]


_SHARED_IDS = {"portal_stages": "the stage NEW", "portal_options": "the id 1"}
