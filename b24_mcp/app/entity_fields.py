"""The fields of an entity on this portal: names, labels, types, values and stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from b24_mcp.discovery import (
    PortalEntity,
    SmartProcess,
    entity_named,
    is_of_lists,
    kinds_meant,
    known_kinds,
    type_id_in,
    words_of_kind,
)
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import to_json
from b24_mcp.words import stem

_PROCESSES_SHOWN = 20
_KINDS_SHOWN = 3
_DESCRIBING = (({"fields", "getfields"}, "a call of {}"), ({"add", "create"}, "describe_method of {}"))
"""Verbs of methods that say or take the fields of records, and how the method is used."""
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
        return Reply(failure_form(await _why_unknown(opened, found), opened.notice), opened.settings.budget)
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
    """Return the entity of a name, which may be the title of a smart process or the id of its type.

    Raises:
        B24Error: `B24MCP_ARGUMENTS`, with the names that can be used.
    """
    found = entity_named(name)
    if found is not None and (found.kind not in known_kinds() or name.strip().lower() == found.kind):
        return found
    processes = await opened.facts.smart_processes()
    if found is not None:  # a smart process may be called what is another word for a usual kind
        titled = [one for one in processes or () if one.title.casefold() == name.strip().casefold()]
        return PortalEntity(f"dynamic:{titled[0].entity_type_id}", "item") if len(titled) == 1 else found
    if meant := await run_sync(_processes_meant, name, processes or ()):
        if len(meant) == 1:
            return PortalEntity(f"dynamic:{meant[0].entity_type_id}", "item")
        message = f"{name[:60]!r} is the title of {len(meant)} smart processes."
        raise our_error("B24MCP_ARGUMENTS", message, hint=f"Nothing was sent. {_use(meant)}")
    raise our_error(
        "B24MCP_ARGUMENTS",
        f"There are no records of the kind {name[:60]!r}.",
        hint=await run_sync(_what_is_meant, name, processes),
    )


def _processes_meant(name: str, processes: Sequence[SmartProcess]) -> Sequence[SmartProcess]:
    """Return the smart processes of a title, or of the id of a type in a name such as `CRM_7`. May import a stemmer."""
    number = type_id_in(name)
    if number is not None:
        return [one for one in processes if one.id == number] or [
            one for one in processes if one.entity_type_id == number
        ]
    wanted = name.strip().casefold()
    stems = _stems(name)
    ways: Sequence[Callable[[str], bool]] = (
        lambda title: title.casefold() == wanted,
        lambda title: wanted != "" and wanted in title.casefold(),
        lambda title: bool(stems) and stems <= _stems(title),
        lambda title: bool(_stems(title)) and _stems(title) <= stems,
    )
    return next((found for way in ways if (found := [one for one in processes if way(one.title)])), ())


def _stems(text: str) -> set[str]:
    return {stem(word) for word in re.findall(r"\w+", text.lower().replace("ё", "е").replace("_", " "))}


def _what_is_meant(name: str, processes: Sequence[SmartProcess] | None) -> str:
    """Return the hint for a name of no kind: what it may stand for, and every name that can be used. Reads files."""
    said = ["Nothing was sent."]
    if kinds := kinds_meant(name):
        said.append(f"{' or '.join(kinds[:_KINDS_SHOWN])} may be meant.")
    elif is_of_lists(name):
        said.append("Records of a list: list:ID with the id of the list, which lists.get returns.")
    elif method := _method_about(words_of_kind(name)):
        said.append(f"Such records are described by {method}.")
    said.append(_use([*known_kinds(), "list:ID"], processes or ()))
    if processes is None:
        said.append("The smart processes of this portal could not be read now.")
    elif not processes:
        said.append("This portal has no smart processes.")
    elif len(processes) > _PROCESSES_SHOWN:
        said.append("crm.type.list has all smart processes.")
    return " ".join(said)


def _method_about(words: Sequence[str]) -> str:
    """Return how other records are described: by a method such as `sale.order.getFields`, or by one that adds them."""
    for verbs, form in _DESCRIBING:
        found = []
        for method in known_methods().names:
            *about, verb = method.replace("_", ".").lower().split(".")
            if verb in verbs and words and set(words) <= {one.removesuffix("s") for one in about}:
                found.append(method)
        if found:
            return form.format(min(found, key=lambda one: (one.count("."), len(one))))
    return ""


def _use(*names: Sequence[str | SmartProcess]) -> str:
    shown = [one for some in names for one in some]
    kinds = [one for one in shown if isinstance(one, str)]
    processes = [f"dynamic:{one.entity_type_id} ({one.title})" for one in shown if isinstance(one, SmartProcess)][
        :_PROCESSES_SHOWN
    ]
    return f"Use one of: {', '.join([*kinds, *processes])}."


async def _why_unknown(opened: OpenPortal, entity: PortalEntity) -> B24Error:
    """Return the error of the portal for which its fields are not known; for a smart process, with those it has."""
    error = _trouble(opened, entity)
    if not entity.kind.startswith("dynamic:") or (processes := await opened.facts.smart_processes()) is None:
        return error
    if any(one.entity_type_id == entity.type_id for one in processes):
        return error
    others = _use(processes) if processes else "It has no smart processes."
    return B24Error(replace(error.fault, hint=f"This portal has no {entity.kind}. {others}"), error.method)


def _trouble(opened: OpenPortal, entity: PortalEntity) -> B24Error:
    for style in (entity, entity.in_style("item"), entity.in_style("classic")):
        if (trouble := opened.facts.trouble(style)) is not None:
            return trouble
    return our_error("B24MCP_STILL_READING", "The portal has not described these fields yet.")
