"""`crm.category.*` and the classic `crm.dealcategory.*`: pipelines of deals, invoices and smart processes.

Documentation: api-reference/crm/universal/category, api-reference/crm/outdated/category-old. A new pipeline has the
initial stages of its type.
"""

from __future__ import annotations

from b24_sandbox import crm_types, dates, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_cascade import remove_where
from b24_sandbox.entities.directories import CATEGORY, STATUS
from b24_sandbox.errors import PortalError, not_found
from b24_sandbox.methods.crm_classic import array, record_id, sent_fields
from b24_sandbox.methods.crm_classic import describe as describe_classic
from b24_sandbox.methods.crm_item import describe, fields_argument, no_type, required
from b24_sandbox.methods.plain import described
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("crm")
category_action = method.controller("Bitrix\\Crm\\Controller\\Category")
register = method.register

_DEAL = 2
_CLASSIC = ("ID", "NAME", "SORT", "IS_LOCKED", "CREATED_DATE")


def _type(call: Call) -> int:
    number = php.integer(required(call, "entityTypeId"))
    if crm_types.base_entity(call.portal, number) is None:
        raise no_type()
    if not crm_types.has_categories(call.portal, number):
        names = {1: "LEAD", 3: "CONTACT", 4: "COMPANY", 7: "QUOTE"}
        raise PortalError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {names.get(number, number)} is not supported")
    return number


def _rows(call: Call, number: int) -> list[Row]:
    return call.storage.whole(CATEGORY, "ENTITY_TYPE_ID = ?", [number], "SORT, ID")


def _row(call: Call, number: int) -> Row:
    wanted = php.integer(required(call, "id"))
    for row in _rows(call, number):
        if row["ID"] == wanted:
            return row
    raise PortalError("NOT_FOUND", "Element not found")


def _shown(row: Map) -> Map:
    shown = {field.camel: row[field.name] for field in CATEGORY.columns}
    if row["ENTITY_TYPE_ID"] != _DEAL or row["IS_DEFAULT"] == "Y":
        del shown["originId"], shown["originatorId"]
    return shown


def _written(call: Call, sent: Map) -> Map:
    known = {field.camel: field for field in CATEGORY.columns}
    return {
        known[name].name: values.stored(known[name], value, call.now)
        for name, value in sent.items()
        if name in known and not known[name].read_only
    }


@category_action("crm.category.list")
def _list(call: Call) -> Value:
    rows = _rows(call, _type(call))
    return RowPage({"categories": [_shown(row) for row in rows]}, total=len(rows))


@category_action("crm.category.get")
def _get(call: Call) -> Value:
    return {"category": _shown(_row(call, _type(call)))}


def make(call: Call, number: int, written: Map) -> int:
    """Store a pipeline with its stages and return its id."""
    columns: Map = {"SORT": 500, "ORIGIN_ID": "", "ORIGINATOR_ID": "", **written}
    category = call.storage.insert(CATEGORY, {"IS_DEFAULT": "N", **columns, "ENTITY_TYPE_ID": number})
    crm_types.add_stages(call.portal, number, category)
    return category


def _saved(call: Call, number: int, category: int, sent: Map) -> Value:
    """The answer to an add or update, which may make the pipeline the default one."""
    if sent.get("isDefault") in ("Y", True) and number != _DEAL:
        for row in _rows(call, number):
            flag = "Y" if row["ID"] == category else "N"
            call.storage.update(CATEGORY, row.id, {"IS_DEFAULT": flag})
    return {"category": _shown(call.storage.row(CATEGORY, category) or Row())}


@category_action("crm.category.add")
def _add(call: Call) -> Value:
    number = _type(call)
    sent = fields_argument(call)
    written = _written(call, sent)
    if not written.get("NAME"):
        raise PortalError("0", "Field 'NAME' is required")
    return _saved(call, number, make(call, number, written), sent)


@category_action("crm.category.update")
def _update(call: Call) -> Value:
    number = _type(call)
    row = _row(call, number)
    sent = fields_argument(call)
    call.storage.update(CATEGORY, row.id, _written(call, sent))
    return _saved(call, number, row.id, sent)


