"""Methods of the portal, one module a family; each registers its own."""

from __future__ import annotations

from b24_mcp.sandbox.methods import batch, common, crm_all, office, staff
from b24_mcp.sandbox.registry import Registry


def register_all(registry: Registry) -> None:
    """Add every family."""
    for family in (common, staff, crm_all, office, batch):
        family.register(registry)
