"""The pipelines of CRM types: which there are, and the directories with their stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox.entities.directories import CATEGORY

if TYPE_CHECKING:
    from b24_sandbox.world import World

INVOICE_NUMBER = 31
"""`entityTypeId` of invoices."""


def categories(portal: World, number: int) -> list[int]:
    """The ids of a type's pipelines, in order."""
    rows = portal.storage.rows(CATEGORY, ["ID"], "ENTITY_TYPE_ID = ?", [number], "SORT, ID")
    return [row.id for row in rows]


def default_category(portal: World, number: int) -> int:
    """The pipeline of an item that names none."""
    rows = portal.storage.rows(CATEGORY, ["ID"], "ENTITY_TYPE_ID = ? and IS_DEFAULT = 'Y'", [number])
    found = [row.id for row in rows] or categories(portal, number)
    return found[0] if found else 0


def stage_directory(number: int, category: int) -> str:
    """The directory of a pipeline's stages. Leads and estimates have one directory each."""
    if number == 1:
        return "STATUS"
    if number == 7:
        return "QUOTE_STATUS"
    if number == 2:
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
    return f"SMART_INVOICE_STAGE_{category}" if number == INVOICE_NUMBER else f"DYNAMIC_{number}_STAGE_{category}"
