"""Deals, leads, contacts and companies in both families of methods, and the directories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def test_a_missing_record_is_an_error_with_an_empty_code(call: Caller) -> None:
    for method in ("crm.deal.get", "crm.lead.get", "crm.contact.get", "crm.company.get"):
        assert await call.refused(method, {"id": 999_999}) == (
            400,
            {"error": "", "error_description": "Not found"},
        )


@pytest.mark.parametrize("sent", [{}, {"id": 0}, {"id": "abc"}, {"id": [1]}, {"id": -3}])
async def test_an_invalid_id_is_refused(call: Caller, sent: object) -> None:
    status, answer = await call.refused("crm.deal.delete", sent if sent != {"id": [1]} else {"id": []})
    assert (status, answer["error"], answer["error_description"]) == (400, "", "ID is not defined or invalid.")


async def test_text_instead_of_a_map_is_refused(call: Caller) -> None:
    for method, name in (("crm.deal.list", "filter"), ("crm.deal.list", "order"), ("crm.deal.add", "fields")):
        _, answer = await call.refused(method, {name: "text"})
        assert answer == {"error": "", "error_description": f"Parameter '{name}' must be array."}


async def test_classic_values_are_text(call: Caller) -> None:
    deal = await call.result("crm.deal.get", {"id": 5})
    assert deal["ID"] == "5"
    assert deal["OPPORTUNITY"].endswith(".00")
    assert deal["CLOSED"] in ("Y", "N")
    assert deal["ASSIGNED_BY_ID"].isdigit()
    assert deal["DATE_CREATE"].endswith("+03:00")
    assert deal["BEGINDATE"].endswith("T03:00:00+03:00")
    assert deal["LEAD_ID"] is None


async def test_item_values_are_numbers_and_names_are_camel_case(call: Caller) -> None:
    item = (await call.result("crm.item.get", {"entityTypeId": 2, "id": 5}))["item"]
    classic = await call.result("crm.deal.get", {"id": 5})
    assert item["id"] == 5
    assert item["opportunity"] == float(classic["OPPORTUNITY"])
    assert item["assignedById"] == int(classic["ASSIGNED_BY_ID"])
    assert item["createdTime"] == classic["DATE_CREATE"]
    assert item["stageId"] == classic["STAGE_ID"]
    assert item["contactIds"] == [item["contactId"]]
    assert item["entityTypeId"] == 2


async def test_both_families_show_the_same_records(write: Caller) -> None:
    added = await write.result("crm.item.add", {"entityTypeId": 1, "fields": {"title": "Лид", "name": "Анна"}})
    lead = await write.result("crm.lead.get", {"id": added["item"]["id"]})
    assert (lead["TITLE"], lead["NAME"], lead["STATUS_ID"]) == ("Лид", "Анна", "NEW")
    await write.result("crm.lead.update", {"id": lead["ID"], "fields": {"TITLE": "Новый"}})
    item = await write.result("crm.item.get", {"entityTypeId": 1, "id": lead["ID"]})
    assert item["item"]["title"] == "Новый"


async def test_add_update_delete_answer_as_documented(write: Caller) -> None:
    deal = await write.result("crm.deal.add", {"fields": {"TITLE": "Сделка", "OPPORTUNITY": 1200}})
    assert deal == 401
    assert await write.result("crm.deal.update", {"id": deal, "fields": {"COMMENTS": "x"}}) is True
    stored = await write.result("crm.deal.get", {"ID": deal})
    assert (stored["OPPORTUNITY"], stored["COMMENTS"], stored["TITLE"]) == ("1200.00", "x", "Сделка")
    assert await write.result("crm.deal.delete", {"id": deal}) is True
    await write.refused("crm.deal.get", {"id": deal})
    item = (await write.result("crm.item.add", {"entityTypeId": 2, "fields": {"title": "i"}}))["item"]
    updated = await write.result(
        "crm.item.update", {"entityTypeId": 2, "id": item["id"], "fields": {"opportunity": 5.5}}
    )
    assert (updated["item"]["opportunity"], updated["item"]["title"]) == (5.5, "i")
    assert await write.result("crm.item.delete", {"entityTypeId": 2, "id": item["id"]}) == []


async def test_read_only_and_unknown_fields_are_dropped_on_write(write: Caller) -> None:
    deal = await write.result(
        "crm.deal.add", {"fields": {"TITLE": "t", "ID": 7, "DATE_CREATE": "2000-01-01", "NO_SUCH": 1}}
    )
    stored = await write.result("crm.deal.get", {"id": deal})
    assert (stored["ID"], stored["DATE_CREATE"]) == (str(deal), "2026-03-01T12:00:00+03:00")


async def test_the_category_of_a_deal_is_immutable_and_determines_its_stages(write: Caller) -> None:
    deal = await write.result("crm.deal.add", {"fields": {"CATEGORY_ID": 1}})
    assert (await write.result("crm.deal.get", {"id": deal}))["STAGE_ID"] == "C1:NEW"
    await write.result("crm.deal.update", {"id": deal, "fields": {"CATEGORY_ID": 0, "STAGE_ID": "C1:WON"}})
    stored = await write.result("crm.deal.get", {"id": deal})
    assert (stored["CATEGORY_ID"], stored["STAGE_ID"]) == ("1", "C1:WON")
    assert (stored["STAGE_SEMANTIC_ID"], stored["CLOSED"], stored["MOVED_BY_ID"]) == ("S", "Y", "1")


async def test_unknown_filter_keys_are_ignored_by_classic_lists(call: Caller) -> None:
    assert (await call("crm.deal.list", {"filter": {"STAGEID": "WON"}}))["total"] == 400


async def test_unknown_filter_and_order_keys_are_errors_for_items(call: Caller) -> None:
    status, answer = await call.refused("crm.item.list", {"entityTypeId": 2, "filter": {"STAGE": "WON"}})
    assert (status, answer["error"]) == (400, "INVALID_ARG_VALUE")
    assert answer["error_description"] == "Invalid filter: field 'STAGE' is not allowed in filter"
    for order in ({"nope": "ASC"}, {"id": "up"}):
        _, answer = await call.refused("crm.item.list", {"entityTypeId": 2, "order": order})
        assert answer["error"] == "INVALID_ARG_VALUE"


@pytest.mark.parametrize(
    ("filter_", "matches"),
    [
        ({"ID": 5}, lambda row: row["ID"] == "5"),
        ({"@ID": [5, 6]}, lambda row: row["ID"] in ("5", "6")),
        ({"ID": ["5", "6"]}, lambda row: row["ID"] in ("5", "6")),
        ({"!@ID": [5, 6]}, lambda row: row["ID"] not in ("5", "6")),
        ({"!ID": 5}, lambda row: row["ID"] != "5"),
        ({"!=CLOSED": "Y"}, lambda row: row["CLOSED"] == "N"),
        ({">=OPPORTUNITY": 1000000}, lambda row: float(row["OPPORTUNITY"]) >= 1e6),
        ({"<OPPORTUNITY": "50000"}, lambda row: float(row["OPPORTUNITY"]) < 5e4),
        ({"%TITLE": "СТАНОК"}, lambda row: "станок" in row["TITLE"].lower()),
        ({"=%TITLE": "форматно%"}, lambda row: row["TITLE"].startswith("Форматно")),
        ({"!=%TITLE": "%станок%"}, lambda row: "станок" not in row["TITLE"]),
        ({"%=TITLE": "cnc%"}, lambda row: row["TITLE"].startswith("CNC")),
        ({"STAGE_ID": ["WON", "C1:WON"]}, lambda row: row["STAGE_SEMANTIC_ID"] == "S"),
        ({"COMPANY_ID": ""}, lambda row: row["COMPANY_ID"] is None),
        ({"!COMPANY_ID": ""}, lambda row: row["COMPANY_ID"] is not None),
        ({">DATE_CREATE": "2026-01-01"}, lambda row: row["DATE_CREATE"] > "2026-01-01"),
        ({"<DATE_CREATE": "01.02.2026"}, lambda row: row["DATE_CREATE"] < "2026-02-01"),
        ({">=DATE_CREATE": "2025-12-31T21:00:00Z"}, lambda row: row["DATE_CREATE"] >= "2026-01-01"),
    ],
)
async def test_filter_operators_of_classic_lists(call: Caller, filter_: dict[str, object], matches: Any) -> None:
    every = {row["ID"]: row for row in await _all(call, {})}
    found = await _all(call, filter_)
    assert [row["ID"] for row in found] == [number for number, row in every.items() if matches(row)]
    assert 0 < len(found) < len(every)


async def _all(call: Caller, filter_: dict[str, object]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for start in range(0, 400, 50):
        answer = await call("crm.deal.list", {"filter": filter_, "start": start})
        rows += answer["result"]
        if "next" not in answer:
            break
    return rows


async def test_not_like_works_for_items_only(call: Caller) -> None:
    assert (await call("crm.deal.list", {"filter": {"!%TITLE": "станок"}}))["total"] == 400
    items = await call("crm.item.list", {"entityTypeId": 2, "filter": {"!%title": "станок"}})
    assert 0 < items["total"] < 400


async def test_items_accept_nested_conditions_with_or(call: Caller) -> None:
    either = {"0": {"logic": "OR", "0": {"id": 3}, "1": {">id": 398}}}
    answer = await call("crm.item.list", {"entityTypeId": 2, "filter": either, "order": {"id": "DESC"}})
    assert [item["id"] for item in answer["result"]["items"]] == [400, 399, 3]
    both = {"0": {"logic": "OR", "0": {"id": 3}, "1": {">id": 398}}, "<id": 400}
    assert (await call("crm.item.list", {"entityTypeId": 2, "filter": both}))["total"] == 2


async def test_order_follows_the_keys_and_unknown_ones_are_ignored(call: Caller) -> None:
    rows = await call.result(
        "crm.deal.list", {"order": {"NOPE": "ASC", "ASSIGNED_BY_ID": "DESC", "OPPORTUNITY": "asc"}}
    )
    pairs = [(-int(row["ASSIGNED_BY_ID"]), float(row["OPPORTUNITY"])) for row in rows]
    assert pairs == sorted(pairs)


async def test_select_limits_classic_rows_to_the_named_fields_and_the_id(call: Caller) -> None:
    rows = await call.result("crm.deal.list", {"select": ["TITLE", "NO_SUCH"], "filter": {"ID": 5}})
    assert [set(row) for row in rows] == [{"ID", "TITLE"}]


async def test_multi_fields_must_be_named_in_a_classic_select(call: Caller) -> None:
    assert "PHONE" not in (await call.result("crm.contact.list"))[0]
    assert "PHONE" not in (await call.result("crm.contact.list", {"select": ["*", "UF_*"]}))[0]
    row = (await call.result("crm.contact.list", {"select": ["ID", "PHONE"]}))[0]
    assert set(row) == {"ID", "PHONE"}
    assert set(row["PHONE"][0]) == {"ID", "VALUE_TYPE", "VALUE", "TYPE_ID"}
    assert isinstance(row["PHONE"][0]["ID"], str)


async def test_item_select_ignores_unknown_names_and_the_star_includes_fm(call: Caller) -> None:
    params = {"entityTypeId": 3, "filter": {"id": 5}}
    named = (await call.result("crm.item.list", {**params, "select": ["id", "name", "nope"]}))["items"][0]
    assert set(named) == {"id", "name"}
    whole = (await call.result("crm.item.list", {**params, "select": ["*"]}))["items"][0]
    assert {entry["typeId"] for entry in whole["fm"]} == {"PHONE", "EMAIL"}
    assert isinstance(whole["fm"][0]["id"], int)


async def test_multi_fields_are_added_changed_and_removed_by_id(write: Caller) -> None:
    sent = {"NAME": "Анна", "PHONE": [{"VALUE": "+70005550001"}, {"VALUE": "+70005550002", "VALUE_TYPE": "HOME"}]}
    contact = await write.result("crm.contact.add", {"fields": sent})
    first, second = (await write.result("crm.contact.get", {"id": contact}))["PHONE"]
    assert (first["VALUE_TYPE"], second["VALUE_TYPE"]) == ("WORK", "HOME")
    changes = [{"ID": first["ID"], "VALUE": "+70005550009"}, {"ID": second["ID"], "DELETE": "Y"}]
    await write.result("crm.contact.update", {"id": contact, "fields": {"PHONE": changes}})
    stored = await write.result("crm.contact.get", {"id": contact})
    assert [entry["VALUE"] for entry in stored["PHONE"]] == ["+70005550009"]
    assert (stored["HAS_PHONE"], stored["HAS_EMAIL"]) == ("Y", "N")
    found = await write.result("crm.contact.list", {"filter": {"PHONE": "+70005550009"}, "select": ["ID"]})
    assert found == [{"ID": str(contact)}]


async def test_items_write_multi_fields_as_a_map(write: Caller) -> None:
    new = {"n0": {"typeId": "PHONE", "valueType": "WORK", "value": "+70005550003"}}
    item = (await write.result("crm.item.add", {"entityTypeId": 3, "fields": {"name": "Б", "fm": new}}))["item"]
    assert [entry["value"] for entry in item["fm"]] == ["+70005550003"]
    change = {str(item["fm"][0]["id"]): {"typeId": "PHONE", "valueType": "HOME", "value": "+70005550004"}}
    params = {"entityTypeId": 3, "id": item["id"], "fields": {"fm": change}}
    item = (await write.result("crm.item.update", params))["item"]
    assert [(entry["value"], entry["valueType"]) for entry in item["fm"]] == [("+70005550004", "HOME")]


async def test_item_errors_name_the_missing_record(call: Caller) -> None:
    _, answer = await call.refused("crm.item.get", {"entityTypeId": 2, "id": 99_999})
    assert answer["error"] == "NOT_FOUND"
    _, answer = await call.refused("crm.item.list", {"entityTypeId": 777})
    assert answer["error"] == "NOT_FOUND"
    _, answer = await call.refused("crm.item.add", {"entityTypeId": 2})
    assert answer["error"] == "100"


async def test_fields_describe_types_directories_and_names(call: Caller) -> None:
    classic = await call.result("crm.deal.fields")
    assert classic["STAGE_ID"]["statusType"] == "DEAL_STAGE"
    assert classic["ID"] == {
        "type": "integer",
        "isRequired": False,
        "isReadOnly": True,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": False,
        "title": "ID",
    }
    item = (await call.result("crm.item.fields", {"entityTypeId": 2}))["fields"]
    assert item["createdTime"]["upperName"] == "CREATED_TIME"
    assert set(item) >= {"id", "title", "stageId", "contactIds", "observers"}


async def test_pipelines_have_their_own_stages(call: Caller) -> None:
    answer = await call("crm.category.list", {"entityTypeId": 2})
    categories = answer["result"]["categories"]
    assert [(row["id"], row["isDefault"]) for row in categories] == [(0, "Y"), (1, "N")]
    assert answer["total"] == 2
    stages = await call.result("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE_1"}})
    assert [row["STATUS_ID"] for row in stages][:2] == ["C1:NEW", "C1:PREPARATION"]
    items = await call.result("crm.status.entity.items", {"entityId": "DEAL_STAGE_1"})
    assert items[0] == {"NAME": "Новая заявка", "SORT": 10, "STATUS_ID": "C1:NEW"}
    assert "DEAL_STAGE_1" in {row["ID"] for row in await call.result("crm.status.entity.types")}


async def test_product_rows_set_the_amount_of_a_deal(write: Caller) -> None:
    rows = [{"PRODUCT_NAME": "Диск", "PRICE": 100, "QUANTITY": 3}, {"PRODUCT_NAME": "Доставка", "PRICE": 50.5}]
    assert await write.result("crm.deal.productrows.set", {"id": 1, "rows": rows}) is True
    stored = await write.result("crm.deal.productrows.get", {"id": 1})
    assert [(row["PRODUCT_NAME"], row["PRICE"], row["QUANTITY"]) for row in stored] == [
        ("Диск", 100, 3),
        ("Доставка", 50.5, 1),
    ]
    assert (await write.result("crm.deal.get", {"id": 1}))["OPPORTUNITY"] == "350.50"


async def test_owner_types_are_numbered(call: Caller) -> None:
    codes = {row["ID"]: row["SYMBOL_CODE"] for row in await call.result("crm.enum.ownertype")}
    assert (codes[1], codes[2], codes[3], codes[4]) == ("LEAD", "DEAL", "CONTACT", "COMPANY")
