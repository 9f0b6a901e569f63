"""Methods of the portal: one module per family, which registers its methods."""

from __future__ import annotations

from b24_sandbox.methods import batch, common, crm_all, declared, office, sale, staff
from b24_sandbox.registry import Registry


def register_all(registry: Registry) -> None:
    """Register every family."""
    for family in (common, staff, crm_all, office, declared, sale, batch):
        family.register(registry)
