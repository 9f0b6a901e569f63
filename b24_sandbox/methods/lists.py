"""`lists.*`: universal lists, their fields and sections.

Parameters have UPPER-case names; a list is identified by its type and its id or code. Documentation:
api-reference/lists.
"""

from __future__ import annotations

import json

from b24_sandbox import faceless, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.iblock import CHOICE, IBLOCK, PROPERTY, SECTION
from b24_sandbox.errors import PortalError, present
from b24_sandbox.fields import Entity
from b24_sandbox.methods import iblock
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.shapes import constant, shape

method = MethodTable("lists")
register = method.register

_SECTION_FIELDS = [name for name in SECTION.fields if name not in ("IBLOCK_ID", "DESCRIPTION")]
_IBLOCK_FIELDS = [name for name in IBLOCK.fields if name != "RIGHTS"]
_BLOCKS = filters.Language(filters.OPERATORS, IBLOCK.fields.get)
_SECTIONS = filters.Language(filters.OPERATORS, SECTION.fields.get, patterns=frozenset(("NAME",)))


def missing(name: str) -> PortalError:
    """The error for a parameter that was not sent."""
    return PortalError("ERROR_REQUIRED_PARAMETERS_MISSING", f"Required parameter `{name}` is missing")


def need(sent: Sent, *names: str) -> str:
    """The first of several values. None of them may be empty."""
    for name in names:
        if not sent.text(name):
            raise missing(name)
    return sent.text(names[0])


def fields_of(call: Call) -> Sent:
    """The `FIELDS` of a call, which must not be empty."""
    sent = call.upper.inner("FIELDS")
    if not sent:
        raise missing("FIELDS")
    return sent


