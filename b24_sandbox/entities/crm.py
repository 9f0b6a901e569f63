"""Leads, deals, contacts, companies.

Fields and types: documentation: api-reference/crm/{leads,deals,contacts,companies}/crm-*-fields and
api-reference/crm/universal/object-fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import php
from b24_sandbox.entities.crm_cascade import forget, unlink_contact
from b24_sandbox.entities.crm_rules import (
    mirror,
    prepare_contact,
    prepare_deal,
    prepare_lead,
    stage_history,
    stamp,
)
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.tables import entity

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _settle_contact(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
    if "COMPANY_IDS" in written:
        before = stored["COMPANY_IDS"] if stored else None
        mirror(portal, record, COMPANY, "CONTACT_ID", before, written["COMPANY_IDS"])


def _settle_company(portal: World, record: int, written: Map, stored: Row | None, user: int) -> None:
    if "CONTACT_ID" in written:
        before = stored["CONTACT_ID"] if stored else None
        mirror(portal, record, CONTACT, "COMPANY_IDS", before, written["CONTACT_ID"])


def _forget_contact(portal: World, record: int) -> None:
    forget(3)(portal, record)
    unlink_contact(portal, record)
    held = "exists (select 1 from json_each(CONTACT_ID) where json_each.value = ?)"
    for row in portal.storage.rows(COMPANY, ["ID", "CONTACT_ID"], held, [record]):
        mirror(portal, record, COMPANY, "CONTACT_ID", f"[{php.text(row['ID'])}]", "[]")


def _forget_company(portal: World, record: int) -> None:
    forget(4)(portal, record)
    held = "exists (select 1 from json_each(COMPANY_IDS) where json_each.value = ?)"
    for row in portal.storage.rows(CONTACT, ["ID"], held, [record]):
        mirror(portal, record, CONTACT, "COMPANY_IDS", f"[{php.text(row['ID'])}]", "[]")


LEAD = entity(
    "crm_lead",
    prepare=prepare_lead,
    settle=stage_history(1, "STATUS_ID", "STATUS_SEMANTIC_ID"),
    cascade=forget(1),
)
DEAL = entity(
    "crm_deal",
    prepare=prepare_deal,
    settle=stage_history(2, "STAGE_ID", "STAGE_SEMANTIC_ID", "CATEGORY_ID"),
    cascade=forget(2),
)
CONTACT = entity("crm_contact", prepare=prepare_contact, settle=_settle_contact, cascade=_forget_contact)
COMPANY = entity("crm_company", prepare=stamp, settle=_settle_company, cascade=_forget_company)
