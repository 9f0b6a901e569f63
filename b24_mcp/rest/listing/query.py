"""The reader's parameters and ours in one query: filter by id, order by id, the id among the selected fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from b24_mcp.rest.listing.rows import whole_number

_BOUNDS = (">=", "<=", ">", "<")
_OPERATORS = "!=<>@%?"

Bound = int | str
"""A number, or a `$result[…]` reference to one."""


@dataclass(frozen=True, slots=True)
class Names:
    """How a method spells its parameters. `field` is the id in filters, order and select.

    `exact` methods know only this spelling; the others take any letter case and `arFilter`. With `sorting` the order is
    two texts, `{"sort": "ID", "order": "ASC"}`, otherwise a map.
    """

    filter: str = "filter"
    order: str = "order"
    select: str | None = "select"
    field: str = "ID"
    exact: bool = False
    sorting: str | None = None


@dataclass(frozen=True, slots=True)
class KeysetQuery:
    """A reader's query taken apart, so that pages can be asked for by id.

    Ids wanted are above `low` and not above `high`. `descending` is the reader's own wish. `strip` tells that rows are
    to lose the id, which the reader did not select.
    """

    params: Mapping[str, Any]
    names: Names
    conditions: Mapping[str, Any]
    low: int | None = None
    high: int | None = None
    descending: bool = False
    ordered: bool = False
    strip: bool = False

    def page(self, after: Bound | None, until: Bound | None, *, start: int = -1) -> dict[str, Any]:
        """Write the parameters of one page: ids beyond `after` in the direction of reading, up to `until`."""
        conditions = dict(self.conditions)
        beyond, within = ("<", ">") if self.descending else (">", "<=")
        if after is not None:
            conditions[beyond + self.names.field] = after
        if until is not None:
            conditions[within + self.names.field] = until
        return self._params(conditions, "DESC" if self.descending else "ASC", start)

    @property
    def begin(self) -> int | None:
        """The bound beyond which the first page begins, as `after` of `page`."""
        if self.descending:
            return None if self.high is None else self.high + 1
        return self.low

    @property
    def end(self) -> int | None:
        """The bound of the last page, as `until` of `page`."""
        return self.low if self.descending else self.high

    def count(self, after: int | None, until: int | None) -> dict[str, Any]:
        """Write the parameters of a page that counts the ids above `after` up to `until`, and holds ids only."""
        return self._ids_only(replace(self, descending=False).page(after, until, start=0))

    def newest(self) -> dict[str, Any]:
        """Write the parameters of a page that begins with the largest id of an ascending list, and holds ids only."""
        conditions = dict(self.conditions)
        if self.low is not None:
            conditions[">" + self.names.field] = self.low
        if self.high is not None:
            conditions["<=" + self.names.field] = self.high
        return self._ids_only(self._params(conditions, "DESC", -1))

    def _ids_only(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.names.select is not None:
            params[spelled(params, self.names.select, self.names.exact)] = [self.names.field]
        return params

    def _params(self, conditions: dict[str, Any], direction: str, start: int) -> dict[str, Any]:
        names, params = self.names, dict(self.params)
        if conditions:
            params[spelled(params, names.filter, names.exact)] = conditions
        order: Any = {names.field: direction}
        if names.sorting is not None:
            params[spelled(params, names.sorting, names.exact)] = names.field
            order = direction
        params[spelled(params, names.order, names.exact)] = order
        params["start"] = start
        return params


def keyset_query(params: Mapping[str, Any], names: Names) -> KeysetQuery | None:
    """Take a query apart; None when its own order or conditions do not go together with reading by id."""
    conditions = _given(params, names.filter, names)
    if conditions in (None, "", []):
        conditions = {}
    direction = _direction(params, names)
    if not isinstance(conditions, dict) or direction is None or "start" in params:
        return None
    if any(name.lower().strip(":") == "logic" for name in conditions):
        return None  # conditions beside this one would be alternatives to it
    rest, low, high = {}, None, None
    for name, value in conditions.items():
        operator = next((mark for mark in _BOUNDS if name.startswith(mark)), None)
        if operator is None or not same_field(name, names.field) or name.startswith("><"):
            rest[name] = value
            continue
        number = whole_number(value)
        if number is None:
            return None
        if operator in (">", ">="):
            number -= operator == ">="
            low = number if low is None else max(low, number)
        else:
            number -= operator == "<"
            high = number if high is None else min(high, number)
    made = _selecting(params, names)
    if made is None:
        return None
    chosen, strip = made
    descending, ordered = direction
    return KeysetQuery(chosen, names, rest, low, high, descending, ordered, strip)


def spelled(params: Mapping[str, Any], name: str, exact: bool) -> str:
    """Give the spelling of a parameter the reader uses already, so that it is not there twice."""
    if name in params or exact:
        return name
    forms = (name.upper(), name.lower(), name.capitalize(), "ar" + name.capitalize())
    return next((form for form in forms if form in params), name)


def without_order(params: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The parameters without the reader's own order and start."""
    ordering = {spelled(params, name, names.exact) for name in (names.order, names.sorting) if name is not None}
    return {name: value for name, value in params.items() if name not in ordering and name != "start"}


def with_id(params: Mapping[str, Any], names: Names) -> tuple[dict[str, Any], bool]:
    """The parameters with the id selected, and whether it was not before; unchanged where that is not possible."""
    return _selecting(params, names) or (dict(params), False)


def same_field(condition: str, field: str) -> bool:
    """Tell whether a key of a filter, with or without an operator, speaks of a field."""
    return condition.lstrip(_OPERATORS).lower() == field.lower()


def _given(params: Mapping[str, Any], name: str, names: Names) -> Any:
    return params.get(spelled(params, name, names.exact))


def _direction(params: Mapping[str, Any], names: Names) -> tuple[bool, bool] | None:
    """Whether the reader's order is descending by id, and whether there is one; None for any other order."""
    order = _given(params, names.order, names)
    if names.sorting is not None:
        field = _given(params, names.sorting, names)
        if field in (None, "") and order in (None, ""):
            return False, False
        order = {field: order if order not in (None, "") else "ASC"} if isinstance(field, str) else order
    if order in (None, "", [], {}):
        return False, False
    if not isinstance(order, dict) or len(order) != 1:
        return None
    ((field, sense),) = order.items()
    word = str(sense).strip().upper()
    if str(field).lower() != names.field.lower() or word not in ("ASC", "DESC"):
        return None
    return word == "DESC", True


def _selecting(params: Mapping[str, Any], names: Names) -> tuple[dict[str, Any], bool] | None:
    """The parameters with the id selected, and whether it was not before; None for a selection of another form."""
    if names.select is None:
        return dict(params), False
    spelling = spelled(params, names.select, names.exact)
    select = params.get(spelling)
    if select in (None, "", [], {}):
        return dict(params), False
    values: Iterable[Any] = select.values() if isinstance(select, dict) else select
    if not isinstance(select, dict | list) or not all(isinstance(name, str) for name in values):
        return None
    chosen = list(values)
    if "*" in chosen or any(name.lower() == names.field.lower() for name in chosen):
        return dict(params), False
    return {**params, spelling: [*chosen, names.field]}, True
