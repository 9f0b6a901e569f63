"""Product rows: `crm.{deal,lead,quote}.productrows.*`, `crm.item.productrow.*`, `crm.productrow.*`.

All use one table. Documentation: api-reference/crm/deals/crm-deal-productrows-get and -set,
api-reference/crm/universal/product-rows, api-reference/crm/outdated/productrow-old.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from b24_sandbox import crm_types, engine, errors, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_cascade import owner_code
from b24_sandbox.entities.crm_catalog import MEASURES, PRODUCT, PRODUCT_ROW
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.fields import Entity, Field
from b24_sandbox.methods import crm_classic, crm_item
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.schema import over_face

method = MethodTable("crm")
row_action = method.controller("Bitrix\\Crm\\Controller\\Item\\ProductRow")
register = method.register

MONETARY, PERCENTAGE = 1, 2
_OWNERS = {"crm.deal": 2, "crm.lead": 1, "crm.quote": 7}
_COLUMNS = [field.name for field in PRODUCT_ROW.columns]
_CLASSIC_KEYS = (
    "ID OWNER_ID OWNER_TYPE PRODUCT_ID PRODUCT_NAME ORIGINAL_PRODUCT_NAME PRODUCT_DESCRIPTION PRICE PRICE_EXCLUSIVE "
    "PRICE_NETTO PRICE_BRUTTO PRICE_ACCOUNT QUANTITY DISCOUNT_TYPE_ID DISCOUNT_RATE DISCOUNT_SUM TAX_RATE TAX_INCLUDED "
    "CUSTOMIZED MEASURE_CODE MEASURE_NAME SORT XML_ID TYPE STORE_ID RESERVE_ID DATE_RESERVE_END RESERVE_QUANTITY"
)


def _calculated(sent: Map, row: Row | None, call: Call) -> Map:
    """Compute a whole row from the sent values: prices before and after discount, with and without tax.

    `PRICE` is the client's price of one unit: after the discount, including the tax.
    """
    given = {
        field.name: values.stored(field, sent[field.name], call.now)
        for field in PRODUCT_ROW.columns
        if field.name in sent and field.name not in ("ID", "OWNER_ID", "OWNER_TYPE")
    }
    place: Map = {**(row or Row()), **given}
    _check_discount(sent)
    product = call.storage.row(PRODUCT, php.integer(place.get("PRODUCT_ID"))) or Row()
    if given.get("PRICE") is None and row is None:
        place["PRICE"] = values.number(product.get("PRICE")) if product else 0.0
    price = values.number(place["PRICE"])
    tax = values.number(place["TAX_RATE"]) if place.get("TAX_RATE") is not None else 0.0
    exclusive = _cents(price / (1 + tax / 100)) if tax else price
    kind = php.integer(place.get("DISCOUNT_TYPE_ID")) or PERCENTAGE
    rate, discount = values.number(place.get("DISCOUNT_RATE")), values.number(place.get("DISCOUNT_SUM"))
    if kind == PERCENTAGE:
        discount = discount if rate >= 100 else _cents(exclusive * rate / (100 - rate))
    netto = _cents(exclusive + discount)
    if kind == MONETARY:
        rate = _cents(discount / netto * 100) if netto else 0.0
    quantity = place.get("QUANTITY")
    unit = next((known for known in MEASURES if known[1] == php.integer(place.get("MEASURE_CODE"))), MEASURES[-1])
    return {
        **place,
        "PRODUCT_ID": php.integer(place.get("PRODUCT_ID")),
        "PRODUCT_NAME": place.get("PRODUCT_NAME") or product.text("NAME"),
        "PRICE": price,
        "PRICE_EXCLUSIVE": exclusive,
        "PRICE_NETTO": netto,
        "PRICE_BRUTTO": _cents(netto * (1 + tax / 100)),
        "QUANTITY": 1.0 if quantity is None else quantity,
        "DISCOUNT_TYPE_ID": kind,
        "DISCOUNT_RATE": rate,
        "DISCOUNT_SUM": discount,
        "TAX_RATE": place.get("TAX_RATE"),
        "TAX_INCLUDED": place.get("TAX_INCLUDED") or "N",
        "CUSTOMIZED": place.get("CUSTOMIZED") or "Y",
        "MEASURE_CODE": place.get("MEASURE_CODE") or 796,
        "MEASURE_NAME": place.get("MEASURE_NAME") or unit[3],
        "TYPE": place.get("TYPE") or 1,
        "STORE_ID": place.get("STORE_ID") or 0,
        "XML_ID": place.get("XML_ID") or "",
    }


def _cents(amount: float) -> float:
    return round(amount + 1e-9, 2)


def _check_discount(sent: Map) -> None:
    if "DISCOUNT_TYPE_ID" not in sent:
        return
    kind, rate = php.integer(sent["DISCOUNT_TYPE_ID"]), sent.get("DISCOUNT_RATE")
    text = ""
    if kind == PERCENTAGE and rate is None:
        text = "Discount Rate (DISCOUNT_RATE) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined."
    elif kind == PERCENTAGE and values.number(rate) == 100 and sent.get("DISCOUNT_SUM") is None:
        text = (
            "Discount Sum (DISCOUNT_SUM) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined and"
            " Discount Rate (DISCOUNT_RATE) is 100%"
        )
    elif kind == MONETARY and sent.get("DISCOUNT_SUM") is None:
        text = "Discount Sum (DISCOUNT_SUM) is required if Monetary Discount Type (DISCOUNT_TYPE_ID) is defined."
    if text:
        raise PortalError("ERROR_CORE", f"{text}<br>")


def rows_of(call: Call, number: int, owner: int) -> list[Row]:
    """The stored rows of an item, in their order."""
    where = "OWNER_TYPE = ? and OWNER_ID = ?"
    return call.storage.rows(PRODUCT_ROW, _COLUMNS, where, [owner_code(number), owner], "SORT, ID")


def _sum_up(call: Call, number: int, owner: int) -> None:
    """Set the amount of an item to the sum of its rows."""
    entity = crm_types.base_entity(call.portal, number)
    if entity is None or "OPPORTUNITY" not in entity.fields:
        return
    total, tax = 0.0, 0.0
    for row in rows_of(call, number, owner):
        quantity = values.number(row["QUANTITY"])
        total += values.number(row["PRICE"]) * quantity
        tax += (values.number(row["PRICE"]) - values.number(row["PRICE_EXCLUSIVE"])) * quantity
    columns: Map = {"OPPORTUNITY": _cents(total), "IS_MANUAL_OPPORTUNITY": "N"}
    if "TAX_VALUE" in entity.fields:
        columns["TAX_VALUE"] = _cents(tax)
    call.storage.update(entity, owner, columns)


def replace(call: Call, number: int, owner: int, sent: list[Map]) -> None:
    """Replace the rows of an item. A row with an id keeps it."""
    storage = call.storage
    kept = {row.id: row for row in rows_of(call, number, owner)}
    made = [
        (php.integer(fields.get("ID")), _calculated(fields, kept.get(php.integer(fields.get("ID"))), call))
        for fields in sent
    ]
    for gone in set(kept) - {record for record, _ in made}:
        storage.delete(PRODUCT_ROW, gone)
    for place, (record, row) in enumerate(made, start=1):
        columns = {"SORT": place * 10, **row, "OWNER_TYPE": owner_code(number), "OWNER_ID": owner}
        columns["SORT"] = columns["SORT"] or place * 10
        columns.pop("ID", None)
        if record in kept:
            storage.update(PRODUCT_ROW, record, columns)
        else:
            storage.insert(PRODUCT_ROW, columns)
    _sum_up(call, number, owner)


def _classic_row(row: Row) -> Map:
    """A row with its keys in the documented order."""
    derived: Map = {
        "ID": row.text("ID"),
        "OWNER_ID": row.text("OWNER_ID"),
        "ORIGINAL_PRODUCT_NAME": row["PRODUCT_NAME"],
        "PRICE_ACCOUNT": f"{values.number(row['PRICE']):.2f}",
    }
    return {name: derived.get(name, row.get(name)) for name in _CLASSIC_KEYS.split()}


def _owner(call: Call, prefix: str) -> int:
    owner = php.integer(call.classic("id"))
    if owner <= 0:
        raise PortalError("", "The parameter id is invalid or not defined.")
    engine.stored(crm_classic.live(call, prefix), call, owner)
    return owner


def _get(call: Call, prefix: str) -> Value:
    return [_classic_row(row) for row in rows_of(call, _OWNERS[prefix], _owner(call, prefix))]


def _set(call: Call, prefix: str) -> Value:
    owner, rows = _owner(call, prefix), call.classic("rows")
    if not php.is_array(rows):
        raise errors.not_an_array("rows")
    replace(call, _OWNERS[prefix], owner, [php.as_map(row) for row in php.as_list(rows)])
    return True


def _show(field: Field, value: Value) -> Value:
    return value


def _no_owner() -> PortalError:
    return PortalError("OWNER_NOT_FOUND", "Owner was not found")


def _owner_of(call: Call, sent: Map) -> tuple[int, int]:
    """The type and id of the item that owns the rows."""
    for name in ("ownerType", "ownerId"):
        if sent.get(name) is None:
            raise PortalError("100", f"Required fields: {name}")
    number = crm_types.number_of_code(php.text(sent["ownerType"]), call.portal)
    if not number:
        raise PortalError("ENTITY_TYPE_NOT_SUPPORTED", "Working with this type of objects is not supported")
    owner = php.integer(sent["ownerId"])
    if not crm_types.exists(call.portal, number, owner):
        raise _no_owner()
    return number, owner


def item_rows(entity: Entity) -> Face:
    """The face of `crm.item.productrow.*`."""
    names = {field.camel: field for field in entity.columns}
    find = crm_item.by_any_name(entity)

    def absent() -> PortalError:
        return PortalError("NOT_FOUND", "Item not found")

    def described(field: Field) -> Value:
        return {key: value for key, value in php.as_map(crm_item.describe(field)).items() if key != "upperName"} | {
            "type": field.type
        }

    return Face(
        entity,
        names,
        {field.name: field.camel for field in entity.columns},
        _show,
        paging.family_b,
        filters.Language(filters.OPERATORS, find, crm_item.refuse_filter, groups=True),
        crm_item.query,
        crm_item.record_id,
        lambda call, new: crm_item.fields_argument(call),
        absent,
        described,
        envelope="productRows",
        refuse_order=crm_item.refuse_order,
        described_in="fields",
        star=frozenset(field.name for field in entity.columns),
        decorate_one=_account,
        decorate_list=_account,
        single=lambda row: {"productRow": row},
    )


def _account(call: Call, rows: list[Row], shown: list[Map]) -> None:
    for record in shown:
        if "price" in record:
            record["priceAccount"] = record["price"]


def _upper(sent: Map) -> Map:
    known = {field.camel: field for field in PRODUCT_ROW.columns}
    return {known[name].name: value for name, value in sent.items() if name in known and not known[name].read_only}


def _item_add(face: Face, call: Call) -> Value:
    sent = crm_item.fields_argument(call)
    number, owner = _owner_of(call, sent)
    row = _calculated(_upper(sent), None, call)
    place = call.storage.count(PRODUCT_ROW, "OWNER_TYPE = ? and OWNER_ID = ?", [owner_code(number), owner])
    columns = {"SORT": (place + 1) * 10, **row, "OWNER_TYPE": owner_code(number), "OWNER_ID": owner}
    record = call.storage.insert(PRODUCT_ROW, columns)
    _sum_up(call, number, owner)
    return {"productRow": engine.read(face, call, record)}


def _item_update(face: Face, call: Call) -> Value:
    record = crm_item.record_id(call)
    row = engine.stored(face, call, record)
    columns = _calculated(_upper(crm_item.fields_argument(call)), row, call)
    call.storage.update(PRODUCT_ROW, record, {**columns, "ID": record})
    _sum_up(call, crm_types.number_of_code(row.text("OWNER_TYPE"), call.portal), row.integer("OWNER_ID"))
    return {"productRow": engine.read(face, call, record)}


def _item_delete(face: Face, call: Call) -> Value:
    record = crm_item.record_id(call)
    row = engine.stored(face, call, record)
    call.storage.delete(PRODUCT_ROW, record)
    _sum_up(call, crm_types.number_of_code(row.text("OWNER_TYPE"), call.portal), row.integer("OWNER_ID"))
    return None


def _item_set(face: Face, call: Call) -> Value:
    for name in ("ownerType", "ownerId", "productRows"):
        crm_item.required(call, name)
    number, owner = _owner_of(call, call.params)
    sent = [
        _upper(php.as_map(row)) | {"ID": php.as_map(row).get("id")}
        for row in crm_item.array(call, "productRows").values()
    ]
    replace(call, number, owner, sent)
    return {"productRows": [engine.read(face, call, row.id) for row in rows_of(call, number, owner)]}


def _item_list(face: Face, call: Call) -> RowPage:
    """A list of the rows of one owner. Both fields of the owner are required in the filter."""
    conditions = crm_item.array(call, "filter")
    sent = {key.lstrip("=@") for key in conditions}
    for name, upper in (("ownerType", "OWNER_TYPE"), ("ownerId", "OWNER_ID")):
        if not sent & {name, upper}:
            raise PortalError("INVALID_ARG_VALUE", f"Required filter fields: {name}")
    return engine.list_page(face, call)


for _prefix in _OWNERS:
    method.add(f"{_prefix}.productrows.get", partial(_get, prefix=_prefix))
    method.add(f"{_prefix}.productrows.set", partial(_set, prefix=_prefix))
_ACTIONS: dict[str, Callable[[Face, Call], Value]] = {
    "add": _item_add,
    "get": engine.get,
    "list": _item_list,
    "update": _item_update,
    "delete": _item_delete,
    "set": _item_set,
    "fields": engine.describe,
}
for _action, _run in _ACTIONS.items():
    row_action.add(f"crm.item.productrow.{_action}", over_face(item_rows, PRODUCT_ROW, _run))
