"""Records that belong to CRM records: requisites, addresses, activities, the timeline, clients, product rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _requisite(write: Caller, **more: Any) -> int:
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "Основные", "RQ_INN": "7700000001", **more}
    number: int = await write.result("crm.requisite.add", {"fields": fields})
    return number


async def _activity(write: Caller, **more: Any) -> int:
    fields = {
        "OWNER_TYPE_ID": 2,
        "OWNER_ID": 1,
        "TYPE_ID": 2,
        "SUBJECT": "Звонок",
        "RESPONSIBLE_ID": 1,
        "COMMUNICATIONS": [{"VALUE": "+70005552005", "ENTITY_ID": 5, "ENTITY_TYPE_ID": 3}],
        **more,
    }
    number: int = await write.result("crm.activity.add", {"fields": fields})
    return number


async def test_a_requisite_comes_back_as_it_was_sent(write: Caller) -> None:
    number = await _requisite(write)
    stored = await write.result("crm.requisite.get", {"id": number})
    assert (stored["RQ_INN"], stored["ENTITY_ID"], stored["ACTIVE"], stored["ADDRESS_ONLY"]) == (
        "7700000001",
        "1",
        "Y",
        "N",
    )
    assert (stored["DATE_CREATE"], stored["DATE_MODIFY"], stored["MODIFY_BY_ID"]) == (
        "2026-03-01T12:00:00+03:00",
        "",
        None,
    )
    await write.result("crm.requisite.update", {"id": number, "fields": {"RQ_KPP": "1", "ENTITY_ID": 2}})
    changed = await write.result("crm.requisite.get", {"id": number})
    assert (changed["RQ_KPP"], changed["ENTITY_ID"], changed["MODIFY_BY_ID"]) == ("1", "1", "1")


@pytest.mark.parametrize("name", ["ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID"])
async def test_a_requisite_without_its_owner_or_preset_is_refused(write: Caller, name: str) -> None:
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "x"}
    del fields[name]
    _, answer = await write.refused("crm.requisite.add", {"fields": fields})
    assert answer == {"error": "", "error_description": f"{name} is not defined or invalid."}


async def test_the_error_for_a_missing_requisite_names_it(call: Caller) -> None:
    for method, name in (
        ("crm.requisite.get", "Requisite"),
        ("crm.requisite.delete", "Requisite"),
        ("crm.requisite.bankdetail.get", "RequisiteBankDetail"),
        ("crm.requisite.preset.get", "Preset"),
    ):
        status, answer = await call.refused(method, {"id": 5757})
        assert (status, answer["error"]) == (400, "")
        assert answer["error_description"] == f"The {name} with ID '5757' is not found"


async def test_bank_details_and_addresses_are_deleted_with_their_requisite(write: Caller) -> None:
    number = await _requisite(write)
    bank = await write.result("crm.requisite.bankdetail.add", {"fields": {"ENTITY_ID": number, "NAME": "Банк"}})
    address = {"TYPE_ID": 6, "ENTITY_TYPE_ID": 8, "ENTITY_ID": number, "CITY": "Казань"}
    assert await write.result("crm.address.add", {"fields": address}) is True
    rows = await write.result("crm.address.list", {"filter": {"ENTITY_ID": number, "ENTITY_TYPE_ID": 8}})
    assert [(row["CITY"], row["ANCHOR_TYPE_ID"], row["ANCHOR_ID"]) for row in rows] == [("Казань", "4", "1")]
    assert await write.result("crm.requisite.delete", {"id": number}) is True
    await write.refused("crm.requisite.bankdetail.get", {"id": bank})
    assert (await write("crm.address.list", {"filter": {"ENTITY_ID": number, "ENTITY_TYPE_ID": 8}}))["total"] == 0


async def test_an_address_is_identified_by_its_type_and_owner(write: Caller) -> None:
    key = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": await _requisite(write)}
    _, answer = await write.refused("crm.address.update", {"fields": {**key, "CITY": "x"}})
    assert answer["error_description"] == "TypeAddress not found."
    await write.result("crm.address.add", {"fields": {**key, "CITY": "Казань"}})
    _, answer = await write.refused("crm.address.add", {"fields": key})
    assert answer["error_description"] == "TypeAddress exists."
    await write.result("crm.address.update", {"fields": {**key, "CITY": "Пермь"}})
    assert [row["CITY"] for row in await write.result("crm.address.list", {"filter": key})] == ["Пермь"]
    assert await write.result("crm.address.delete", {"fields": key}) is True
    assert await write.result("crm.address.list", {"filter": key}) == []


async def test_a_document_uses_one_set_of_requisites(write: Caller) -> None:
    number = await _requisite(write)
    bank = await write.result("crm.requisite.bankdetail.add", {"fields": {"ENTITY_ID": number, "NAME": "Банк"}})
    sent = {
        "ENTITY_TYPE_ID": 2,
        "ENTITY_ID": 1,
        "REQUISITE_ID": number,
        "BANK_DETAIL_ID": bank,
        "MC_REQUISITE_ID": 0,
        "MC_BANK_DETAIL_ID": 0,
    }
    assert await write.result("crm.requisite.link.register", {"fields": sent}) is True
    link = await write.result("crm.requisite.link.get", {"entityTypeId": 2, "entityId": 1})
    assert link == {
        "ENTITY_TYPE_ID": 2,
        "ENTITY_ID": 1,
        "REQUISITE_ID": str(number),
        "BANK_DETAIL_ID": str(bank),
        "MC_REQUISITE_ID": "0",
        "MC_BANK_DETAIL_ID": "0",
    }
    _, answer = await write.refused("crm.requisite.link.register", {"fields": {**sent, "REQUISITE_ID": 99}})
    assert answer["error_description"] == "The Requisite with ID '99' is not found"
    assert await write.result("crm.requisite.link.unregister", {"entityTypeId": 2, "entityId": 1}) is True
    _, answer = await write.refused("crm.requisite.link.get", {"entityTypeId": 2, "entityId": 1})
    assert answer == {"error": "", "error_description": "Not found"}


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("TYPE_ID", "The field TYPE_ID is not defined or invalid."),
        ("SUBJECT", "The field SUBJECT is not defined or empty."),
        ("COMMUNICATIONS", "The field COMMUNICATIONS is not defined or invalid."),
    ],
)
async def test_the_error_for_an_activity_names_the_missing_field(write: Caller, missing: str, text: str) -> None:
    fields = {
        "OWNER_TYPE_ID": 2,
        "OWNER_ID": 1,
        "TYPE_ID": 2,
        "SUBJECT": "x",
        "RESPONSIBLE_ID": 1,
        "COMMUNICATIONS": [{"VALUE": "+7"}],
    }
    del fields[missing]
    _, answer = await write.refused("crm.activity.add", {"fields": fields})
    assert answer == {"error": "", "error_description": text}


async def test_completing_an_activity_changes_its_status(write: Caller) -> None:
    number = await _activity(write, SETTINGS={"a": "b"})
    stored = await write.result("crm.activity.get", {"id": number})
    assert (stored["COMPLETED"], stored["STATUS"], stored["SETTINGS"]) == ("N", "1", {"a": "b"})
    assert "COMMUNICATIONS" not in stored
    await write.result("crm.activity.update", {"id": number, "fields": {"COMPLETED": "Y"}})
    stored = await write.result("crm.activity.get", {"id": number})
    assert (stored["COMPLETED"], stored["STATUS"]) == ("Y", "2")


async def test_communications_are_shown_only_when_selected(write: Caller) -> None:
    await _activity(write)
    asked = {"filter": {"OWNER_TYPE_ID": 2, "OWNER_ID": 1}}
    assert "COMMUNICATIONS" not in (await write.result("crm.activity.list", asked))[0]
    row = (await write.result("crm.activity.list", {**asked, "select": ["ID", "COMMUNICATIONS"]}))[0]
    assert set(row) == {"ID", "COMMUNICATIONS"}
    entry = row["COMMUNICATIONS"][0]
    assert (entry["TYPE"], entry["VALUE"], entry["ENTITY_ID"]) == ("PHONE", "+70005552005", "5")
    assert set(entry["ENTITY_SETTINGS"]) == {"HONORIFIC", "NAME", "SECOND_NAME", "LAST_NAME", "COMPANY_ID"}


async def test_an_activity_is_found_by_any_of_its_bindings(write: Caller) -> None:
    number = await _activity(write)
    assert await write.result("crm.activity.binding.list", {"activityId": number}) == [
        {"entityTypeId": 2, "entityId": 1},
        {"entityTypeId": 3, "entityId": 5},
    ]
    by_contact = await write.result("crm.activity.list", {"filter": {"OWNER_TYPE_ID": 3, "OWNER_ID": 5}})
    assert [row["ID"] for row in by_contact] == [str(number)]
    binding = {"activityId": number, "entityTypeId": 1, "entityId": 3}
    assert await write.result("crm.activity.binding.add", binding) is True
    _, answer = await write.refused("crm.activity.binding.add", binding)
    assert answer["error"] == "ACTIVITY_IS_ALREADY_BOUND"


async def test_an_activity_is_deleted_with_its_last_owner(write: Caller) -> None:
    number = await _activity(write)
    await write.result("crm.deal.delete", {"id": 1})
    await write.result("crm.activity.get", {"id": number})
    await write.result("crm.contact.delete", {"id": 5})
    _, answer = await write.refused("crm.activity.get", {"id": number})
    assert answer == {"error": "", "error_description": "Not found"}


async def test_a_to_do_belongs_to_its_owner(write: Caller) -> None:
    owner = {"ownerTypeId": 2, "ownerId": 1}
    made = await write.result("crm.activity.todo.add", {**owner, "deadline": "2026-03-05T10:00:00", "title": "Дело"})
    stored = await write.result("crm.activity.get", made)
    assert (stored["PROVIDER_ID"], stored["DEADLINE"]) == ("CRM_TODO", "2026-03-05T10:00:00+03:00")
    _, answer = await write.refused("crm.activity.todo.updateDeadline", {**owner, **made, "value": "never"})
    assert answer["error"] == "WRONG_DATETIME_FORMAT"
    _, answer = await write.refused("crm.activity.todo.add", {**owner, "ownerId": 9999, "deadline": "2026-03-05"})
    assert answer["error"] == "OWNER_NOT_FOUND"


async def test_a_comment_is_added_read_updated_and_deleted(write: Caller) -> None:
    fields = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "Привет", "FILES": [["1.gif", "R0lGODlh"]]}
    number = await write.result("crm.timeline.comment.add", {"fields": fields})
    stored = await write.result("crm.timeline.comment.get", {"id": number})
    assert (stored["COMMENT"], stored["ENTITY_TYPE"], stored["AUTHOR_ID"]) == ("Привет", "deal", "1")
    (file,) = stored["FILES"].values()
    assert (file["name"], file["type"], file["size"]) == ("1.gif", "image", 6)
    changed = {"id": number, "fields": {"COMMENT": "Пока", "FILES": []}}
    assert await write.result("crm.timeline.comment.update", changed) == number
    rows = await write("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": "deal"}})
    assert [(row["COMMENT"], "FILES" in row) for row in rows["result"]] == [("Пока", False)]
    assert rows["total"] == 1
    assert await write.result("crm.timeline.comment.delete", {"id": number}) is None
    _, answer = await write.refused("crm.timeline.comment.get", {"id": number})
    assert answer == {"error": "", "error_description": "Not found."}


async def test_a_comment_needs_an_owner_and_a_text(write: Caller) -> None:
    for fields, code in (
        ({"ENTITY_TYPE": "deal", "COMMENT": "x"}, "100"),
        ({"ENTITY_TYPE": "deal", "ENTITY_ID": 9999, "COMMENT": "x"}, "OWNER_NOT_FOUND"),
        ({"ENTITY_TYPE": "deal", "ENTITY_ID": 1, "COMMENT": ""}, "INVALID_ARG_VALUE"),
    ):
        _, answer = await write.refused("crm.timeline.comment.add", {"fields": fields})
        assert answer["error"] == code


async def test_a_comment_may_be_bound_to_more_than_one_item(write: Caller) -> None:
    fields = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x"}
    number = await write.result("crm.timeline.comment.add", {"fields": fields})
    binding = {"OWNER_ID": number, "ENTITY_ID": 2, "ENTITY_TYPE": "company"}
    assert await write.result("crm.timeline.bindings.bind", {"fields": binding}) is True
    bound = await write.result("crm.timeline.bindings.list", {"filter": {"OWNER_ID": number}})
    assert [(row["ENTITY_TYPE"], row["ENTITY_ID"]) for row in bound] == [("deal", "1"), ("company", "2")]
    rows = await write.result("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 2, "ENTITY_TYPE": "company"}})
    assert [row["ID"] for row in rows] == [str(number)]
    assert await write.result("crm.timeline.bindings.unbind", {"fields": binding}) is True
    assert len(await write.result("crm.timeline.bindings.list", {"filter": {"OWNER_ID": number}})) == 1


async def test_log_messages_are_listed_ten_per_page_newest_first(write: Caller) -> None:
    fields = {"entityTypeId": 2, "entityId": 1, "text": "x", "iconCode": "info"}
    for number in range(12):
        await write.result("crm.timeline.logmessage.add", {"fields": {**fields, "title": f"t{number}"}})
    answer = await write("crm.timeline.logmessage.list", {"entityTypeId": 2, "entityId": 1})
    titles = [row["title"] for row in answer["result"]["logMessages"]]
    assert (titles[0], len(titles), answer["next"], answer["total"]) == ("t11", 10, 10, 12)


async def test_links_of_contacts_are_numbers_with_one_primary(write: Caller) -> None:
    items = [{"CONTACT_ID": 3, "SORT": 100}, {"CONTACT_ID": 4, "SORT": 50, "IS_PRIMARY": "Y"}]
    assert await write.result("crm.deal.contact.items.set", {"id": 1, "items": items}) is True
    assert await write.result("crm.deal.contact.items.get", {"id": 1}) == [
        {"CONTACT_ID": 4, "SORT": 50, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
        {"CONTACT_ID": 3, "SORT": 100, "ROLE_ID": 0, "IS_PRIMARY": "N"},
    ]
    assert (await write.result("crm.deal.get", {"id": 1}))["CONTACT_ID"] == "4"
    assert await write.result("crm.deal.contact.add", {"id": 1, "fields": {"CONTACT_ID": 7}}) is True
    assert await write.result("crm.deal.contact.add", {"id": 1, "fields": {"CONTACT_ID": 7}}) is False
    item = (await write.result("crm.item.get", {"entityTypeId": 2, "id": 1}))["item"]
    assert item["contactIds"] == [4, 3, 7]
    assert await write.result("crm.deal.contact.delete", {"id": 1, "fields": {"CONTACT_ID": 4}}) is True
    assert (await write.result("crm.deal.get", {"id": 1}))["CONTACT_ID"] == "3"
    assert await write.result("crm.deal.contact.items.delete", {"id": 1}) is True
    assert await write.result("crm.deal.contact.items.get", {"id": 1}) == []


async def test_a_contact_and_its_company_link_to_each_other(write: Caller) -> None:
    company = await write.result("crm.company.add", {"fields": {"TITLE": "ООО «Клён»"}})
    contact = await write.result("crm.contact.add", {"fields": {"NAME": "Анна", "COMPANY_ID": company}})
    listed = await write.result("crm.company.contact.items.get", {"id": company})
    assert [row["CONTACT_ID"] for row in listed] == [contact]
    await write.result("crm.company.contact.delete", {"id": company, "fields": {"CONTACT_ID": contact}})
    assert (await write.result("crm.contact.get", {"id": contact}))["COMPANY_ID"] is None
    await write.result("crm.contact.company.add", {"id": contact, "fields": {"COMPANY_ID": company}})
    await write.result("crm.company.delete", {"id": company})
    assert await write.result("crm.contact.company.items.get", {"id": contact}) == []


async def test_links_to_missing_records_are_refused(call: Caller) -> None:
    for params, text in (
        ({"fields": {"CONTACT_ID": 1}}, "The parameter 'ownerEntityID' is invalid or not defined."),
        ({"id": 9999, "fields": {"CONTACT_ID": 1}}, "Not found."),
        ({"id": 1, "fields": {}}, "The parameter 'fields' is not valid."),
    ):
        _, answer = await call.refused("crm.deal.contact.add", params)
        assert answer == {"error": "", "error_description": text}
