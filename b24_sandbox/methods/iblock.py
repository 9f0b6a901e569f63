"""Elements of information blocks with their properties, shared by lists and storages of applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from b24_sandbox import files, filters, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.iblock import CHOICE, ELEMENT, PROPERTY, SECTION, VALUE
from b24_sandbox.fields import Entity, Field
from b24_sandbox.filters import FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

OPERATORS = ("!><", "><", "?", *filters.OPERATORS)
_VALUE_LANGUAGE = filters.Language(OPERATORS, lambda name: VALUE.fields["VALUE"])


def show(field: Field, value: Value) -> Value:
    """Show numbers as text, dates in the Russian form, empty values as `null`."""
    if value is not None and field.type == "stamp_ru":
        return datetime.fromisoformat(php.text(value)).strftime("%d.%m.%Y %H:%M:%S")
    return values.show_text(field, value)


def shown(entity: Entity, row: Map, names: Sequence[str]) -> Map:
    """The named fields of a stored record."""
    return {name: show(entity.fields[name], row[name]) for name in names if name in entity.fields}


def properties(call: Call, block: Value) -> list[Row]:
    """The properties of a block in order."""
    return call.storage.whole(PROPERTY, "IBLOCK_ID = ?", [block], "SORT, ID")


def choices(call: Call, prop: Value) -> list[Row]:
    """The possible values of a property of type list."""
    return call.storage.whole(CHOICE, "PROPERTY_ID = ?", [prop], "SORT, ID")


def values_of(call: Call, elements: Sequence[Value]) -> dict[int, dict[int, Map]]:
    """Element id -> property id -> value id -> value."""
    marks = ", ".join("?" * len(elements))
    found: dict[int, dict[int, Map]] = {}
    for row in call.storage.whole(VALUE, f"ELEMENT_ID in ({marks})", list(elements)):
        kept = found.setdefault(row.integer("ELEMENT_ID"), {})
        kept.setdefault(row.integer("PROPERTY_ID"), {})[row.text("ID")] = row["VALUE"]
    return found


def write(call: Call, element: int, prop: Map, sent: Value) -> None:
    """Replace the values of a property. Values sent under their ids keep them."""
    storage = call.storage
    held = {str(value) for value in storage.ids(VALUE, "ELEMENT_ID = ? and PROPERTY_ID = ?", [element, prop["ID"]])}
    wanted = _wanted(call, prop, sent)
    for gone in held - set(wanted):
        storage.delete(VALUE, php.integer(gone))
    for key, value in wanted.items():
        if key in held:
            storage.update(VALUE, php.integer(key), {"VALUE": value})
        else:
            storage.insert(VALUE, {"ELEMENT_ID": element, "PROPERTY_ID": prop["ID"], "VALUE": value})


def _wanted(call: Call, prop: Map, sent: Value) -> dict[str, str]:
    """The sent values by id or by any other key. Empty values are dropped; a single property keeps the first."""
    if prop["TYPE"] == "F":
        pairs = [sent] if _is_file(sent) else [item for item in php.as_list(sent) if _is_file(item)]
        kept = [files.keep(call.storage, *map(php.text, php.as_list(pair))) for pair in pairs]
        return {f"n{place}": str(file) for place, file in enumerate(kept) if file is not None}
    entries = sent.items() if isinstance(sent, dict) else ((f"n{n}", item) for n, item in enumerate(php.as_list(sent)))
    wanted: dict[str, str] = {}
    for key, item in entries:
        text = php.text(item.get("VALUE", item.get("TEXT")) if isinstance(item, dict) else item)
        if text:
            wanted[key] = text
    if prop["MULTIPLE"] != "Y":
        return dict(list(wanted.items())[:1])
    return wanted


def _is_file(value: Value) -> bool:
    parts = php.as_list(value)
    return isinstance(value, list) and len(parts) == 2 and all(isinstance(part, str) for part in parts)


def condition(
    call: Call, conditions: Map, language: filters.Language, by_name: Mapping[str, Map], base: Map
) -> FilterCondition:
    """Conditions over columns and over properties. `by_name` maps upper-case keys to properties."""
    plain: Map = dict(base)
    parts: list[FilterCondition] = []
    for key, value in conditions.items():
        operator, name = filters.split(key, OPERATORS)
        prop = by_name.get(name.upper())
        if prop is None:
            plain[key] = value
        else:
            parts.append(_by_property(call, prop, operator, value))
    return filters.joined([filters.build(ELEMENT, language, plain, call.now), *parts])


def _by_property(call: Call, prop: Map, operator: str, value: Value) -> FilterCondition:
    negative, kind = operator.startswith("!"), operator.lstrip("!")
    if kind == "><":
        low, high = (*php.as_list(value), None, None)[:2]
        bounds = (values.number(low), values.number(high))
        test = FilterCondition('cast("VALUE" as real) between ? and ?', bounds)
    elif kind in (">", ">=", "<", "<=") and prop["TYPE"] == "N":
        test = FilterCondition(f'cast("VALUE" as real) {kind} ?', (values.number(value),))
    elif kind in ("", "=") and not any(php.text(item) for item in php.as_list(value)):
        negative, test = not negative, FilterCondition("1")
    else:
        operator = {"?": "%"}.get(kind, kind)
        test = filters.build(VALUE, _VALUE_LANGUAGE, {f"{operator}VALUE": value}, call.now)
    inside = f"ID in (select ELEMENT_ID from iblock_value where PROPERTY_ID = ? and {test.sql})"  # noqa: S608
    return FilterCondition(f"not {inside}" if negative else inside, (prop["ID"], *test.bound))


def remove_element(call: Call, element: int) -> None:
    """Delete an element with its values."""
    call.storage.delete_all(VALUE, "ELEMENT_ID = ?", [element])
    call.storage.delete(ELEMENT, element)


def remove_property(call: Call, prop: int) -> None:
    """Delete a property with all its values."""
    for entity in (VALUE, CHOICE):
        call.storage.delete_all(entity, "PROPERTY_ID = ?", [prop])
    call.storage.delete(PROPERTY, prop)


def remove_section(call: Call, section: int) -> None:
    """Delete a section with its sections and elements."""
    for inner in call.storage.ids(SECTION, "IBLOCK_SECTION_ID = ?", [section]):
        remove_section(call, inner)
    for element in call.storage.ids(ELEMENT, "IBLOCK_SECTION_ID = ?", [section]):
        remove_element(call, element)
    call.storage.delete(SECTION, section)


def empty_block(call: Call, block: Value) -> None:
    """Delete all content of a block."""
    for element in call.storage.ids(ELEMENT, "IBLOCK_ID = ?", [block]):
        remove_element(call, element)
    for prop in properties(call, block):
        remove_property(call, prop.id)
    call.storage.delete_all(SECTION, "IBLOCK_ID = ?", [block])


def columns_of(entity: Entity, sent: Map, now: float) -> Map:
    """Convert `sent` to the columns of an entity."""
    return {
        field.name: values.stored(field, sent[field.name], now)
        for field in entity.columns
        if field.name in sent and not field.read_only
    }
