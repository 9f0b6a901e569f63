"""`lists.element.*`: the elements of universal lists. Documentation: api-reference/lists/elements."""

from __future__ import annotations

from b24_sandbox import faceless, filters, php
from b24_sandbox.call import Call
from b24_sandbox.entities.iblock import ELEMENT, VALUE
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import iblock
from b24_sandbox.methods.lists import block_of, fields_of, missing, need, of_block
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("lists")
register = method.register

_ALWAYS = ("ID", "NAME", "IBLOCK_SECTION_ID", "CREATED_BY", "CODE")
_ELEMENTS = filters.Language(iblock.OPERATORS, ELEMENT.fields.get, patterns=frozenset(("NAME",)))


def _by_name(call: Call, block: Value) -> dict[str, Row]:
    return {f"PROPERTY_{prop['ID']}": prop for prop in iblock.properties(call, block)}


def _check_files(props: dict[str, Row], sent: Map) -> None:
    for name, prop in props.items():
        if prop["TYPE"] == "F" and php.text(sent.get(name)).isdigit():
            raise PortalError("ERROR_ELEMENT_FIELD_VALUE", "Writing file values by ID is not supported")


def _required(name: Value) -> PortalError:
    return PortalError("ERROR_ADD_ELEMENT", f"Поле «{name}» обязательно для заполнения<br>")


@method("lists.element.add")
def _add(call: Call) -> Value:
    block, sent = block_of(call), fields_of(call)
    code = need(call.upper, "ELEMENT_CODE")
    if not sent.text("NAME"):
        raise _required("Название")
    if call.storage.count(ELEMENT, "IBLOCK_ID = ? and CODE = ?", [block, code]):
        raise PortalError("ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")
    props = _by_name(call, block)
    _check_files(props, sent)
    for name, prop in props.items():
        if prop["IS_REQUIRED"] == "Y" and not any(sent.texts(name)):
            raise _required(prop["NAME"])
    columns = iblock.columns_of(ELEMENT, sent, call.now)
    section = call.upper.integer("IBLOCK_SECTION_ID") or None
    element = faceless.add(call, ELEMENT, {**columns, "IBLOCK_ID": block, "CODE": code, "IBLOCK_SECTION_ID": section})
    for name, prop in props.items():
        if name in sent:
            iblock.write(call, element, prop, sent[name])
    return element


@method("lists.element.get")
def _get(call: Call) -> Value:
    """Elements; properties are maps of value id to value."""
    block, sent = block_of(call), call.upper
    props = _by_name(call, block)
    base: Map = {"IBLOCK_ID": block}
    base |= {name: sent[f"ELEMENT_{name}"] for name in ("ID", "CODE") if sent.get(f"ELEMENT_{name}")}
    select = set(sent.texts("SELECT"))
    names = [field.name for field in ELEMENT.columns if field.name in _ALWAYS or field.name in select]

    def show(rows: list[Row]) -> list[Map]:
        held = iblock.values_of(call, [row.id for row in rows])
        return [
            {
                **iblock.shown(ELEMENT, row, names),
                **{
                    name: held[row.id][prop.id]
                    for name, prop in props.items()
                    if prop.id in held.get(row.id, {}) and (not select or name in select)
                },
            }
            for row in rows
        ]

    where = iblock.condition(call, sent.inner("FILTER"), _ELEMENTS, props, base)
    order = filters.order(ELEMENT.fields.get, sent.inner("ELEMENT_ORDER"), None, "ID desc")
    return faceless.page(call, ELEMENT, where, order, show)


@method("lists.element.update")
def _update(call: Call) -> Value:
    """Replace an element: values that were not sent are cleared, except files, which `PROPERTY_n_DEL` deletes."""
    row, sent = of_block(call, ELEMENT, "ELEMENT"), fields_of(call)
    props = _by_name(call, row["IBLOCK_ID"])
    _check_files(props, sent)
    cleared: Map = dict.fromkeys(("PREVIEW_TEXT", "DETAIL_TEXT", "DATE_ACTIVE_FROM", "DATE_ACTIVE_TO"))
    faceless.change(call, ELEMENT, row, {**cleared, **iblock.columns_of(ELEMENT, sent, call.now)})
    for name, prop in props.items():
        if prop["TYPE"] != "F" or name in sent:
            iblock.write(call, row.id, prop, sent.get(name))
        for value, flag in sent.inner(f"{name}_DEL").items():
            if flag == "Y":
                call.storage.delete(VALUE, php.integer(value))
    return True


@method("lists.element.delete")
def _delete(call: Call) -> Value:
    iblock.remove_element(call, of_block(call, ELEMENT, "ELEMENT").id)
    return True


@method("lists.element.get.file.url")
def _file_urls(call: Call) -> Value:
    """The relative addresses of an element's files."""
    element = of_block(call, ELEMENT, "ELEMENT")
    field = php.integer(call.upper.text("FIELD_ID").rpartition("_")[2])
    if not field:
        raise missing("FIELD_ID")
    stored = iblock.values_of(call, [element.id]).get(element.id, {}).get(field, {})
    place = f"/company/lists/{element['IBLOCK_ID']}/file/0/{element.id}/PROPERTY_{field}"
    return [f"{place}/{file}/?ncc=y&download=y" for file in stored.values()]
