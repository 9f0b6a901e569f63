"""The kinds of records of a portal: their tables and fields are data in `*.toml`, their rules are modules.

A module names the entities of one part of the portal and attaches the rules to them (`b24_sandbox.tables.entity`).
"""

from __future__ import annotations

from functools import cache

from b24_sandbox import declared, tables
from b24_sandbox.entities.crm_sales import INVOICE
from b24_sandbox.fields import Entity


@cache
def all_entities() -> tuple[Entity, ...]:
    """All entities of a portal. Those of smart processes are made with them."""
    return (*tables.entities(), INVOICE, *declared.entities().values())
