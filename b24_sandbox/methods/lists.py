"""`lists.*`: universal lists, their fields, sections and elements.

Parameters have UPPER-case names; a list is identified by its type and its id or code. Documentation:
api-reference/lists.
"""

from __future__ import annotations

import json

from b24_sandbox import filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.iblock import CHOICE, ELEMENT, IBLOCK, PROPERTY, SECTION, VALUE
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods import iblock
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

TYPES = ("lists", "lists_socnet", "bitrix_processes")
_ALWAYS = ("ID", "NAME", "IBLOCK_SECTION_ID", "CREATED_BY", "CODE")
_SECTION_FIELDS = [name for name in SECTION.fields if name not in ("IBLOCK_ID", "DESCRIPTION")]
_FIELD_TYPES = {
    "SORT": "Sorting",
    "ACTIVE_FROM": "Start of activity",
    "ACTIVE_TO": "End of activity",
    "PREVIEW_PICTURE": "Preview image",
    "PREVIEW_TEXT": "Preview text",
    "DETAIL_PICTURE": "Detail image",
    "DETAIL_TEXT": "Detail text",
    "DATE_CREATE": "Date created",
    "CREATED_BY": "Created by",
    "TIMESTAMP_X": "Modification date",
    "MODIFIED_BY": "Modified by",
    "S": "String",
    "N": "Number",
    "L": "List",
    "F": "File",
    "G": "Binding to sections",
    "E": "Binding to elements",
    "S:Date": "Date",
    "S:DateTime": "Date/Time",
    "S:HTML": "HTML/text",
    "E:EList": "Binding to elements as a list",
    "S:employee": "Binding to employee",
    "S:ECrm": "Binding to CRM",
    "S:Money": "Money",
    "S:DiskFile": "File (Drive)",
}
_ELEMENTS = filters.Language(iblock.OPERATORS, ELEMENT.fields.get, patterns=frozenset(("NAME",)))
_SECTIONS = filters.Language(filters.OPERATORS, SECTION.fields.get, patterns=frozenset(("NAME",)))


def _missing(name: str) -> PortalError:
    return PortalError("ERROR_REQUIRED_PARAMETERS_MISSING", f"Required parameter `{name}` is missing")


def _sent(call: Call, name: str) -> Value:
    return call.upper_case().get(name)


def _fields(call: Call) -> Map:
    sent = php.as_map(_sent(call, "FIELDS"))
    if not sent:
        raise _missing("FIELDS")
    return sent


def _found(call: Call) -> list[Row]:
    kind = php.text(_sent(call, "IBLOCK_TYPE_ID"))
    if not kind:
        raise _missing("IBLOCK_TYPE_ID")
    where, bound = "IBLOCK_TYPE_ID = ?", [kind]
    if _sent(call, "IBLOCK_ID"):
        return call.portal.storage.rows(
            IBLOCK, ["ID"], f"{where} and ID = ?", [*bound, php.integer(_sent(call, "IBLOCK_ID"))]
        )
    code = php.text(_sent(call, "IBLOCK_CODE"))
    if not code:
        raise _missing("IBLOCK_ID")
    return call.portal.storage.rows(IBLOCK, ["ID"], f"{where} and CODE = ?", [*bound, code])


