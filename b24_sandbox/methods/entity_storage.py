"""`entity.*`: storages of an application, with properties, sections and items; for applications only.

Documentation: api-reference/entity.
"""

from __future__ import annotations

import json
import re

from b24_sandbox import filters, paging, php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.iblock import ELEMENT, IBLOCK, PROPERTY, SECTION
from b24_sandbox.errors import PortalError, wrong_argument
from b24_sandbox.fields import Entity
from b24_sandbox.methods import iblock
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

TYPE = "rest_entity"
_LONGEST_NAME = 50
"""The length of a stored code, which begins with the application."""
_NOT_A_WORD = re.compile(r"[^a-zA-Z0-9_]")
_ITEM = "ID TIMESTAMP_X MODIFIED_BY DATE_CREATE CREATED_BY ACTIVE DATE_ACTIVE_FROM DATE_ACTIVE_TO SORT NAME"
_ITEMS = filters.Language(iblock.OPERATORS, lambda name: ELEMENT.fields.get(_column(name)))
_SECTIONS = filters.Language(iblock.OPERATORS, lambda name: SECTION.fields.get(_column(name)))


def _column(name: str) -> str:
    return "IBLOCK_SECTION_ID" if name == "SECTION" else name


def _code(call: Call, name: str = "ENTITY") -> str:
    code = _NOT_A_WORD.sub("", php.text(call.upper_case().get(name)))
    if not code:
        raise wrong_argument(f"Argument '{name}' is null or empty", name)
    longest = _longest(call)
    if len(code) > longest:
        raise wrong_argument(f"Entity code is too long. Max length is {longest} characters.")
    return code


def _longest(call: Call) -> int:
    """How many characters a code may have: what the prefix of the application leaves of a stored name."""
    application = call.application
    return _LONGEST_NAME - len(f"APP_{'' if application is None else application.client_id}_")


def _found(call: Call, code: str) -> Map | None:
    where = "IBLOCK_TYPE_ID = ? and CODE = ?"
    rows = call.portal.storage.rows(IBLOCK, ["ID", "CODE", "NAME", "RIGHTS"], where, [TYPE, code])
    return rows[0] if rows else None


def _block(call: Call) -> Map:
    row = _found(call, _code(call))
    if row is None:
        raise PortalError("ERROR_ENTITY_NOT_FOUND", "Entity not found")
    return row


def _free(call: Call, code: str) -> None:
    if _found(call, code) is not None:
        raise PortalError("ERROR_ENTITY_ALREADY_EXISTS", "Entity already exists")


def _rights_text(call: Call) -> str:
    rights = {**php.as_map(call.upper_case().get("ACCESS")), f"U{call.user}": "X"}
    return json.dumps(rights)


def _add(call: Call) -> Value:
    code = _code(call)
    _free(call, code)
    columns: Map = {"IBLOCK_TYPE_ID": TYPE, "CODE": code, "NAME": php.text(call.upper_case().get("NAME")) or code}
    columns["RIGHTS"] = _rights_text(call)
    IBLOCK.prepare(call.portal, columns, None, call.user)
    call.portal.storage.insert(IBLOCK, columns)
    return True


def _shown(row: Map) -> Map:
    return {"ID": php.text(row["ID"]), "IBLOCK_TYPE_ID": TYPE, "ENTITY": row["CODE"], "NAME": row["NAME"]}


def _get(call: Call) -> Value:
    """One storage, or all of them when none is named. `null` names none."""
    if call.upper_case().get("ENTITY") is not None:
        return _shown(_block(call))
    rows = call.portal.storage.rows(IBLOCK, ["ID", "CODE", "NAME"], "IBLOCK_TYPE_ID = ?", [TYPE])
    return [_shown(row) for row in rows]


def _update(call: Call) -> Value:
    row, sent = _block(call), call.upper_case()
    changes: Map = {}
    if sent.get("NAME"):
        changes["NAME"] = php.text(sent["NAME"])
    if sent.get("ENTITY_NEW"):
        changes["CODE"] = _code(call, "ENTITY_NEW")
        if changes["CODE"] != row["CODE"]:
            _free(call, php.text(changes["CODE"]))
    if "ACCESS" in sent:
        changes["RIGHTS"] = _rights_text(call)
    call.portal.storage.update(IBLOCK, php.integer(row["ID"]), changes)
    return True


def _delete(call: Call) -> Value:
    row = _block(call)
    iblock.empty_block(call, row["ID"])
    call.portal.storage.delete(IBLOCK, php.integer(row["ID"]))
    return True


