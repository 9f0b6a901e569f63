"""The warning about a single record that exists already, by its phone or e-mail."""

from __future__ import annotations

from dataclasses import replace

import anyio

from b24_mcp.app.apply.crm_values import COMMUNICATION
from b24_mcp.app.apply.matching import WITH_COMMUNICATION, Matcher
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import B24Error
from b24_mcp.rest import PlannedCall

_PATIENCE = 4.0
_IDS_NAMED = 5


def may_duplicate(call: PlannedCall) -> bool:
    """Whether a call adds a lead, a contact or a company."""
    parts = call.method.lower().split(".")
    return parts[0] == "crm" and parts[-1] == "add" and parts[1] in (*WITH_COMMUNICATION, "item")


async def with_duplicate_warning(opened: OpenPortal, call: PlannedCall) -> PlannedCall:
    """Return a call that adds a record with a warning when its phone or e-mail exists. Never raises.

    The portal is asked for at most some seconds. A search that fails or is not allowed gives no warning.
    """
    try:
        matcher = Matcher.of(opened, call.method, COMMUNICATION, "skip")
        with anyio.move_on_after(_PATIENCE):
            ids = await matcher.existing(call)
            if not ids:
                return call
            kind = matcher.kind_of(call)
            named = ", ".join(map(str, ids[:_IDS_NAMED])) + (" and more" if len(ids) > _IDS_NAMED else "")
            said = f"A {kind} with this phone or e-mail exists already: id {named}. crm.{kind}.update changes it."
            return replace(call, warnings=(*call.warnings, said))
    except B24Error:
        return call
    return call
