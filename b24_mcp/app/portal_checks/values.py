"""Judge the values of fields by their types, options and directories on the portal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from b24_mcp.app.portal_checks.finding import FieldFinding, missing, mistake
from b24_mcp.app.portal_checks.uses import FieldUse
from b24_mcp.catalog.arguments.references import has_reference, is_reference, stands_in
from b24_mcp.catalog.arguments.typed import verdict_of_type
from b24_mcp.catalog.names import nearest_ones
from b24_mcp.discovery import Option, PortalField

_MOST_NAMED = 12
_TYPED = {"integer", "double", "date", "datetime", "boolean"}
_LINKS = {
    "crm_company": "a company",
    "crm_contact": "a contact",
    "crm_lead": "a lead",
    "crm_deal": "a deal",
    "crm_quote": "a quote",
    "crm_entity": "a record",
    "user": "a user",
    "employee": "a user",
}
_OF_LISTS = {"N": "double", "S:Date": "date", "S:DateTime": "datetime", "S:employee": "employee", "S:Money": "money"}
"""The types of properties of lists. Source: documentation, lists.field.type.get."""
_ID = re.compile(r"-?\d+", re.ASCII)
_USER = re.compile(r"(user_?)?-?\d+", re.ASCII | re.IGNORECASE)
_RECORD = re.compile(r"((CO|C|L|D|Q|O|SI|I|T[0-9a-f]+)_)?\d+", re.ASCII | re.IGNORECASE)
_MONEY = re.compile(r"\s*-?\d+(\.\d+)?(\|[A-Z]{3})?\s*", re.ASCII)
_SINGLE = {*_TYPED, *_LINKS, "enumeration", "crm_status", "crm_currency", "char", "money"}


def choice_finding(value: object, choices: Sequence[Option], what: str) -> FieldFinding | None:
    """Return what is wrong with one value of a field that has choices. A label that only one choice has is put in.

    `what` names one choice in the message: an option, a stage.
    """
    if isinstance(value, bool) and {choice.id for choice in choices} == {"Y", "N"}:
        return mistake(f'must be "{"Y" if value else "N"}": the portal takes "Y" or "N" here')
    if isinstance(value, bool | float) or not isinstance(value, str | int) or value in ("", 0):
        return None
    written = str(value).strip()
    if any(choice.id == written for choice in choices) or has_reference(value):
        return None
    labelled = [choice for choice in choices if choice.label.strip().casefold() == written.casefold()]
    if len(labelled) == 1:
        chosen = labelled[0].id
        return FieldFinding(
            f"was {_shown(written)}; it was sent as {chosen}, whose label that is", False, _like(chosen)
        )
    if len(labelled) > 1:
        ids = ", ".join(choice.id for choice in labelled[:_MOST_NAMED])
        return mistake(f"is {_shown(written)}, which several values are called: {ids}")
    near = nearest_ones(written, [choice.id for choice in choices])
    meant = f"{' or '.join(near)} is meant; " if near else ""
    return missing(f"is {_shown(written)}, but there is no such {what}; {meant}there are {listed(choices)}")


def typed_finding(use: FieldUse, field: PortalField, value: object) -> FieldFinding | None:
    """Return what is wrong with one single value by the type of its field."""
    kind = _OF_LISTS.get(field.type, field.type.lower())
    if value is None or value == "" or has_reference(value) or isinstance(value, Mapping | list) or use.is_search:
        return None
    if kind == "boolean" and use.role == "filter" and field.custom and field.other_name and value in ("Y", "N"):
        return mistake(f"must be {1 if value == 'Y' else 0}: a filter takes 1 or 0 for a custom field of this type")
    if kind in _TYPED or kind == "char":
        verdict = verdict_of_type(kind, value)
        return None if verdict is None else FieldFinding(*verdict)
    if not isinstance(value, str):
        return None
    if kind in _LINKS:
        pattern = _USER if kind in ("user", "employee") else _ID
        return None if pattern.fullmatch(value.strip()) else mistake(f"must be the ID of {_LINKS[kind]}")
    if kind == "crm" and not _RECORD.fullmatch(value.strip()):
        return mistake("must be a record such as D_1 (deal), C_1 (contact), CO_1 (company) or L_1 (lead)")
    if kind == "money" and not _MONEY.fullmatch(value):
        return mistake("must be an amount with its currency, such as 100.50|EUR")
    return None


def single_values(use: FieldUse) -> list[tuple[int | None, object]]:
    """Return the single values of a use, each with its place in a list; None when there is no list."""
    value = use.value
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, Mapping) or is_reference(value):
        return []
    return [(None, value)]


def is_plain(field: PortalField) -> bool:
    """Whether the documentation judges values of a field as well as the portal does, where it has the field."""
    return not field.custom and (field.type.lower() in _TYPED or field.type.lower() == "char")


def list_finding(use: FieldUse, field: PortalField, plural: PortalField | None) -> FieldFinding | None:
    """Return what is wrong with a list as the value of a field that has one value; `plural` is one beside it."""
    value = use.value
    if use.role != "fields" or field.multiple or field.type.lower() not in _SINGLE or not isinstance(value, list):
        return None
    if stands_in(value) or not value or any(isinstance(item, Mapping | list) for item in value):
        return None
    return mistake(f"takes one value, not a list{f'; {plural.name} takes several' if plural is not None else ''}")


def listed(choices: Sequence[Option]) -> str:
    """Return choices in words: ids, each with its label."""
    shown = ", ".join(
        f"{choice.id} ({choice.label})" if choice.label and choice.label != choice.id else choice.id
        for choice in choices[:_MOST_NAMED]
    )
    return shown + (", …" if len(choices) > _MOST_NAMED else "")


def _shown(written: str) -> str:
    return f'"{written[:60]}"'


def _like(chosen: str) -> object:
    """Return an id as a number when it is one."""
    return int(chosen) if chosen.isascii() and chosen.isdigit() and not chosen.startswith("0") else chosen
