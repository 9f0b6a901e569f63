"""Requisites, their presets and bank details, addresses, and the requisites a document uses.

Fields: documentation: api-reference/crm/requisites/**/…-fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import facts
from b24_sandbox.tables import entity, remove_where

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _forget_addresses(portal: World, record: int) -> None:
    remove_where(portal, ADDRESS, "ENTITY_TYPE_ID = 8 and ENTITY_ID = ?", [record])


REQUISITE = entity("crm_requisite", cascade=_forget_addresses)
BANK_DETAIL = entity("crm_bank_detail")
PRESET = entity("crm_preset")
PRESET_FIELD = entity("crm_preset_field")
ADDRESS = entity("crm_address")
REQUISITE_LINK = entity("crm_requisite_link")

COUNTRIES = tuple((int(number), code, name) for number, code, name in facts.table("countries"))
"""The countries of presets: id, code, name."""
