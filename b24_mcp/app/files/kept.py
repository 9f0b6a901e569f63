"""The files that a field has before an update, in the form in which the update keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.catalog.files import FileParameter
from b24_mcp.catalog.names import folded
from b24_mcp.errors import our_error
from b24_mcp.rest import PlannedCall
from b24_mcp.rest.wire.answer import integer


async def kept_files(
    opened: OpenPortal, call: PlannedCall, parameter: FileParameter, path: Sequence[str]
) -> list[object]:
    """Return the files that the field at a path has, as the update of the call keeps them.

    Raises:
        B24Error: `B24MCP_FILE` when the method cannot keep files, or the record cannot be read.
    """
    where = ".".join(path)
    if parameter.keep in ("stays", "new"):
        return []
    params = call.params if isinstance(call.params, dict) else {}
    values = {folded(name): value for name, value in params.items()}
    if parameter.keep == "task":
        read = {"taskId": values.get("taskid"), "select": ["ID", path[-1]]}
        held = _field(await _read(opened, "tasks.task.get", read, "task"), path[-1])
        return [_number(one, where) for one in held]
    if parameter.keep == "crm":
        read = {name: values[folded(name)] for name in ("entityTypeId", "id") if folded(name) in values}
        inside = "item" if call.method.lower().startswith("crm.item.") else ""
        held = _field(await _read(opened, f"{call.method.rpartition('.')[0]}.get", read, inside), path[-1])
        return [{"id": _number(one.get("id") if isinstance(one, Mapping) else one, where)} for one in held]
    raise our_error(
        "B24MCP_FILE",
        f"{call.method} removes the files that {where} has, and has no way to keep them.",
        hint="Nothing was sent. Download the files first and send all of them, or leave $keep out.",
    )


async def _read(opened: OpenPortal, method: str, params: Mapping[str, object], inside: str) -> Mapping[str, object]:
    result = (await opened.portal.call(method, dict(params))).result
    found = result.get(inside) if inside and isinstance(result, Mapping) else result
    return found if isinstance(found, Mapping) else {}


def _field(record: Mapping[str, object], name: str) -> Sequence[object]:
    """Return the values of a field of a record, by its name in any style."""
    held = next((value for key, value in record.items() if folded(key) == folded(name)), None)
    if isinstance(held, Mapping):
        return [held] if "id" in held else list(held.values())
    return held if isinstance(held, list) else []


def _number(value: object, where: str) -> int:
    number = integer(value)
    if number is None:
        raise our_error("B24MCP_FILE", f"The portal did not name the ids of the files that {where} has.")
    return number
