"""Judge the names of fields by the fields that the portal has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from b24_mcp.app.portal_checks.exceptions import exception_of
from b24_mcp.app.portal_checks.finding import FieldFinding, missing, mistake, warning
from b24_mcp.app.portal_checks.uses import FieldUse
from b24_mcp.catalog import Parameter
from b24_mcp.catalog.arguments.families import MethodFamily
from b24_mcp.catalog.arguments.synonyms import meant_among
from b24_mcp.catalog.names import folded, nearest_ones
from b24_mcp.discovery import EntityFields, PortalField, entity_named

_LOST = {
    "fields": "the portal would ignore it",
    "filter": "the portal would ignore the condition and return everything",
    "select": "the portal would leave it out",
    "order": "the portal would ignore it",
}
_KINDS = {
    "old_invoice": "old invoices",
    "company": "companies",
    "quote": "quotes",
    "productrow": "product rows",
    "bankdetail": "bank details",
    "address": "addresses",
    "activity": "activities",
}
_PROPERTY = re.compile(r"property_?(\d+)(_\w+)?", re.IGNORECASE | re.ASCII)
_PROPERTY_PREFIX = re.compile(r"property_", re.IGNORECASE)
_MOST_NAMED = 3
_LIKENESS = 0.75


class Documented:
    """The documented names inside one parameter, by their spelling in lower case."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters: dict[str, Parameter] = {}
        for parameter in parameters:
            if not parameter.pattern:
                for name in (parameter.name, *parameter.also):
                    self._parameters.setdefault(name.lower(), parameter)

    def named(self, name: str) -> Parameter | None:
        """Return the documentation of a name in any letter case."""
        return self._parameters.get(name.lower())

    @property
    def names(self) -> list[str]:
        """The documented names."""
        return [parameter.name for parameter in self._parameters.values()]


def field_of(use: FieldUse, fields: EntityFields, family: MethodFamily) -> PortalField | None:
    """Return the field that a name stands for, if the method takes this spelling; None otherwise."""
    exact = fields.fields.get(use.name)
    if exact is not None:
        return exact
    found = fields.named(use.name)
    if found is None:
        return None
    if family.fields != "exact":
        return found
    if use.name == found.other_name and (found.custom or (family.capitals and use.role != "fields")):
        return found
    return None


def unknown_name(
    use: FieldUse, fields: EntityFields, documented: Documented, elsewhere: Mapping[str, str]
) -> FieldFinding | None:
    """Return what is wrong with a name that stands for no field of the portal; None when that is not known.

    `elsewhere` says where names are written that are no fields here.
    """
    other = fields.named(use.name)
    if other is not None:
        return mistake(f"is written {other.name}")
    exception = exception_of(fields.entity, use.role, use.name)
    if exception is not None and exception.what == "takes":
        return None
    if exception is not None and exception.what == "not":
        return (warning if use.role == "select" else mistake)(exception.instead)
    whole = kind_in_words(fields.entity.kind)
    if documented.named(use.name) is not None:
        if use.role != "fields":
            return None
        if fields.entity.kind.startswith("dynamic:"):
            return missing(f"is documented, but {whole} has no such field; {_lost(use, fields)}")
        return warning(f"is documented, but this portal lists no such field of {whole}; it may ignore the value")
    if not _is_complete(use, fields):
        return _property_meant(use, fields)
    if use.role in ("fields", "filter") and (advice := elsewhere.get(folded(use.name).removeprefix("ufcrm"))):
        return missing(f"is no field of {whole} on this portal; {advice}")
    meant = _nearest(use.name, fields, documented.names if use.role != "fields" else ())
    advice = f"{' or '.join(meant)} is meant; " if meant else ""
    return missing(f"is no field of {whole} on this portal; {advice}{_lost(use, fields)}")


def kind_in_words(kind: str) -> str:
    """Return the plural name of a kind of records."""
    name, _, number = kind.partition(":")
    if name == "dynamic":
        return f"the smart process {number}"
    if name == "list":
        return f"the list {number}"
    return _KINDS.get(name, f"{name}s")


def _lost(use: FieldUse, fields: EntityFields) -> str:
    """Return what the portal would do with a name that it does not know. Source: measured behaviour."""
    if fields.entity.style == "item" and use.role in ("filter", "order"):
        return "the portal would refuse the call"
    return _LOST[use.role]


def _is_complete(use: FieldUse, fields: EntityFields) -> bool:
    """Whether the portal lists all fields of this kind: of universal lists it lists the properties only."""
    found = _PROPERTY.fullmatch(use.name)
    if fields.entity.list_id is not None:
        return found is not None and not found[2]
    return found is None or fields.entity.kind == "product"


def _property_meant(use: FieldUse, fields: EntityFields) -> FieldFinding | None:
    """Return which property of a list a name stands for that is its symbolic code or its label; None for any other."""
    if fields.entity.list_id is None:
        return None
    name = folded(_PROPERTY_PREFIX.sub("", use.name))
    meant = [one.name for one in fields.fields.values() if name and name in (folded(one.code), folded(one.label))]
    if len(meant) != 1 or meant[0].lower() == use.name.lower():
        return None
    return mistake(
        f"is no field of {kind_in_words(fields.entity.kind)} on this portal; {meant[0]} is meant; {_lost(use, fields)}"
    )


def _nearest(name: str, fields: EntityFields, others: Iterable[str]) -> list[str]:
    """Return the names that may be meant: of similar spelling, or of fields with this name as their label."""
    own = list(fields.fields)
    if parent := _parent_meant(name, fields):
        return [parent]
    near = nearest_ones(name, [*own, *others])
    if near:
        return near
    labels: Mapping[str, str] = {folded(field.label): field.name for field in fields.fields.values() if field.label}
    by_label = labels.get(folded(name.removeprefix("UF_CRM_").removeprefix("ufCrm")))
    if by_label:
        return [by_label]
    if meant := meant_among(name, own):
        return meant
    words = [one for one in own if _shares_words(name, one)]
    if 0 < len(words) <= _MOST_NAMED:
        return words
    by_name = {folded(one): one for one in own}
    like = get_close_matches(folded(name), [*by_name, *labels], _MOST_NAMED, _LIKENESS)
    return list(dict.fromkeys([by_name.get(one) or labels[one] for one in like]))


def _parent_meant(name: str, fields: EntityFields) -> str:
    """Return the field with the record of another type that a name is about: `parentId2` for `dealId`; or nothing."""
    kind = entity_named(folded(name).removesuffix("id")) if fields.entity.style == "item" else None
    parent = "" if kind is None else f"parentId{kind.type_id}"
    return parent if parent in fields.fields else ""


def _shares_words(name: str, other: str) -> bool:
    """Whether a name of one word or more is a part of another name: `STAGE` of `STAGE_ID`."""
    a, b = _words(name), _words(other)
    return bool(a) and len(a) < len(b) and b[: len(a)] == a


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper().split("_")
