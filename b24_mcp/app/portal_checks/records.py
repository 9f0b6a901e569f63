"""The pipelines of the records that calls change, read in one batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from b24_mcp.access import probing
from b24_mcp.catalog.names import folded
from b24_mcp.discovery import PortalEntity
from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal, Succeeded

Record = tuple[PortalEntity, int]

_PAGE = 50
_MOST_RECORDS = 2500


async def pipelines_of(portal: Portal, records: Collection[Record]) -> Mapping[Record, int]:
    """Return the id of the pipeline of each record; those that the portal does not show are left out. Never raises."""
    commands: dict[str, dict[str, object]] = {}
    asked: dict[str, PortalEntity] = {}
    kinds = dict.fromkeys(entity for entity, _ in records)
    for entity in kinds:
        ids = sorted({number for one, number in records if one == entity})[:_MOST_RECORDS]
        for start in range(0, len(ids), _PAGE):
            label = f"c{len(commands)}"
            commands[label] = {
                "method": "crm.item.list",
                "params": {
                    "entityTypeId": entity.type_id,
                    "filter": {"@id": ids[start : start + _PAGE]},
                    "select": ["id", "categoryId"],
                },
            }
            asked[label] = entity
    if not commands:
        return {}
    try:
        with probing():
            answer = await portal.batch(commands)
    except B24Error:
        return {}
    found: dict[Record, int] = {}
    for label, outcome in answer.outcomes.items():
        if isinstance(outcome, Succeeded):
            found |= {(asked[label], number): category for number, category in _rows(outcome.answer.result)}
    return found


def record_id(params: Mapping[str, object]) -> int | None:
    """Return the id of the record that a call changes; None when it is not a number."""
    value = next((value for name, value in params.items() if folded(name) == "id"), None)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _rows(result: object) -> list[tuple[int, int]]:
    rows = result.get("items") if isinstance(result, Mapping) else None
    found: list[tuple[int, int]] = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping):
            try:
                found.append((int(str(row.get("id"))), int(str(row.get("categoryId")))))
            except ValueError:
                continue
    return found
