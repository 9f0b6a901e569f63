"""Invoices of the old kind, their statuses and recurring templates."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Caller

INVOICE: dict[str, Any] = {
    "ORDER_TOPIC": "Станок",
    "PERSON_TYPE_ID": 4,
    "PAY_SYSTEM_ID": 1,
    "RESPONSIBLE_ID": 4,
    "UF_COMPANY_ID": 5,
    "INVOICE_PROPERTIES": {"INN": "7700000000"},
    "PRODUCT_ROWS": [
        {"ID": 0, "PRODUCT_NAME": "Станок", "QUANTITY": 2, "PRICE": 100, "VAT_RATE": 0.2, "VAT_INCLUDED": "Y"},
        {"ID": 0, "PRODUCT_NAME": "Доставка", "QUANTITY": 1, "PRICE": 50, "VAT_RATE": 0.2},
    ],
}


async def test_an_invoice_adds_up_its_products(write: Caller) -> None:
    made = await write.result("crm.invoice.add", {"fields": INVOICE})
    shown = await write.result("crm.invoice.get", {"id": made})
    assert (shown["ID"], shown["ACCOUNT_NUMBER"], shown["STATUS_ID"]) == (str(made), str(made), "N")
    assert (shown["PRICE"], shown["TAX_VALUE"]) == ("260.00", "43.33")
    assert (shown["RESPONSIBLE_NAME"], shown["RESPONSIBLE_LAST_NAME"]) == ("Тимур", "Ахметов")
    assert [(row["ID"], row["PRODUCT_NAME"]) for row in shown["PRODUCT_ROWS"]] == [(1, "Станок"), (2, "Доставка")]
    assert shown["INVOICE_PROPERTIES"] == {"INN": "7700000000"}
    change = {"PRODUCT_ROWS": [{"ID": 1, "PRODUCT_NAME": "Станок", "QUANTITY": 1, "PRICE": 70}]}
    await write.result("crm.invoice.update", {"id": made, "fields": change})
    answer = await write("crm.invoice.list", {"filter": {"ID": made}})
    (row,) = answer["result"]
    assert (row["PRICE"], row["TAX_VALUE"], answer["total"]) == ("70.00", "0.00", 1)
    assert {"PRODUCT_ROWS", "INVOICE_PROPERTIES"}.isdisjoint(row)


async def test_the_status_decides_whether_an_invoice_is_paid(write: Caller) -> None:
    heard: list[str] = []
    write.sandbox.portal.changes.subscribe(lambda change: heard.append(change.event))
    made = await write.result("crm.invoice.add", {"fields": INVOICE})
    for status, paid in (("P", "Y"), ("P", "Y"), ("D", "N")):
        await write.result("crm.invoice.update", {"id": made, "fields": {"STATUS_ID": status}})
        assert (await write.result("crm.invoice.get", {"id": made}))["PAYED"] == paid
    assert heard.count("ONCRMINVOICESETSTATUS") == 2
    _, answer = await write.refused("crm.invoice.update", {"id": made, "fields": {"STATUS_ID": "X"}})
    assert answer["error_description"] == "The field STATUS_ID is invalid."


async def test_a_status_in_use_or_of_the_system_stays(write: Caller) -> None:
    made = await write.result("crm.invoice.status.add", {"fields": {"NAME": "Ждёт", "SORT": 15}})
    listed = await write.result("crm.invoice.status.list")
    assert [row["NAME"] for row in listed][:2] == ["Черновик", "Ждёт"]
    status = await write.result("crm.invoice.status.get", {"id": made})
    assert (status["STATUS_ID"], status["NAME_INIT"], status["SYSTEM"]) == (str(made), "Ждёт", "N")
    invoice = await write.result("crm.invoice.add", {"fields": {**INVOICE, "STATUS_ID": status["STATUS_ID"]}})
    for kept in (listed[0]["ID"], made):
        await write.refused("crm.invoice.status.delete", {"id": kept})
    await write.result("crm.invoice.delete", {"id": invoice})
    assert await write.result("crm.invoice.status.delete", {"id": made}) is True


async def test_a_template_makes_new_invoices_and_goes_with_its_invoice(write: Caller) -> None:
    invoice = await write.result("crm.invoice.add", {"fields": {**INVOICE, "STATUS_ID": "P", "IS_RECURRING": "Y"}})
    template = await write.result("crm.invoice.recurring.add", {"fields": {"INVOICE_ID": invoice}})
    await write.refused("crm.invoice.recurring.add", {"fields": {"INVOICE_ID": invoice}})
    made = (await write.result("crm.invoice.recurring.expose", {"id": template}))["INVOICE_ID"]
    copied = await write.result("crm.invoice.get", {"id": made})
    assert (copied["STATUS_ID"], copied["PAYED"], copied["PRICE"]) == ("N", "N", "260.00")
    assert copied["ACCOUNT_NUMBER"] == str(made)
    assert (await write.result("crm.invoice.recurring.get", {"id": template}))["COUNTER_REPEAT"] == "1"
    await write.result("crm.invoice.delete", {"id": invoice})
    assert await write.result("crm.invoice.recurring.list") == []


async def test_an_invoice_has_a_public_address(write: Caller) -> None:
    made = await write.result("crm.invoice.add", {"fields": INVOICE})
    address = await write.result("crm.invoice.getexternallink", {"id": made})
    assert f"/pub/invoice/{made}/" in address
    await write.refused("crm.invoice.getexternallink", {"id": 999})
