"""`entity.*`: storages of an application, with properties, sections and items; for applications only.

Documentation: api-reference/entity.
"""

from __future__ import annotations

import json
import re
from functools import partial

from b24_sandbox import faceless, filters
from b24_sandbox.call import Call
from b24_sandbox.entities.iblock import ELEMENT, IBLOCK, PROPERTY, SECTION
from b24_sandbox.errors import PortalError, empty_argument, present, wrong_argument
from b24_sandbox.fields import Entity
from b24_sandbox.methods import iblock
from b24_sandbox.methods.records_by_code import application
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("entity", app_context=True)
register = method.register

TYPE = "rest_entity"
_LONGEST_NAME = 50
"""The length of a stored code, which begins with the application."""
_NOT_A_WORD = re.compile(r"[^a-zA-Z0-9_]")
_ITEMS = filters.Language(iblock.OPERATORS, lambda name: ELEMENT.fields.get(_column(name)))
_SECTIONS = filters.Language(iblock.OPERATORS, lambda name: SECTION.fields.get(_column(name)))


def _column(name: str) -> str:
    return "IBLOCK_SECTION_ID" if name == "SECTION" else name


def _code(call: Call, name: str = "ENTITY") -> str:
    """A code without other characters than letters, digits and underscores. The prefix of the application counts."""
    code = _NOT_A_WORD.sub("", call.upper.text(name))
    if not code:
        raise empty_argument(name)
    longest = _LONGEST_NAME - len(f"APP_{application(call)}_")
    if len(code) > longest:
        raise wrong_argument(f"Entity code is too long. Max length is {longest} characters.")
    return code


def _found(call: Call, code: str) -> Row | None:
    return call.storage.first(IBLOCK, "IBLOCK_TYPE_ID = ? and CODE = ?", [TYPE, code])


def _block(call: Call) -> Row:
    return present(_found(call, _code(call)), PortalError("ERROR_ENTITY_NOT_FOUND", "Entity not found"))


def _free(call: Call, code: str) -> str:
    if _found(call, code) is not None:
        raise PortalError("ERROR_ENTITY_ALREADY_EXISTS", "Entity already exists")
    return code


def _rights_text(call: Call) -> str:
    return json.dumps({**call.upper.inner("ACCESS"), f"U{call.user}": "X"})


@method("entity.add")
def _add(call: Call) -> Value:
    code = _free(call, _code(call))
    columns: Map = {"IBLOCK_TYPE_ID": TYPE, "CODE": code, "NAME": call.upper.text("NAME") or code}
    faceless.add(call, IBLOCK, {**columns, "RIGHTS": _rights_text(call)})
    return True


@method("entity.get")
def _get(call: Call) -> Value:
    """One storage, or all of them when none is named. `null` names none."""
    if call.upper.get("ENTITY") is not None:
        return shape("lists.storage", _block(call))
    return [shape("lists.storage", row) for row in call.storage.whole(IBLOCK, "IBLOCK_TYPE_ID = ?", [TYPE])]


@method("entity.update")
def _update(call: Call) -> Value:
    row, sent = _block(call), call.upper
    changes: Map = {}
    if sent.get("NAME"):
        changes["NAME"] = sent.text("NAME")
    if sent.get("ENTITY_NEW"):
        code = _code(call, "ENTITY_NEW")
        changes["CODE"] = code if code == row["CODE"] else _free(call, code)
    if "ACCESS" in sent:
        changes["RIGHTS"] = _rights_text(call)
    call.storage.update(IBLOCK, row.id, changes)
    return True


@method("entity.delete")
def _delete(call: Call) -> Value:
    row = _block(call)
    iblock.empty_block(call, row["ID"])
    call.storage.delete(IBLOCK, row.id)
    return True


@method("entity.rights")
def _rights(call: Call) -> Value:
    row = _block(call)
    if "ACCESS" in call.upper:
        call.storage.update(IBLOCK, row.id, {"RIGHTS": _rights_text(call)})
        row = _block(call)
    rights: Value = json.loads(row.text("RIGHTS"))
    return rights


def _property(call: Call, block: Row) -> Row | None:
    """The property a call names, or `None`."""
    code = call.upper.text("PROPERTY")
    if not code:
        raise empty_argument("PROPERTY")
    return next((prop for prop in iblock.properties(call, block["ID"]) if prop["CODE"] == code), None)


def _existing(call: Call) -> Row:
    return present(_property(call, _block(call)), PortalError("ERROR_PROPERTY_NOT_FOUND", "Property not found"))


@method("entity.item.property.add")
def _property_add(call: Call) -> Value:
    block, sent = _block(call), call.upper
    if _property(call, block) is not None:
        raise PortalError("ERROR_PROPERTY_ALREADY_EXISTS", "Property already exists")
    kind, code = sent.text("TYPE") or "S", sent.text("PROPERTY")
    if kind == "L":
        raise PortalError("ERROR_UNSUPPORTED_PROPERTY_TYPE", "Invalid property type")
    if kind not in ("S", "N", "F"):
        raise wrong_argument("Wrong entity item property type", "TYPE")
    if code[0].isdigit():
        raise PortalError("ERROR_CORE", "Property code cannot start with a digit")
    columns: Map = {"IBLOCK_ID": block["ID"], "CODE": code, "NAME": sent.text("NAME") or code, "TYPE": kind}
    sort = sent.integer("SORT") or 500
    call.storage.insert(PROPERTY, {**columns, "SORT": sort, "MULTIPLE": "N", "IS_REQUIRED": "N"})
    return True


