"""Records that are deleted with a CRM record: its rows, activities, timeline, requisites and history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from b24_sandbox import values
from b24_sandbox.entities.crm_catalog import PRODUCT_ROW
from b24_sandbox.entities.crm_parts import (
    ACTIVITY,
    ACTIVITY_BINDING,
    STAGE_HISTORY,
    TIMELINE_BINDING,
)
from b24_sandbox.entities.crm_requisites import ADDRESS, REQUISITE, REQUISITE_LINK
from b24_sandbox.fields import Cascade, Entity
from b24_sandbox.php import Value
from b24_sandbox.tables import remove_where

if TYPE_CHECKING:
    from b24_sandbox.world import World

__all__ = ["OWNER_CODES", "forget", "owner_code", "owner_word", "remove_where", "unlink_contact"]

OWNER_CODES = {1: "L", 2: "D", 3: "C", 4: "CO", 7: "Q", 31: "SI"}
"""The short codes of types in product rows and in user fields of the type `crm`."""


def owner_code(number: int) -> str:
    """The short code of a type: `D` for deals, `T406` for the smart process 1030."""
    return OWNER_CODES.get(number) or f"T{number:x}"


def owner_word(number: int) -> str:
    """The name of a type in the timeline: `deal`, `dynamic_1030`."""
    words = {1: "lead", 2: "deal", 3: "contact", 4: "company", 7: "quote", 31: "smart_invoice"}
    return words.get(number) or f"dynamic_{number}"


def forget(number: int) -> Cascade:
    """The cascade of the type `number`."""

    def remove(portal: World, record: int) -> None:
        gone: tuple[tuple[Entity, str, list[Value]], ...] = (
            (PRODUCT_ROW, "OWNER_TYPE = ? and OWNER_ID = ?", [owner_code(number), record]),
            (ACTIVITY_BINDING, "OWNER_TYPE_ID = ? and OWNER_ID = ?", [number, record]),
            (STAGE_HISTORY, "ENTITY_TYPE_ID = ? and OWNER_ID = ?", [number, record]),
            (TIMELINE_BINDING, "ENTITY_TYPE = ? and ENTITY_ID = ?", [owner_word(number), record]),
            (REQUISITE_LINK, "ENTITY_TYPE_ID = ? and ENTITY_ID = ?", [number, record]),
            (ADDRESS, "ENTITY_TYPE_ID = ? and ENTITY_ID = ?", [number, record]),
            (REQUISITE, "ENTITY_TYPE_ID = ? and ENTITY_ID = ?", [number, record]),
        )
        for entity, where, bound in gone:
            remove_where(portal, entity, where, bound)
        _orphans(portal)

    return remove


def unlink_contact(portal: World, contact: int) -> None:
    """Remove a deleted contact from every record that names it. The first contact left becomes the main one."""
    held = "exists (select 1 from json_each(CONTACT_IDS) where json_each.value = ?)"
    for entity in portal.crm_entities():
        if "CONTACT_IDS" not in entity.fields:
            continue
        for row in portal.storage.rows(entity, ["ID", "CONTACT_IDS"], held, [contact]):
            left = [item for item in values.items(row["CONTACT_IDS"]) if item != contact]
            columns = {"CONTACT_IDS": json.dumps(left), "CONTACT_ID": left[0] if left else None}
            portal.storage.update(entity, row.id, columns)


def _orphans(portal: World) -> None:
    """Delete activities without bindings."""
    lonely = "not exists (select 1 from crm_activity_binding b where b.ACTIVITY_ID = crm_activity.ID)"
    remove_where(portal, ACTIVITY, lonely, [])
