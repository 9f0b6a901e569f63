"""Methods of the portal: one module per family, which registers its methods."""

from __future__ import annotations

from b24_sandbox.methods import (
    batch,
    biconnector,
    calendar_resources,
    common,
    crm_all,
    crm_calllist,
    crm_documents,
    crm_invoice,
    crm_recurring,
    declared,
    news,
    office,
    sale,
    sale_services,
    staff,
    task_flows,
    task_userfields,
    vote,
)
from b24_sandbox.registry import Registry

_BESIDE_DECLARED = (
    sale,
    sale_services,
    biconnector,
    calendar_resources,
    crm_recurring,
    crm_calllist,
    crm_documents,
    crm_invoice,
    news,
    task_flows,
    task_userfields,
    vote,
)
"""What declared families decide in code: registered after them, in place of their methods."""


def register_all(registry: Registry) -> None:
    """Register every family."""
    for family in (common, staff, crm_all, office, declared, *_BESIDE_DECLARED, batch):
        family.register(registry)