def _rights(call: Call) -> Value:
    row = _block(call)
    if "ACCESS" in call.upper_case():
        call.portal.storage.update(IBLOCK, php.integer(row["ID"]), {"RIGHTS": _rights_text(call)})
        row = _block(call)
    rights: Value = json.loads(php.text(row["RIGHTS"]))
    return rights


def _property(call: Call, block: Map, *, required: bool = True) -> Map | None:
    code = php.text(call.upper_case().get("PROPERTY"))
    if not code:
        raise wrong_argument("Argument 'PROPERTY' is null or empty", "PROPERTY")
    for prop in iblock.properties(call, block["ID"]):
        if prop["CODE"] == code:
            return prop
    if required:
        raise PortalError("ERROR_PROPERTY_NOT_FOUND", "Property not found")
    return None


def _property_add(call: Call) -> Value:
    block, sent = _block(call), call.upper_case()
    if _property(call, block, required=False) is not None:
        raise PortalError("ERROR_PROPERTY_ALREADY_EXISTS", "Property already exists")
    kind = php.text(sent.get("TYPE")) or "S"
    if kind == "L":
        raise PortalError("ERROR_UNSUPPORTED_PROPERTY_TYPE", "Invalid property type")
    if kind not in ("S", "N", "F"):
        raise wrong_argument("Wrong entity item property type", "TYPE")
    code = php.text(sent["PROPERTY"])
    if code[0].isdigit():
        raise PortalError("ERROR_CORE", "Property code cannot start with a digit")
    columns: Map = {"IBLOCK_ID": block["ID"], "CODE": code, "NAME": php.text(sent.get("NAME")) or code, "TYPE": kind}
    sort = php.integer(sent.get("SORT")) or 500
    call.portal.storage.insert(PROPERTY, {**columns, "SORT": sort, "MULTIPLE": "N", "IS_REQUIRED": "N"})
    return True


def _property_row(prop: Map) -> Map:
    return {"PROPERTY": prop["CODE"], "NAME": prop["NAME"], "TYPE": prop["TYPE"], "SORT": php.text(prop["SORT"])}


def _property_get(call: Call) -> Value:
    block = _block(call)
    if call.upper_case().get("PROPERTY"):
        return _property_row(_property(call, block) or {})
    return [_property_row(prop) for prop in iblock.properties(call, block["ID"])]


def _property_update(call: Call) -> Value:
    prop, sent = _property(call, _block(call)) or {}, call.upper_case()
    changes: Map = {name: php.text(sent[name]) for name in ("NAME",) if sent.get(name)}
    if sent.get("PROPERTY_NEW"):
        changes["CODE"] = php.text(sent["PROPERTY_NEW"])
    if sent.get("SORT"):
        changes["SORT"] = php.integer(sent["SORT"])
    call.portal.storage.update(PROPERTY, php.integer(prop["ID"]), changes)
    return True


def _property_delete(call: Call) -> Value:
    iblock.remove_property(call, php.integer((_property(call, _block(call)) or {})["ID"]))
    return True


def _record(call: Call, entity: Entity, word: str) -> Row:
    block = _block(call)
    record = php.integer(call.upper_case().get("ID"))
    if record <= 0:
        raise wrong_argument("Argument 'ID' is null or empty", "ID")
    row = call.portal.storage.row(entity, record)
    if row is None or row["IBLOCK_ID"] != block["ID"]:
        raise PortalError(f"ERROR_{word.upper()}_NOT_FOUND", f"{word} not found")
    return row


def _columns(call: Call, entity: Entity) -> Map:
    sent = call.upper_case()
    columns = iblock.columns_of(entity, sent, call.now)
    if "SECTION" in sent:
        columns["IBLOCK_SECTION_ID"] = php.integer(sent["SECTION"]) or None
    return columns


def _write_properties(call: Call, block: Value, element: int) -> None:
    """Write the sent properties. Others stay."""
    sent = php.as_map(call.upper_case().get("PROPERTY_VALUES"))
    for prop in iblock.properties(call, block):
        if prop["CODE"] in sent:
            iblock.write(call, element, prop, sent[prop.text("CODE")])


def _create(call: Call, entity: Entity) -> int:
    block = _block(call)
    columns = {**_columns(call, entity), "IBLOCK_ID": block["ID"]}
    entity.prepare(call.portal, columns, None, call.user)
    record = call.portal.storage.insert(entity, columns)
    if entity is ELEMENT:
        _write_properties(call, block["ID"], record)
    return record


