"""The reader's query combined with ours: a filter by id, the order by id, and the id among the selected fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from b24_mcp.rest.listing.rows import whole_number

_BOUNDS = (">=", "<=", ">", "<")
_OPERATORS = "!=<>@%?"

Bound = int | str
"""A number, or a `$result[…]` reference to one."""


@dataclass(frozen=True, slots=True)
class QueryNames:
    """The names of the parameters of a method. `field` is the id in filters, order and select.

    `exact` methods know only this spelling; the others accept any letter case and `arFilter`. With `sorting` the order
    is two texts, `{"sort": "ID", "order": "ASC"}`, otherwise a map.
    """

    filter: str = "filter"
    order: str = "order"
    select: str | None = "select"
    field: str = "ID"
    exact: bool = False
    sorting: str | None = None


@dataclass(frozen=True, slots=True)
class KeysetQuery:
    """A reader's query in parts, from which the queries of pages by id are made.

    The ids are above `low` and not above `high`. `descending` and `ordered` describe the reader's own order. With
    `strip` the id is removed from the rows, because the reader did not select it.
    """

    params: Mapping[str, object]
    names: QueryNames
    conditions: Mapping[str, object]
    low: int | None = None
    high: int | None = None
    descending: bool = False
    ordered: bool = False
    strip: bool = False

    def page(self, after: Bound | None, until: Bound | None, *, start: int = -1) -> dict[str, object]:
        """Return the parameters of one page: ids beyond `after` in reading direction, up to `until`."""
        conditions = dict(self.conditions)
        beyond, within = ("<", ">") if self.descending else (">", "<=")
        if after is not None:
            conditions[beyond + self.names.field] = after
        if until is not None:
            conditions[within + self.names.field] = until
        return self._params(conditions, "DESC" if self.descending else "ASC", start)

    @property
    def begin(self) -> int | None:
        """The bound before the first page, as `after` of `page`."""
        if self.descending:
            return None if self.high is None else self.high + 1
        return self.low

    @property
    def end(self) -> int | None:
        """The bound of the last page, as `until` of `page`."""
        return self.low if self.descending else self.high

    def count(self, after: int | None, until: int | None) -> dict[str, object]:
        """Return the parameters of a page that counts the ids above `after` up to `until`, and holds ids only."""
        return self._ids_only(replace(self, descending=False).page(after, until, start=0))

    def newest(self) -> dict[str, object]:
        """Return the parameters of a page that begins with the largest id of an ascending list, and holds ids only."""
        conditions = dict(self.conditions)
        if self.low is not None:
            conditions[">" + self.names.field] = self.low
        if self.high is not None:
            conditions["<=" + self.names.field] = self.high
        return self._ids_only(self._params(conditions, "DESC", -1))

    def _ids_only(self, params: dict[str, object]) -> dict[str, object]:
        if self.names.select is not None:
            params[spelled(params, self.names.select, self.names.exact)] = [self.names.field]
        return params

    def _params(self, conditions: dict[str, object], direction: str, start: int) -> dict[str, object]:
        names, params = self.names, dict(self.params)
        if conditions:
            params[spelled(params, names.filter, names.exact)] = conditions
        order: object = {names.field: direction}
        if names.sorting is not None:
            params[spelled(params, names.sorting, names.exact)] = names.field
            order = direction
        params[spelled(params, names.order, names.exact)] = order
        params["start"] = start
        return params


def keyset_query(params: Mapping[str, object], names: QueryNames) -> KeysetQuery | None:
    """Parse a query. None if its own order or conditions cannot be combined with reading by id."""
    conditions = _value(params, names.filter, names)
    if conditions in (None, "", []):
        conditions = {}
    direction = _direction(params, names)
    if not isinstance(conditions, dict) or direction is None or "start" in params:
        return None
    if any(name.lower().strip(":") == "logic" for name in conditions):
        return None  # the condition on the id would become one of several alternatives
    rest: dict[str, object] = {}
    low: int | None = None
    high: int | None = None
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
    selected = _selecting(params, names)
    if selected is None:
        return None
    chosen, strip = selected
    descending, ordered = direction
    return KeysetQuery(chosen, names, rest, low, high, descending, ordered, strip)


def spelled(params: Mapping[str, object], name: str, exact: bool) -> str:
    """Return the spelling of a parameter that the reader uses already, so that it is not sent twice."""
    if name in params or exact:
        return name
    forms = (name.upper(), name.lower(), name.capitalize(), "ar" + name.capitalize())
    return next((form for form in forms if form in params), name)


def without_order(params: Mapping[str, object], names: QueryNames) -> dict[str, object]:
    """Return the parameters without the reader's own order and start."""
    ordering = {spelled(params, name, names.exact) for name in (names.order, names.sorting) if name is not None}
    return {name: value for name, value in params.items() if name not in ordering and name != "start"}


def with_id(params: Mapping[str, object], names: QueryNames) -> tuple[dict[str, object], bool]:
    """Return the parameters with the id selected, and whether it was added; unchanged where that is not possible."""
    return _selecting(params, names) or (dict(params), False)


def same_field(condition: str, field: str) -> bool:
    """Whether a key of a filter, with or without an operator, means this field."""
    return condition.lstrip(_OPERATORS).lower() == field.lower()


def _value(params: Mapping[str, object], name: str, names: QueryNames) -> object:
    return params.get(spelled(params, name, names.exact))


def _direction(params: Mapping[str, object], names: QueryNames) -> tuple[bool, bool] | None:
    """Return whether the reader's order is descending by id, and whether there is an order; None for another order."""
    order = _value(params, names.order, names)
    if names.sorting is not None:
        field = _value(params, names.sorting, names)
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


def _selecting(params: Mapping[str, object], names: QueryNames) -> tuple[dict[str, object], bool] | None:
    """Return the parameters with the id selected, and whether it was added; None if `select` has an unknown form."""
    if names.select is None:
        return dict(params), False
    spelling = spelled(params, names.select, names.exact)
    select = params.get(spelling)
    if select in (None, "", [], {}):
        return dict(params), False
    if not isinstance(select, dict | list):
        return None
    values: Iterable[object] = select.values() if isinstance(select, dict) else select
    chosen = [name for name in values if isinstance(name, str)]
    if len(chosen) != len(select):
        return None
    if "*" in chosen or any(name.lower() == names.field.lower() for name in chosen):
        return dict(params), False
    return {**params, spelling: [*chosen, names.field]}, True