def block_of(call: Call) -> int:
    """The list that a call names."""
    sent = call.upper
    where, bound = "IBLOCK_TYPE_ID = ? and ID = ?", [need(sent, "IBLOCK_TYPE_ID"), sent.integer("IBLOCK_ID")]
    if not sent.get("IBLOCK_ID"):
        if not sent.text("IBLOCK_CODE"):
            raise missing("IBLOCK_ID")
        where, bound = "IBLOCK_TYPE_ID = ? and CODE = ?", [bound[0], sent.text("IBLOCK_CODE")]
    found = call.storage.ids(IBLOCK, where, bound)
    if not found:
        raise PortalError("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
    return found[0]


def of_block(call: Call, entity: Entity, word: str) -> Row:
    """A section or element of a list by id or code."""
    block = block_of(call)
    record, code = call.upper.integer(f"{word}_ID"), call.upper.text(f"{word}_CODE")
    if not record and not code:
        raise missing(f"{word}_ID")
    where, bound = ("ID = ?", values.bounded(record)) if record else ("CODE = ?", code)
    return present(
        call.storage.first(entity, f"IBLOCK_ID = ? and {where}", [block, bound]),
        PortalError(f"ERROR_{word}_NOT_FOUND", f"{word.capitalize()} not found"),
    )


@method("lists.add")
def _add(call: Call) -> Value:
    kind = need(call.upper, "IBLOCK_TYPE_ID", "IBLOCK_CODE")
    code, sent = call.upper.text("IBLOCK_CODE"), fields_of(call)
    need(sent, "NAME")
    if not call.admin:
        raise PortalError("ACCESS_DENIED", "Access denied")
    if call.storage.count(IBLOCK, "IBLOCK_TYPE_ID = ? and CODE = ?", [kind, code]):
        raise PortalError("ERROR_IBLOCK_ALREADY_EXISTS", "Iblock already exists")
    group = call.upper.integer("SOCNET_GROUP_ID") or None
    columns: Map = {"BIZPROC": "N", **iblock.columns_of(IBLOCK, sent, call.now)}
    return faceless.add(call, IBLOCK, {**columns, "IBLOCK_TYPE_ID": kind, "CODE": code, "SOCNET_GROUP_ID": group})


@method("lists.get")
def _get(call: Call) -> Value:
    sent = call.upper
    conditions: Map = {"IBLOCK_TYPE_ID": need(sent, "IBLOCK_TYPE_ID")}
    for name, key in (("ID", "IBLOCK_ID"), ("CODE", "IBLOCK_CODE"), ("SOCNET_GROUP_ID", "SOCNET_GROUP_ID")):
        if sent.get(key):
            conditions[name] = sent[key]
    where = filters.build(IBLOCK, _BLOCKS, conditions, call.now)
    order = filters.order(IBLOCK.fields.get, sent.inner("IBLOCK_ORDER"), None)
    return faceless.page(call, IBLOCK, where, order, lambda rows: [_shown(row) for row in rows])


def _shown(row: Row) -> Map:
    return {**iblock.shown(IBLOCK, row, _IBLOCK_FIELDS), "LID": "s1"}


@method("lists.update")
def _update(call: Call) -> Value:
    block = block_of(call)
    faceless.change(call, IBLOCK, Row(ID=block), iblock.columns_of(IBLOCK, fields_of(call), call.now))
    return True


@method("lists.delete")
def _delete(call: Call) -> Value:
    block = block_of(call)
    iblock.empty_block(call, block)
    call.storage.delete(IBLOCK, block)
    return True


@method("lists.get.iblock.type.id")
def _type_id(call: Call) -> Value:
    record = call.upper.integer("IBLOCK_ID")
    where, bound = ("ID = ?", record) if record else ("CODE = ?", call.upper.text("IBLOCK_CODE"))
    found = call.storage.first(IBLOCK, where, [bound])
    return found["IBLOCK_TYPE_ID"] if found else None


def _property(call: Call) -> Row:
    block, name = block_of(call), need(call.upper, "FIELD_ID")
    for prop in iblock.properties(call, block):
        if name == f"PROPERTY_{prop['ID']}":
            return prop
    raise PortalError("ERROR_UPDATE_FIELD", "Error updating the field.")


def _field_columns(call: Call, sent: Sent) -> Map:
    columns = iblock.columns_of(PROPERTY, sent, call.now)
    if "SETTINGS" in sent:
        columns["SETTINGS"] = json.dumps(sent.inner("SETTINGS"), ensure_ascii=False)
    return columns


@method("lists.field.add")
def _field_add(call: Call) -> Value:
    block, sent = block_of(call), fields_of(call)
    need(sent, "NAME", "TYPE")
    if sent.text("TYPE") not in php.as_map(constant("lists.field_types")):
        raise PortalError("ERROR_SAVE_FIELD", "Error saving the field")
    if not sent.text("CODE"):
        raise PortalError("ERROR_SAVE_FIELD", "Please fill the code fields")
    if call.storage.count(PROPERTY, "IBLOCK_ID = ? and CODE = ?", [block, sent.text("CODE")]):
        raise PortalError("ERROR_SAVE_FIELD", "Property already exists")
    columns: Map = {"SORT": 500, "IS_REQUIRED": "N", "MULTIPLE": "N", "ROW_COUNT": 1, "COL_COUNT": 30}
    prop = call.storage.insert(PROPERTY, {**columns, **_field_columns(call, sent), "IBLOCK_ID": block})
    _write_choices(call, prop, sent)
    return f"PROPERTY_{prop}"


def _write_choices(call: Call, prop: int, sent: Sent) -> None:
    """Write choices. `LIST` changes known ids and adds other keys; `LIST_TEXT_VALUES` adds one choice per line."""
    held = {row.id for row in iblock.choices(call, prop)}
    for key, item in sent.inner("LIST").items():
        entry, record = Sent(php.as_map(item)), php.integer(key)
        text = entry.text("VALUE")
        columns: Map = {"VALUE": text, "SORT": entry.integer("SORT") or 500}
        columns["DEF"] = "Y" if entry.get("DEF") == "Y" else "N"
        if record in held and not text:
            call.storage.delete(CHOICE, record)
        elif record in held:
            call.storage.update(CHOICE, record, columns)
        elif text:
            call.storage.insert(CHOICE, {"PROPERTY_ID": prop, **columns})
    for line in sent.text("LIST_TEXT_VALUES").splitlines():
        if line.strip():
            call.storage.insert(CHOICE, {"PROPERTY_ID": prop, "VALUE": line.strip(), "SORT": 500, "DEF": "N"})


def _field_shown(call: Call, prop: Row) -> Map:
    base, _, kind = prop.text("TYPE").partition(":")
    user_type: Value = {"USER_TYPE": kind} if kind else False
    field = shape("lists.field", prop, field=f"PROPERTY_{prop['ID']}", base=base, user_type=user_type)
    if base == "L":
        field["DISPLAY_VALUES_FORM"] = {row.text("ID"): row["VALUE"] for row in iblock.choices(call, prop["ID"])}
    return field


@method("lists.field.get")
def _field_get(call: Call) -> Value:
    """All fields by their ids, or one field under the name of its type."""
    block = block_of(call)
    fields: Map = {"NAME": shape("lists.name_field")}
    fields |= {f"PROPERTY_{prop['ID']}": _field_shown(call, prop) for prop in iblock.properties(call, block)}
    wanted = call.upper.text("FIELD_ID")
    if not wanted:
        return fields
    field = php.as_map(fields.get(wanted))
    return {php.text(field["TYPE"]): field} if field else []


@method("lists.field.update")
def _field_update(call: Call) -> Value:
    prop, sent = _property(call), fields_of(call)
    columns = _field_columns(call, Sent({name: value for name, value in sent.items() if name != "TYPE"}))
    call.storage.update(PROPERTY, prop.id, columns)
    _write_choices(call, prop.id, sent)
    return True


@method("lists.field.delete")
def _field_delete(call: Call) -> Value:
    iblock.remove_property(call, _property(call).id)
    return True


@method("lists.field.type.get")
def _field_types(call: Call) -> Value:
    block_of(call)
    return constant("lists.field_types")


@method("lists.section.add")
def _section_add(call: Call) -> Value:
    block, sent = block_of(call), fields_of(call)
    need(sent, "NAME")
    columns = iblock.columns_of(SECTION, sent, call.now)
    parent, code = call.upper.integer("IBLOCK_SECTION_ID") or None, call.upper.text("SECTION_CODE") or None
    columns |= {"IBLOCK_ID": block, "IBLOCK_SECTION_ID": parent, "CODE": code}
    columns["EXTERNAL_ID"] = columns["XML_ID"] = columns.get("XML_ID") or columns.get("EXTERNAL_ID")
    return faceless.add(call, SECTION, columns)


@method("lists.section.get")
def _section_get(call: Call) -> Value:
    """All sections and their number."""
    conditions = {"IBLOCK_ID": block_of(call)}
    where = filters.build(SECTION, _SECTIONS, {**call.upper.inner("FILTER"), **conditions}, call.now)
    rows = call.storage.whole(SECTION, where.sql, where.bound, "SORT, ID")
    select = call.upper.texts("SELECT")
    names = [name for name in _SECTION_FIELDS if not select or name in select or name == "ID"]
    return RowPage([iblock.shown(SECTION, row, names) for row in rows], total=len(rows))


@method("lists.section.update")
def _section_update(call: Call) -> Value:
    row = of_block(call, SECTION, "SECTION")
    faceless.change(call, SECTION, row, iblock.columns_of(SECTION, fields_of(call), call.now))
    return True


@method("lists.section.delete")
def _section_delete(call: Call) -> Value:
    iblock.remove_section(call, of_block(call, SECTION, "SECTION").id)
    return True
