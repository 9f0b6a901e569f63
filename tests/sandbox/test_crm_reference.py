"""Product rows, directories, currencies, duplicates, the classic catalogue, announced changes."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox.changes import RecordChange
from tests.sandbox.conftest import Caller


async def test_prices_of_a_row_are_computed_from_discount_and_tax(write: Caller) -> None:
    sent = {"productName": "Станок", "price": 80000, "quantity": 2, "discountTypeId": 2, "discountRate": 20}
    fields = {"ownerType": "D", "ownerId": 1, **sent, "taxRate": 20, "taxIncluded": "Y", "measureCode": 796}
    row = (await write.result("crm.item.productrow.add", {"fields": fields}))["productRow"]
    assert {name: row[name] for name in sent} == sent
    assert (row["priceExclusive"], row["priceNetto"], row["priceBrutto"], row["discountSum"]) == (
        66666.67,
        83333.34,
        100000.01,
        16666.67,
    )
    assert (await write.result("crm.deal.get", {"id": 1}))["OPPORTUNITY"] == "160000.00"
    classic = await write.result("crm.deal.productrows.get", {"id": 1})
    assert [(item["ID"], item["OWNER_TYPE"], item["PRICE"]) for item in classic] == [(str(row["id"]), "D", 80000)]


async def test_set_replaces_all_rows_of_an_item(write: Caller) -> None:
    owner = {"ownerType": "D", "ownerId": 1}
    rows = [{"productName": "a", "price": 10, "quantity": 3}, {"productName": "b", "price": 5}]
    made = (await write.result("crm.item.productrow.set", {**owner, "productRows": rows}))["productRows"]
    assert [(row["productName"], row["quantity"], row["sort"]) for row in made] == [("a", 3, 10), ("b", 1, 20)]
    kept = [{"id": made[0]["id"], "quantity": 4}]
    left = (await write.result("crm.item.productrow.set", {**owner, "productRows": kept}))["productRows"]
    assert [(row["id"], row["productName"], row["quantity"]) for row in left] == [(made[0]["id"], "a", 4)]
    assert (await write.result("crm.deal.get", {"id": 1}))["OPPORTUNITY"] == "40.00"


async def test_a_list_of_rows_requires_one_owner(write: Caller) -> None:
    _, answer = await write.refused("crm.item.productrow.list", {"filter": {"=ownerType": "D"}})
    assert answer["error"] == "INVALID_ARG_VALUE"
    await write.result("crm.lead.productrows.set", {"id": 1, "rows": [{"PRODUCT_NAME": "a", "PRICE": 1}]})
    of_deal = await write("crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": 1}})
    assert (of_deal["result"]["productRows"], of_deal["total"]) == ([], 0)
    of_lead = await write("crm.item.productrow.list", {"filter": {"=ownerType": "L", "=ownerId": 1}})
    assert of_lead["total"] == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ownerType": "D", "ownerId": 9999, "price": 1}, "OWNER_NOT_FOUND"),
        ({"ownerType": "ZZ", "ownerId": 1, "price": 1}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ({"ownerId": 1, "price": 1}, "100"),
    ],
)
async def test_a_row_without_an_owner_is_refused(write: Caller, fields: dict[str, Any], code: str) -> None:
    _, answer = await write.refused("crm.item.productrow.add", {"fields": fields})
    assert answer["error"] == code


async def test_a_discount_without_its_rate_is_refused(write: Caller) -> None:
    rows = [{"PRODUCT_NAME": "a", "PRICE": 1, "DISCOUNT_TYPE_ID": 2}]
    _, answer = await write.refused("crm.deal.productrows.set", {"id": 1, "rows": rows})
    assert answer["error"] == "ERROR_CORE"
    assert answer["error_description"].endswith("<br>")


async def test_a_stage_of_a_pipeline_gets_its_prefix(write: Caller) -> None:
    fields = {"ENTITY_ID": "DEAL_STAGE_1", "STATUS_ID": "CHECK", "NAME": "Проверка", "SORT": 25, "COLOR": "#112233"}
    number = await write.result("crm.status.add", {"fields": fields})
    stored = await write.result("crm.status.get", {"id": number})
    assert (stored["STATUS_ID"], stored["CATEGORY_ID"], stored["COLOR"]) == ("C1:CHECK", "1", "#112233")
    await write.result("crm.item.update", {"entityTypeId": 2, "id": 4, "fields": {"stageId": "C1:CHECK"}})
    _, answer = await write.refused("crm.status.delete", {"id": number})
    assert answer["error"] == "There are active items in this status."


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"STATUS_ID": "A", "NAME": "a"}, "The field ENTITY_ID is required."),
        ({"ENTITY_ID": "SOURCE", "NAME": "a"}, "The field STATUS_ID is required."),
        ({"ENTITY_ID": "NO_SUCH", "STATUS_ID": "A", "NAME": "a"}, "Specified entity type is not supported."),
        ({"ENTITY_ID": "SOURCE", "STATUS_ID": "A"}, "The field Title is required."),
    ],
)
async def test_the_error_for_a_status_names_the_missing_field(write: Caller, fields: dict[str, str], text: str) -> None:
    _, answer = await write.refused("crm.status.add", {"fields": fields})
    assert answer == {"error": "", "error_description": text}


async def test_a_status_is_updated_and_deleted_and_a_system_one_only_with_forced(write: Caller) -> None:
    fields = {"ENTITY_ID": "SOURCE", "STATUS_ID": "FAIR", "NAME": "Ярмарка"}
    number = await write.result("crm.status.add", {"fields": fields})
    assert await write.result("crm.status.update", {"id": number, "fields": {"NAME": "Рынок"}}) is True
    assert (await write.result("crm.status.get", {"id": number}))["NAME"] == "Рынок"
    _, answer = await write.refused("crm.status.add", {"fields": fields})
    assert answer["error"] == "ERROR_CORE"
    assert await write.result("crm.status.delete", {"id": number}) is True
    _, answer = await write.refused("crm.status.get", {"id": number})
    assert answer["error"] == "Status is not found."
    system = await write.result("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW"}})
    _, answer = await write.refused("crm.status.delete", {"id": system[0]["ID"]})
    assert answer["error"].startswith("CRM System Status can be deleted only")


async def test_a_currency_is_identified_by_its_code(write: Caller) -> None:
    texts = {"ru": {"FULL_NAME": "Тенге", "FORMAT_STRING": "# ₸", "DECIMALS": 2}}
    fields = {"CURRENCY": "KZT", "AMOUNT_CNT": 1, "AMOUNT": 0.19, "SORT": 600, "LANG": texts}
    assert await write.result("crm.currency.add", {"fields": fields}) == "KZT"
    stored = await write.result("crm.currency.get", {"id": "KZT"})
    assert (stored["AMOUNT"], stored["FULL_NAME"], stored["BASE"]) == ("0.1900", "Тенге", "N")
    assert stored["LANG"]["ru"]["FORMAT_STRING"] == "# ₸"
    localized = {"id": "KZT", "localizations": {"en": {"FULL_NAME": "Tenge"}}}
    assert await write.result("crm.currency.localizations.set", localized) is True
    assert set(await write.result("crm.currency.localizations.get", {"id": "KZT"})) == {"ru", "en"}
    assert await write.result("crm.currency.localizations.delete", {"id": "KZT", "lids": ["en"]}) is True
    assert set(await write.result("crm.currency.localizations.get", {"id": "KZT"})) == {"ru"}
    assert await write.result("crm.currency.delete", {"id": "KZT"}) is True
    _, answer = await write.refused("crm.currency.get", {"id": "KZT"})
    assert answer == {"error": "", "error_description": "Not found"}


async def test_only_one_currency_is_the_base_currency(write: Caller) -> None:
    assert await write.result("crm.currency.base.get") == "RUB"
    assert await write.result("crm.currency.base.set", {"id": "USD"}) is True
    listed = {row["CURRENCY"]: row["BASE"] for row in await write.result("crm.currency.list")}
    assert [code for code, base in listed.items() if base == "Y"] == ["USD"]
    await write.refused("crm.currency.delete", {"id": "USD"})


async def test_duplicates_are_found_by_digits_in_every_kind_of_record(write: Caller) -> None:
    phone = [{"VALUE": "+7 (000) 555-77-66", "VALUE_TYPE": "WORK"}]
    contact = await write.result("crm.contact.add", {"fields": {"NAME": "А", "PHONE": phone}})
    lead = await write.result("crm.lead.add", {"fields": {"TITLE": "Б", "PHONE": phone}})
    asked = {"type": "PHONE", "values": ["80005557766"]}
    assert await write.result("crm.duplicate.findbycomm", asked) == {"LEAD": [lead], "CONTACT": [contact]}
    only = {**asked, "entity_type": "CONTACT"}
    assert await write.result("crm.duplicate.findbycomm", only) == {"CONTACT": [contact]}


async def test_without_duplicates_the_answer_is_an_empty_list(call: Caller) -> None:
    assert await call.result("crm.duplicate.findbycomm", {"type": "EMAIL", "values": ["nobody@example.com"]}) == []
    _, answer = await call.refused("crm.duplicate.findbycomm", {"values": ["x"]})
    assert answer["error"] == "Communication type is not defined"


@pytest.mark.parametrize(
    ("prefix", "fields", "change"),
    [
        ("crm.product", {"NAME": "Диск", "PRICE": 100, "CURRENCY_ID": "RUB"}, {"NAME": "Диск 2"}),
        ("crm.productsection", {"NAME": "Оснастка"}, {"NAME": "Прочее"}),
        ("crm.measure", {"CODE": 999, "MEASURE_TITLE": "Ящик"}, {"MEASURE_TITLE": "Короб"}),
        ("crm.vat", {"NAME": "НДС 5%", "RATE": 5}, {"NAME": "НДС 7%"}),
    ],
)
async def test_the_classic_catalogue_can_be_written_and_read(
    write: Caller, prefix: str, fields: dict[str, Any], change: dict[str, str]
) -> None:
    number = await write.result(f"{prefix}.add", {"fields": fields})
    changed = await write.result(f"{prefix}.update", {"id": number, "fields": change})
    assert changed is True if prefix != "crm.vat" else changed == number
    stored = await write.result(f"{prefix}.get", {"id": number})
    assert {name: stored[name] for name in change} == change
    assert set(stored) == set(await write.result(f"{prefix}.fields"))
    assert stored in await write.result(f"{prefix}.list", {"filter": {"ID": number}})
    assert await write.result(f"{prefix}.delete", {"id": number}) is True
    _, answer = await write.refused(f"{prefix}.get", {"id": number})
    assert answer == {"error": "", "error_description": "Not found"}


@pytest.mark.parametrize("name", ["activitytype", "activitystatus", "addresstype", "contenttype", "ownertype"])
async def test_enumerations_have_numeric_ids(call: Caller, name: str) -> None:
    rows = await call.result(f"crm.enum.{name}")
    assert all(set(row) == {"ID", "NAME", "SYMBOL_CODE", "SYMBOL_CODE_SHORT"} for row in rows)
    assert all(isinstance(row["ID"], int) for row in rows)


@pytest.mark.parametrize(
    ("prefix", "verb", "code", "text"),
    [
        ("crm.contact", "delete", "ERROR_CORE", "Element not found"),
        ("crm.contact", "update", "", "Contact is not found"),
        ("crm.company", "delete", "", "Company is not found"),
        ("crm.quote", "delete", "ERROR_CORE", "Element not found"),
        ("crm.quote", "update", "", "Quote is not found"),
        ("crm.deal", "update", "", "Not found"),
    ],
)
async def test_each_family_has_its_own_text_for_a_missing_record(
    call: Caller, prefix: str, verb: str, code: str, text: str
) -> None:
    _, answer = await call.refused(f"{prefix}.{verb}", {"id": 99_999, "fields": {}})
    assert answer == {"error": code, "error_description": text}


async def test_a_company_requires_a_title(write: Caller) -> None:
    status, answer = await write.refused("crm.company.add", {"fields": {"COMMENTS": "x"}})
    assert (status, answer["error"]) == (400, "")


async def test_the_default_title_of_a_deal_and_a_lead_contains_the_id(write: Caller) -> None:
    deal = await write.result("crm.deal.add", {"fields": {}})
    lead = await write.result("crm.lead.add", {"fields": {}})
    assert (await write.result("crm.deal.get", {"id": deal}))["TITLE"] == f"Сделка #{deal}"
    assert (await write.result("crm.lead.get", {"id": lead}))["TITLE"] == f"Лид #{lead}"


async def test_deleting_one_of_two_phones_keeps_has_phone(write: Caller) -> None:
    phones = [{"VALUE": "+70005551111"}, {"VALUE": "+70005552222"}]
    contact = await write.result("crm.contact.add", {"fields": {"NAME": "А", "PHONE": phones}})
    first = (await write.result("crm.contact.get", {"id": contact}))["PHONE"][0]
    gone = {"id": contact, "fields": {"PHONE": [{"ID": first["ID"], "DELETE": "Y"}]}}
    await write.result("crm.contact.update", gone)
    stored = await write.result("crm.contact.get", {"id": contact})
    assert ([entry["VALUE"] for entry in stored["PHONE"]], stored["HAS_PHONE"]) == (["+70005552222"], "Y")


async def test_changes_are_announced_under_their_event_names(write: Caller) -> None:
    heard: list[RecordChange] = []
    write.sandbox.portal.changes.subscribe(heard.append)
    deal = await write.result("crm.deal.add", {"fields": {}})
    await write.result("crm.item.update", {"entityTypeId": 2, "id": deal, "fields": {"title": "x"}})
    await write.result("crm.deal.delete", {"id": deal})
    made = (await write.result("crm.type.add", {"fields": {"title": "T"}}))["type"]
    item = (await write.result("crm.item.add", {"entityTypeId": 1030, "fields": {}}))["item"]
    assert [(change.event, change.data) for change in heard] == [
        ("ONCRMDEALADD", {"FIELDS": {"ID": deal}}),
        ("ONCRMDEALUPDATE", {"FIELDS": {"ID": deal}}),
        ("ONCRMDEALDELETE", {"FIELDS": {"ID": deal}}),
        ("ONCRMTYPEADD", {"FIELDS": {"ID": made["id"]}}),
        ("ONCRMDYNAMICITEMADD", {"FIELDS": {"ID": item["id"], "ENTITY_TYPE_ID": 1030}}),
    ]


async def test_a_refused_write_announces_nothing(write: Caller) -> None:
    heard: list[RecordChange] = []
    write.sandbox.portal.changes.subscribe(heard.append)
    await write.refused("crm.company.add", {"fields": {}})
    await write.refused("crm.deal.delete", {"id": 99_999})
    assert heard == []


async def test_phones_and_e_mails_are_one_field_of_an_item(call: Caller) -> None:
    fields = (await call.result("crm.item.fields", {"entityTypeId": 3}))["fields"]
    assert (fields["fm"]["type"], fields["fm"]["isMultiple"]) == ("crm_multifield", True)
    assert not {"PHONE", "EMAIL", "phone", "email"} & set(fields)


@pytest.mark.parametrize("prefix", ["crm.deal", "crm.lead", "crm.contact", "crm.company", "crm.quote"])
async def test_a_record_shows_described_fields_only(write: Caller, prefix: str) -> None:
    fields = await write.result(f"{prefix}.fields")
    record = await write.result(f"{prefix}.add", {"fields": {"TITLE": "t", "NAME": "n"}})
    assert set(await write.result(f"{prefix}.get", {"id": record})) <= set(fields)
