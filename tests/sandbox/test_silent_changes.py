"""What a portal accepts with `true` although it does something else than the caller meant."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox.announcement import Announcement
from tests.sandbox.conftest import Caller, opened

SUNDAY = "2026-03-01"
"""The day of the clock in these tests."""


async def deal_of_pipeline(write: Caller, pipeline: int) -> int:
    deal: int = await write.result("crm.deal.add", {"fields": {"TITLE": "t", "CATEGORY_ID": pipeline}})
    return deal


@pytest.mark.parametrize(
    ("method", "filter_"),
    [("crm.deal.list", {"STAGE": "WON"}), ("crm.lead.list", {"TITLES": "TEST"}), ("tasks.task.list", {"%TITLE": "x"})],
)
async def test_unknown_filter_keys_select_everything(call: Caller, method: str, filter_: dict[str, str]) -> None:
    assert (await call(method, {"filter": filter_}))["total"] == (await call(method))["total"]


@pytest.mark.parametrize(
    ("method", "fields"),
    [("crm.deal.add", {"TITEL": "y", "OPORTUNITY": 5}), ("crm.lead.add", {"title": "x"})],
)
async def test_an_add_with_misspelt_fields_makes_a_record_without_them(
    write: Caller, method: str, fields: dict[str, object]
) -> None:
    record = await write.result(method, {"fields": fields})
    shown = await write.result(method.replace("add", "get"), {"id": record})
    assert str(record) in shown["TITLE"]
    assert shown["OPPORTUNITY"] == "0.00"


async def test_an_update_with_misspelt_fields_answers_true(write: Caller) -> None:
    before = await write.result("crm.deal.get", {"id": 1})
    assert await write.result("crm.deal.update", {"id": 1, "fields": {"AMOUNT": 500, "STAGE": "WON"}}) is True
    after = await write.result("crm.deal.get", {"id": 1})
    assert {name for name in before if before[name] != after[name]} <= {"DATE_MODIFY", "MODIFY_BY_ID"}
    title = (await write.result("tasks.task.get", {"taskId": 1}))["task"]["title"]
    changed = await write.result("tasks.task.update", {"taskId": 1, "fields": {"titel": "new"}})
    assert changed["task"]["title"] == title


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("five", "0.00"), ("5 pcs", "5.00"), ("1,5", "1.00"), ("1 000", "1.00"), ("1e2", "100.00"), (".5", "0.50")],
)
async def test_amounts_are_read_as_far_as_they_are_numbers(write: Caller, sent: str, stored: str) -> None:
    assert await write.result("crm.deal.update", {"id": 1, "fields": {"OPPORTUNITY": sent}}) is True
    assert (await write.result("crm.deal.get", {"id": 1}))["OPPORTUNITY"] == stored


@pytest.mark.parametrize("stage", ["C1:NEXTT", "NEW", "no such"])
async def test_a_deal_keeps_its_stage_when_another_pipeline_has_the_sent_one(write: Caller, stage: str) -> None:
    deal = await deal_of_pipeline(write, 1)
    assert await write.result("crm.deal.update", {"id": deal, "fields": {"STAGE_ID": stage}}) is True
    assert (await write.result("crm.deal.get", {"id": deal}))["STAGE_ID"] == "C1:NEW"
    item = await write.result("crm.item.update", {"entityTypeId": 2, "id": deal, "fields": {"stageId": stage}})
    assert item["item"]["stageId"] == "C1:NEW"


@pytest.mark.parametrize(
    ("sent", "stored"), [("WON", "C1:WON"), ("LOSE", "C1:LOSE"), ("PREPARATION", "C1:NEW"), ("no such", "C1:NEW")]
)
async def test_a_new_deal_gets_the_first_stage_of_the_same_semantics(write: Caller, sent: str, stored: str) -> None:
    deal = await write.result("crm.deal.add", {"fields": {"CATEGORY_ID": 1, "STAGE_ID": sent}})
    assert (await write.result("crm.deal.get", {"id": deal}))["STAGE_ID"] == stored
    item = await write.result("crm.item.add", {"entityTypeId": 2, "fields": {"categoryId": 1, "stageId": sent}})
    assert item["item"]["stageId"] == stored


async def test_an_item_moves_to_another_pipeline_with_the_semantics_of_its_stage(write: Caller) -> None:
    deal = await write.result("crm.deal.add", {"fields": {"STAGE_ID": "WON"}})
    asked = {"entityTypeId": 2, "id": deal}
    item = (await write.result("crm.item.update", {**asked, "fields": {"categoryId": 1}}))["item"]
    assert (item["categoryId"], item["stageId"], item["stageSemanticId"]) == (1, "C1:WON", "S")
    item = (await write.result("crm.item.update", {**asked, "fields": {"categoryId": 0, "stageId": "NEW"}}))["item"]
    assert (item["categoryId"], item["stageId"], item["stageSemanticId"]) == (0, "NEW", "P")


@pytest.mark.parametrize(("name", "value"), [("categoryId", 999), ("currencyId", "XXX")])
async def test_items_refuse_unknown_pipelines_and_currencies(write: Caller, name: str, value: object) -> None:
    for method in ("crm.item.add", "crm.item.update"):
        status, answer = await write.refused(method, {"entityTypeId": 2, "id": 1, "fields": {name: value}})
        assert (status, answer["error"]) == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")


async def test_deals_refuse_unknown_currencies_without_a_code(write: Caller) -> None:
    status, answer = await write.refused("crm.deal.update", {"id": 1, "fields": {"CURRENCY_ID": "XXX"}})
    assert (status, answer["error"], answer["error_description"]) == (400, "", 'Invalid value for field "Currency"')


async def test_values_outside_a_directory_are_stored(write: Caller) -> None:
    assert await write.result("crm.deal.update", {"id": 1, "fields": {"SOURCE_ID": "WEBB"}}) is True
    assert (await write.result("crm.deal.get", {"id": 1}))["SOURCE_ID"] == "WEBB"


async def test_a_false_flag_finds_nothing(call: Caller) -> None:
    assert (await call("crm.deal.list", {"filter": {"CLOSED": False}}))["total"] == 0


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Friday", "2026-03-06T00:00:00+03:00"),
        ("sunday", f"{SUNDAY}T00:00:00+03:00"),
        ("next Sunday 15:30", "2026-03-08T15:30:00+03:00"),
        ("last mon", "2026-02-23T00:00:00+03:00"),
        ("tomorrow 10:00", "2026-03-02T10:00:00+03:00"),
        ("+2 days", "2026-03-03T12:00:00+03:00"),
        ("2026-02-30", "2026-03-02T00:00:00+03:00"),
        ("05.03.2026 18:00", "2026-03-05T18:00:00+03:00"),
        ("soon", None),
    ],
)
async def test_deadlines_are_read_like_php_reads_dates(write: Caller, sent: str, stored: str | None) -> None:
    fields = {"TITLE": "t", "RESPONSIBLE_ID": 1, "DEADLINE": sent}
    assert (await write.result("tasks.task.add", {"fields": fields}))["task"]["deadline"] == stored


async def test_a_date_that_cannot_be_read_changes_nothing(write: Caller) -> None:
    fields = {"CLOSEDATE": "2026-05-04"}
    await write.result("crm.deal.update", {"id": 1, "fields": fields})
    assert await write.result("crm.deal.update", {"id": 1, "fields": {"CLOSEDATE": "soon", "TITLE": "x"}}) is True
    shown = await write.result("crm.deal.get", {"id": 1})
    assert (shown["CLOSEDATE"], shown["TITLE"]) == ("2026-05-04T03:00:00+03:00", "x")
    await write.result("crm.deal.update", {"id": 1, "fields": {"CLOSEDATE": ""}})
    assert (await write.result("crm.deal.get", {"id": 1}))["CLOSEDATE"] == ""


async def test_a_comment_with_files_in_another_form_has_no_file(write: Caller) -> None:
    fields: dict[str, Any] = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "c"}
    fields["FILES"] = {"fileData": "/path/offer.pdf"}
    comment = await write.result("crm.timeline.comment.add", {"fields": fields})
    assert "FILES" not in await write.result("crm.timeline.comment.get", {"id": comment})


async def test_a_text_instead_of_a_search_filter_finds_everybody(call: Caller) -> None:
    assert (await call("user.search", {"FILTER": "Ivan"}))["total"] == (await call("user.search", {}))["total"]


@pytest.mark.parametrize("file", [99999, 1])
async def test_only_existing_files_can_be_attached_to_a_task(write: Caller, file: int) -> None:
    asked = {"taskId": 7, "fileId": file}
    status, answer = await write.refused("tasks.task.files.attach", asked)
    assert (status, answer["error"]) == (400, "ERROR_CORE")
    fields = {"TITLE": "t", "RESPONSIBLE_ID": 1, "UF_TASK_WEBDAV_FILES": [f"n{file}"]}
    assert (await write.refused("tasks.task.add", {"fields": fields}))[1]["error"] == "ERROR_CORE"


async def test_an_invoice_is_linked_to_its_deal_and_estimate(write: Caller) -> None:
    fields = {"title": "i", "parentId2": 3, "parentId7": 1}
    invoice = (await write.result("crm.item.add", {"entityTypeId": 31, "fields": fields}))["item"]
    assert (invoice["parentId2"], invoice["parentId7"]) == (3, 1)
    found = await write.result("crm.item.list", {"entityTypeId": 31, "filter": {"parentId2": 3}})
    assert [item["id"] for item in found["items"]] == [invoice["id"]]
    described = (await write.result("crm.item.fields", {"entityTypeId": 31}))["fields"]["parentId2"]
    assert (described["type"], described["settings"]) == ("crm_entity", {"parentEntityTypeId": 2})


async def test_the_first_records_of_new_tables_are_not_number_one(write: Caller) -> None:
    made = (await write.result("crm.type.add", {"fields": {"title": "T"}}))["type"]
    item = (await write.result("crm.item.add", {"entityTypeId": made["entityTypeId"], "fields": {}}))["item"]
    comment = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "c"}
    noted = await write.result("crm.timeline.comment.add", {"fields": comment})
    assert min(made["id"], item["id"], noted) > 1


@pytest.mark.parametrize(
    ("listening", "name", "url"),
    [
        ("https://127.0.0.1:443", None, "https://127.0.0.1"),
        ("https://0.0.0.0:443", None, "https://127.0.0.1"),
        ("https://127.0.0.1:443", "portal.example", "https://portal.example"),
        ("http://127.0.0.1:443", None, "http://127.0.0.1:443"),
        ("http://127.0.0.1:8024", "portal.example", "http://portal.example:8024"),
    ],
)
async def test_announced_addresses_do_not_show_the_default_port(listening: str, name: str | None, url: str) -> None:
    async with opened(empty=True, name=name) as caller:
        announced = Announcement(caller.sandbox).of(listening)
    assert (announced["url"], announced["rest_url"]) == (url, f"{url}/rest/")
    assert (announced["oauth_url"], announced["domain"]) == (f"{url}/oauth/", url.partition("://")[2])
