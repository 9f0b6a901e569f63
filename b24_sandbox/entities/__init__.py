"""The kinds of records of a portal: their tables and fields are data in `*.toml`, their rules are modules.

A module names the entities of one part of the portal and attaches the rules to them (`b24_sandbox.tables.entity`).
"""

from __future__ import annotations

from b24_sandbox import declared, tables
from b24_sandbox.entities import catalog, crm, crm_parts, crm_requisites, crm_sales, task_parts, tasks

ENTITIES = (*tables.entities(), crm_sales.INVOICE, *declared.entities().values())
"""All entities of a portal with their rules. Those of smart processes are made with them."""

__all__ = ["ENTITIES", "catalog", "crm", "crm_parts", "crm_requisites", "crm_sales", "task_parts", "tasks"]
