"""The titles of records that calls name by id, for the question to the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from b24_mcp.app.apply.sending import id_in_params
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.rest import plan_call

_TYPES = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "quote": 7}


async def titled(opened: OpenPortal, examples: Sequence[list[Any]]) -> None:
    """Add titles to examples `[row, title, method, params, version]` that have none, as far as the portal has them."""
    wanted: dict[int, list[int]] = {}
    places: dict[int, tuple[int, int]] = {}
    for place, (_, title, method, params, version) in enumerate(examples):
        type_id = _type_of(method, params)
        id_ = id_in_params(plan_call(method, params, version))
        if title or type_id is None or id_ is None or not id_.isdigit() or method.lower().endswith(".add"):
            continue
        wanted.setdefault(type_id, []).append(int(id_))
        places[place] = (type_id, int(id_))
    if not wanted:
        return
    await opened.record_names.read(opened.portal, opened.gate, wanted)
    known = opened.record_names.known(wanted)
    for place, (type_id, number) in places.items():
        examples[place][1] = known.get(type_id, {}).get(number, "")


def _type_of(method: str, params: object) -> int | None:
    parts = method.lower().split(".")
    if len(parts) != 3 or parts[0] != "crm":
        return None
    if parts[1] == "item" and isinstance(params, Mapping):
        value = str(params.get("entityTypeId", ""))
        return int(value) if value.isdigit() else None
    return _TYPES.get(parts[1])