@method("entity.item.property.get")
def _property_get(call: Call) -> Value:
    if call.upper.get("PROPERTY"):
        return shape("lists.storage_property", _existing(call))
    return [shape("lists.storage_property", prop) for prop in iblock.properties(call, _block(call)["ID"])]


@method("entity.item.property.update")
def _property_update(call: Call) -> Value:
    prop, sent = _existing(call), call.upper
    changes: Map = {
        column: sent.text(name) for name, column in (("NAME", "NAME"), ("PROPERTY_NEW", "CODE")) if sent.get(name)
    }
    if sent.get("SORT"):
        changes["SORT"] = sent.integer("SORT")
    call.storage.update(PROPERTY, prop.id, changes)
    return True


@method("entity.item.property.delete")
def _property_delete(call: Call) -> Value:
    iblock.remove_property(call, _existing(call).id)
    return True


def _record(call: Call, entity: Entity) -> Row:
    block, record = _block(call), call.upper.integer("ID")
    if record <= 0:
        raise empty_argument("ID")
    row = call.storage.row(entity, record)
    if row is None or row["IBLOCK_ID"] != block["ID"]:
        word = "Item" if entity is ELEMENT else "Section"
        raise PortalError(f"ERROR_{word.upper()}_NOT_FOUND", f"{word} not found")
    return row


def _columns(call: Call, entity: Entity) -> Map:
    columns = iblock.columns_of(entity, call.upper, call.now)
    if "SECTION" in call.upper:
        columns["IBLOCK_SECTION_ID"] = call.upper.integer("SECTION") or None
    return columns


def _write_properties(call: Call, block: Value, element: int) -> None:
    """Write the sent properties. Others stay."""
    sent = call.upper.inner("PROPERTY_VALUES")
    for prop in iblock.properties(call, block):
        if prop["CODE"] in sent:
            iblock.write(call, element, prop, sent[prop.text("CODE")])


@method("entity.item.add")
def _item_add(call: Call) -> Value:
    block, element = _block(call)["ID"], _new(call, ELEMENT)
    _write_properties(call, block, element)
    return element


def _new(call: Call, entity: Entity) -> int:
    block = _block(call)["ID"]
    return faceless.add(call, entity, {**_columns(call, entity), "IBLOCK_ID": block})


@method("entity.item.update")
def _item_update(call: Call) -> Value:
    row = _record(call, ELEMENT)
    faceless.change(call, ELEMENT, row, _columns(call, ELEMENT))
    _write_properties(call, row["IBLOCK_ID"], row.id)
    return True


@method("entity.section.update")
def _section_update(call: Call) -> Value:
    faceless.change(call, SECTION, _record(call, SECTION), _columns(call, SECTION))
    return True


@method("entity.item.get")
def _items(call: Call) -> Value:
    """Items with the properties that have values, by code."""
    block = _block(call)
    props = iblock.properties(call, block["ID"])
    by_name = {f"PROPERTY_{prop.text('CODE').upper()}": prop for prop in props}

    def show(rows: list[Row]) -> list[Map]:
        shown: list[Map] = [shape("lists.item", row, entity=block["CODE"]) for row in rows]
        held = iblock.values_of(call, [row.id for row in rows])
        for row, item in zip(rows, shown, strict=True):
            mine = held.get(row.id, {})
            if props:
                texts = ((prop, mine.get(prop.id, {}).values()) for prop in props)
                item["PROPERTY_VALUES"] = {prop.text("CODE"): next(iter(found), None) for prop, found in texts}
        return shown

    where = iblock.condition(call, call.upper.inner("FILTER"), _ITEMS, by_name, {"IBLOCK_ID": block["ID"]})
    return faceless.page(call, ELEMENT, where, filters.order(_ITEMS.find, call.upper.inner("SORT"), None), show)


@method("entity.section.get")
def _sections(call: Call) -> Value:
    block = _block(call)
    conditions = {**call.upper.inner("FILTER"), "IBLOCK_ID": block["ID"]}
    where = filters.build(SECTION, _SECTIONS, conditions, call.now)
    order = filters.order(_SECTIONS.find, call.upper.inner("SORT"), None)
    shown = partial(shape, "lists.section", entity=block["CODE"])
    return faceless.page(call, SECTION, where, order, lambda rows: [shown(row) for row in rows])


@method("entity.item.delete")
def _item_delete(call: Call) -> Value:
    iblock.remove_element(call, _record(call, ELEMENT).id)
    return True


@method("entity.section.delete")
def _section_delete(call: Call) -> Value:
    iblock.remove_section(call, _record(call, SECTION).id)
    return True


method.add("entity.section.add", lambda call: _new(call, SECTION))
