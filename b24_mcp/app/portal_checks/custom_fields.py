"""Judge for which smart process a custom field is made: the names of its fields have its id, not its entityTypeId."""

from __future__ import annotations

import re
from collections.abc import Sequence

from b24_mcp.app.portal_checks.values import listed
from b24_mcp.catalog.arguments.references import has_reference
from b24_mcp.discovery import Option, SmartProcess
from b24_mcp.errors import FieldProblem
from b24_mcp.rest import PlannedCall

_METHODS = "userfieldconfig."
_OF_PROCESS = re.compile(r"CRM_(\d{1,9})", re.IGNORECASE | re.ASCII)


def names_process(call: PlannedCall) -> bool:
    """Whether a call is about the custom fields of a smart process."""
    return _owner(call) is not None


def owner_problems(call: PlannedCall, processes: Sequence[SmartProcess]) -> list[FieldProblem]:
    """Return what is wrong with the owner, or the name, of a custom field of a smart process."""
    problem = _owner_problem(call, processes)
    return [] if problem is None else [problem]


def _owner_problem(call: PlannedCall, processes: Sequence[SmartProcess]) -> FieldProblem | None:
    owner = _owner(call)
    if owner is None:
        return None
    where, number, name = owner
    if any(process.id == number for process in processes):
        beginning = f"UF_CRM_{number}_"
        if name and not has_reference(name) and not name.upper().startswith(beginning):
            return FieldProblem("field.fieldName", f"must begin with {beginning}")
        return None
    meant = next((process for process in processes if process.entity_type_id == number), None)
    if meant is not None:
        return FieldProblem(
            where,
            f"must be CRM_{meant.id}: {number} is the entityTypeId of {meant.title!r}, and its custom fields are named "
            f"by its id, {meant.id} (fieldName begins with UF_CRM_{meant.id}_)",
        )
    there = listed([Option(f"CRM_{process.id}", process.title) for process in processes])
    return FieldProblem(where, f"names no smart process of this portal; there are {there or 'none'}")


def _owner(call: PlannedCall) -> tuple[str, int, str] | None:
    """Return where the owner is named, its number, and the name of a field that is added."""
    if not call.method.lower().startswith(_METHODS) or not isinstance(call.params, dict):
        return None
    for name in ("field", "filter"):
        form = call.params.get(name)
        owner = form.get("entityId") if isinstance(form, dict) else None
        found = _OF_PROCESS.fullmatch(owner) if isinstance(owner, str) else None
        if found is not None and isinstance(form, dict):
            field = form.get("fieldName") if call.method.lower().endswith(".add") else None
            return f"{name}.entityId", int(found[1]), field if isinstance(field, str) else ""
    return None