@category_action("crm.category.delete")
def _delete(call: Call) -> Value:
    number = _type(call)
    _remove(call, number, _row(call, number))
    return None


def _remove(call: Call, number: int, row: Map) -> None:
    entity = crm_types.base_entity(call.portal, number)
    category = php.integer(row["ID"])
    deal = number == _DEAL
    if row["IS_DEFAULT"] == "Y":
        raise (
            PortalError("0", "Default deal category cannot be deleted")
            if deal
            else PortalError("BX_ERROR", "This funnel is the default funnel")
        )
    if entity is not None and call.storage.count(entity, "CATEGORY_ID = ?", [category]):
        raise (
            PortalError("0", f"Deals related to the funnel {row['NAME']} found")
            if deal
            else PortalError("BX_ERROR", "Elements related to the funnel found")
        )
    remove_where(call.portal, STATUS, "ENTITY_ID = ?", [crm_types.stage_directory(number, category)])
    call.storage.delete(CATEGORY, category)
    call.portal.stages_changed()


@category_action("crm.category.fields")
def _fields(call: Call) -> Value:
    _type(call)
    return {"fields": {field.camel: describe(field) for field in CATEGORY.columns}}


def _classic(call: Call, row: Map) -> Map:
    return shape("crm.deal_category", row, created=dates.iso(call.now))


def _classic_row(call: Call) -> Row:
    wanted = record_id(call)
    for row in _rows(call, _DEAL):
        if row["ID"] == wanted and wanted:
            return row
    raise not_found()


@method("crm.dealcategory.list")
def _classic_list(call: Call) -> Value:
    """The pipelines without the default one, which has methods of its own."""
    array(call, "filter")
    rows = [row for row in _rows(call, _DEAL) if row["ID"]]
    return RowPage([_classic(call, row) for row in rows], total=len(rows))


@method("crm.dealcategory.add")
def _classic_add(call: Call) -> Value:
    sent = sent_fields(call, True)
    if not sent.get("NAME"):
        raise PortalError("", "The field NAME is required.")
    columns: Map = {"NAME": php.text(sent["NAME"])}
    if "SORT" in sent:
        columns["SORT"] = php.integer(sent["SORT"])
    return make(call, _DEAL, columns)


@method("crm.dealcategory.update")
def _classic_update(call: Call) -> Value:
    row, sent = _classic_row(call), sent_fields(call, False)
    written: Map = {"NAME": php.text(sent["NAME"])} if "NAME" in sent else {}
    if "SORT" in sent:
        written["SORT"] = php.integer(sent["SORT"])
    call.storage.update(CATEGORY, row.id, written)
    return True


@method("crm.dealcategory.delete")
def _classic_delete(call: Call) -> Value:
    _remove(call, _DEAL, _classic_row(call))
    return True


@method("crm.dealcategory.fields")
def _classic_fields(call: Call) -> Value:
    fields = {name: describe_classic(CATEGORY.fields[name]) for name in ("ID", "NAME", "SORT")}
    return {**fields, **described("CREATED_DATE date r | CREATED_DATE\nIS_LOCKED char r | IS_LOCKED")}


@method("crm.dealcategory.status")
def _directory(call: Call) -> Value:
    category = php.integer(call.classic("id"))
    if category not in call.portal.category_ids():
        raise not_found()
    return call.portal.deal_directory(category)


@method("crm.dealcategory.stage.list")
def _stages(call: Call) -> Value:
    columns = ["NAME", "SORT", "STATUS_ID"]
    return call.storage.rows(STATUS, columns, "ENTITY_ID = ?", [_directory(call)], "SORT, ID")


@method("crm.dealcategory.default.get")
def _default_get(call: Call) -> Value:
    row = call.storage.row(CATEGORY, 0) or Row()
    return {"ID": "0", "NAME": row.get("NAME"), "SORT": row.text("SORT")}


@method("crm.dealcategory.default.set")
def _default_set(call: Call) -> Value:
    name = php.text(call.classic("name"))
    if name:
        call.storage.update(CATEGORY, 0, {"NAME": name})
    return True


method.add("crm.dealcategory.get", lambda call: _classic(call, _classic_row(call)))
