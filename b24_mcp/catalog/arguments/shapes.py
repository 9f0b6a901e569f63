"""Judge whether an object, a list or a single value stands where it may."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from b24_mcp.catalog.arguments.nodes import Node

_PLACE = re.compile(r"n?\d+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
_MULTIFIELD = 'must be a list: [{"VALUE": "…", "VALUE_TYPE": "WORK"}]'
_OF_ITEM = 'must be a list: [{"typeId": "PHONE", "valueType": "WORK", "value": "…"}]'
_NO_ITEMS = {"select"}
_TEXTS = {"string", "text"}
_FIELDS = {"fields", "arfields", "data"}
_MAPS = {"options"}
"""Parameters whose documented type is that of a list, although their entries have names."""


def is_listed(value: Mapping[str, object]) -> bool:
    """Whether an object is what PHP makes of a list: its names are places."""
    return bool(value) and all(_PLACE.fullmatch(str(name)) for name in value)


def object_problem(node: Node, value: Mapping[str, object]) -> str:
    """Return what is wrong with an object as a value; empty when it may stand here."""
    if node.is_multifield:
        return _multifield_form(node) if value else ""
    if node.takes_object or "any" in node.scalars:
        kinds = set(node.parameter.type.lower().split("|"))
        listed = node.parameter.is_list and kinds.isdisjoint({"object", "map"}) and value
        return f"must be a list: {listed_form(node)}" if listed else ""
    if node.takes_list:
        return f"must be a list: {listed_form(node)}" if value else ""
    if all(_LANGUAGE.fullmatch(str(name)) for name in value):
        return ""
    return "must be a single value, not an object"


def sequence_problem(node: Node, value: Sequence[object], version: str) -> str:
    """Return what is wrong with a list as a value; empty when it may stand here."""
    if not value:
        return ""
    if node.is_multifield:
        return _multifield_problem(node, value)
    if not node.takes_list:
        if "any" in node.scalars:
            return ""
        several = f"; {node.plural} takes several" if node.plural else ""
        return "must be an object" if node.takes_object else f"must be a single value, not a list{several}"
    if node.name.lower() == "filter" and version == "v2" and not any(isinstance(item, dict | list) for item in value):
        return "must be an object"
    if node.role == "order" and node.takes_object and set(node.parameter.type.lower().split("|")) == {"object"}:
        return "must be an object" + _order_form(value)
    only_object = set(node.parameter.type.lower().split("|")) == {"object"} and not node.parameter.is_list
    if only_object and node.name.lower() not in _NO_ITEMS and not any(isinstance(item, dict | list) for item in value):
        return "must be an object, not a list"
    if only_object and node.name.lower() == "fields" and len(value) == 1:
        return "must be an object, not a list of objects"
    if _is_of_objects(node) and not all(isinstance(item, Mapping) or item is None for item in value):
        return f"must be a list of objects: {listed_form(node)}"
    return ""


def single_problem(node: Node, value: object) -> str:
    """Return what is wrong with a single value where an object or a list is required."""
    if node.is_multifield:
        return _multifield_form(node)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return f"must be {in_words(node)}; this text is no valid JSON"
    if in_words(node) == "a list" and any(one.endswith("<X>") for one in node.parameter.values):
        return f"must be a list of codes in the forms {', '.join(node.parameter.values)}, where X is an id"
    if in_words(node) == "a list" and isinstance(value, str | int) and (node.group is None or _is_of_objects(node)):
        return f"must be a list: {listed_form(node, value)}"
    if in_words(node) == "an object" and node.group is not None and not node.role and node.group.nodes:
        name = next(iter(node.group.required or node.group.nodes))
        return f'must be an object: {{"{name}": …}}'
    return f"must be {in_words(node)}{_order_form([value]) if node.role == 'order' else ''}"


def _order_form(value: Sequence[object]) -> str:
    """Return how an order is written that was given in another form, such as `["ID"]` or `ID DESC`."""
    said: list[str] = []
    for one in value:
        entries = (text for entry in one.items() for text in entry) if isinstance(one, Mapping) else (one,)
        said += [word for text in entries if isinstance(text, str) for word in re.split(r"[\s,:]+", text) if word]
    names = [word for word in said if word.lower() not in ("asc", "desc")]
    direction = next((word.upper() for word in said if word.lower() in ("asc", "desc")), "ASC")
    return f': {{"{names[0]}": "{direction}"}}' if names and names[0].isidentifier() else ""


def _is_of_objects(node: Node) -> bool:
    """Whether a node takes a list of objects with documented names."""
    type_ = node.parameter.type.lower()
    return node.group is not None and type_.endswith("[]") and type_.removesuffix("[]") not in _TEXTS


def in_words(node: Node) -> str:
    """Return what a node takes that takes no single value."""
    type_ = node.parameter.type.lower()
    if node.parameter.is_list or type_.endswith("[]") or type_ in ("array", "list"):
        is_object = node.name.lower() in _MAPS or (
            node.name.lower() in (*_FIELDS, "filter") and (type_ != "array" or node.group is not None)
        )
        return "an object" if is_object and not node.parameter.is_list else "a list"
    return "an object" if node.takes_object else "a list"


def listed_form(node: Node, value: object = "…") -> str:
    """Return the form of a list of one entry."""
    if node.group is not None:
        usual = [node.group.by_lower["value"]] if "value" in node.group.by_lower else list(node.group.nodes)[:1]
        names = list(node.group.required) or usual
        return f"[{{{', '.join(f'{chr(34)}{name}{chr(34)}: …' for name in names)}}}]"
    return list_of_text(value) if isinstance(value, str) else f"[{value}]"


def list_of_text(text: str) -> str:
    """Return the list that a text with commas stands for: `["a", "b"]` for `a, b`, and `[2, 3]` for `2, 3`."""
    parts = [part.strip() for part in re.split("[,;]", text) if part.strip()] or [text]
    are_numbers = all(part.isascii() and part.isdecimal() for part in parts)
    return json.dumps([int(part) if are_numbers else part for part in parts], ensure_ascii=False)


def _multifield_form(node: Node) -> str:
    """Return the form of phones and addresses: of all kinds in one field of an item, of one kind elsewhere."""
    return _OF_ITEM if node.name == "fm" else _MULTIFIELD


def _multifield_problem(node: Node, value: Sequence[object]) -> str:
    for item in value:
        if item is None:
            continue
        if not isinstance(item, Mapping):
            return _multifield_form(node)
        names = {str(name).upper() for name in item}
        if "TYPE" in names and "VALUE_TYPE" not in names and "TYPEID" not in names:
            renamed = "" if node.name == "fm" else "; TYPE is called VALUE_TYPE"
            return f"{_multifield_form(node)}{renamed}"
        if not names & {"VALUE", "ID", "DELETE"}:
            return _multifield_form(node)
    return ""
