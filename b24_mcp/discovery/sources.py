"""The requests that answer a question about a portal: the method, its parameters, and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from b24_mcp.discovery.entities import PortalEntity
from b24_mcp.discovery.fields import Option, PortalField, read_fields, read_labels, read_user_fields
from b24_mcp.discovery.people import (
    Category,
    Department,
    DirectoryEntry,
    Person,
    SmartProcess,
    read_categories,
    read_currencies,
    read_departments,
    read_directory_entries,
    read_people,
    read_scopes,
    read_smart_processes,
)

_CRM_FIELDS = {
    "lead": "crm.lead.fields",
    "deal": "crm.deal.fields",
    "contact": "crm.contact.fields",
    "company": "crm.company.fields",
    "quote": "crm.quote.fields",
    "old_invoice": "crm.invoice.fields",
    "product": "crm.product.fields",
    "productrow": "crm.productrow.fields",
    "requisite": "crm.requisite.fields",
    "bankdetail": "crm.requisite.bankdetail.fields",
    "address": "crm.address.fields",
    "activity": "crm.activity.fields",
    "task": "tasks.task.getFields",
    "user": "user.fields",
}
_LIST_KINDS = ("lists", "bitrix_processes", "lists_socnet")
"""The kinds of universal lists. Source: documentation, lists.field.get."""


@dataclass(frozen=True, slots=True)
class FactSource:
    """One request about a portal. `form` is the type of what `read` returns; None from `read` is a useless answer.

    `paged` is whether the answer has further pages of 50, which `start` names. `alternatives` are other parameters, for
    portals that refuse the first.
    """

    key: str
    method: str
    params: Mapping[str, object]
    read: Callable[[object], Any]
    form: Any
    paged: bool = False
    alternatives: tuple[Mapping[str, object], ...] = ()

    @property
    def command(self) -> dict[str, object]:
        """The request as a command of a batch."""
        return {"method": self.method, "params": dict(self.params)}

    @property
    def variants(self) -> tuple[FactSource, ...]:
        """The request with each of its parameters."""
        return (self, *[replace(self, params=params) for params in self.alternatives])

    def at(self, start: int) -> FactSource:
        """Return the request for the page that begins at a row."""
        return replace(self, params={**self.params, "start": start})


STATUSES = FactSource("statuses", "crm.status.list", {}, read_directory_entries, list[DirectoryEntry])
CURRENCIES = FactSource("currencies", "crm.currency.list", {}, read_currencies, list[Option])
SMART_PROCESSES = FactSource("types", "crm.type.list", {}, read_smart_processes, list[SmartProcess], paged=True)
DEPARTMENTS = FactSource("departments", "department.get", {}, read_departments, list[Department], paged=True)
USER_FIELDS = FactSource("userfields:user", "user.userfield.list", {}, read_user_fields, dict[str, PortalField])
"""The details of the custom fields of users, which `user.fields` only names."""
SCOPES = FactSource("scopes", "scope", {}, read_scopes, list[str])
EVERYONE = FactSource("people", "user.get", {"SORT": "ID", "ORDER": "ASC"}, read_people, list[Person], paged=True)


@lru_cache(maxsize=1_000)
def fields_source(entity: PortalEntity) -> FactSource | None:
    """Return the request that describes the fields of an entity; None when no method does."""
    key = f"fields:{entity.kind}:classic"
    form = dict[str, PortalField]
    if entity.list_id is not None:
        first, *others = [{"IBLOCK_TYPE_ID": kind, "IBLOCK_ID": entity.list_id} for kind in _LIST_KINDS]
        return FactSource(key, "lists.field.get", first, read_fields, form, alternatives=tuple(others))
    if entity.kind == "productrow" and entity.style == "item":
        return FactSource("fields:productrow:item", "crm.item.productrow.fields", {}, read_fields, form)
    if entity.type_id is not None and (entity.style == "item" or entity.kind not in _CRM_FIELDS):
        params = {"entityTypeId": entity.type_id}
        return FactSource(f"fields:{entity.kind}:item", "crm.item.fields", params, read_fields, form)
    method = _CRM_FIELDS.get(entity.kind)
    if method is None:
        return None
    return FactSource(key, method, {}, read_labels if entity.kind == "user" else read_fields, form)


def categories_source(entity: PortalEntity) -> FactSource | None:
    """Return the request for the pipelines of an entity; None for an entity without pipelines of its own."""
    if entity.kind in ("deal", "invoice") or entity.kind.startswith("dynamic:"):
        params = {"entityTypeId": entity.type_id}
        return FactSource(f"categories:{entity.kind}", "crm.category.list", params, read_categories, list[Category])
    return None
