"""The shop: orders with their parts, directories, and the errors with the numbers of the documentation."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller, http

ORDER = {"lid": "s1", "personTypeId": 3, "currency": "RUB"}


async def _order(write: Caller) -> int:
    number: int = (await write.result("sale.order.add", {"fields": ORDER}))["order"]["id"]
    return number


async def _item(write: Caller, order: int, **fields: object) -> int:
    sent = {"orderId": order, "productId": 0, "name": "Стол", "currency": "RUB", "quantity": 2, **fields}
    number: int = (await write.result("sale.basketitem.add", {"fields": sent}))["basketItem"]["id"]
    return number


async def _payment(write: Caller, order: int, **fields: object) -> int:
    sent = {"orderId": order, "paySystemId": 1, "sum": 100, **fields}
    number: int = (await write.result("sale.payment.add", {"fields": sent}))["payment"]["id"]
    return number


async def _shipment(write: Caller, order: int, **fields: object) -> int:
    sent = {"orderId": order, "deliveryId": 1, "allowDelivery": "N", "deducted": "N", **fields}
    number: int = (await write.result("sale.shipment.add", {"fields": sent}))["shipment"]["id"]
    return number


SIMPLE: list[tuple[str, str, str, dict[str, Any], dict[str, Any], str]] = [
    ("sale.persontype", "personType", "personTypes", {"name": "ИП"}, {"name": "Самозанятый"}, "200740400001"),
    (
        "sale.propertygroup",
        "propertyGroup",
        "propertyGroups",
        {"name": "Адрес", "personTypeId": 3},
        {"name": "Доставка", "personTypeId": 3},
        "200940400001",
    ),
    (
        "sale.property",
        "property",
        "properties",
        {"name": "Комментарий", "type": "STRING", "personTypeId": 3, "propsGroupId": 5},
        {"name": "Пожелания"},
        "200840400001",
    ),
    (
        "sale.shipmentproperty",
        "property",
        "properties",
        {"name": "Этаж", "type": "NUMBER", "personTypeId": 3, "propsGroupId": 5},
        {"name": "Подъезд"},
        "200840400001",
    ),
    (
        "sale.propertyvariant",
        "propertyVariant",
        "propertyVariants",
        {"name": "Красный", "value": "red", "orderPropsId": 20},
        {"name": "Алый", "value": "scarlet"},
        "201540400001",
    ),
    ("sale.order", "order", "orders", {**ORDER, "comments": "a"}, {"comments": "b"}, "200540400001"),
]


@pytest.mark.parametrize(("family", "one", "many", "fields", "changed", "missing"), SIMPLE)
async def test_a_record_is_added_read_listed_updated_and_deleted(
    write: Caller, family: str, one: str, many: str, fields: dict[str, Any], changed: dict[str, Any], missing: str
) -> None:
    added = (await write.result(f"{family}.add", {"fields": fields}))[one]
    assert {name: added[name] for name in fields} == fields
    number = added["id"]
    assert added.items() <= (await write.result(f"{family}.get", {"id": number}))[one].items()
    listed = await write(f"{family}.list", {"filter": {"id": number}, "select": ["id", *fields]})
    assert listed["result"] == {many: [{"id": number, **fields}]}
    assert listed["total"] == 1
    updated = (await write.result(f"{family}.update", {"id": number, "fields": changed}))[one]
    assert {name: updated[name] for name in changed} == changed
    assert await write.result(f"{family}.delete", {"id": number}) is True
    for verb in ("get", "update", "delete"):
        status, answer = await write.refused(f"{family}.{verb}", {"id": number, "fields": changed})
        assert (status, answer["error"]) == (400, missing)


async def test_a_list_has_pages_of_fifty(write: Caller) -> None:
    for number in range(52):
        await write.result("sale.propertygroup.add", {"fields": {"name": f"g{number}", "personTypeId": 4}})
    asked = {"filter": {"%name": "g"}, "order": {"id": "desc"}, "select": ["name"]}
    first = await write("sale.propertygroup.list", asked)
    assert (first["total"], first["next"], len(first["result"]["propertyGroups"])) == (52, 50, 50)
    assert first["result"]["propertyGroups"][0]["name"] == "g51"
    second = await write("sale.propertygroup.list", {**asked, "start": 50})
    assert [row["name"] for row in second["result"]["propertyGroups"]] == ["g1", "g0"]
    assert "next" not in second
    beyond = await write("sale.propertygroup.list", {**asked, "start": 100})
    assert beyond["result"]["propertyGroups"] == []


async def test_an_order_shows_everything_that_belongs_to_it(write: Caller) -> None:
    order = await _order(write)
    item = await _item(write, order, price=10.5)
    detail = {"basketId": item, "name": "Цвет", "code": "COLOR", "value": "белый"}
    await write.result("sale.basketproperties.add", {"fields": detail})
    await _payment(write, order)
    payment = await _payment(write, order)
    shipment = await _shipment(write, order)
    content = {"orderDeliveryId": shipment, "basketId": item, "quantity": 1}
    await write.result("sale.shipmentitem.add", {"fields": content})
    shown = (await write.result("sale.order.get", {"id": order}))["order"]
    assert [(each["price"], each["properties"][0]["value"]) for each in shown["basketItems"]] == [(10.5, "белый")]
    assert [each["accountNumber"] for each in shown["payments"]] == [f"{order}/1", f"{order}/2"]
    assert shown["payments"][1]["id"] == payment
    assert shown["payments"][0]["currency"] == "RUB"
    assert shown["shipments"][0]["shipmentItems"][0]["basketId"] == item
    assert (shown["accountNumber"], shown["statusId"], shown["userId"]) == (str(order), "N", 1)
    assert shown["dateInsert"] == "2026-03-01T12:00:00+03:00"


async def test_an_order_is_deleted_with_its_parts_unless_it_is_paid(write: Caller) -> None:
    order = await _order(write)
    item = await _item(write, order)
    payment = await _payment(write, order, paid="Y")
    _, answer = await write.refused("sale.order.delete", {"id": order})
    assert answer["error"] == "SALE_ORDER_CANCEL_PAYMENT_EXIST_ACTIVE"
    await write.result("sale.payment.update", {"id": payment, "fields": {"paySystemId": 1, "paid": "N"}})
    binding = {"paymentId": payment, "basketId": item, "quantity": 1}
    await write.result("sale.paymentitembasket.add", {"fields": binding})
    assert await write.result("sale.order.delete", {"id": order}) is True
    for method, key in (
        ("sale.basketitem.list", "basketItems"),
        ("sale.payment.list", "payments"),
        ("sale.paymentitembasket.list", "paymentItemsBasket"),
    ):
        assert await write.result(method) == {key: []}


async def test_an_item_of_the_basket_is_counted_and_has_the_currency_of_its_order(write: Caller) -> None:
    order = await _order(write)
    fields = {"orderId": order, "productId": 0, "name": "Стул", "currency": "RUB", "quantity": 1.5}
    added = await write("sale.basketitem.add", {"fields": fields})
    assert (added["total"], added["result"]["basketItem"]["quantity"]) == (1, 1.5)
    number = added["result"]["basketItem"]["id"]
    changed = await write.result("sale.basketitem.update", {"id": number, "fields": {"quantity": 3}})
    assert (changed["basketItem"]["quantity"], changed["basketItem"]["name"]) == (3, "Стул")
    _, answer = await write.refused("sale.basketitem.add", {"fields": {**fields, "currency": "USD"}})
    assert answer["error"] == "200140400011"
    _, answer = await write.refused("sale.basketitem.add", {"fields": {**fields, "orderId": 99}})
    assert (answer["error"], answer["error_description"]) == ("200140400009", "Order not found")
    _, answer = await write.refused("sale.basketitem.get", {"id": 99})
    assert answer["error"] == "200140400001"


async def test_an_item_from_the_catalogue_has_the_name_of_its_product(write: Caller) -> None:
    order = await _order(write)
    product = (await write.result("catalog.product.get", {"id": 1}))["product"]
    fields = {"orderId": order, "productId": 1, "currency": "RUB", "quantity": 1}
    added = await write.result("sale.basketitem.addCatalogProduct", {"fields": fields})
    assert added["basketItem"]["name"] == product["name"]
    _, answer = await write.refused("sale.basketitem.addCatalogProduct", {"fields": {**fields, "productId": 9999}})
    assert answer["error"] == "200140400007"
    described = await write.result("sale.basketitem.getFieldsCatalogProduct")
    assert described["basketItem"]["basePrice"]["isReadOnly"] is True


async def test_a_payment_is_bound_once_to_an_item_and_a_shipment(write: Caller) -> None:
    order = await _order(write)
    payment, shipment, item = await _payment(write, order), await _shipment(write, order), await _item(write, order)
    for family, key, fields in (
        ("sale.paymentitembasket", "paymentItemBasket", {"paymentId": payment, "basketId": item, "quantity": 1}),
        ("sale.paymentItemShipment", "paymentItemShipment", {"paymentId": payment, "shipmentId": shipment}),
        ("sale.shipmentitem", "shipmentItem", {"orderDeliveryId": shipment, "basketId": item, "quantity": 1}),
    ):
        added = (await write.result(f"{family}.add", {"fields": fields}))[key]
        _, answer = await write.refused(f"{family}.add", {"fields": fields})
        assert answer["error"] == "201250000001"
        changed = {"quantity": 1, "xmlId": "x"}
        updated = (await write.result(f"{family}.update", {"id": added["id"], "fields": changed}))[key]
        assert updated == {**added, "xmlId": "x"}
        assert await write.result(f"{family}.delete", {"id": added["id"]}) is True
        _, answer = await write.refused(f"{family}.get", {"id": added["id"]})
        assert answer["error"] == "201240400001"
    _, answer = await write.refused("sale.paymentitembasket.add", {"fields": {**fields, "paymentId": 99}})
    assert (answer["error"], answer["error_description"]) == ("201240400002", "payment not exists")


async def test_a_shipped_shipment_is_not_deleted(write: Caller) -> None:
    shipment = await _shipment(write, await _order(write), deducted="Y")
    _, answer = await write.refused("sale.shipment.delete", {"id": shipment})
    assert answer["error"] == "SALE_SHIPMENT_EXIST_SHIPPED"
    _, answer = await write.refused("sale.shipment.update", {"id": shipment, "fields": {"comments": "x"}})
    assert answer == {"error": "0", "error_description": "Required fields: allowDelivery, deducted, deliveryId"}
    changed = {"allowDelivery": "Y", "deducted": "N", "deliveryId": 1, "priceDelivery": 99.5}
    updated = await write.result("sale.shipment.update", {"id": shipment, "fields": changed})
    assert updated["shipment"]["priceDelivery"] == 99.5
    assert await write.result("sale.shipment.delete", {"id": shipment}) is True
    _, answer = await write.refused("sale.shipment.get", {"id": shipment})
    assert answer["error"] == "201140400001"


async def test_values_of_properties_are_written_for_an_order(write: Caller) -> None:
    order = await _order(write)
    values = [{"orderPropsId": 20, "value": "Анна"}, {"orderPropsId": 999, "value": "x"}]
    sent = {"fields": {"order": {"id": order, "propertyValues": values}}}
    (value,) = (await write.result("sale.propertyvalue.modify", sent))["propertyValues"]
    assert (value["code"], value["orderPropsId"], value["value"]) == ("FIO", 20, "Анна")
    sent["fields"]["order"]["propertyValues"] = [{"orderPropsId": 20, "value": "Ольга"}]
    (again,) = (await write.result("sale.propertyvalue.modify", sent))["propertyValues"]
    assert again == {**value, "value": "Ольга"}
    shown = (await write.result("sale.order.get", {"id": order}))["order"]
    assert [each["value"] for each in shown["propertyValues"]] == ["Ольга"]
    listed = await write.result("sale.propertyvalue.list", {"filter": {"orderId": order}, "select": ["value"]})
    assert [row["value"] for row in listed["propertyValues"]] == ["Ольга"]
    assert await write.result("sale.propertyvalue.delete", {"id": value["id"]}) is True
    _, answer = await write.refused("sale.propertyvalue.get", {"id": value["id"]})
    assert answer["error"] == "201040400001"
    _, answer = await write.refused("sale.propertyvalue.modify", {})
    assert answer == {"error": "100", "error_description": "Could not find value for parameter {fields}"}


async def test_a_status_is_found_by_its_code(write: Caller) -> None:
    fields = {"id": "MS", "type": "O", "sort": 500, "color": "#FF0000"}
    added = (await write.result("sale.status.add", {"fields": fields}))["status"]
    assert added == {**fields, "notify": "Y", "xmlId": None}
    assert (await write.result("sale.status.get", {"id": "MS"}))["status"] == added
    statuses = (await write.result("sale.status.list", {"filter": {"type": "O"}, "select": ["id"]}))["statuses"]
    assert statuses == [{"id": "N"}, {"id": "F"}, {"id": "MS"}]
    _, answer = await write.refused("sale.status.add", {"fields": fields})
    assert answer == {"error": "201350000001", "error_description": "Duplicate entry for key [id]"}
    _, answer = await write.refused("sale.status.update", {"id": "MS", "fields": {"sort": 1}})
    assert answer == {"error": "0", "error_description": "Required fields: type"}
    _, answer = await write.refused("sale.status.update", {"id": "MS", "fields": {"type": "X"}})
    assert answer["error"] == "201350000003"
    assert await write.result("sale.status.delete", {"id": "MS"}) is True
    _, answer = await write.refused("sale.status.get", {"id": "MS"})
    assert answer["error"] == "201340400001"
    _, answer = await write.refused("sale.status.delete", {"id": "N"})
    assert answer["error"] == "201350000002"


async def test_records_without_an_id_are_deleted_by_their_values(write: Caller) -> None:
    for family, key, fields, missing in (
        ("sale.statusLang", "statusLang", {"statusId": "N", "lid": "en", "name": "New"}, "201740400001"),
        (
            "sale.propertyRelation",
            "propertyRelation",
            {"entityId": 1, "entityType": "D", "propertyId": 20},
            "201640400004",
        ),
    ):
        added = (await write.result(f"{family}.add", {"fields": fields}))[key]
        assert {name: added[name] for name in fields} == fields
        assert "id" not in added
        assert "id" not in (await write.result(f"{family}.getFields"))[key]
        assert added in (await write.result(f"{family}.list"))[f"{key}s"]
        assert await write.result(f"{family}.deleteByFilter", {"fields": fields}) is True
        _, answer = await write.refused(f"{family}.deleteByFilter", {"fields": fields})
        assert answer["error"] == missing
    assert {lang["lid"] for lang in (await write.result("sale.statusLang.getListLangs"))["langs"]} >= {"de", "en"}


async def test_a_payer_type_in_use_is_not_deleted(write: Caller) -> None:
    await _order(write)
    _, answer = await write.refused("sale.persontype.delete", {"id": 3})
    assert answer == {"error": "200750000008", "error_description": "The payer type with ID=3 is used in orders"}
    same = {"name": "x", "code": "CRM_COMPANY"}
    _, answer = await write.refused("sale.persontype.add", {"fields": same})
    assert answer["error_description"] == "person type code exists"
    domain = {"personTypeId": 3, "domain": "E"}
    _, answer = await write.refused("sale.businessValuePersonDomain.add", {"fields": domain})
    assert answer["error"] == "201450000001"


async def test_immutable_and_read_only_fields_keep_their_values(write: Caller) -> None:
    order = await _order(write)
    changed = {"currency": "USD", "accountNumber": "x", "price": 7}
    updated = (await write.result("sale.order.update", {"id": order, "fields": changed}))["order"]
    assert (updated["currency"], updated["accountNumber"], updated["price"]) == ("RUB", str(order), 7)


async def test_fields_are_described_with_three_flags(call: Caller) -> None:
    fields = (await call.result("sale.order.getFields"))["order"]
    assert fields["currency"] == {"isImmutable": True, "isReadOnly": False, "isRequired": True, "type": "string"}
    assert fields["statusId"]["type"] == "char"
    assert (await call.result("sale.basketproperties.getFields"))["basketProperties"]["basketId"]["isImmutable"] is True
    assert (await call.result("sale.property.getFieldsByType", {"type": "STRING"}))["property"]["settings"]


@pytest.mark.parametrize(
    ("method", "code"),
    [("sale.order.list", "200040300010"), ("sale.order.add", "200040300020"), ("sale.order.get", "200040300010")],
)
async def test_only_an_administrator_sees_the_shop(own: Sandbox, method: str, code: str) -> None:
    async with http(own) as client:
        caller = Caller(own, client)
        caller.base = f"/rest/{USER_WEBHOOK}/"
        status, answer = await caller.refused(method, {"id": 1, "fields": ORDER})
    assert (status, answer["error"], answer["error_description"]) == (400, code, "Access Denied")
