"""Recognise arguments that need no closer look. Covers most calls without building anything."""

from __future__ import annotations

from typing import cast

from b24_mcp.catalog.arguments.families import OPERATOR_SIGNS, OPERATORS, MethodFamily
from b24_mcp.catalog.arguments.nodes import Group, Node, Place, is_custom, is_name_of_person
from b24_mcp.catalog.arguments.values import HEX_COLOR

_NUMBERS = frozenset({int, float})
_CONTAINERS = frozenset({dict, list})
_NO_NAMES: dict[str, Usual] = {}


class Usual:
    """What needs no closer look at one place.

    These are values of the exact types in `types`, the texts in `texts` (None: any), lists of `items`, and objects with
    the names of `names` and, with `takes_custom`, those of custom fields. `any_name` is what the value of each name is
    when none are documented. With `takes_names` a list of such names is usual too, and with `takes_digits` a number may
    be written as a text.
    """

    __slots__ = (
        "any_name",
        "is_filter",
        "items",
        "names",
        "one_of",
        "operators",
        "required",
        "takes_custom",
        "takes_digits",
        "takes_names",
        "texts",
        "types",
    )

    def __init__(self, types: frozenset[type], texts: frozenset[str] | None = frozenset()) -> None:
        self.types = types
        self.texts = texts
        self.names: dict[str, Usual] | None = None
        self.items: Usual | None = None
        self.any_name: Usual | None = None
        self.required: frozenset[str] = frozenset()
        self.one_of = False
        self.is_filter = False
        self.takes_names = False
        self.takes_custom = True
        self.takes_digits = False
        self.operators: frozenset[str] = OPERATORS

    def passes(self, value: object) -> bool:
        """Whether a value needs no closer look."""
        kind = type(value)
        if kind is str:
            text = cast("str", value)
            is_digits = self.takes_digits and text.isascii() and text.isdecimal()
            return self.texts is None or text in self.texts or is_digits
        if kind is dict and self.names is not None:
            return self._passes_object(cast("dict[str, object]", value))
        if kind is list and self.takes_names:
            names = self.names or _NO_NAMES
            return all(item in names for item in cast("list[object]", value) if type(item) is str)
        if kind is list and self.items is not None:
            return all(map(self.items.passes, cast("list[object]", value)))
        return value is None or kind in self.types

    def _passes_object(self, value: dict[str, object]) -> bool:
        names = self.names if self.names is not None else _NO_NAMES
        if self.one_of or not self.required <= value.keys():
            return False
        for name, inner in value.items():
            usual = self._named(names, name)
            if usual is None and self.is_filter and (bare := name.lstrip(OPERATOR_SIGNS)):
                usual = self._named(names, bare) if name.removesuffix(bare) in self.operators else None
            if usual is None:
                if self.is_filter or not self.takes_custom or not is_custom(name) or type(inner) is dict:
                    return False
            elif not usual.passes(inner) or (self.is_filter and type(inner) is str and _may_be_pattern(inner)):
                return False
        return True

    def _named(self, names: dict[str, Usual], name: str) -> Usual | None:
        if self.any_name is None:
            return names.get(name)
        return self.any_name if name and _is_plain(name) else None


def usual_group(
    group: Group, family: MethodFamily, version: str, place: Place = "top", *, is_list: bool = False
) -> Usual:
    """Return what is usual for an object with the names of a group."""
    usual = Usual(frozenset())
    usual.names = {
        name: _usual_node(node, family, version, place, is_list=is_list) for name, node in group.nodes.items()
    }
    usual.takes_custom = place != "top"
    usual.required = frozenset(group.required)
    usual.one_of = bool(group.one_of)
    return usual


def _usual_node(node: Node, family: MethodFamily, version: str, place: Place, *, is_list: bool) -> Usual:
    if node.role and place != "filter":
        return _usual_of_list(node, family, version, is_list=is_list)
    if is_name_of_person(node, family, is_list=is_list or place == "filter"):
        return Usual(frozenset())
    if place == "fields" and node.name in family.listed:
        return Usual(frozenset({list}))
    is_limited = node.parameter.longest is not None or node.parameter.unit == HEX_COLOR
    if node.parameter.read_only or is_limited or "file" in node.scalars:
        return Usual(frozenset())
    if node.is_container:
        if node.group is None or node.is_multifield:
            loose = node.has_ids or node.is_multifield or node.parameter.is_list or version == "v3" or place == "filter"
            return Usual(frozenset() if loose else frozenset({dict}))
        inner = usual_group(node.group, family, version, "filter" if place == "filter" else "fields")
        if not node.parameter.is_list:
            return inner
        listed = Usual(frozenset())
        listed.items = inner
        return listed
    if node.values:
        return Usual(frozenset(), node.values)
    if node.parameter.values:
        return Usual(_NUMBERS if "number" in node.scalars else frozenset(), frozenset(node.parameter.values))
    if node.scalars <= {"text", "any"}:
        types = _NUMBERS if node.is_yes_or_no or "any" not in node.scalars else _NUMBERS | {bool}
        if not node.is_yes_or_no:
            types |= {bool}
        return Usual(types, frozenset({"Y", "N", ""}) if node.is_yes_or_no else None)
    if node.scalars == {"id"} or node.scalars == {"dialog"}:
        number = Usual(_NUMBERS)
        number.takes_digits = node.scalars == {"id"}
        return number
    if node.scalars == {"currency"}:
        return Usual(frozenset(), frozenset({"RUB", "USD", "EUR"}))
    has_range = node.parameter.minimum is not None or node.parameter.maximum is not None
    if "number" in node.scalars:
        types = frozenset() if has_range else _NUMBERS | {bool}
        number = Usual(types, None if node.scalars != {"number"} else frozenset())
        number.takes_digits = not has_range
        return number
    return Usual(frozenset({bool}) if "boolean" in node.scalars else frozenset(), frozenset({"Y", "N"}))


def _usual_of_list(node: Node, family: MethodFamily, version: str, *, is_list: bool) -> Usual:
    """Return what is usual for `filter`, `order` or `select`."""
    name = node.role
    if name == "select":
        usual = Usual(frozenset() if node.group else frozenset({list}) if node.takes_list else frozenset())
        if node.group is not None:
            usual.takes_names, usual.names = True, dict.fromkeys(node.group.nodes, usual)
            usual.required = frozenset({"\0"})  # an object is never usual here
        return usual
    if version == "v3" or node.scalars or (name == "order" and not (is_list or node.group)):
        return Usual(frozenset())
    directions = Usual(frozenset(), frozenset({"asc", "desc", "ASC", "DESC"}))
    usual = Usual(frozenset())
    if node.group is None:
        usual.names = {}
        usual.any_name = Usual(_NUMBERS | {bool, list}, None) if name == "filter" else directions
    elif name == "order":
        usual.names = dict.fromkeys(node.group.nodes, directions)
    else:
        usual = usual_group(node.group, family, version, "filter")
    usual.is_filter = name == "filter"
    usual.operators = family.operators or OPERATORS
    return usual


def _is_plain(name: str) -> bool:
    """Whether a name of which nothing is documented may be the plain name of a field."""
    return name.replace("_", "").isalnum() and not name[0].isdigit() and name.lower() != "logic"


def _may_be_pattern(text: str) -> bool:
    """Whether a text may have signs around it that stand for any text elsewhere: `%part%`, `*part*`."""
    return text[:1] in ("%", "*") or text[-1:] == "*"
