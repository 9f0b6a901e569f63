"""What the declared families of the shop decide in code: an order with all its parts, values of properties, languages.

Documentation: api-reference/sale.
"""

from __future__ import annotations

from b24_sandbox import declared, errors, php
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of, shown, stored
from b24_sandbox.entities.catalog import PRODUCT
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.declared import admit, run_of
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable, Run

_ORDER = declared.by_name("sale.order")
_BASKET = declared.by_name("sale.basketitem")
_PAYMENT = declared.by_name("sale.payment")
_SHIPMENT = declared.by_name("sale.shipment")
method = MethodTable("sale")
order_action = method.controller(_ORDER.php_class)
basket_action = method.controller(_BASKET.php_class)
shipment_action = method.controller(_SHIPMENT.php_class)
language_action = method.controller(declared.by_name("sale.statusLang").php_class)
register = method.register
_STATUS_LANG = declared.by_name("sale.statusLang")
_LANGUAGES = (("de", "Deutsch"), ("en", "English"), ("ru", "Русский"))


def _children(call: Call, name: str, column: str, record: int) -> list[Map]:
    """The records of a family that belong to a record, as the family shows them."""
    family = declared.by_name(name)
    numbers = call.storage.ids(family.entity, f'"{column}" = ?', [record])
    return [shown(family, call, number) for number in numbers]


def _with_children(call: Call, parents: list[Map], key: str, name: str, column: str) -> list[Map]:
    return [{**parent, key: _children(call, name, column, php.integer(parent["id"]))} for parent in parents]


@order_action("sale.order.get")
def _order_get(call: Call) -> Value:
    """An order with its basket, payments, shipments and values of properties."""
    admit(_ORDER, call, "get")
    record = face_of(_ORDER).record_id(call)
    order = shown(_ORDER, call, record)
    basket = _children(call, "sale.basketitem", "ORDER_ID", record)
    basket = _with_children(call, basket, "properties", "sale.basketproperties", "BASKET_ID")
    shipments = _children(call, "sale.shipment", "ORDER_ID", record)
    parts: Map = {
        "basketItems": [{**item, "reservations": []} for item in basket],
        "clients": [],
        "payments": _children(call, "sale.payment", "ORDER_ID", record),
        "propertyValues": _children(call, "sale.propertyvalue", "ORDER_ID", record),
        "requisiteLink": [],
        "shipments": _with_children(call, shipments, "shipmentItems", "sale.shipmentitem", "ORDER_DELIVERY_ID"),
        "tradeBindings": [],
    }
    return {"order": {**order, **parts}}


@order_action("sale.order.delete")
def _order_delete(call: Call) -> Value:
    admit(_ORDER, call, "delete")
    order = face_of(_ORDER).record_id(call)
    if call.storage.count(_PAYMENT.entity, "ORDER_ID = ? and PAID = 'Y'", [order]):
        raise PortalError("SALE_ORDER_CANCEL_PAYMENT_EXIST_ACTIVE", "Order has active payments")
    return run_of(_ORDER, "delete")(call)


@shipment_action("sale.shipment.delete")
def _shipment_delete(call: Call) -> Value:
    admit(_SHIPMENT, call, "delete")
    row = stored(_SHIPMENT, call, "delete")
    if row["DEDUCTED"] == "Y":
        raise PortalError(
            "SALE_SHIPMENT_EXIST_SHIPPED", "The shipment has already been shipped. Please cancel the shipment"
        )
    return run_of(_SHIPMENT, "delete")(call)


def _same_currency(action: str) -> Run:
    """An item is in the currency of its order."""

    def run(call: Call) -> Value:
        admit(_BASKET, call, action)
        sent = php.as_map(call.exact("fields"))
        order = declared.row_of(call.portal, "sale_order", php.integer(sent.get("orderId")))
        if order is not None and sent.get("currency") not in (None, "", order["CURRENCY"]):
            raise PortalError("200140400011", "Currency must be the currency of the order")
        return run_of(_BASKET, action)(call)

    return run


