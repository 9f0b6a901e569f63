"""The fields of an entity on this portal: names, labels, types, values and stages."""

from __future__ import annotations

from functools import partial

from anyio.to_thread import run_sync

from b24_mcp.app.answers.explained import shortened
from b24_mcp.app.answers.fields_form import LONGEST_PART, Described, fields_form
from b24_mcp.app.answers.forms import Form, failure_form, head
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.library import meanings_at
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.tables import read_table
from b24_mcp.discovery import PortalEntity, SmartProcess, entity_named, known_kinds
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import to_json

_PROCESSES_SHOWN = 20
_MEANINGS_SHOWN = 15
_LONGEST_MEANING = 240


async def fields_reply(app: App, entity: str, *, only: str | None = None, portal: str | None = None) -> Reply:
    """Return the reply with the fields of an entity. `only` is a word of a label or name.

    Raises:
        B24Error: `B24MCP_ARGUMENTS` for an unknown entity, or an `only` that fits no field; `B24MCP_PORTAL`.
    """
    opened = await app.portals.get(portal)
    found = await _entity(opened, entity)
    styles = await opened.facts.both_styles(found)
    if not styles:
        return Reply(failure_form(_why_unknown(opened, found), opened.notice), opened.settings.budget)
    described = Described(
        entity=found,
        styles=styles,
        pipelines=opened.facts.stages_now(found),
        values=partial(opened.facts.values_now, found),
        is_stage=partial(opened.facts.is_stage, found),
    )
    try:
        form = await run_sync(fields_form, described, (only or "").strip())
    except ValueError as exc:
        raise our_error("B24MCP_ARGUMENTS", f"{exc}.") from None
    if only:
        form = await run_sync(_with_meanings, form, found)
    return Reply(head(True, opened.notice) | {"entity": found.kind} | form, opened.settings.budget)


def _with_meanings(form: Form, entity: PortalEntity) -> Form:
    """Return the form with what the documentation says of the fields in it, as far as there is room."""
    rows = form.get("rows")
    names = [name for row in rows for name in row[:1] if name] if isinstance(rows, list) else []
    method, parameter = _adding(entity)
    found = known_methods().method(method) if method else None
    if found is None or not found.facts.page:
        return form
    said = meanings_at(found.facts.page, [(parameter, name) for name in names[:_MEANINGS_SHOWN]])
    documented: dict[str, str] = {}
    for path, text in said.items():
        longer = documented | {path[-1]: shortened(text, _LONGEST_MEANING)}
        if len(to_json(form | {"documented": longer})) > LONGEST_PART:
            break
        documented = longer
    return form | {"documented": documented} if documented else form


def _adding(entity: PortalEntity) -> tuple[str, str]:
    """Return the method that adds such records and its parameter with the fields; empty texts without one."""
    if entity.kind.startswith("dynamic:") or entity.kind == "invoice":
        return "crm.item.add", "fields"
    rows = (row for row in read_table("entities") if row["entity"] == entity.kind and row["method"].endswith(".add"))
    return next(((row["method"], row["parameter"].split(",")[0]) for row in rows), ("", ""))


async def _entity(opened: OpenPortal, name: str) -> PortalEntity:
    """Return the entity of a name, which may be the title of a smart process.

    Raises:
        B24Error: `B24MCP_ARGUMENTS`, with the names that can be used.
    """
    if (found := entity_named(name)) is not None:
        return found
    processes = await opened.facts.smart_processes() or ()
    wanted = name.strip().casefold()
    titled = [one for one in processes if one.title.casefold() == wanted] or [
        one for one in processes if wanted and wanted in one.title.casefold()
    ]
    if len(titled) == 1:
        return PortalEntity(f"dynamic:{titled[0].entity_type_id}", "item")
    raise our_error(
        "B24MCP_ARGUMENTS",
        f"{name[:60]!r} is the title of {len(titled)} smart processes."
        if titled
        else f"There are no records of the kind {name[:60]!r}.",
        hint=f"Nothing was sent. Use one of: {', '.join(known_kinds())}, list:ID"
        + "".join(f", {_shown(process)}" for process in (titled or processes)[:_PROCESSES_SHOWN])
        + ".",
    )


def _shown(process: SmartProcess) -> str:
    return f"dynamic:{process.entity_type_id} ({process.title})"


def _why_unknown(opened: OpenPortal, entity: PortalEntity) -> B24Error:
    for style in (entity, entity.in_style("item"), entity.in_style("classic")):
        if (trouble := opened.facts.trouble(style)) is not None:
            return trouble
    return our_error("B24MCP_STILL_READING", "The portal has not described these fields yet.")
