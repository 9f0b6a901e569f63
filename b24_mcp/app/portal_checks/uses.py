"""The uses of fields in the arguments of a call: in `fields`, `filter`, `select` and `order`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from b24_mcp.catalog.arguments.conditions import key_of
from b24_mcp.catalog.arguments.families import MethodFamily
from b24_mcp.catalog.arguments.references import stands_in

Role = Literal["fields", "filter", "select", "order"]
Path = tuple[str | int, ...]

_ROLES: dict[str, Role] = {"filter": "filter", "select": "select", "order": "order", "element_order": "order"}
_GRAMMAR = re.compile(r"\d+|::.*|.*\..*|.*\*|logic|check_permissions", re.IGNORECASE | re.S)
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One use of a field. `operator` stands before the name in a filter; `beside` is the object that the name is in."""

    path: Path
    name: str
    role: Role
    value: object = None
    operator: str = ""
    beside: Mapping[str, object] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The path as errors name it."""
        path = (*self.path[:-1], self.name) if self.role == "select" else self.path
        return ".".join(map(str, path))

    @property
    def is_search(self) -> bool:
        """Whether the value is a part of a text that is searched for."""
        return any(sign in self.operator for sign in "%?~*")


def uses_of(parameter: str, value: object, family: MethodFamily) -> Iterator[FieldUse]:
    """Yield the uses of fields in one top-level parameter. Parts of the grammar of filters are left out."""
    role = _ROLES.get(parameter.lower(), "fields")
    if role == "filter":
        yield from _of_filter((parameter,), value, family, _DEEPEST)
    elif role == "select":
        yield from _of_select((parameter,), value)
    elif isinstance(value, Mapping):
        yield from _of_object((parameter,), value, role)
    elif role == "fields" and isinstance(value, list):
        for place, item in enumerate(value):
            if isinstance(item, Mapping):
                yield from _of_object((parameter, place), item, role)


def _of_object(path: Path, value: Mapping[str, object], role: Role) -> Iterator[FieldUse]:
    if stands_in(value):
        return
    for name, inner in value.items():
        if name and _GRAMMAR.fullmatch(name) is None:
            yield FieldUse((*path, name), name, role, inner, beside=value)


def _of_select(path: Path, value: object) -> Iterator[FieldUse]:
    if isinstance(value, list):
        for place, name in enumerate(value):
            if name == "fm" and "*" in value:
                continue  # it comes with all fields
            if isinstance(name, str) and name and _GRAMMAR.fullmatch(name) is None:
                yield FieldUse((*path, place), name, "select")


def _of_filter(path: Path, value: object, family: MethodFamily, levels: int) -> Iterator[FieldUse]:
    if levels == 0:
        return
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _of_filter((*path, place), item, family, levels - 1)
    if not isinstance(value, Mapping) or stands_in(value):
        return
    for key, inner in value.items():
        parts = key_of(key, family)
        if not parts.name or parts.name.isdigit():
            yield from _of_filter((*path, key), inner, family, levels - 1)
        elif _GRAMMAR.fullmatch(parts.name) is None:
            yield FieldUse((*path, key), parts.name, "filter", inner, parts.operator, value)


def replaced(params: Mapping[str, object], changes: Mapping[Path, object]) -> dict[str, object]:
    """Return a copy of the parameters with the values at some paths replaced."""
    copy: dict[str, object] = dict(params)
    for path, value in changes.items():
        copy[str(path[0])] = _with(copy[str(path[0])], path[1:], value)
    return copy


def _with(container: object, path: Sequence[str | int], value: object) -> object:
    if not path:
        return value
    first, *rest = path
    if isinstance(container, Mapping):
        name = str(first)
        return {**container, name: _with(container[name], rest, value)}
    assert isinstance(container, list)
    assert isinstance(first, int)
    return [_with(item, rest, value) if place == first else item for place, item in enumerate(container)]
