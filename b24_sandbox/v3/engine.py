"""The dialect of REST 3.0: get, list, tail, aggregate, add, update and delete over a DTO, which describes the object.

Parameters are the decoded body of a call. Results are the value of `result`. Records are read and written by
`b24_sandbox.records`, which version 2 shares. Documentation: api-reference/rest-v3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from b24_sandbox import dates, php, records
from b24_sandbox.filters import FilterCondition, joined, ordering
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import errors, filter, query, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto, Property
from b24_sandbox.v3.query import Selection

_FUNCTIONS: dict[str, Callable[[list[float]], Value]] = {
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers) if numbers else None,
    "min": lambda numbers: min(numbers, default=None),
    "max": lambda numbers: max(numbers, default=None),
}
_COUNTS: dict[str, Callable[[list[Value]], int]] = {
    "count": len,
    "countDistinct": lambda found: len(set(found)),
}


def get(dto: Dto, context: Context, params: Map) -> Value:
    """Return one record as `{"item": {...}}`."""
    return item(dto, context, record_id(params), params.get("select"))


def item(dto: Dto, context: Context, record: int, select: Value = None) -> Value:
    """Return one record as `{"item": {...}}`."""
    chosen = query.selection(dto, select, dto.default)
    return {"item": show(dto, context, [stored(dto, context, record)], chosen)[0]}


def list_page(dto: Dto, context: Context, params: Map, *parts: FilterCondition) -> Value:
    """Return one page as `{"items": [...]}`, without a total and without a next page. `parts` are more conditions."""
    chosen = query.selection(dto, params.get("select"), list(dto.list_default) or dto.default)
    where = joined([*parts, *_named(dto, params), filter.compile_filter(dto, params.get("filter"))])
    ordered = query.order(dto, params.get("order"))
    page = query.window(params.get("pagination"), dto.max_limit, dto.page_size)
    found = rows(dto, context, where, ordered, page.limit, page.offset)
    return {"items": show(dto, context, found, chosen)}


def _named(dto: Dto, params: Map) -> Iterable[FilterCondition]:
    """The conditions of the sent parameters that narrow a list."""
    for name, sql in dto.where.items():
        value = params.get(name)
        if value is not None and value != "":
            prop = dto.properties.get(name)
            yield FilterCondition(sql, (value if prop is None else dto.stored(prop, value),))


def tail(dto: Dto, context: Context, params: Map) -> Value:
    """Return the rows after a cursor, in the order of the cursor."""
    chosen = query.selection(dto, params.get("select"), list(dto.list_default) or dto.default)
    cursor = query.cursor(dto, params.get("cursor"), dto.max_limit)
    if cursor.prop.name in filter.names(params.get("filter")):
        raise errors.invalid_filter(f"Cursor field {cursor.prop.name} cannot be used at filter.")
    parts = [filter.compile_filter(dto, params.get("filter"))]
    column = cursor.prop.sql
    if cursor.value is not None:
        parts.append(FilterCondition(f"{column} {'<' if cursor.descending else '>'} ?", (cursor.value,)))
    found = rows(dto, context, joined(parts), ordering([(column, cursor.descending)]), cursor.limit)
    return {"items": show(dto, context, found, chosen)}


def aggregate(dto: Dto, context: Context, params: Map) -> Value:
    """Compute functions over properties: `{"count": ["id"], "sum": {"amount": "total"}}`."""
    sent = params.get("select")
    if not isinstance(sent, dict) or not sent:
        raise errors.invalid_select(sent)
    where = filter.compile_filter(dto, params.get("filter"))
    answer: Map = {}
    for function, wanted in sent.items():
        if function not in _FUNCTIONS and function not in _COUNTS:
            raise errors.unknown_function(function)
        pairs = wanted.items() if isinstance(wanted, dict) else [(name, name) for name in php.as_list(wanted)]
        answer[function] = {
            php.text(alias): _aggregated(dto, context, function, php.text(name), where) for name, alias in pairs
        }
    return {"result": answer}


def _aggregated(dto: Dto, context: Context, function: str, name: str, where: FilterCondition) -> Value:
    prop = dto.properties.get(name)
    if prop is None:
        raise errors.unknown_property(name, dto.name)
    if not prop.column:
        raise errors.lacks(dto.name, name, "Filterable")
    read = (_raw(dto, context, prop, row) for row in rows(dto, context, where))
    found = [value for value in read if value is not None]
    if function in _COUNTS:
        return _COUNTS[function](found)
    numbers = [value for value in found if isinstance(value, int | float)]
    if prop.type in ("int", "float"):
        return _FUNCTIONS[function](numbers)
    if function in ("min", "max"):  # dates and words have an order, but no sum
        ordered = sorted(found, key=php.text)
        return dto.shown(prop, ordered[0 if function == "min" else -1]) if ordered else None
    raise errors.wrong_type(name, "int")


def _raw(dto: Dto, context: Context, prop: Property, row: Row) -> Value:
    return dto.computed[prop.name](context, row) if prop.name in dto.computed else row[prop.column]


def add(dto: Dto, context: Context, params: Map) -> Value:
    """Add a record and return it."""
    columns, extras = writable(dto, params, new=True)
    dto.check(context, columns, None)
    return item(dto, context, insert(dto, context, columns, extras))


def update(dto: Dto, context: Context, params: Map) -> Value:
    """Update a record and return it."""
    record = record_id(params)
    columns, extras = writable(dto, params, new=False)
    row = stored(dto, context, record)
    dto.check(context, columns, row)
    change(dto, context, row, columns, extras)
    return item(dto, context, record)


def delete(dto: Dto, context: Context, params: Map) -> Value:
    """Delete a record, or mark it as deleted where the object has such a mark."""
    row = stored(dto, context, record_id(params))
    if dto.deleted:
        change(dto, context, row, {**dto.deleted})
    else:
        remove(dto, context, row.id)
    return {"result": True}


def remove(dto: Dto, context: Context, record: int) -> None:
    """Delete a record and its extras."""
    records.remove(dto, context, record)
    if dto.extras is not None:
        context.storage.delete(dto.extras, record)


def insert(dto: Dto, context: Context, columns: Map, extras: Map | None = None) -> int:
    """Add a record with the defaults and stamps of the object and return its id."""
    missing = {name: value for name, value in dto.defaults.items() if columns.get(name) is None}
    completed = {**columns, **missing, **_stamps(context, dto.created)}
    return records.add(dto, context, completed, lambda record: write_extras(dto, context, record, extras))


def change(dto: Dto, context: Context, row: Row, columns: Map, extras: Map | None = None) -> None:
    """Write columns, extras and stamps of a record."""
    completed = {**columns, **_stamps(context, dto.updated)}
    records.change(dto, context, row, completed, lambda record: write_extras(dto, context, record, extras))


def _stamps(context: Context, stamps: Mapping[str, str]) -> Map:
    known: Map = {"now": dates.iso(context.now), "user": context.user}
    return {column: known[stamp] for column, stamp in stamps.items()}


def writable(dto: Dto, params: Map, *, new: bool) -> tuple[Map, Map]:
    """Convert `fields` to columns and extras. Unknown, read-only, missing and mistyped fields are refused."""
    sent = params.get("fields")
    if sent is None:
        raise errors.missing("fields")
    if not php.is_array(sent):
        raise errors.wrong_type("fields", "array")
    named = sent if isinstance(sent, dict) else {}
    if isinstance(sent, list) and sent:
        raise errors.unknown_property("0", dto.name)
    for name in named:
        if name not in dto.properties:
            raise errors.unknown_property(name, dto.name)
    _refuse(dto, named, new=new)
    columns: Map = {}
    extras: Map = {}
    for name, value in named.items():
        prop = dto.properties[name]
        if prop.extra:
            extras[name] = value
        else:
            columns[prop.column] = dto.stored(prop, value)
    return columns, extras


def _refuse(dto: Dto, sent: Map, *, new: bool) -> None:
    """Refuse invalid fields. All errors of one kind are reported together."""
    closed = [
        (name, errors.lacks_text(dto.name, name, "Editable"))
        for name in sent
        if not (dto.properties[name].addable if new else dto.properties[name].editable)
    ]
    if closed:
        raise errors.invalid(closed)
    absent = [name for name, prop in dto.properties.items() if new and prop.required and sent.get(name) is None]
    if absent:
        raise errors.invalid([(name, errors.missing_text(name)) for name in absent], dto.missing_kind)
    mistyped = [
        (name, errors.wrong_type_text(name, dto.properties[name].php_type))
        for name, value in sent.items()
        if not strict.accepts(dto.properties[name], value)
    ]
    if mistyped:
        raise errors.invalid(mistyped, dto.type_kind)
    strange = [
        (name, f"The value of field `{name}` is not allowed")
        for name, value in sent.items()
        if dto.properties[name].type == "enum" and value not in dto.enums[dto.properties[name].detail]
    ]
    if strange:
        raise errors.invalid(strange)


def one_record(params: Map) -> int:
    """The record of an update or delete that also accepts `filter`. Exactly one of the two is allowed, and it must be
    `id`.
    """
    if "id" in params and "filter" in params:
        raise errors.invalid([("", "Only one of the values must be provided: id, filter")])
    if "id" not in params and "filter" not in params:
        raise errors.invalid([("", "At least one required field must be filled: id, filter")])
    return record_id(params)


def record_id(params: Map, name: str = "id") -> int:
    """A required whole number of a call."""
    value = params.get(name)
    if value is None:
        raise errors.missing(name)
    if not strict.is_int(value):
        raise errors.wrong_type(name, "int")
    return php.integer(value)


def stored(dto: Dto, context: Context, record: int) -> Row:
    """Return one record as it is stored.

    Raises:
        ApiError: when it does not exist for this user.
    """
    found = find(dto, context, record)
    if found is None:
        raise errors.not_found(record)
    return found


def find(dto: Dto, context: Context, record: int) -> Row | None:
    """Return one record as it is stored, or `None` when it does not exist for this user."""
    return next(iter(rows(dto, context, FilterCondition("ID = ?", (record,)))), None)


def rows(
    dto: Dto, context: Context, where: FilterCondition, order: str = "ID asc", limit: int = -1, offset: int = 0
) -> list[Row]:
    """Return the stored rows that match a condition and that the user may see."""
    return records.read(dto, context, joined([dto.seen_by(context), where]), order, limit, offset)


def show(dto: Dto, context: Context, found: Sequence[Row], chosen: Selection) -> list[Map]:
    """Show rows on the wire. Each relation is one more query."""
    extras = _extras(dto, context, found, chosen)
    related = {
        name: _related(dto.properties[name], dto, context, found, below) for name, below in chosen.related.items()
    }
    shown: list[Map] = []
    for row in found:
        item: Map = {}
        for name in chosen.names:
            prop = dto.properties[name]
            if prop.relation:
                item[name] = _linked(prop, row, related[name])
            elif name in dto.computed:
                item[name] = dto.computed[name](context, row)
            elif prop.extra:
                item[name] = extras.get(row.id, {}).get(name, _empty(prop))
            else:
                item[name] = dto.shown(prop, row[prop.column])
        shown.append(item)
    return shown


def _empty(prop: Property) -> Value:
    return False if prop.type == "bool" else [] if prop.type == "array" else None


def _linked(prop: Property, row: Row, related: dict[int, Map]) -> Value:
    ids = _ids(prop, row)
    if prop.type == "many":
        return [related[record] for record in ids if record in related]
    return next((related[record] for record in ids if record in related), None)


def _ids(prop: Property, row: Row) -> list[int]:
    """The ids in the column of a relation: one number, or a JSON list of numbers."""
    value = row.get(prop.column)
    if isinstance(value, str) and value.startswith("["):
        return [php.integer(item) for item in json.loads(value)]
    return [php.integer(value)] if value is not None else []


def _related(prop: Property, dto: Dto, context: Context, found: Sequence[Row], chosen: Selection) -> dict[int, Map]:
    target = dto.related[prop.detail]
    wanted = sorted({record for row in found for record in _ids(prop, row)})
    if not target.entity.name or not wanted:
        return {}
    where = FilterCondition("ID in (select value from json_each(?))", (json.dumps(wanted),))
    there = records.read(target, context, where)
    shown = show(target, context, there, chosen)
    return {row.id: item for row, item in zip(there, shown, strict=True)}


def _extras(dto: Dto, context: Context, found: Iterable[Map], chosen: Selection) -> dict[int, Map]:
    if dto.extras is None or not any(dto.properties[name].extra for name in chosen.names):
        return {}
    wanted = json.dumps([row["ID"] for row in found])
    kept = context.storage.rows(dto.extras, ["ID", "DATA"], "ID in (select value from json_each(?))", [wanted])
    return {row.id: json.loads(row.text("DATA")) for row in kept}


def write_extras(dto: Dto, context: Context, record: int, extras: Map | None) -> None:
    """Store properties without a column of their own."""
    if not extras or dto.extras is None:
        return
    row = context.storage.row(dto.extras, record)
    if row is None:
        context.storage.insert(dto.extras, {"ID": record, "DATA": json.dumps(extras)})
    else:
        merged = {**json.loads(row.text("DATA")), **extras}
        context.storage.update(dto.extras, record, {"DATA": json.dumps(merged)})
