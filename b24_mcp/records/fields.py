"""What the portal itself says of the types of fields, for the lists that have a method which tells it.

Sources: documentation, api-reference/crm/data-types and the pages of the `fields` and `getFields` methods; the forms of
the answers are measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from b24_mcp.catalog import Method, is_reading, known_methods
from b24_mcp.errors import B24Error
from b24_mcp.records.columns import Kind
from b24_mcp.rest import Portal

_NAMES = ("fields", "getFields", "field.list")
_KINDS: dict[str, Kind] = {
    "integer": "integer",
    "int": "integer",
    "user": "integer",
    "employee": "integer",
    "crm_company": "integer",
    "crm_contact": "integer",
    "crm_lead": "integer",
    "crm_deal": "integer",
    "crm_quote": "integer",
    "crm_category": "integer",
    "double": "number",
    "float": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
    "string": "text",
    "char": "text",
    "text": "text",
}


class FieldKinds:
    """The documented types of fields, found however a name is written: `RESPONSIBLE_ID` is `responsibleId`."""

    def __init__(self, kinds: Mapping[str, Kind], *, requests: int = 0) -> None:
        self.requests = requests
        """What it took to learn them."""
        self._kinds = {_squeezed(name): kind for name, kind in kinds.items()}

    def get(self, field: str) -> Kind | None:
        """The type of a field, or None where nothing is known of it."""
        return self._kinds.get(_squeezed(field))


async def ask_kinds(portal: Portal, method: str, params: Any) -> FieldKinds:
    """Ask the portal for the types of the fields a list method answers with; empty where it does not tell them.

    It is one call that reads. A failure of it is no failure of the list.
    """
    teller = await anyio.to_thread.run_sync(_method_that_tells, method)
    if teller is None:
        return FieldKinds({})
    wanted = _params_for(teller, params)
    if wanted is None:
        return FieldKinds({})
    try:
        answer = await portal.call(teller.name, wanted, version=teller.version, bulk=True)
    except B24Error:
        return FieldKinds({}, requests=1)
    return FieldKinds(_kinds_in(answer.result), requests=1)


def _method_that_tells(method: str) -> Method | None:
    """`crm.deal.fields` for `crm.deal.list`, `tasks.task.getFields` for `tasks.task.list`, and so on."""
    base = method.rpartition(".")[0]
    catalogue = known_methods()
    version = "v3" if catalogue.versions(method) == ["v3"] else "v2"
    for name in _NAMES:
        found = catalogue.method(f"{base}.{name}", version)
        if found is not None and is_reading(found.name):
            return found
    return None


def _params_for(teller: Method, params: Any) -> dict[str, Any] | None:
    """What the list was asked with and this method takes too, such as `entityTypeId`; None when one is missing."""
    given = params if isinstance(params, Mapping) else {}
    wanted = {}
    for parameter in teller.facts.params:
        if parameter.name in given and parameter.name not in ("select", "filter"):
            wanted[parameter.name] = given[parameter.name]
        elif parameter.required is True:
            return None
    return wanted


def _kinds_in(result: Any) -> dict[str, Kind]:
    """Read `{NAME: {type}}`, the same under one key such as `fields`, or `{"items": [{name, type}]}` of REST 3.0."""
    if isinstance(result, Mapping) and len(result) == 1:
        (inner,) = result.values()
        if isinstance(inner, Mapping) and "type" not in inner:
            result = inner
        elif isinstance(inner, list):
            result = {entry["name"]: entry for entry in inner if isinstance(entry, Mapping) and "name" in entry}
    if not isinstance(result, Mapping):
        return {}
    kinds = {str(name): _kind_in(fact) for name, fact in result.items() if isinstance(fact, Mapping)}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _kind_in(fact: Mapping[str, Any]) -> Kind | None:
    if fact.get("isMultiple") or fact.get("multiple") is True:
        return "json"
    return _KINDS.get(str(fact.get("type")).lower())


def _squeezed(name: str) -> str:
    return name.replace("_", "").lower()
