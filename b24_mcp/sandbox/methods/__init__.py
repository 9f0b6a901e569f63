"""Methods of the portal, one module a family; each registers its own."""

from b24_mcp.sandbox.methods import batch, common, crm_classic, crm_item, crm_reference, office, staff
from b24_mcp.sandbox.registry import Registry


def register_all(registry: Registry) -> None:
    """Add every family."""
    for family in (common, staff, crm_classic, crm_item, crm_reference, office, batch):
        family.register(registry)
