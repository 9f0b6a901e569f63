"""The types of fields as the portal describes them, for lists that have a method for it.

Source: documentation, api-reference/crm/data-types and the pages of the methods that describe fields; measured
behaviour for the forms of their answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import anyio.to_thread

from b24_mcp.catalog import Method, is_reading, known_methods
from b24_mcp.catalog.lists import fields_methods
from b24_mcp.errors import B24Error
from b24_mcp.records.columns import Kind
from b24_mcp.rest import Portal

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
    """The documented types of fields. Spellings of a name are equal: `RESPONSIBLE_ID` is `responsibleId`.

    `expected` are the fields that a row would have, for a list without rows. `requests` is the number of requests that
    were needed. `asked_at` is the time of the portal at which it was asked for the types, if it said one.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        *,
        requests: int = 0,
        expected: Sequence[str] = (),
        asked_at: datetime | None = None,
    ) -> None:
        self.requests = requests
        self.expected = expected
        self.asked_at = asked_at
        self._kinds = {_squeezed(name): kind for name, kind in kinds.items()}

    def get(self, field: str) -> Kind | None:
        """Return the type of a field; None if it is not known."""
        return self._kinds.get(_squeezed(field))


async def request_kinds(portal: Portal, method: str, params: object) -> FieldKinds:
    """Request the types of the fields of a list from the portal; empty if there is no method for it.

    This is one call that reads. If it fails, the list is read without types.
    """
    selected = _selected(params)
    expected = selected if selected is not None else await anyio.to_thread.run_sync(_documented, method)
    describing = await anyio.to_thread.run_sync(_fields_method, method)
    wanted = None if describing is None else _params_for(describing, params)
    if describing is None or wanted is None:
        return FieldKinds({}, expected=expected)
    try:
        answer = await portal.call(describing.name, wanted, version=describing.version, bulk=True)
    except B24Error:
        return FieldKinds({}, requests=1, expected=expected)
    described = _described(answer.result)
    if selected is None and described:
        expected = [*described]
    kinds = {name: kind for name, kind in ((name, _kind_in(fact)) for name, fact in described.items()) if kind}
    return FieldKinds(
        kinds,
        requests=1,
        expected=expected,
        asked_at=None if answer.time is None else answer.time.finished_at,
    )


def _fields_method(method: str) -> Method | None:
    """Return the method that describes the fields of a list, e.g. `crm.deal.fields` for `crm.deal.list`."""
    catalogue = known_methods()
    version = "v3" if catalogue.versions(method) == ["v3"] else "v2"
    for name in fields_methods(method, version):
        found = catalogue.method(name, version)
        if found is not None and is_reading(found.name):
            return found
    return None


def _params_for(describing: Method, params: object) -> dict[str, object] | None:
    """Return the parameters of the list that this method has too; None if one that it requires is missing."""
    given: Mapping[str, object] = params if isinstance(params, Mapping) else {}
    wanted: dict[str, object] = {}
    for parameter in describing.facts.params:
        if parameter.name in given and parameter.name not in ("select", "filter"):
            wanted[parameter.name] = given[parameter.name]
        elif parameter.required is True:
            return None
    return wanted


def _selected(params: object) -> list[str] | None:
    """Return the fields that a list selects by name; None if it selects all, or all of a kind (`*`, `UF_*`)."""
    if not isinstance(params, Mapping):
        return None
    select = next((value for name, value in params.items() if name.lower() == "select"), None)
    if not isinstance(select, list) or not select or not all(isinstance(name, str) for name in select):
        return None
    return None if any("*" in name for name in select) else list(dict.fromkeys(select))


def _documented(method: str) -> list[str]:
    """Return the fields of a row that the documentation names: those to select, or to filter by."""
    known = known_methods().method(method)
    parameters = {parameter.name.lower(): parameter for parameter in known.facts.params} if known else {}
    for name in ("select", "filter"):
        fields = [field.name for field in parameters[name].fields if not field.pattern] if name in parameters else []
        if fields:
            return fields
    return []


def _described(result: object) -> dict[str, Mapping[str, object]]:
    """Parse `{NAME: {type}}`, the same under one key such as `fields`, or `{"items": [{name, type}]}` of REST 3.0."""
    if isinstance(result, Mapping) and len(result) == 1:
        (inner,) = result.values()
        if isinstance(inner, Mapping) and "type" not in inner:
            result = inner
        elif isinstance(inner, list):
            result = {entry["name"]: entry for entry in inner if isinstance(entry, Mapping) and "name" in entry}
    if not isinstance(result, Mapping):
        return {}
    return {str(name): fact for name, fact in result.items() if isinstance(fact, Mapping)}


def _kind_in(fact: Mapping[str, object]) -> Kind | None:
    if fact.get("isMultiple") or fact.get("multiple") is True:
        return "json"
    return _KINDS.get(str(fact.get("type")).lower())


def _squeezed(name: str) -> str:
    return name.replace("_", "").lower()