def _of_catalogue(action: str) -> Run:
    """Add or update an item from a product of the catalogue, which decides its name."""
    run = _same_currency(action)

    def with_product(call: Call) -> Value:
        admit(_BASKET, call, action)
        sent = php.as_map(call.exact("fields"))
        product = call.storage.row(PRODUCT, php.integer(sent.get("productId")))
        if action == "add" and product is None:
            raise PortalError("200140400007", "basket item is not saved - bad data")
        if product is not None:
            found: Map = {"name": product["NAME"], "productXmlId": product["XML_ID"]}
            call.params = {**call.params, "fields": {**found, **sent}}
        return run(call)

    return with_product


def _modify(values: str, owner: str, owner_column: str, property_family: str, missing: PortalError) -> Run:
    """Write the values of properties of an order or a shipment and return them."""
    family, properties = declared.by_name(values), declared.by_name(property_family)
    props = next(name for name in family.entity.fields if name.endswith("_PROPS_ID"))
    link = family.entity.fields[props].camel
    parent = declared.by_name(f"sale.{owner}")

    def run(call: Call) -> Value:
        admit(family, call, "update")
        sent = php.as_map(php.as_map(call.exact("fields")).get(owner))
        if not sent:
            raise errors.missing_parameter("fields")
        record = php.integer(sent.get("id"))
        if call.storage.row(parent.entity, record) is None:
            raise PortalError(missing.code, missing.description)
        storage = call.storage
        for item in map(php.as_map, php.as_list(sent.get("propertyValues"))):
            number = php.integer(item.get(link))
            described = storage.row(properties.entity, number)
            if described is None:
                continue
            columns: Map = {owner_column: record, props: number, "VALUE": php.text(item.get("value"))}
            columns |= {"NAME": described["NAME"], "CODE": described["CODE"]}
            where = f'"{owner_column}" = ? and "{props}" = ?'
            found = storage.ids(family.entity, where, [record, number])
            if found:
                storage.update(family.entity, found[0], columns)
            else:
                storage.insert(family.entity, columns)
        return {"propertyValues": _children(call, values, owner_column, record)}

    return run


@language_action("sale.statusLang.getListLangs")
def _languages(call: Call) -> Value:
    admit(_STATUS_LANG, call, "list")
    langs = [{"active": "Y", "lid": lid, "name": name} for lid, name in _LANGUAGES]
    return {"langs": langs, "total": len(langs)}


@basket_action("sale.basketitem.getFieldsCatalogProduct")
def _catalogue_fields(call: Call) -> Value:
    """The fields of an item from the catalogue: the product decides most of them."""
    described = php.as_map(php.as_map(run_of(_BASKET, "fields")(call))["basketItem"])
    own = {"orderId", "productId", "currency", "quantity", "sort", "xmlId"}
    fields = {
        name: facts if name in own else {**php.as_map(facts), "isReadOnly": True, "isRequired": False}
        for name, facts in described.items()
    }
    return {"basketItem": fields}


_NO_ORDER = PortalError("201040400005", "Order not found")
_NO_SHIPMENT = PortalError("201040400007", "Shipment not found")
for _action in ("add", "update"):
    basket_action.add(f"sale.basketitem.{_action}", _same_currency(_action))
    basket_action.add(f"sale.basketitem.{_action}CatalogProduct", _of_catalogue(_action))
method.controller(declared.by_name("sale.propertyvalue").php_class).add(
    "sale.propertyvalue.modify", _modify("sale.propertyvalue", "order", "ORDER_ID", "sale.property", _NO_ORDER)
)
method.controller(declared.by_name("sale.shipmentpropertyvalue").php_class).add(
    "sale.shipmentpropertyvalue.modify",
    _modify("sale.shipmentpropertyvalue", "shipment", "SHIPMENT_ID", "sale.shipmentproperty", _NO_SHIPMENT),
)
