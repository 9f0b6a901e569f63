"""The documented parameters of a method, prepared for the check of many calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from b24_mcp.catalog.arguments.families import MethodFamily
from b24_mcp.catalog.facts import Parameter

Place = Literal["top", "fields", "filter"]
"""Where a name stands: a parameter, a field inside one, or a key of a filter."""

_OBJECTS = {"object", "map", "lang_map", "layoutdto", "restapplayoutdto"}
_LISTS = {"array", "list"}
_NUMBERS = {"integer", "int", "double", "float", "number"}
_DATES = {"date", "datetime"}
_ROLES = {"filter", "select", "order"}
_TEXTS = {"string", "text", "char", "time"}
_IDS = {"user", "crm_company", "crm_contact", "crm_lead", "crm_deal", "crm_quote", "crm_category", "crm_entity"}
_CODES = {"sale_status.id", "sale_status"}
_LISTS_OF_IDS = {"users", "attendees", "accomplices", "auditors"}
_KINDS_BY_NAME = {"uf_department": "id", "uf_head": "id", "personal_birthday": "date"}
"""The content of fields that every portal has and whose documented type is only a text."""
_CURRENCIES = {"currency", "currency_id", "currencyid"}
_FILES = {"file", "diskfile", "attached_diskfile"}
_NAMES_OF_PEOPLE = {"NAME", "LAST_NAME"}
_FILLED_IN = re.compile(r"\.\.\.|…|<|N$|X$|PropertyId$")
# A name with such a beginning is a custom field of the portal, or a part of the grammar of filters.
_CUSTOM = re.compile(r"(?i:uf_|property_|parent_?id_)|uf[A-Z]|property\d|parentId\d|::", re.ASCII)


def is_custom(name: str) -> bool:
    """Whether a name is one of a custom field or of a part of the grammar of filters."""
    return _CUSTOM.match(name) is not None


@dataclass(slots=True, eq=False)
class Node:
    """A parameter with what its type says.

    `scalars` are the kinds of single values that it takes: `number`, `id`, `date`, `datetime`, `boolean`, `file`,
    `currency`, `text`, and `any` when nothing is known. `role` is `filter`, `select` or `order` for a part of a list,
    at the top or side by side in an object. `has_numbers` is set for a list of numbers, and `has_ids` for one of ids.
    `plural` is the name beside it that takes several values: `CONTACT_IDS`.
    """

    parameter: Parameter
    group: Group | None
    takes_object: bool = False
    takes_list: bool = False
    scalars: frozenset[str] = frozenset()
    is_multifield: bool = False
    role: str = ""
    has_numbers: bool = False
    has_ids: bool = False
    plural: str = ""
    values: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The documented name."""
        return self.parameter.name

    @property
    def is_container(self) -> bool:
        """Whether only an object or a list is accepted."""
        return not self.scalars

    @property
    def is_object(self) -> bool:
        """Whether only an object is accepted, by its documented type."""
        return self.parameter.type.lower() in _OBJECTS and not self.parameter.is_list

    def is_short_form(self, value: object) -> bool:
        """Whether a list stands where an object with such a list is documented: the blocks of an attachment."""
        return isinstance(value, list) and self.takes_object and "array" not in self.parameter.type.lower()

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the value is `Y` or `N`."""
        return {"Y", "N"} <= self.values or (self.parameter.type.lower() == "char" and not self.values)


@dataclass(slots=True, eq=False)
class Group:
    """The names that one object takes. `beginnings` are those of names that stand for many, in lower case, and
    `any_name` is what the value of a name that the caller chooses is.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    by_lower: dict[str, str] = field(default_factory=dict)
    beginnings: tuple[str, ...] = ()
    any_name: Node | None = None
    takes_any: bool = False
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether the names of two different parameters differ in letter case only."""
        return any(self.nodes[self.by_lower[name.lower()]] is not node for name, node in self.nodes.items())

    def covers(self, name: str) -> bool:
        """Whether a name that is not documented itself fits a documented pattern."""
        return self.takes_any or name.lower().startswith(self.beginnings)


def group_of(
    parameters: Sequence[Parameter], version: str, one_of: tuple[tuple[str, ...], ...] = (), *, is_top: bool = False
) -> Group:
    """Return the prepared names of one object."""
    group = Group(one_of=one_of)
    beginnings = []
    parameters = _with_types(parameters)
    roles = _ROLES & {parameter.name.lower() for parameter in parameters}
    is_list = is_top or len(roles) > 1
    has_sort = any(parameter.name.lower() == "sort" for parameter in parameters)
    for parameter in parameters:
        if parameter.pattern:
            beginning = _FILLED_IN.split(parameter.name, maxsplit=1)[0].lower()
            beginnings.append(beginning)
            if not beginning:
                group.any_name = None if group.takes_any else _node_of(parameter, version, "")
                group.takes_any = True
            continue
        role = parameter.name.lower() if is_list and parameter.name.lower() in roles else ""
        if role == "order" and parameter.type.lower() == "string" and has_sort:
            role = ""  # a direction; the name of the field is the value of `sort`
        if role == "order" and not parameter.type:
            parameter = replace(parameter, type="object")  # as in all methods whose documentation says the type
        node = _node_of(parameter, version, role)
        for name in (parameter.name, *parameter.also):
            group.nodes.setdefault(name, node)
            group.by_lower.setdefault(name.lower(), name)
    for name, node in group.nodes.items():
        node.plural = group.by_lower.get(f"{name}s".lower(), "")
    group.beginnings = tuple(beginnings)
    group.required = tuple(one.name for one in parameters if one.required is True and not one.pattern)
    return group


def _with_types(parameters: Sequence[Parameter]) -> Sequence[Parameter]:
    """Return the parameters of a list; names of its filter without a type have the type that `select` documents."""
    select = next((one for one in parameters if one.name.lower() == "select"), None)
    known = {one.name: one.type for one in select.fields} if select is not None else {}
    if not any(map(_is_plain, known.values())):
        return parameters
    return [
        replace(
            one,
            fields=tuple(
                replace(inner, type=known[inner.name])
                if not inner.type and not inner.pattern and _is_plain(known.get(inner.name, ""))
                else inner
                for inner in one.fields
            ),
        )
        if one.name.lower() == "filter"
        else one
        for one in parameters
    ]


def _is_plain(type_: str) -> bool:
    return type_ in _NUMBERS or type_ in _DATES


def _node_of(parameter: Parameter, version: str, role: str) -> Node:
    group = group_of(parameter.fields, version, parameter.one_of) if parameter.fields else None
    node = Node(
        parameter, group, role=role, values=frozenset(parameter.values) if not parameter.open_values else frozenset()
    )
    scalars = set()
    for kind in parameter.type.lower().replace("/", "|").split("|"):
        if kind.startswith("crm_multifield"):
            node.is_multifield = node.takes_list = True
        elif kind in _OBJECTS:
            node.takes_object = True
            node.takes_list = node.takes_list or version == "v2"
        elif kind in _LISTS or kind.endswith("[]"):
            node.takes_list = True
            node.takes_object = node.takes_object or version == "v2"
            node.has_numbers = kind.removesuffix("[]") in _NUMBERS
        else:
            scalars.add(_scalar(kind))
    is_of_ids = parameter.name.lower() in _LISTS_OF_IDS and "array" in parameter.type.lower()
    node.has_ids = is_of_ids and not node.has_numbers
    if parameter.name.lower().replace("_", "") == "dialogid":
        scalars = {"dialog"}
    if parameter.is_list:
        node.takes_list = True
    if node.is_multifield and group is not None:
        removal = Node(Parameter("DELETE", "", None), None, scalars=frozenset({"any"}))
        group.by_lower.setdefault("delete", group.nodes.setdefault("DELETE", removal).name)
    if node.is_multifield or role == "filter":
        scalars.clear()
        node.takes_object = not node.is_multifield
        node.takes_list = True
    elif group is not None and not node.takes_list and not node.takes_object:
        scalars.add("any")
    if kind_of_value := _KINDS_BY_NAME.get(parameter.name.lower()):
        scalars = {kind_of_value}
        node.takes_list = node.takes_list or parameter.name.lower() == "uf_department"
    elif is_custom(parameter.name):
        scalars.add("any")
    if "any" in scalars or "file" in scalars:
        node.takes_object = node.takes_list = True
    if scalars == {"text"} and (parameter.source == "crm.currency.list" or parameter.name.lower() in _CURRENCIES):
        scalars = {"currency"}
    node.scalars = frozenset(scalars)
    return node


def _scalar(kind: str) -> str:
    if kind in _NUMBERS or kind.startswith("crm_enum_"):
        return "number"
    if kind in _DATES:
        return kind
    if kind in ("boolean", "bool"):
        return "boolean"
    if kind in _FILES:
        return "file"
    if kind.startswith("crm_currency") and kind.removeprefix("crm_currency") in ("", ".currency"):
        return "currency"
    if kind in _IDS or (kind.endswith(".id") and kind not in _CODES):
        return "id"
    is_code = kind.startswith("crm_status") or kind in _CODES
    if kind in _TEXTS or is_code or re.search(r"\.(code|lid|currency|symbol)$", kind):
        return "text"
    return "any"


def is_name_of_person(node: Node, family: MethodFamily, *, is_list: bool) -> bool:
    """Whether people are searched by this part of their name."""
    return is_list and family.entity == "user" and node.name in _NAMES_OF_PEOPLE
