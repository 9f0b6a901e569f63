"""All methods of the CRM, one module per family."""

from __future__ import annotations

from b24_sandbox.methods import (
    crm_activity,
    crm_activity_configurable,
    crm_activity_kinds,
    crm_addresses,
    crm_cards,
    crm_catalog,
    crm_category,
    crm_classic,
    crm_currency,
    crm_duplicates,
    crm_item,
    crm_links,
    crm_products,
    crm_reference,
    crm_requisites,
    crm_timeline,
    crm_triggers,
    crm_type,
    crm_userfields,
    userfieldconfig,
)
from b24_sandbox.registry import Registry

_FAMILIES = (
    crm_activity,
    crm_activity_configurable,
    crm_activity_kinds,
    crm_addresses,
    crm_cards,
    crm_catalog,
    crm_category,
    crm_classic,
    crm_currency,
    crm_duplicates,
    crm_item,
    crm_links,
    crm_products,
    crm_reference,
    crm_requisites,
    crm_timeline,
    crm_triggers,
    crm_type,
    crm_userfields,
    userfieldconfig,
)


def register(registry: Registry) -> None:
    """Register every family of the CRM."""
    for family in _FAMILIES:
        family.register(registry)
