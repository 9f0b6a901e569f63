"""Families that are declared as data: each is written, read, listed and deleted as its documentation says."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox import declared
from tests.sandbox.conftest import Caller
from tests.sandbox.test_events import App

CONNECTOR = {
    "title": "База",
    "logo": "https://a.example.com/logo.png",
    "urlCheck": "https://a.example.com/check",
    "urlData": "https://a.example.com/data",
    "urlTableList": "https://a.example.com/tables",
    "urlTableDescription": "https://a.example.com/table",
    "settings": [{"name": "Login", "code": "login", "type": "STRING"}],
}
FIELDS = [{"name": "ID", "externalCode": "ID", "type": "int"}, {"name": "SUM", "externalCode": "S", "type": "double"}]


def test_a_key_that_no_family_has_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown keys colour"):
        declared.family({"name": "a.b", "scope": "a", "table": "a", "fields": "", "colour": "red"})


def test_no_table_is_declared_twice() -> None:
    tables = [family.entity.name for family in declared.declared() if family.entity.fields]
    assert len(tables) == len(set(tables))


async def test_a_resource_is_added_renamed_listed_and_deleted(write: Caller) -> None:
    number = await write.result("calendar.resource.add", {"name": "Переговорная"})
    assert await write.result("calendar.resource.update", {"resourceId": number, "name": "Зал"}) == number
    answer = await write("calendar.resource.list")
    assert answer["result"] == [{"ID": str(number), "NAME": "Зал", "CREATED_BY": "1"}]
    assert "total" not in answer
    assert await write.result("calendar.resource.delete", {"resourceId": number}) is True
    _, answer = await write.refused("calendar.resource.delete", {"resourceId": number})
    assert answer == {"error": "", "error_description": "An error occurred while deleting the resource"}


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("calendar.resource.add", {}, "name"),
        ("calendar.resource.update", {"name": "x"}, "resourceId"),
        ("calendar.resource.update", {"resourceId": 1}, "name"),
        ("calendar.resource.delete", {}, "resourceId"),
    ],
)
async def test_a_missing_parameter_of_a_resource_is_named(
    call: Caller, method: str, params: dict[str, Any], name: str
) -> None:
    _, answer = await call.refused(method, params)
    text = f'The required parameter "{name}" for the method "{method}" is not set'
    assert answer == {"error": "", "error_description": text}


async def test_bookings_are_listed_for_named_resources(call: Caller) -> None:
    method = "calendar.resource.booking.list"
    assert await call.result(method, {"filter": {"resourceTypeIdList": [1]}}) == []
    _, answer = await call.refused(method, {"filter": {"from": "2026-03-01"}})
    text = f'The required parameter "filter[\'resourceTypeIdList\']" is not set for the method "{method}"'
    assert answer == {"error": "", "error_description": text}


async def test_a_recurring_deal_is_a_template_of_new_deals(write: Caller) -> None:
    fields = {
        "DEAL_ID": 1,
        "CATEGORY_ID": "1",
        "IS_LIMIT": "D",
        "LIMIT_DATE": "2027-03-05",
        "PARAMS": {"MODE": "single"},
    }
    number = await write.result("crm.deal.recurring.add", {"fields": fields})
    stored = await write.result("crm.deal.recurring.get", {"id": number})
    assert (stored["BASED_ID"], stored["ACTIVE"], stored["CATEGORY_ID"]) == ("1", "Y", "1")
    assert (stored["LIMIT_DATE"], stored["LAST_EXECUTION"], stored["COUNTER_REPEAT"]) == (
        "2027-03-05T03:00:00+03:00",
        "",
        None,
    )
    assert stored["PARAMS"] == {"MODE": "single"}
    template = await write.result("crm.deal.get", {"id": stored["DEAL_ID"]})
    based = await write.result("crm.deal.get", {"id": 1})
    assert (template["IS_RECURRING"], template["TITLE"]) == ("Y", based["TITLE"])
    made = (await write.result("crm.deal.recurring.expose", {"id": number}))["DEAL_ID"]
    deal = await write.result("crm.deal.get", {"id": made})
    assert (deal["IS_RECURRING"], deal["TITLE"], deal["CATEGORY_ID"]) == ("N", based["TITLE"], "1")
    stored = await write.result("crm.deal.recurring.get", {"id": number})
    assert (stored["COUNTER_REPEAT"], stored["LAST_EXECUTION"]) == ("1", "2026-03-01T12:00:00+03:00")
    assert await write.result("crm.deal.recurring.update", {"id": number, "fields": {"ACTIVE": "N"}}) is True
    found = await write("crm.deal.recurring.list", {"filter": {"ACTIVE": "N"}, "select": ["ID"]})
    assert (found["result"], found["total"]) == ([{"ID": str(number)}], 1)
    _, answer = await write.refused("crm.deal.recurring.delete", {"id": number})
    assert answer["error_description"] == "Deleting is impossible. Connected recurring deal exists."
    await write.result("crm.deal.delete", {"id": stored["DEAL_ID"]})
    assert await write.result("crm.deal.recurring.delete", {"id": number}) is True
    _, answer = await write.refused("crm.deal.recurring.get", {"id": number})
    assert answer == {"error": "", "error_description": "Recurring deal is not found."}


async def test_a_template_needs_a_deal_without_one(write: Caller) -> None:
    for fields in ({}, {"DEAL_ID": 99999}):
        _, answer = await write.refused("crm.deal.recurring.add", {"fields": fields})
        assert answer["error_description"] == "Deal id is empty."
    number = await write.result("crm.deal.recurring.add", {"fields": {"DEAL_ID": 1}})
    template = (await write.result("crm.deal.recurring.get", {"id": number}))["DEAL_ID"]
    _, answer = await write.refused("crm.deal.recurring.add", {"fields": {"DEAL_ID": template}})
    assert answer["error_description"] == "Deal already has recurring settings."
    described = (await write.result("crm.deal.recurring.fields"))["PARAMS"]
    assert (described["type"], described["isMultiple"]) == ("recurring_params", False)


async def test_a_call_list_is_made_changed_and_read(write: Caller) -> None:
    number = await write.result("crm.calllist.add", {"ENTITY_TYPE": "CONTACT", "ENTITIES": [3, 1], "WEBFORM_ID": 2})
    shown = await write.result("crm.calllist.get", {"ID": number})
    assert shown == {
        "ID": str(number),
        "DATE_CREATE": "2026-03-01 12:00:00",
        "CREATED_BY_ID": "1",
        "WEBFORM_ID": "2",
        "ENTITY_TYPE_ID": "3",
        "ENTITY_TYPE": "CONTACT",
    }
    changed = {"LIST_ID": number, "ENTITY_TYPE": "CONTACT", "ENTITIES": [3, 4]}
    assert await write.result("crm.calllist.update", changed) is True
    assert (await write.result("crm.calllist.get", {"ID": number}))["WEBFORM_ID"] is None
    asked = {"LIST_ID": number, "FILTER": {"STATUS": "IN_WORK"}}
    assert await write.result("crm.calllist.items.get", asked) == [
        {"ID": 3, "STATUS": "IN_WORK", "ENTITY_TYPE": 3},
        {"ID": 4, "STATUS": "IN_WORK", "ENTITY_TYPE": 3},
    ]
    assert await write.result("crm.calllist.items.get", {**asked, "FILTER": {"STATUS": "SUCCESS"}}) == []
    second = await write.result("crm.calllist.add", {"ENTITY_TYPE": "COMPANY", "ENTITIES": [1]})
    rows = await write.result("crm.calllist.list", {"SELECT": ["ID"], "ORDER": {"ID": "DESC"}})
    assert rows == [{"ID": str(second)}, {"ID": str(number)}]
    rows = await write.result("crm.calllist.list", {"FILTER": {"ENTITY_TYPE_ID": 4}, "SELECT": ["ID"]})
    assert rows == [{"ID": str(second)}]
    statuses = await write.result("crm.calllist.statuslist")
    assert [each["STATUS_ID"] for each in statuses] == ["IN_WORK", "SUCCESS", "WRONG_NUMBER", "STOP_CALLING"]


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("add", {"ENTITY_TYPE": "CONTACT"}, "ERROR_ARGUMENT", "ENTITIES is not found"),
        ("add", {"ENTITY_TYPE": "CONTACT", "ENTITIES": "1"}, "ENTITIES_ERROR", "Entities is not array"),
        ("add", {"ENTITY_TYPE": "LEAD", "ENTITIES": [1]}, "ENTITY_TYPE_ERROR", "Incorrect entity type"),
        ("add", {"ENTITY_TYPE": "CONTACT", "ENTITIES": [9999]}, "ENTITY_ERROR", "Incorrect entities id"),
        ("get", {}, "ERROR_ARGUMENT", "ID is not found"),
        ("get", {"ID": 99}, "LIST_ID_ERROR", "Incorrect list id"),
        ("items.get", {"LIST_ID": -1}, "LIST_ID_ERROR", "List id should be positive"),
        ("items.get", {"LIST_ID": 99}, "LIST_ID_ERROR", "Call list is not found"),
        (
            "update",
            {"LIST_ID": 99, "ENTITY_TYPE": "CONTACT", "ENTITIES": [1]},
            "LIST_ID_ERROR",
            "Incorrect list id or access denied",
        ),
        ("list", {"SELECT": ["TITLE"]}, "100", "Unknown field definition `TITLE` (TITLE)"),
    ],
)
async def test_wrong_calls_of_call_lists_are_refused(
    call: Caller, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    _, answer = await call.refused(f"crm.calllist.{method}", params)
    assert answer["error"] == code
    assert answer["error_description"].startswith(text)


async def test_a_connector_source_and_data_set_are_written_by_an_application(write: Caller) -> None:
    app = App(write)
    connector = (await app.result("biconnector.connector.add", {"fields": CONNECTOR}))["id"]
    shown = (await app.result("biconnector.connector.get", {"id": connector}))["item"]
    assert (shown["id"], shown["sort"], shown["dateCreate"]) == (connector, 100, "2026-03-01 12:00:00")
    assert shown["settings"] == CONNECTOR["settings"]
    source = {"title": "Склад", "connectorId": connector, "settings": {"login": "a"}}
    number = (await app.result("biconnector.source.add", {"fields": source}))["id"]
    stored = (await app.result("biconnector.source.get", {"id": number}))["item"]
    assert (stored["connectorId"], stored["settings"], stored["connection"]["active"]) == (
        connector,
        {"login": "a"},
        True,
    )
    dataset = {"name": "stock", "externalName": "Stock", "externalCode": "s", "sourceId": number, "fields": FIELDS}
    data = (await app.result("biconnector.dataset.add", {"fields": dataset}))["id"]
    assert (await app("biconnector.dataset.add", {"fields": dataset}))["error"] == "DATASET_ALREADY_EXIST"
    fields = (await app.result("biconnector.dataset.get", {"id": data}))["item"]["fields"]
    assert [(each["name"], each["visible"], each["datasetId"]) for each in fields] == [
        ("ID", True, data),
        ("SUM", True, data),
    ]
    change = {
        "id": data,
        "update": [{"id": fields[0]["id"], "visible": False}],
        "delete": [fields[1]["id"]],
        "add": [{"name": "NEW", "externalCode": "N", "type": "string"}],
    }
    assert await app.result("biconnector.dataset.fields.update", change) is True
    fields = (await app.result("biconnector.dataset.get", {"id": data}))["item"]["fields"]
    assert [(each["name"], each["visible"]) for each in fields] == [("ID", False), ("NEW", True)]
    assert (await app("biconnector.source.delete", {"id": number}))["error"] == "BX_ERROR"
    assert (await app("biconnector.connector.delete", {"id": connector}))["error"] == "CONNECTOR_DELETE_RESTRICTED"
    for kind, record in (("dataset", data), ("source", number), ("connector", connector)):
        assert await app.result(f"biconnector.{kind}.delete", {"id": record}) is True
        missing = await app(f"biconnector.{kind}.get", {"id": record})
        assert missing["error"] == f"{kind.upper()}_NOT_FOUND"


async def test_connectors_are_listed_by_pages_with_ids_as_text(write: Caller) -> None:
    app = App(write)
    for place in range(52):
        await app.result("biconnector.connector.add", {"fields": {**CONNECTOR, "title": f"c{place}"}})
    asked = {"select": ["id", "title"], "filter": {"%title": "c"}, "order": {"id": "DESC"}}
    rows = await app.result("biconnector.connector.list", asked)
    assert (len(rows), rows[0]["title"], rows[0]["id"].isdigit()) == (50, "c51", True)
    assert [row["title"] for row in await app.result("biconnector.connector.list", {**asked, "page": 2})] == [
        "c1",
        "c0",
    ]
    wrong = await app("biconnector.connector.list", {"select": ["colour"]})
    assert wrong["error"] == "VALIDATION_FIELD_NOT_ALLOWED_IN_SELECT"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("add", {}, "VALIDATION_FIELDS_NOT_PROVIDED"),
        ("add", {"fields": {"title": "x"}}, "VALIDATION_REQUIRED_FIELD_MISSING"),
        ("add", {"fields": {**CONNECTOR, "colour": 1}}, "VALIDATION_UNKNOWN_PARAMETERS"),
        ("add", {"fields": {**CONNECTOR, "dateCreate": "2026-01-01"}}, "VALIDATION_READ_ONLY_FIELD"),
        ("get", {}, "VALIDATION_ID_NOT_PROVIDED"),
        ("update", {"id": 1}, "VALIDATION_FIELDS_NOT_PROVIDED"),
        ("delete", {"id": 99}, "CONNECTOR_NOT_FOUND"),
    ],
)
async def test_errors_of_analytics_have_names(write: Caller, method: str, params: dict[str, Any], code: str) -> None:
    assert (await App(write)(f"biconnector.connector.{method}", params))["error"] == code


async def test_a_webhook_reads_only_the_fields_of_connectors(call: Caller) -> None:
    for method in ("biconnector.connector.list", "biconnector.source.fields"):
        status, answer = await call.refused(method)
        assert (status, answer["error"]) == (403, "ACCESS_DENIED")
    fields = (await call.result("biconnector.connector.fields"))["fields"]
    title = next(field for field in fields if field["title"] == "title")
    assert title == {
        "title": "title",
        "type": "string",
        "isRequired": True,
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": False,
    }
