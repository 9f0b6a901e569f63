"""`*.field.list` and `*.field.get`: the description of a DTO.

Documentation: the `*-field-list.md` and `*-field-get.md` pages.
"""

from __future__ import annotations

from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import errors
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto, Property

ASPECTS = (
    "name", "type", "title", "description", "validationRules", "requiredGroups", "filterable", "sortable",
    "editable", "multiple", "elementType",
)  # fmt: skip


def field_list(dto: Dto, context: Context, params: Map) -> Value:
    """All properties of the DTO."""
    aspects = _selected(params)
    return {"items": [_described(prop, aspects) for prop in dto.properties.values()]}


def field_get(dto: Dto, context: Context, params: Map) -> Value:
    """One property of the DTO by name."""
    name = params.get("name")
    if name is None:
        raise errors.missing("name")
    if not isinstance(name, str):
        raise errors.wrong_type("name", "string")
    aspects = _selected(params)
    if name not in dto.properties:
        raise errors.field_not_found(name)
    return {"item": _described(dto.properties[name], aspects)}


def _selected(params: Map) -> tuple[str, ...]:
    sent = params.get("select")
    if sent is None or sent in ([], {}):
        return ASPECTS
    if not isinstance(sent, list) or not all(isinstance(name, str) for name in sent):
        raise errors.invalid_select(sent)
    for name in sent:
        if name not in ASPECTS:
            raise errors.unknown_property(name, "DtoFieldDto")
    return tuple(name for name in ASPECTS if name in sent)


def _described(prop: Property, aspects: tuple[str, ...]) -> Map:
    everything: Map = {
        "name": prop.name,
        "type": prop.shown_type,
        "title": prop.name,
        "description": None,
        "validationRules": [],
        "requiredGroups": ["add"] if prop.required else None,
        "filterable": prop.filterable,
        "sortable": prop.sortable,
        "editable": prop.editable,
        "multiple": False,  # real portals say so of lists as well
        "elementType": prop.element,
    }
    return {name: everything[name] for name in aspects}
