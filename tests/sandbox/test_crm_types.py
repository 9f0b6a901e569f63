"""Smart processes, pipelines, stages and the history of stages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _type(write: Caller, **fields: Any) -> dict[str, Any]:
    on = {"title": "Закупка", "isStagesEnabled": "Y", "isCategoriesEnabled": "Y", "isClientEnabled": "Y"}
    made: dict[str, Any] = (await write.result("crm.type.add", {"fields": {**on, **fields}}))["type"]
    return made


async def test_a_new_type_gets_the_next_even_number_from_1030(write: Caller) -> None:
    assert [(await _type(write))["entityTypeId"] for _ in range(2)] == [1030, 1032]
    listed = await write("crm.type.list")
    assert ([row["entityTypeId"] for row in listed["result"]["types"]], listed["total"]) == ([1030, 1032], 2)
    owners = {row["ID"]: row for row in await write.result("crm.enum.ownertype")}
    assert (owners[1030]["SYMBOL_CODE"], owners[1030]["SYMBOL_CODE_SHORT"]) == ("DYNAMIC_1030", "T406")


@pytest.mark.parametrize("number", [2, 100, 1031, 1028, 40_000])
async def test_a_number_out_of_range_is_refused(write: Caller, number: int) -> None:
    _, answer = await write.refused("crm.type.add", {"fields": {"title": "x", "entityTypeId": number}})
    assert answer["error"] == "INVALID_ARG_VALUE"
    assert answer["error_description"] == "entityTypeId is out of allowed range"


async def test_a_requested_type_number_is_used(write: Caller) -> None:
    assert (await _type(write, entityTypeId=1050))["entityTypeId"] == 1050
    found = await write.result("crm.type.getByEntityTypeId", {"entityTypeId": 1050})
    assert found["type"]["title"] == "Закупка"


async def test_a_type_without_a_title_is_refused(write: Caller) -> None:
    _, answer = await write.refused("crm.type.add", {"fields": {}})
    assert answer["error"] == "BX_EMPTY_REQUIRED"


async def test_a_missing_type_is_an_error_with_code_zero(call: Caller) -> None:
    for method, params in (("crm.type.get", {"id": 9}), ("crm.type.getByEntityTypeId", {"entityTypeId": 1030})):
        _, answer = await call.refused(method, params)
        assert answer["error"] == "0"


async def test_new_items_of_a_type_are_in_the_first_stage_of_its_pipeline(write: Caller) -> None:
    number = (await _type(write))["entityTypeId"]
    categories = (await write.result("crm.category.list", {"entityTypeId": number}))["categories"]
    assert [category["isDefault"] for category in categories] == ["Y"]
    category = categories[0]["id"]
    item = (await write.result("crm.item.add", {"entityTypeId": number, "fields": {}}))["item"]
    assert item["id"] == 1
    assert item["title"] == "Закупка #1"
    assert (item["categoryId"], item["stageId"]) == (category, f"DT{number}_{category}:NEW")
    assert item["entityTypeId"] == number
    stages = await write.result(
        "crm.status.list", {"filter": {"ENTITY_ID": f"DYNAMIC_{number}_STAGE_{category}"}, "order": {"SORT": "ASC"}}
    )
    codes = [row["STATUS_ID"].partition(":")[2] for row in stages]
    assert codes == ["NEW", "PREPARATION", "CLIENT", "SUCCESS", "FAIL"]


async def test_the_flags_of_a_type_determine_its_fields(write: Caller) -> None:
    made = await _type(write, isClientEnabled="N", isBeginCloseDatesEnabled="N")
    asked = {"entityTypeId": made["entityTypeId"]}
    assert "contactId" not in (await write.result("crm.item.fields", asked))["fields"]
    fields = {"isClientEnabled": "Y", "isBeginCloseDatesEnabled": "Y"}
    await write.result("crm.type.update", {"id": made["id"], "fields": fields})
    described = (await write.result("crm.item.fields", asked))["fields"]
    assert {"contactId", "contactIds", "companyId", "begindate", "closedate"} <= set(described)


async def test_a_stage_of_another_pipeline_is_refused(write: Caller) -> None:
    number = (await _type(write))["entityTypeId"]
    await write.result("crm.item.add", {"entityTypeId": number, "fields": {}})
    _, answer = await write.refused(
        "crm.item.update", {"entityTypeId": number, "id": 1, "fields": {"stageId": "C1:WON"}}
    )
    assert answer["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"


async def test_a_move_stores_the_previous_stage(write: Caller) -> None:
    number = (await _type(write))["entityTypeId"]
    item = (await write.result("crm.item.add", {"entityTypeId": number, "fields": {}}))["item"]
    prefix = item["stageId"].partition(":")[0]
    for stage in ("CLIENT", "SUCCESS"):
        params = {"entityTypeId": number, "id": 1, "fields": {"stageId": f"{prefix}:{stage}"}}
        item = (await write.result("crm.item.update", params))["item"]
    assert item["previousStageId"] == f"{prefix}:CLIENT"
    answer = await write("crm.stagehistory.list", {"entityTypeId": number, "order": {"ID": "ASC"}})
    rows = answer["result"]["items"]
    assert [(row["TYPE_ID"], row["STAGE_ID"].partition(":")[2], row["STAGE_SEMANTIC_ID"]) for row in rows] == [
        (1, "NEW", "P"),
        (2, "CLIENT", "P"),
        (3, "SUCCESS", "S"),
    ]
    assert answer["total"] == 3


async def test_the_history_of_leads_has_statuses(write: Caller) -> None:
    lead = await write.result("crm.lead.add", {"fields": {"TITLE": "t"}})
    rows = (await write.result("crm.stagehistory.list", {"entityTypeId": 1, "filter": {"OWNER_ID": lead}}))["items"]
    assert [row["STATUS_ID"] for row in rows] == ["NEW"]
    assert "STAGE_ID" not in rows[0]


async def test_a_relation_adds_a_parent_field_to_the_children(write: Caller) -> None:
    relations = {"parent": [{"entityTypeId": 2}], "child": [{"entityTypeId": 1, "isChildrenListEnabled": "N"}]}
    made = await _type(write, relations=relations)
    number = made["entityTypeId"]
    own = [item for item in made["relations"]["parent"] if item["isPredefined"] == "N"]
    assert [item["entityTypeId"] for item in own] == [2]
    item = (await write.result("crm.item.add", {"entityTypeId": number, "fields": {"parentId2": 5}}))["item"]
    assert item["parentId2"] == 5
    found = await write.result("crm.item.list", {"entityTypeId": number, "filter": {"parentId2": 5}})
    assert [row["id"] for row in found["items"]] == [1]
    lead = await write.result("crm.lead.add", {"fields": {"TITLE": "t", f"PARENT_ID_{number}": 1}})
    assert (await write.result("crm.lead.get", {"id": lead}))[f"PARENT_ID_{number}"] == "1"


async def test_names_of_a_types_user_fields_contain_its_id(write: Caller) -> None:
    made = await _type(write)
    name = f"UF_CRM_{made['id']}_COLOUR"
    sent = {"entityId": f"CRM_{made['id']}", "fieldName": name, "userTypeId": "string"}
    await write.result("userfieldconfig.add", {"moduleId": "crm", "field": sent})
    params = {"entityTypeId": made["entityTypeId"], "fields": {f"ufCrm{made['id']}Colour": "red"}}
    item = (await write.result("crm.item.add", params))["item"]
    assert item[f"ufCrm{made['id']}Colour"] == "red"


async def test_a_type_with_items_cannot_be_deleted(write: Caller) -> None:
    made = await _type(write)
    await write.result("crm.item.add", {"entityTypeId": made["entityTypeId"], "fields": {}})
    _, answer = await write.refused("crm.type.delete", {"id": made["id"]})
    assert answer["error"] == "BX_ERROR"
    assert await write.result("crm.item.delete", {"entityTypeId": made["entityTypeId"], "id": 1}) == []
    assert await write.result("crm.type.delete", {"id": made["id"]}) == []
    _, answer = await write.refused("crm.item.list", {"entityTypeId": made["entityTypeId"]})
    assert answer["error_description"] == "Smart process not found"


async def test_a_new_pipeline_of_deals_has_initial_stages(write: Caller) -> None:
    made = await write.result("crm.category.add", {"entityTypeId": 2, "fields": {"name": "Опт", "sort": 300}})
    category = made["category"]["id"]
    deal = await write.result("crm.deal.add", {"fields": {"CATEGORY_ID": category}})
    assert (await write.result("crm.deal.get", {"id": deal}))["STAGE_ID"] == f"C{category}:NEW"
    assert await write.result("crm.dealcategory.status", {"id": category}) == f"DEAL_STAGE_{category}"
    _, answer = await write.refused("crm.category.delete", {"entityTypeId": 2, "id": category})
    assert answer["error"] == "0"
    await write.result("crm.deal.delete", {"id": deal})
    assert await write.result("crm.category.delete", {"entityTypeId": 2, "id": category}) is None
    _, answer = await write.refused("crm.category.get", {"entityTypeId": 2, "id": category})
    assert (answer["error"], answer["error_description"]) == ("NOT_FOUND", "Element not found")


async def test_leads_have_no_pipelines(call: Caller) -> None:
    _, answer = await call.refused("crm.category.list", {"entityTypeId": 1})
    assert answer["error"] == "ENTITY_TYPE_NOT_SUPPORTED"


async def test_the_default_pipeline_cannot_be_deleted(call: Caller) -> None:
    _, answer = await call.refused("crm.category.delete", {"entityTypeId": 2, "id": 0})
    assert answer["error_description"] == "Default deal category cannot be deleted"


async def test_invoices_and_estimates_are_items_too(write: Caller) -> None:
    invoice = (await write.result("crm.item.add", {"entityTypeId": 31, "fields": {"opportunity": 10}}))["item"]
    assert (invoice["stageId"], invoice["accountNumber"]) == ("DT31_2:N", str(invoice["id"]))
    quote = (await write.result("crm.item.add", {"entityTypeId": 7, "fields": {"title": "КП"}}))["item"]
    classic = await write.result("crm.quote.get", {"id": quote["id"]})
    assert (classic["TITLE"], classic["STATUS_ID"], classic["QUOTE_NUMBER"]) == ("КП", "DRAFT", "1")
    await write.result("crm.quote.update", {"id": quote["id"], "fields": {"STATUS_ID": "APPROVED"}})
    assert (await write.result("crm.quote.get", {"id": quote["id"]}))["CLOSED"] == "Y"


async def test_a_batch_import_reports_the_failed_items(write: Caller) -> None:
    data = [{"title": "a"}, {"stageId": "NO_SUCH"}]
    items = (await write.result("crm.item.batchImport", {"entityTypeId": 2, "data": data}))["items"]
    assert items[0] == {"item": {"id": 401}}
    assert items[1]["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    _, answer = await write.refused("crm.item.batchImport", {"entityTypeId": 2, "data": [{}] * 21})
    assert answer["error"] == "MAX_IMPORT_BATCH_SIZE_EXCEEDED"


async def test_the_deals_of_the_company_have_a_stage_history(call: Caller) -> None:
    deal = await call.result("crm.deal.get", {"id": 5})
    rows = (await call.result("crm.stagehistory.list", {"entityTypeId": 2, "filter": {"OWNER_ID": 5}}))["items"]
    assert rows[0]["TYPE_ID"] == 1
    assert rows[0]["CREATED_TIME"] == deal["DATE_CREATE"]
    assert rows[-1]["STAGE_ID"] == deal["STAGE_ID"]
    assert rows[-1]["CREATED_TIME"] == deal["MOVED_TIME"]
