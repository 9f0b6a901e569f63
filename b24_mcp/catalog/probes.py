"""The methods that the program calls by itself to find out about a portal and the user.

Source: documentation, api-reference/common (`profile`, `scope`, `app.info`, `server.time`) and api-reference/rest-v3.
"""

from __future__ import annotations

PROBES = ("profile", "scope", "server.time", "app.info")
"""Called together in one batch. They are read-only, have no parameters, and contain nothing from a model."""
V3_PROBE = "rest.scope.list"
"""Shows whether the portal has REST 3.0. It is read-only and has no parameters."""

FACT_PROBES = frozenset(
    (
        "catalog.product.getFieldsByFilter",
        "crm.activity.fields",
        "crm.address.fields",
        "crm.category.list",
        "crm.company.fields",
        "crm.contact.fields",
        "crm.currency.list",
        "crm.deal.fields",
        "crm.invoice.fields",
        "crm.item.fields",
        "crm.item.productrow.fields",
        "crm.lead.fields",
        "crm.product.fields",
        "crm.productrow.fields",
        "crm.quote.fields",
        "crm.requisite.bankdetail.fields",
        "crm.requisite.fields",
        "crm.status.list",
        "crm.type.list",
        "lists.field.get",
        "tasks.task.getFields",
        "user.fields",
        "user.userfield.list",
    )
)
"""Describe the fields, stages and directories that arguments of calls are checked against. They are read-only, and
their parameters are the id of a kind of records at most. They return no records.
"""
