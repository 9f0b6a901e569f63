"""Payment systems, delivery services, cash registers and their handlers."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller, http

HANDLERS = [
    ("sale.paysystem.handler", {"NAME": "H", "CODE": "h", "SETTINGS": {"CODES": {"A": {"NAME": "a"}}}}),
    ("sale.cashbox.handler", {"NAME": "H", "CODE": "h", "SETTINGS": {"PRINT_URL": "https://a.example.com"}}),
]
DELIVERY_HANDLER = {
    "NAME": "Uber",
    "CODE": "uber",
    "SETTINGS": {"CALCULATE_URL": "https://a.example.com"},
    "PROFILES": [{"NAME": "Taxi", "CODE": "TAXI", "DESCRIPTION": "Fast"}, {"NAME": "Cargo", "CODE": "CARGO"}],
}


async def _delivery(write: Caller) -> dict[str, Any]:
    await write.result("sale.delivery.handler.add", DELIVERY_HANDLER)
    config = [{"CODE": "S1", "VALUE": "a"}, {"CODE": "S2", "VALUE": "N"}]
    sent = {"REST_CODE": "uber", "NAME": "Такси", "CURRENCY": "RUB", "CONFIG": config}
    added: dict[str, Any] = await write.result("sale.delivery.add", sent)
    return added


@pytest.mark.parametrize(("family", "fields"), HANDLERS)
async def test_a_handler_is_added_once_changed_listed_and_deleted(
    write: Caller, family: str, fields: dict[str, Any]
) -> None:
    number = await write.result(f"{family}.add", fields)
    _, answer = await write.refused(f"{family}.add", fields)
    assert answer == {"error": "ERROR_HANDLER_ALREADY_EXIST", "error_description": "Handler already exists!"}
    assert await write.result(f"{family}.update", {"ID": number, "FIELDS": {"NAME": "Новый"}}) is True
    rows = await write.result(f"{family}.list")
    shown = {name: rows[0][name] for name in ("ID", "NAME", "CODE", "SORT", "SETTINGS")}
    assert shown == {"ID": str(number), "NAME": "Новый", "CODE": "h", "SORT": "100", "SETTINGS": fields["SETTINGS"]}
    assert await write.result(f"{family}.delete", {"ID": number}) is True
    for verb in ("update", "delete"):
        _, answer = await write.refused(f"{family}.{verb}", {"ID": number, "FIELDS": {"NAME": "x"}})
        assert answer["error"] == "ERROR_HANDLER_NOT_FOUND"


async def test_a_payment_system_pays_a_payment(write: Caller) -> None:
    family, fields = HANDLERS[0]
    await write.result(f"{family}.add", fields)
    settings = {"A": {"TYPE": "VALUE", "VALUE": "x"}}
    sent = {"NAME": "Карта", "PERSON_TYPE_ID": 3, "BX_REST_HANDLER": "h", "SETTINGS": settings}
    number = await write.result("sale.paysystem.add", sent)
    asked = {"SELECT": ["ID", "NAME", "ACTION_FILE", "ACTIVE"], "FILTER": {"ID": number}}
    row = {"ID": str(number), "NAME": "Карта", "ACTION_FILE": "h", "ACTIVE": "N"}
    assert await write.result("sale.paysystem.list", asked) == [row]
    assert await write.result("sale.paysystem.update", {"ID": number, "FIELDS": {"ACTIVE": "Y"}}) is True
    assert await write.result("sale.paysystem.list", asked) == [{**row, "ACTIVE": "Y"}]
    changed = {"ID": number, "SETTINGS": {"B": {"TYPE": "VALUE", "VALUE": "y"}}}
    assert await write.result("sale.paysystem.settings.update", changed) is True
    assert await write.result("sale.paysystem.settings.get", {"ID": number}) == {"A": "x", "B": "y"}
    order = {"lid": "s1", "personTypeId": 3, "currency": "RUB"}
    parent = (await write.result("sale.order.add", {"fields": order}))["order"]["id"]
    bill = {"orderId": parent, "paySystemId": number, "sum": 5}
    payment = (await write.result("sale.payment.add", {"fields": bill}))["payment"]
    assert (payment["paySystemName"], payment["paid"]) == ("Карта", "N")
    paid = {"PAYMENT_ID": payment["id"], "PAY_SYSTEM_ID": number}
    assert await write.result("sale.paysystem.pay.payment", paid) is True
    assert (await write.result("sale.payment.get", {"id": payment["id"]}))["payment"]["paid"] == "Y"
    assert await write.result("sale.paysystem.settings.payment.get", paid) == {"A": "x", "B": "y"}
    assert await write.result("sale.paysystem.delete", {"ID": number}) is True
    _, answer = await write.refused("sale.paysystem.delete", {"ID": number})
    assert answer == {"error": "ERROR_PAY_SYSTEM_NOT_FOUND", "error_description": "Pay system not found"}


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("sale.paysystem.add", {}, "ERROR_CHECK_FAILURE", "Parameter NAME is not defined"),
        ("sale.paysystem.delete", {}, "ERROR_CHECK_FAILURE", "Parameter ID is not defined"),
        (
            "sale.paysystem.add",
            {"NAME": "x", "PERSON_TYPE_ID": 3, "BX_REST_HANDLER": "none"},
            "ERROR_HANDLER_NOT_FOUND",
            "Handler not found",
        ),
        ("sale.paysystem.settings.get", {"ID": 99}, "ERROR_CHECK_FAILURE", "Pay system not found"),
        ("sale.delivery.add", {"NAME": "x"}, "ERROR_CHECK_FAILURE", "Parameter CURRENCY is not defined"),
        ("sale.delivery.config.get", {"ID": 99}, "ERROR_DELIVERY_NOT_FOUND", "Delivery not found"),
        ("sale.delivery.extra.service.get", {"DELIVERY_ID": 99}, "ERROR_DELIVERY_NOT_FOUND", "Delivery not found"),
        ("sale.delivery.extra.service.get", {}, "ERROR_CHECK_FAILURE", "Parameter DELIVERY_ID is not defined"),
        ("sale.cashbox.list", {"SELECT": ["COLOUR"]}, "", "COLOUR not allowed for select"),
        ("sale.cashbox.delete", {"ID": 99}, "ERROR_CASHBOX_NOT_FOUND", "Cash register not found"),
    ],
)
async def test_wrong_calls_of_services_are_refused(
    call: Caller, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    status, answer = await call.refused(method, params)
    assert (status, answer["error"]) == (400, code)
    assert answer["error_description"].startswith(text)


async def test_a_delivery_service_has_the_profiles_of_its_handler(write: Caller) -> None:
    added = await _delivery(write)
    parent = added["parent"]
    assert (parent["NAME"], parent["ACTIVE"], parent["SORT"], parent["PARENT_ID"]) == ("Такси", "Y", 500, None)
    assert [(each["NAME"], each["PARENT_ID"]) for each in added["profiles"]] == [
        ("Taxi", parent["ID"]),
        ("Cargo", parent["ID"]),
    ]
    assert await write.result("sale.delivery.update", {"ID": parent["ID"], "NAME": "Машина"}) is True
    asked = {"SELECT": ["ID", "NAME"], "FILTER": {"@ID": [parent["ID"]]}}
    assert await write.result("sale.delivery.getlist", asked) == [{"ID": parent["ID"], "NAME": "Машина"}]
    config = {"ID": parent["ID"], "CONFIG": [{"CODE": "S2", "VALUE": "Y"}]}
    assert await write.result("sale.delivery.config.update", config) is True
    stored = await write.result("sale.delivery.config.get", {"ID": parent["ID"]})
    assert stored == [{"CODE": "S1", "VALUE": "a"}, {"CODE": "S2", "VALUE": "Y"}]
    assert await write.result("sale.delivery.delete", {"ID": parent["ID"]}) is True
    left = await write.result("sale.delivery.getlist", {"FILTER": {"PARENT_ID": parent["ID"]}})
    assert left == []
    _, answer = await write.refused("sale.delivery.update", {"ID": parent["ID"], "NAME": "x"})
    assert answer["error"] == "ERROR_DELIVERY_NOT_FOUND"


async def test_additional_services_belong_to_a_delivery(write: Caller) -> None:
    delivery = (await _delivery(write))["parent"]["ID"]
    door = {"DELIVERY_ID": delivery, "NAME": "До двери", "TYPE": "checkbox", "PRICE": 99.99, "ACTIVE": "Y"}
    number = await write.result("sale.delivery.extra.service.add", door)
    kinds = {**door, "TYPE": "enum", "ITEMS": [{"TITLE": "Пакет", "PRICE": 1}], "SORT": 200}
    await write.result("sale.delivery.extra.service.add", kinds)
    found = await write.result("sale.delivery.extra.service.get", {"DELIVERY_ID": delivery})
    assert [(each["TYPE"], each["PRICE"], "ITEMS" in each) for each in found] == [
        ("checkbox", 99.99, False),
        ("enum", 99.99, True),
    ]
    assert await write.result("sale.delivery.extra.service.update", {"ID": number, "NAME": "x"}) is True
    assert await write.result("sale.delivery.extra.service.delete", {"ID": number}) is True
    _, answer = await write.refused("sale.delivery.extra.service.delete", {"ID": number})
    assert answer["error"] == "ERROR_EXTRA_SERVICE_NOT_FOUND"
    _, answer = await write.refused("sale.delivery.extra.service.add", {**door, "TYPE": "gift"})
    assert answer["error"] == "ERROR_CHECK_FAILURE"


async def test_a_shipment_names_an_existing_delivery(write: Caller) -> None:
    order = {"lid": "s1", "personTypeId": 3, "currency": "RUB"}
    parent = (await write.result("sale.order.add", {"fields": order}))["order"]["id"]
    fields = {"orderId": parent, "deliveryId": 2, "allowDelivery": "N", "deducted": "N"}
    shipment = (await write.result("sale.shipment.add", {"fields": fields}))["shipment"]
    assert shipment["deliveryName"] == "Доставка курьером"
    _, answer = await write.refused("sale.shipment.add", {"fields": {**fields, "deliveryId": 99}})
    assert answer["error"] == "SALE_SHIPMENT_WRONG_DELIVERY_SERVICE"


async def test_a_cash_register_is_added_listed_and_deleted(write: Caller) -> None:
    await write.result("sale.cashbox.handler.add", HANDLERS[1][1])
    number = await write.result("sale.cashbox.add", {"NAME": "Касса", "REST_CODE": "h", "EMAIL": "a@example.com"})
    assert await write.result("sale.cashbox.update", {"ID": number, "FIELDS": {"SORT": 5}}) is True
    rows = await write.result("sale.cashbox.list", {"SELECT": ["ID", "NAME", "SORT", "ACTIVE"]})
    assert rows == [{"ID": str(number), "NAME": "Касса", "ACTIVE": "N", "SORT": "5"}]
    assert await write.result("sale.cashbox.delete", {"ID": number}) is True
    assert await write.result("sale.cashbox.list") == []


async def test_sources_of_orders_are_listed(call: Caller) -> None:
    platforms = await call.result("sale.tradePlatform.list", {"select": ["id", "code"]})
    assert platforms == {"tradePlatforms": [{"id": 1, "code": "smart_invoice"}]}
    assert await call.result("sale.tradeBinding.list") == {"tradeBindings": []}
    fields = (await call.result("sale.tradeBinding.getFields"))["tradeBinding"]
    assert fields["externalOrderId"] == {
        "isImmutable": True,
        "isReadOnly": False,
        "isRequired": True,
        "type": "string",
    }


@pytest.mark.parametrize("method", ["sale.paysystem.list", "sale.delivery.getlist", "sale.cashbox.list"])
async def test_only_an_administrator_sees_services(own: Sandbox, method: str) -> None:
    async with http(own) as client:
        seller = Caller(own, client)
        seller.base = f"/rest/{USER_WEBHOOK}/"
        status, answer = await seller.refused(method)
    assert (status, answer) == (403, {"error": "ACCESS_DENIED", "error_description": "Access denied!"})


async def test_a_payment_system_is_selected_and_filtered_by_names_in_any_case(write: Caller) -> None:
    """The integration suite of the official PHP SDK selects `id` and reads `ID`."""
    query = {"select": ["id"], "filter": {"active": "Y"}, "order": {"id": "ASC"}}
    assert await write.result("sale.paysystem.list", query) == [{"ID": "1"}]
