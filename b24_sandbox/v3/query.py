"""`select`, `order`, `pagination` and `cursor` of REST 3.0, parsed and refused as the portal does.

An empty array and an empty object mean the same. Documentation: api-reference/rest-v3. The behaviour of limits is
measured: 0 and values that are not numbers are refused, a negative number is an internal error of the portal, and a
number above the largest page is reduced silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24_sandbox.filters import ordering
from b24_sandbox.php import Value
from b24_sandbox.v3 import errors, strict
from b24_sandbox.v3.dto import Dto, Property

PAGE_SIZE = 50
_DEEPEST = 4
_NUMBER_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected properties of a DTO: its own in order, and selections of related objects by property."""

    names: tuple[str, ...]
    related: Mapping[str, Selection]


@dataclass(frozen=True, slots=True)
class Window:
    """The range of rows in a list."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position of a tail: rows after `value` (stored form; `None`: from the start) of `prop`."""

    prop: Property
    value: Value
    descending: bool
    limit: int


def selection(dto: Dto, sent: Value, default: list[str]) -> Selection:
    """Parse `select`: names, and names of related objects after a dot."""
    if sent is None or sent in ([], {}):
        return Selection(tuple(default), {})
    if not isinstance(sent, list) or not all(isinstance(name, str) for name in sent):
        raise errors.invalid_select(sent)
    return _selected(dto, [name.split(".") for name in sent], 0)


def _selected(dto: Dto, paths: list[list[str]], depth: int) -> Selection:
    names: dict[str, None] = {}
    below: dict[str, list[list[str]]] = {}
    for name, *rest in paths:
        prop = dto.properties.get(name)
        if prop is None or (rest and (not prop.relation or depth >= _DEEPEST)):
            if rest or depth or dto.strict_select:
                raise errors.unknown_property(".".join([name, *rest]) if prop is None else rest[0], dto.name)
            continue
        names[name] = None
        if rest:
            below.setdefault(name, []).append(rest)
    related = {
        name: _selected(target, below[name], depth + 1) if name in below else Selection(tuple(target.default), {})
        for name in names
        if dto.properties[name].relation
        for target in [dto.related[dto.properties[name].detail]]
    }
    return Selection(tuple(names), related)


def order(dto: Dto, sent: Value) -> str:
    """Build `order by` for `{"id": "asc"}`. The id breaks ties."""
    if sent is None or sent in ([], {}):
        return dto.order
    if not isinstance(sent, dict):
        raise errors.invalid_order(sent)
    return ordering([(dto.usable(name, "Sortable").sql, descending(direction)) for name, direction in sent.items()])


def descending(direction: Value) -> bool:
    """Whether a direction is `DESC`. An invalid direction is refused."""
    word = direction.upper() if isinstance(direction, str) else ""
    if word not in ("ASC", "DESC"):
        raise errors.invalid_order(direction)
    return word == "DESC"


def window(sent: Value, largest: int, size: int = PAGE_SIZE) -> Window:
    """Parse `pagination`. `page` (from 1) has priority over `offset`; `size` is the limit that was not sent."""
    if sent is None or sent in ([], {}):
        return Window(min(size, largest), 0)
    if not isinstance(sent, dict):
        raise errors.invalid_pagination(sent)
    limit = limited(sent.get("limit"), largest, sent, size)
    offset = _number(sent.get("offset"), 0, sent)
    if sent.get("page") is not None:
        offset = max(_number(sent["page"], 1, sent) - 1, 0) * limit
    return Window(limit, min(offset, _NUMBER_LIMIT))


def limited(sent: Value, largest: int, whole: Value, size: int = PAGE_SIZE) -> int:
    """Parse a limit: `size` by default, reduced to the largest page."""
    limit = _number(sent, size, whole)
    if limit == 0:
        raise errors.invalid_pagination(whole)
    return min(limit, largest)


def _number(sent: Value, default: int, whole: Value) -> int:
    if sent is None:
        return default
    if isinstance(sent, str) and sent.strip() == sent:
        try:
            sent = float(sent) if sent.isascii() and "_" not in sent else None
        except ValueError:
            sent = None
    number = strict.php_float(sent)
    if not isinstance(sent, int | float) or isinstance(sent, bool) or number != number or abs(number) > _NUMBER_LIMIT:
        raise errors.invalid_pagination(whole)
    if number < 0:
        raise errors.internal()
    return int(sent)


def cursor(dto: Dto, sent: Value, largest: int) -> Cursor:
    """Parse `cursor`. `field` and `value` belong together; `order` is ascending by default."""
    if sent is None or sent in ([], {}):
        return Cursor(dto.properties["id"], None, False, min(PAGE_SIZE, largest))
    if not isinstance(sent, dict):
        raise errors.invalid_pagination(sent)
    name = sent.get("field")
    if not isinstance(name, str) or sent.get("value") is None:
        raise errors.invalid_pagination(sent)
    prop = dto.usable(name, "Sortable")
    if not strict.of_type(prop.type, sent["value"]):
        raise errors.wrong_type(f"cursor.{name}", prop.php_type)
    backwards = sent.get("order") is not None and descending(sent["order"])
    limit = limited(sent.get("limit"), largest, sent)
    return Cursor(prop, dto.stored(prop, sent["value"]), backwards, limit)