def _block(call: Call) -> int:
    found = _found(call)
    if not found:
        raise PortalError("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
    return found[0].id


def _of_block(call: Call, entity: Entity, block: int, word: str) -> Row:
    """A section or element of a list by id or code."""
    record, code = php.integer(_sent(call, f"{word}_ID")), php.text(_sent(call, f"{word}_CODE"))
    if not record and not code:
        raise _missing(f"{word}_ID")
    columns = [field.name for field in entity.columns]
    where, bound = ("ID = ?", [values.bounded(record)]) if record else ("CODE = ?", [code])
    found = call.portal.storage.rows(entity, columns, f"IBLOCK_ID = ? and {where}", [block, *bound])
    if not found:
        raise PortalError(f"ERROR_{word}_NOT_FOUND", f"{word.capitalize()} not found")
    return found[0]


def _add(call: Call) -> Value:
    kind, code = php.text(_sent(call, "IBLOCK_TYPE_ID")), php.text(_sent(call, "IBLOCK_CODE"))
    if not kind or not code:
        raise _missing("IBLOCK_CODE" if kind else "IBLOCK_TYPE_ID")
    sent = _fields(call)
    if not php.text(sent.get("NAME")):
        raise _missing("NAME")
    if not call.admin:
        raise PortalError("ACCESS_DENIED", "Access denied")
    storage = call.portal.storage
    if storage.count(IBLOCK, "IBLOCK_TYPE_ID = ? and CODE = ?", [kind, code]):
        raise PortalError("ERROR_IBLOCK_ALREADY_EXISTS", "Iblock already exists")
    columns = iblock.columns_of(IBLOCK, sent, call.now)
    group = php.integer(_sent(call, "SOCNET_GROUP_ID")) or None
    columns |= {"IBLOCK_TYPE_ID": kind, "CODE": code, "SOCNET_GROUP_ID": group}
    columns.setdefault("BIZPROC", "N")
    IBLOCK.prepare(call.portal, columns, None, call.user)
    return storage.insert(IBLOCK, columns)


def _get(call: Call) -> Value:
    kind = php.text(_sent(call, "IBLOCK_TYPE_ID"))
    if not kind:
        raise _missing("IBLOCK_TYPE_ID")
    conditions: Map = {"IBLOCK_TYPE_ID": kind}
    for name, key in (("ID", "IBLOCK_ID"), ("CODE", "IBLOCK_CODE"), ("SOCNET_GROUP_ID", "SOCNET_GROUP_ID")):
        if _sent(call, key):
            conditions[name] = _sent(call, key)
    where = filters.build(IBLOCK, filters.Language(filters.OPERATORS, IBLOCK.fields.get), conditions, call.now)
    order = filters.order(IBLOCK.fields.get, php.as_map(_sent(call, "IBLOCK_ORDER")), None)
    names = [name for name in IBLOCK.fields if name != "RIGHTS"]
    storage = call.portal.storage
    page = paging.family_a(
        call.offset,
        lambda: storage.count(IBLOCK, where.sql, where.bound),
        lambda limit, offset: storage.rows(IBLOCK, names, where.sql, where.bound, order, limit, offset),
    )
    rows = [iblock.shown(IBLOCK, php.as_map(row), names) for row in php.as_list(page.result)]
    return RowPage([{**row, "LID": "s1"} for row in rows], page.next, page.total)


def _update(call: Call) -> Value:
    block = _block(call)
    columns = iblock.columns_of(IBLOCK, _fields(call), call.now)
    IBLOCK.prepare(call.portal, columns, Row(), call.user)
    call.portal.storage.update(IBLOCK, block, columns)
    return True


def _delete(call: Call) -> Value:
    block = _block(call)
    iblock.empty_block(call, block)
    call.portal.storage.delete(IBLOCK, block)
    return True


def _type_id(call: Call) -> Value:
    record, code = php.integer(_sent(call, "IBLOCK_ID")), php.text(_sent(call, "IBLOCK_CODE"))
    where, bound = ("ID = ?", [record]) if record else ("CODE = ?", [code])
    found = call.portal.storage.rows(IBLOCK, ["IBLOCK_TYPE_ID"], where, list(bound), limit=1)
    return found[0]["IBLOCK_TYPE_ID"] if found else None


def _property(call: Call, block: int) -> Map:
    name = php.text(_sent(call, "FIELD_ID"))
    if not name:
        raise _missing("FIELD_ID")
    for prop in iblock.properties(call, block):
        if name == f"PROPERTY_{prop['ID']}":
            return prop
    raise PortalError("ERROR_UPDATE_FIELD", "Error updating the field.")


def _field_columns(call: Call, sent: Map) -> Map:
    columns = iblock.columns_of(PROPERTY, sent, call.now)
    if "SETTINGS" in sent:
        columns["SETTINGS"] = json.dumps(php.as_map(sent["SETTINGS"]), ensure_ascii=False)
    return columns


def _field_add(call: Call) -> Value:
    block, sent = _block(call), _fields(call)
    for name in ("NAME", "TYPE"):
        if not php.text(sent.get(name)):
            raise _missing(name)
    if php.text(sent["TYPE"]) not in _FIELD_TYPES:
        raise PortalError("ERROR_SAVE_FIELD", "Error saving the field")
    if not php.text(sent.get("CODE")):
        raise PortalError("ERROR_SAVE_FIELD", "Please fill the code fields")
    storage = call.portal.storage
    if storage.count(PROPERTY, "IBLOCK_ID = ? and CODE = ?", [block, php.text(sent["CODE"])]):
        raise PortalError("ERROR_SAVE_FIELD", "Property already exists")
    columns: Map = {"SORT": 500, "IS_REQUIRED": "N", "MULTIPLE": "N", "ROW_COUNT": 1, "COL_COUNT": 30}
    prop = storage.insert(PROPERTY, {**columns, **_field_columns(call, sent), "IBLOCK_ID": block})
    _write_choices(call, prop, sent)
    return f"PROPERTY_{prop}"


def _write_choices(call: Call, prop: int, sent: Map) -> None:
    """Write choices. `LIST` changes known ids and adds other keys; `LIST_TEXT_VALUES` adds one choice per line."""
    storage = call.portal.storage
    held = {row.id for row in iblock.choices(call, prop)}
    for key, item in php.as_map(sent.get("LIST")).items():
        entry = php.as_map(item)
        text = php.text(entry.get("VALUE"))
        columns: Map = {"VALUE": text, "SORT": php.integer(entry.get("SORT")) or 500}
        columns["DEF"] = "Y" if entry.get("DEF") == "Y" else "N"
        if php.integer(key) in held and not text:
            storage.delete(CHOICE, php.integer(key))
        elif php.integer(key) in held:
            storage.update(CHOICE, php.integer(key), columns)
        elif text:
            storage.insert(CHOICE, {"PROPERTY_ID": prop, **columns})
    for line in php.text(sent.get("LIST_TEXT_VALUES")).splitlines():
        if line.strip():
            storage.insert(CHOICE, {"PROPERTY_ID": prop, "VALUE": line.strip(), "SORT": 500, "DEF": "N"})


def _field_shown(call: Call, prop: Row) -> Map:
    base, _, user_type = prop.text("TYPE").partition(":")
    field: Map = {
        "FIELD_ID": f"PROPERTY_{prop['ID']}",
        "SORT": prop["SORT"],
        "NAME": prop["NAME"],
        "IS_REQUIRED": prop["IS_REQUIRED"],
        "MULTIPLE": prop["MULTIPLE"],
        "DEFAULT_VALUE": prop["DEFAULT_VALUE"],
        "TYPE": prop["TYPE"],
        "PROPERTY_TYPE": base,
        "PROPERTY_USER_TYPE": {"USER_TYPE": user_type} if user_type else False,
        "CODE": prop["CODE"],
        "ID": prop.text("ID"),
        "LINK_IBLOCK_ID": prop["LINK_IBLOCK_ID"],
        "ROW_COUNT": prop.text("ROW_COUNT"),
        "COL_COUNT": prop.text("COL_COUNT"),
        "USER_TYPE_SETTINGS": None,
        "SETTINGS": json.loads(prop.text("SETTINGS")) if prop["SETTINGS"] else [],
    }
    if base == "L":
        field["DISPLAY_VALUES_FORM"] = {row.text("ID"): row["VALUE"] for row in iblock.choices(call, prop["ID"])}
    return field


def _name_field() -> Map:
    plain: Map = {"FIELD_ID": "NAME", "SORT": 10, "NAME": "Название", "IS_REQUIRED": "Y", "MULTIPLE": "N"}
    return {**plain, "DEFAULT_VALUE": "", "TYPE": "NAME", "SETTINGS": {"SHOW_ADD_FORM": "Y", "SHOW_EDIT_FORM": "Y"}}


def _field_get(call: Call) -> Value:
    """All fields by their ids, or one field under the name of its type."""
    block = _block(call)
    wanted = php.text(_sent(call, "FIELD_ID"))
    fields: Map = {"NAME": _name_field()}
    for prop in iblock.properties(call, block):
        fields[f"PROPERTY_{prop['ID']}"] = _field_shown(call, prop)
    if not wanted:
        return fields
    field = php.as_map(fields.get(wanted))
    return {php.text(field["TYPE"]): field} if field else []


def _field_update(call: Call) -> Value:
    prop = _property(call, _block(call))
    sent = _fields(call)
    columns = _field_columns(call, {name: value for name, value in sent.items() if name != "TYPE"})
    call.portal.storage.update(PROPERTY, php.integer(prop["ID"]), columns)
    _write_choices(call, php.integer(prop["ID"]), sent)
    return True


def _field_delete(call: Call) -> Value:
    iblock.remove_property(call, php.integer(_property(call, _block(call))["ID"]))
    return True


def _section_add(call: Call) -> Value:
    block, sent = _block(call), _fields(call)
    if not php.text(sent.get("NAME")):
        raise _missing("NAME")
    columns = iblock.columns_of(SECTION, sent, call.now)
    parent = php.integer(_sent(call, "IBLOCK_SECTION_ID")) or None
    columns |= {"IBLOCK_ID": block, "IBLOCK_SECTION_ID": parent, "CODE": php.text(_sent(call, "SECTION_CODE")) or None}
    columns["EXTERNAL_ID"] = columns["XML_ID"] = columns.get("XML_ID") or columns.get("EXTERNAL_ID")
    SECTION.prepare(call.portal, columns, None, call.user)
    return call.portal.storage.insert(SECTION, columns)


def _section_get(call: Call) -> Value:
    """All sections and their number."""
    block = _block(call)
    conditions = {**php.as_map(_sent(call, "FILTER")), "IBLOCK_ID": block}
    where = filters.build(SECTION, _SECTIONS, conditions, call.now)
    columns = [field.name for field in SECTION.columns]
    rows = call.portal.storage.rows(SECTION, columns, where.sql, where.bound, "SORT, ID")
    select = [php.text(name) for name in php.as_list(_sent(call, "SELECT"))]
    names = [name for name in _SECTION_FIELDS if not select or name in select or name == "ID"]
    return RowPage([iblock.shown(SECTION, row, names) for row in rows], total=len(rows))


def _section_update(call: Call) -> Value:
    row = _of_block(call, SECTION, _block(call), "SECTION")
    columns = iblock.columns_of(SECTION, _fields(call), call.now)
    SECTION.prepare(call.portal, columns, row, call.user)
    call.portal.storage.update(SECTION, row.id, columns)
    return True


def _section_delete(call: Call) -> Value:
    iblock.remove_section(call, php.integer(_of_block(call, SECTION, _block(call), "SECTION")["ID"]))
    return True


def _by_name(call: Call, block: int) -> dict[str, Map]:
    return {f"PROPERTY_{prop['ID']}": prop for prop in iblock.properties(call, block)}


def _check_files(props: dict[str, Map], sent: Map) -> None:
    for name, prop in props.items():
        value = sent.get(name)
        if prop["TYPE"] == "F" and php.text(value).isdigit():
            raise PortalError("ERROR_ELEMENT_FIELD_VALUE", "Writing file values by ID is not supported")


def _element_add(call: Call) -> Value:
    block, sent = _block(call), _fields(call)
    code = php.text(_sent(call, "ELEMENT_CODE"))
    if not code:
        raise _missing("ELEMENT_CODE")
    if not php.text(sent.get("NAME")):
        raise PortalError("ERROR_ADD_ELEMENT", "Поле «Название» обязательно для заполнения<br>")
    storage = call.portal.storage
    if storage.count(ELEMENT, "IBLOCK_ID = ? and CODE = ?", [block, code]):
        raise PortalError("ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")
    props = _by_name(call, block)
    _check_files(props, sent)
    for name, prop in props.items():
        if prop["IS_REQUIRED"] == "Y" and not any(php.text(item) for item in php.as_list(sent.get(name))):
            raise PortalError("ERROR_ADD_ELEMENT", f"Поле «{prop['NAME']}» обязательно для заполнения<br>")
    columns = iblock.columns_of(ELEMENT, sent, call.now)
    section = php.integer(_sent(call, "IBLOCK_SECTION_ID")) or None
    columns |= {"IBLOCK_ID": block, "CODE": code, "IBLOCK_SECTION_ID": section}
    ELEMENT.prepare(call.portal, columns, None, call.user)
    element = storage.insert(ELEMENT, columns)
    for name, prop in props.items():
        if name in sent:
            iblock.write(call, element, prop, sent[name])
    return element


def _element_get(call: Call) -> Value:
    """Elements; properties are maps of value id to value."""
    block = _block(call)
    props = _by_name(call, block)
    base: Map = {"IBLOCK_ID": block}
    for key, name in (("ELEMENT_ID", "ID"), ("ELEMENT_CODE", "CODE")):
        if _sent(call, key):
            base[name] = _sent(call, key)
    where = iblock.condition(call, php.as_map(_sent(call, "FILTER")), _ELEMENTS, props, base)
    order = filters.order(ELEMENT.fields.get, php.as_map(_sent(call, "ELEMENT_ORDER")), None, "ID desc")
    select = {php.text(name) for name in php.as_list(_sent(call, "SELECT"))}
    columns = [field.name for field in ELEMENT.columns]
    names = [name for name in columns if name in _ALWAYS or name in select]
    storage = call.portal.storage
    page = paging.family_a(
        call.offset,
        lambda: storage.count(ELEMENT, where.sql, where.bound),
        lambda limit, offset: storage.rows(ELEMENT, columns, where.sql, where.bound, order, limit, offset),
    )
    rows = [php.as_map(row) for row in php.as_list(page.result)]
    held = iblock.values_of(call, [row["ID"] for row in rows])
    answer: list[Map] = []
    for row in rows:
        element = iblock.shown(ELEMENT, row, names)
        mine = held.get(php.integer(row["ID"]), {})
        for name, prop in props.items():
            if mine.get(php.integer(prop["ID"])) and (not select or name in select):
                element[name] = mine[php.integer(prop["ID"])]
        answer.append(element)
    return RowPage(answer, page.next, page.total)


def _element_update(call: Call) -> Value:
    """Replace an element: values that were not sent are cleared, except files, which `PROPERTY_n_DEL` deletes."""
    block = _block(call)
    row = _of_block(call, ELEMENT, block, "ELEMENT")
    sent, props = _fields(call), _by_name(call, block)
    _check_files(props, sent)
    element = row.id
    cleared: Map = dict.fromkeys(("PREVIEW_TEXT", "DETAIL_TEXT", "DATE_ACTIVE_FROM", "DATE_ACTIVE_TO"))
    columns = {**cleared, **iblock.columns_of(ELEMENT, sent, call.now)}
    ELEMENT.prepare(call.portal, columns, row, call.user)
    call.portal.storage.update(ELEMENT, element, columns)
    for name, prop in props.items():
        if prop["TYPE"] != "F" or name in sent:
            iblock.write(call, element, prop, sent.get(name))
        for value, flag in php.as_map(sent.get(f"{name}_DEL")).items():
            if flag == "Y":
                call.portal.storage.delete(VALUE, php.integer(value))
    return True


def _element_delete(call: Call) -> Value:
    iblock.remove_element(call, php.integer(_of_block(call, ELEMENT, _block(call), "ELEMENT")["ID"]))
    return True


def _file_urls(call: Call) -> Value:
    """The relative addresses of an element's files."""
    block = _block(call)
    element = php.integer(_of_block(call, ELEMENT, block, "ELEMENT")["ID"])
    field = php.integer(php.text(_sent(call, "FIELD_ID")).rpartition("_")[2])
    if not field:
        raise _missing("FIELD_ID")
    stored = iblock.values_of(call, [element]).get(element, {}).get(field, {})
    tail = "?ncc=y&download=y"
    return [f"/company/lists/{block}/file/0/{element}/PROPERTY_{field}/{file}/{tail}" for file in stored.values()]


def register(registry: Registry) -> None:
    """Register the methods of universal lists."""
    for name, run in (
        ("add", _add),
        ("get", _get),
        ("update", _update),
        ("delete", _delete),
        ("get.iblock.type.id", _type_id),
        ("field.add", _field_add),
        ("field.get", _field_get),
        ("field.update", _field_update),
        ("field.delete", _field_delete),
        ("field.type.get", lambda call: dict(_FIELD_TYPES) if _block(call) else {}),
        ("section.add", _section_add),
        ("section.get", _section_get),
        ("section.update", _section_update),
        ("section.delete", _section_delete),
        ("element.add", _element_add),
        ("element.get", _element_get),
        ("element.update", _element_update),
        ("element.delete", _element_delete),
        ("element.get.file.url", _file_urls),
    ):
        registry.classic(f"lists.{name}", "lists", run)