def _change(call: Call, entity: Entity, word: str) -> bool:
    row = _record(call, entity, word)
    columns = _columns(call, entity)
    entity.prepare(call.portal, columns, row, call.user)
    call.portal.storage.update(entity, row.id, columns)
    if entity is ELEMENT:
        _write_properties(call, row["IBLOCK_ID"], row.id)
    return True


def _listed(call: Call, entity: Entity, where: filters.FilterCondition) -> RowPage:
    language = _ITEMS if entity is ELEMENT else _SECTIONS
    order = filters.order(language.find, php.as_map(call.upper_case().get("SORT")), None)
    columns = [field.name for field in entity.columns]
    storage = call.portal.storage
    return paging.family_a(
        call.offset,
        lambda: storage.count(entity, where.sql, where.bound),
        lambda limit, offset: storage.rows(entity, columns, where.sql, where.bound, order, limit, offset),
    )


def _moments(row: Map) -> Map:
    """Convert a row: dates as ISO 8601, empty text for missing dates, numbers as text."""
    dated = ("DATE_ACTIVE_FROM", "DATE_ACTIVE_TO")
    return {name: None if value is None and name not in dated else php.text(value) for name, value in row.items()}


def _items(call: Call) -> Value:
    """Items with the properties that have values, by code."""
    block = _block(call)
    props = iblock.properties(call, block["ID"])
    by_name = {f"PROPERTY_{php.text(prop['CODE']).upper()}": prop for prop in props}
    conditions = php.as_map(call.upper_case().get("FILTER"))
    where = iblock.condition(call, conditions, _ITEMS, by_name, {"IBLOCK_ID": block["ID"]})
    page = _listed(call, ELEMENT, where)
    rows = [php.as_map(row) for row in php.as_list(page.result)]
    held = iblock.values_of(call, [row["ID"] for row in rows])
    answer: list[Map] = []
    for row in rows:
        item = {name: value for name, value in _moments(row).items() if name in _ITEM.split()}
        texts: Map = {"PREVIEW_PICTURE": None, "PREVIEW_TEXT": row["PREVIEW_TEXT"], "DETAIL_PICTURE": None}
        section = None if row["IBLOCK_SECTION_ID"] is None else php.text(row["IBLOCK_SECTION_ID"])
        item |= {**texts, "DETAIL_TEXT": row["DETAIL_TEXT"], "CODE": row["CODE"], "ENTITY": block["CODE"]}
        item["SECTION"] = section
        mine = held.get(php.integer(row["ID"]), {})
        if props:
            item["PROPERTY_VALUES"] = {
                prop.text("CODE"): next(iter(mine.get(prop.id, {}).values()), None) for prop in props
            }
        answer.append(item)
    return RowPage(answer, page.next, page.total)


def _sections(call: Call) -> Value:
    block = _block(call)
    conditions = {**php.as_map(call.upper_case().get("FILTER")), "IBLOCK_ID": block["ID"]}
    page = _listed(call, SECTION, filters.build(SECTION, _SECTIONS, conditions, call.now))
    answer: list[Map] = []
    for row in php.as_list(page.result):
        section = _moments(php.as_map(row))
        parent = section.pop("IBLOCK_SECTION_ID")
        del section["IBLOCK_ID"], section["XML_ID"], section["EXTERNAL_ID"]
        answer.append({**section, "ENTITY": block["CODE"], "SECTION": parent})
    return RowPage(answer, page.next, page.total)


def _item_delete(call: Call) -> Value:
    iblock.remove_element(call, php.integer(_record(call, ELEMENT, "Item")["ID"]))
    return True


def _section_delete(call: Call) -> Value:
    iblock.remove_section(call, php.integer(_record(call, SECTION, "Section")["ID"]))
    return True


def register(registry: Registry) -> None:
    """Register the storages of applications."""
    for name, run in (
        ("add", _add),
        ("get", _get),
        ("update", _update),
        ("delete", _delete),
        ("rights", _rights),
        ("item.property.add", _property_add),
        ("item.property.get", _property_get),
        ("item.property.update", _property_update),
        ("item.property.delete", _property_delete),
        ("item.add", lambda call: _create(call, ELEMENT)),
        ("item.get", _items),
        ("item.update", lambda call: _change(call, ELEMENT, "Item")),
        ("item.delete", _item_delete),
        ("section.add", lambda call: _create(call, SECTION)),
        ("section.get", _sections),
        ("section.update", lambda call: _change(call, SECTION, "Section")),
        ("section.delete", _section_delete),
    ):
        registry.classic(f"entity.{name}", "entity", run, app_context=True)
