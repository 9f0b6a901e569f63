"""All methods of the CRM, one module a family."""

from b24_mcp.sandbox.methods import (
    crm_category,
    crm_classic,
    crm_item,
    crm_products,
    crm_reference,
    crm_userfields,
    userfieldconfig,
)
from b24_mcp.sandbox.registry import Registry

_FAMILIES = (crm_classic, crm_item, crm_category, crm_products, crm_reference, crm_userfields, userfieldconfig)


def register(registry: Registry) -> None:
    """Add every family of the CRM."""
    for family in _FAMILIES:
        family.register(registry)
