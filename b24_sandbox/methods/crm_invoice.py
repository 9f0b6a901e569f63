"""What invoices of the old kind decide in code: products and amounts, payment, copies of recurring templates.

Documentation: api-reference/crm/outdated/invoice.
"""

from __future__ import annotations

from b24_sandbox import dates, declared, engine, php, values
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.methods.declared import run_of
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import object_text

method = MethodTable("crm")
register = method.register

_INVOICE = declared.by_name("crm.invoice")
_STATUS = declared.by_name("crm.invoice.status")
_RECURRING = declared.by_name("crm.invoice.recurring")
_PAID = "P"
_PERSON = ("NAME", "LAST_NAME", "SECOND_NAME", "EMAIL", "WORK_POSITION")
_NOT_COPIED = ("ACCOUNT_NUMBER", "DATE_INSERT", "DATE_BILL", "STATUS_ID")
_ROW: Map = {"PRODUCT_ID": 0, "PRODUCT_NAME": "", "QUANTITY": 1, "PRICE": 0, "DISCOUNT_PRICE": 0, "VAT_RATE": 0}
_ROW_WORDS: Map = {"VAT_INCLUDED": "N", "MEASURE_CODE": 796, "MEASURE_NAME": "шт"}
_PARTS = ("PRODUCT_ROWS", "INVOICE_PROPERTIES")


def _amounts(rows: list[Map]) -> Map:
    """The amount and the tax of an invoice. A price that does not include the tax is raised by it."""
    total = tax = 0.0
    for row in rows:
        price, rate = values.number(row["PRICE"]) * values.number(row["QUANTITY"]), values.number(row["VAT_RATE"])
        added = price * rate / (1 + rate) if row["VAT_INCLUDED"] == "Y" else price * rate
        total += price if row["VAT_INCLUDED"] == "Y" else price + added
        tax += added
    return {"PRICE": round(total, 2), "TAX_VALUE": round(tax, 2)}


def _parts(call: Call, sent: Map) -> Map:
    """The columns of sent products and properties."""
    columns: Map = {}
    if php.is_array(sent.get("PRODUCT_ROWS")):
        known = [{**_ROW, **_ROW_WORDS, **php.as_map(row)} for row in php.as_list(sent["PRODUCT_ROWS"])]
        rows = [{**row, "ID": php.integer(row.get("ID")) or place} for place, row in enumerate(known, start=1)]
        columns = {"PRODUCT_ROWS": object_text(rows), **_amounts(rows)}
    if php.is_array(sent.get("INVOICE_PROPERTIES")):
        columns["INVOICE_PROPERTIES"] = object_text(php.as_map(sent["INVOICE_PROPERTIES"]))
    return columns


def _settle(call: Call, record: int, before: str, sent: Map) -> None:
    """Write what follows from the sent values: amounts, names of the responsible person, marks of the status."""
    storage, entity = call.portal.storage, _INVOICE.entity
    row = storage.row(entity, record) or Row()
    person = storage.row(USER, row.integer("RESPONSIBLE_ID")) or Row()
    columns = {**_parts(call, sent), **{f"RESPONSIBLE_{name}": person.get(name) for name in _PERSON}}
    status = row.text("STATUS_ID")
    if status != before:
        columns |= {"DATE_STATUS": dates.iso(call.now), "EMP_STATUS_ID": call.user}
        paid: Map = {"PAYED": "Y", "DATE_PAYED": dates.iso(call.now), "EMP_PAYED_ID": call.user}
        columns |= paid if status == _PAID else {"PAYED": "N"}
    storage.update(entity, record, columns)
    if before and status != before:
        call.portal.changes.announce("ONCRMINVOICESETSTATUS", {"FIELDS": {"ID": record}}, call.user)


def _create(call: Call, sent: Map) -> int:
    record = engine.create(face_of(_INVOICE), call, {name: sent[name] for name in sent if name not in _PARTS})
    _settle(call, record, "", sent)
    return record


@method("crm.invoice.add")
def _add(call: Call) -> Value:
    return _create(call, face_of(_INVOICE).values(call, True))


@method("crm.invoice.update")
def _update(call: Call) -> Value:
    face = face_of(_INVOICE)
    record, sent = face.record_id(call), face.values(call, False)
    before = engine.stored(face, call, record, "update").text("STATUS_ID")
    engine.change(face, call, record, {name: sent[name] for name in sent if name not in _PARTS})
    _settle(call, record, before, sent)
    return True


def _with_parts(call: Call, face: Face, record: int) -> Map:
    row = engine.stored(face, call, record)
    return {**engine.read(face, call, record), **{name: values.decoded(row[name]) for name in _PARTS}}


@method("crm.invoice.get")
def _get(call: Call) -> Value:
    """An invoice with its products and properties, which lists do not show."""
    face = face_of(_INVOICE)
    return _with_parts(call, face, face.record_id(call))


@method("crm.invoice.getexternallink")
def _link(call: Call) -> Value:
    face = face_of(_INVOICE)
    record = face.record_id(call)
    engine.stored(face, call, record)
    return f"{call.base}/pub/invoice/{record}/{record:012x}/"


@method("crm.invoice.status.delete")
def _delete_status(call: Call) -> Value:
    face = face_of(_STATUS)
    row = engine.stored(face, call, face.record_id(call), "delete")
    if row["SYSTEM"] == "Y" or declared.count_of(call.portal, "crm_old_invoice.STATUS_ID", row["STATUS_ID"]):
        raise PortalError("", "The status is used or belongs to the system.")
    return run_of(_STATUS, "delete")(call)


@method("crm.invoice.status.add")
def _add_status(call: Call) -> Value:
    """Add a status. Its code is its id, because the first letters are taken by the system."""
    record = php.integer(run_of(_STATUS, "add")(call))
    row = call.portal.storage.row(_STATUS.entity, record) or Row()
    call.portal.storage.update(_STATUS.entity, record, {"STATUS_ID": str(record), "NAME_INIT": row["NAME"]})
    return record


@method("crm.invoice.recurring.expose")
def _expose(call: Call) -> Value:
    """Create an invoice of a recurring template."""
    face = face_of(_RECURRING)
    row = engine.stored(face, call, face.record_id(call))
    template = _with_parts(call, face_of(_INVOICE), row.integer("INVOICE_ID"))
    own = {name for name, field in _INVOICE.entity.fields.items() if field.read_only}.union(_NOT_COPIED)
    made = _create(call, {name: value for name, value in template.items() if name not in own})
    executed: Map = {"COUNTER_REPEAT": row.integer("COUNTER_REPEAT") + 1, "LAST_EXECUTION": dates.iso(call.now)}
    call.portal.storage.update(_RECURRING.entity, row.id, executed)
    fields: Map = {"ID": row["ID"], "RECURRING_ID": row["INVOICE_ID"], "INVOICE_ID": made}
    call.portal.changes.announce("ONCRMINVOICERECURRINGEXPOSE", {"FIELDS": fields}, call.user)
    return {"INVOICE_ID": made}
