"""User fields: one registry for two families of methods, columns, every type written and read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _field(write: Caller, name: str, kind: str, prefix: str = "crm.deal", **more: Any) -> int:
    fields = {"FIELD_NAME": name, "USER_TYPE_ID": kind, **more}
    number: int = await write.result(f"{prefix}.userfield.add", {"fields": fields})
    return number


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("NOTE", "UF_CRM_NOTE"), ("UF_NOTE", "UF_CRM_NOTE"), ("UF_CRM_NOTE", "UF_CRM_NOTE"), ("note", "UF_CRM_NOTE")],
)
async def test_the_prefix_of_a_field_is_added_where_it_is_missing(write: Caller, sent: str, kept: str) -> None:
    number = await _field(write, sent, "string")
    assert (await write.result("crm.deal.userfield.get", {"id": number}))["FIELD_NAME"] == kept


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"FIELD_NAME": "A"}, ""),
        ({"USER_TYPE_ID": "string"}, ""),
        ({"FIELD_NAME": "A" * 44, "USER_TYPE_ID": "string"}, "ERROR_CORE"),
        ({"FIELD_NAME": "A-B", "USER_TYPE_ID": "string"}, "ERROR_CORE"),
        ({"FIELD_NAME": "A", "USER_TYPE_ID": "no_such_type"}, "ERROR_CORE"),
        (
            {"FIELD_NAME": "A", "USER_TYPE_ID": "enumeration", "LIST": [{"VALUE": "x", "XML_ID": "1"}] * 2},
            "ERROR_CORE",
        ),
    ],
)
async def test_an_invalid_field_is_refused(write: Caller, fields: dict[str, Any], code: str) -> None:
    status, answer = await write.refused("crm.deal.userfield.add", {"fields": fields})
    assert (status, answer["error"]) == (400, code)
    assert (await write("crm.deal.userfield.list"))["total"] == 0


async def test_a_second_field_of_the_same_name_is_refused(write: Caller) -> None:
    await _field(write, "TWICE", "string")
    _, answer = await write.refused(
        "crm.deal.userfield.add", {"fields": {"FIELD_NAME": "TWICE", "USER_TYPE_ID": "integer"}}
    )
    assert answer["error"] == "ERROR_CORE"
    await _field(write, "TWICE", "string", "crm.lead")


@pytest.mark.parametrize(
    ("kind", "sent", "classic", "universal"),
    [
        ("string", "text", "text", "text"),
        ("integer", 42, "42", 42),
        ("double", 45.5, "45.5", 45.5),
        ("boolean", "1", "1", "Y"),
        ("boolean", "N", "0", "N"),
        ("money", "100|RUB", "100|RUB", "100|RUB"),
        ("url", "https://example.com/", "https://example.com/", "https://example.com/"),
        ("employee", 3, "3", 3),
        ("crm", "D_5", "D_5", "D_5"),
        ("address", "Street, 1|55.7;37.6", "Street, 1|55.7;37.6", "Street, 1|55.7;37.6"),
        ("date", "2026-03-05", "2026-03-05T03:00:00+03:00", "2026-03-05T03:00:00+03:00"),
        ("datetime", "2026-03-05T10:30:00+03:00", "2026-03-05T10:30:00+03:00", "2026-03-05T10:30:00+03:00"),
    ],
)
async def test_every_type_is_shown_in_the_form_of_each_family(
    write: Caller, kind: str, sent: Any, classic: str, universal: Any
) -> None:
    await _field(write, "VALUE", kind)
    deal = await write.result("crm.deal.add", {"fields": {"UF_CRM_VALUE": sent}})
    assert (await write.result("crm.deal.get", {"id": deal}))["UF_CRM_VALUE"] == classic
    item = (await write.result("crm.item.get", {"entityTypeId": 2, "id": deal}))["item"]
    assert item["ufCrmValue"] == universal


async def test_a_multiple_field_contains_a_list(write: Caller) -> None:
    await _field(write, "MANY", "string", MULTIPLE="Y")
    deal = await write.result("crm.deal.add", {"fields": {"UF_CRM_MANY": ["a", "b"]}})
    assert (await write.result("crm.deal.get", {"id": deal}))["UF_CRM_MANY"] == ["a", "b"]
    found = await write.result("crm.deal.list", {"filter": {"UF_CRM_MANY": "b"}, "select": ["ID"]})
    assert found == [{"ID": str(deal)}]
    _, answer = await write.refused(
        "crm.item.update", {"entityTypeId": 2, "id": deal, "fields": {"ufCrmMany": "alone"}}
    )
    assert answer["error"] == "100"
    assert answer["error_description"] == "Expected iterable value for multiple field, but got `string` instead"


async def test_items_of_a_list_are_added_changed_and_removed(write: Caller) -> None:
    number = await _field(write, "KIND", "enumeration", LIST=[{"VALUE": "one"}, {"VALUE": "two", "DEF": "Y"}])
    first, second = (await write.result("crm.deal.userfield.get", {"id": number}))["LIST"]
    assert (first["VALUE"], second["DEF"]) == ("one", "Y")
    changes = [{"ID": first["ID"], "VALUE": "uno"}, {"ID": second["ID"], "DEL": "Y"}, {"VALUE": "three"}]
    assert await write.result("crm.deal.userfield.update", {"id": number, "fields": {"LIST": changes}}) is True
    left = (await write.result("crm.deal.userfield.get", {"id": number}))["LIST"]
    assert [item["VALUE"] for item in left] == ["uno", "three"]
    described = (await write.result("crm.deal.fields"))["UF_CRM_KIND"]
    assert described["items"] == [{"ID": item["ID"], "VALUE": item["VALUE"]} for item in left]
    assert (described["type"], described["isDynamic"]) == ("enumeration", True)


async def test_labels_are_shown_in_all_languages_in_one_or_not_at_all(write: Caller) -> None:
    number = await _field(write, "LABELLED", "string", EDIT_FORM_LABEL={"ru": "Поле", "en": "Field"})
    assert (await write.result("crm.deal.userfield.get", {"id": number}))["EDIT_FORM_LABEL"]["en"] == "Field"
    one = await write.result("crm.deal.userfield.list", {"filter": {"LANG": "ru"}})
    assert one[0]["EDIT_FORM_LABEL"] == "Поле"
    none = await write.result("crm.deal.userfield.list")
    assert "EDIT_FORM_LABEL" not in none[0]


async def test_the_star_of_a_classic_select_excludes_user_fields(write: Caller) -> None:
    await _field(write, "SEEN", "string")
    plain = {"filter": {"ID": 5}}
    assert "UF_CRM_SEEN" in (await write.result("crm.deal.list", plain))[0]
    assert "UF_CRM_SEEN" not in (await write.result("crm.deal.list", {**plain, "select": ["*"]}))[0]
    named = await write.result("crm.deal.list", {**plain, "select": ["UF_*"]})
    assert set(named[0]) == {"ID", "UF_CRM_SEEN"}


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("UF_CRM_1747309879", "ufCrm_1747309879"),
        ("UF_CRM_DIGIT", "ufCrmDigit"),
        ("UF_CRM_3_1747309727", "ufCrm3_1747309727"),
        ("UF_CRM_3_DIGIT", "ufCrm3Digit"),
        ("UF_CRM_3_DIGIT10", "ufCrm_3_DIGIT10"),
        ("UF_CRM_3_DIGIT_10", "ufCrm_3_DIGIT_10"),
    ],
)
async def test_items_rename_user_fields_by_the_documented_rule(write: Caller, name: str, wire: str) -> None:
    await _field(write, name, "string")
    fields = (await write.result("crm.item.fields", {"entityTypeId": 2}))["fields"]
    assert fields[wire]["upperName"] == name
    fields = (await write.result("crm.item.fields", {"entityTypeId": 2, "useOriginalUfNames": "Y"}))["fields"]
    assert name in fields
    assert wire not in fields


async def test_original_names_work_everywhere_in_an_item_call(write: Caller) -> None:
    await _field(write, "CODE_1", "string")
    named = {"entityTypeId": 2, "useOriginalUfNames": "Y"}
    item = (await write.result("crm.item.add", {**named, "fields": {"title": "t", "UF_CRM_CODE_1": "x"}}))["item"]
    assert item["UF_CRM_CODE_1"] == "x"
    found = await write.result(
        "crm.item.list", {**named, "filter": {"UF_CRM_CODE_1": "x"}, "select": ["id", "UF_CRM_CODE_1"]}
    )
    assert found["items"] == [{"id": item["id"], "UF_CRM_CODE_1": "x"}]


async def test_a_file_is_uploaded_kept_and_cleared(write: Caller) -> None:
    await _field(write, "DOC", "file")
    deal = await write.result("crm.deal.add", {"fields": {"UF_CRM_DOC": {"fileData": ["a.txt", "aGVsbG8="]}}})
    shown = (await write.result("crm.deal.get", {"id": deal}))["UF_CRM_DOC"]
    assert set(shown) == {"id", "showUrl", "downloadUrl"}
    assert "auth=" in shown["downloadUrl"]
    item = (await write.result("crm.item.get", {"entityTypeId": 2, "id": deal}))["item"]
    assert set(item["ufCrmDoc"]) == {"id", "url", "urlMachine"}
    response = await write.http.get(item["ufCrmDoc"]["urlMachine"])
    assert (response.status_code, response.content) == (200, b"hello")
    await write.result("crm.deal.update", {"id": deal, "fields": {"UF_CRM_DOC": ""}})
    assert (await write.result("crm.deal.get", {"id": deal}))["UF_CRM_DOC"] is None


async def test_an_update_removes_unlisted_files_of_a_multiple_field(write: Caller) -> None:
    await _field(write, "DOCS", "file", MULTIPLE="Y")
    both = [["a.txt", "YQ=="], ["b.txt", "Yg=="]]
    item = (await write.result("crm.item.add", {"entityTypeId": 2, "fields": {"ufCrmDocs": both}}))["item"]
    first = item["ufCrmDocs"][0]["id"]
    update = {"entityTypeId": 2, "id": item["id"], "fields": {"ufCrmDocs": [{"id": first}, ["c.txt", "Yw=="]]}}
    changed = (await write.result("crm.item.update", update))["item"]["ufCrmDocs"]
    assert len(changed) == 2
    assert changed[0]["id"] == first
    assert changed[1]["id"] not in [file["id"] for file in item["ufCrmDocs"]]


async def test_an_empty_mandatory_field_is_refused(write: Caller) -> None:
    await _field(write, "MUST", "string", MANDATORY="Y", LABEL="Номер")
    _, answer = await write.refused("crm.deal.add", {"fields": {"TITLE": "t"}})
    assert answer["error"] == ""
    assert "Номер" in answer["error_description"]
    _, answer = await write.refused("crm.item.add", {"entityTypeId": 2, "fields": {"title": "t"}})
    assert answer["error"] == "CRM_FIELD_ERROR_REQUIRED"
    await write.result("crm.deal.add", {"fields": {"UF_CRM_MUST": "1"}})


async def test_a_deleted_field_is_missing_in_records_and_lists(write: Caller) -> None:
    number = await _field(write, "GONE", "string")
    assert await write.result("crm.deal.userfield.delete", {"id": number}) is True
    assert "UF_CRM_GONE" not in await write.result("crm.deal.fields")
    assert "UF_CRM_GONE" not in await write.result("crm.deal.get", {"id": 1})
    status, answer = await write.refused("crm.deal.userfield.get", {"id": number})
    assert (status, answer["error"]) == (400, "ERROR_NOT_FOUND")


async def test_a_field_of_another_object_is_not_accessible(write: Caller) -> None:
    number = await _field(write, "LEADS", "string", "crm.lead")
    _, answer = await write.refused("crm.deal.userfield.get", {"id": number})
    assert answer["error_description"] == "Access denied."


async def test_both_families_write_the_same_registry(write: Caller) -> None:
    sent = {
        "entityId": "CRM_CONTACT",
        "fieldName": "UF_CRM_CHANNEL",
        "userTypeId": "enumeration",
        "editFormLabel": {"ru": "Канал"},
        "enum": [{"value": "почта", "sort": 10}, {"value": "звонок", "def": "Y", "sort": 20}],
    }
    field = (await write.result("userfieldconfig.add", {"moduleId": "crm", "field": sent}))["field"]
    assert isinstance(field["id"], str)
    assert [(item["value"], item["def"]) for item in field["enum"]] == [("почта", "N"), ("звонок", "Y")]
    assert field["editFormLabel"] == {"ru": "Канал"}
    classic = await write.result("crm.contact.userfield.get", {"id": field["id"]})
    assert [item["VALUE"] for item in classic["LIST"]] == ["почта", "звонок"]
    change = {"enum": [{"id": field["enum"][1]["id"], "value": "телефон"}], "mandatory": "Y"}
    params = {"moduleId": "crm", "id": field["id"], "field": change}
    changed = (await write.result("userfieldconfig.update", params))["field"]
    assert [item["value"] for item in changed["enum"]] == ["телефон"]
    assert changed["mandatory"] == "Y"
    assert await write.result("userfieldconfig.delete", {"moduleId": "crm", "id": field["id"]}) is None
    _, answer = await write.refused("userfieldconfig.get", {"moduleId": "crm", "id": field["id"]})
    assert answer["error_description"] == "You do not have permission to view user field settings"


async def test_the_list_of_settings_is_paged_like_a_controller_and_filtered_by_object(write: Caller) -> None:
    for number in range(52):
        await _field(write, f"F_{number}", "string")
    await _field(write, "OTHER", "string", "crm.lead")
    asked = {"moduleId": "crm", "filter": {"entityId": "CRM_DEAL"}}
    answer = await write("userfieldconfig.list", asked)
    assert (len(answer["result"]["fields"]), answer["total"], answer["next"]) == (50, 52, 50)
    assert "editFormLabel" not in answer["result"]["fields"][0]
    rest = await write("userfieldconfig.list", {**asked, "start": 50})
    assert (len(rest["result"]["fields"]), "next" in rest) == (2, False)
    beyond = await write("userfieldconfig.list", {**asked, "start": 100})
    assert (beyond["result"]["fields"], beyond["total"]) == ([], 52)


async def test_types_of_user_fields_are_listed_in_both_forms(call: Caller) -> None:
    classic = {row["ID"] for row in await call.result("crm.userfield.types")}
    controller = (await call.result("userfieldconfig.getTypes", {"moduleId": "crm"}))["types"]
    assert classic == set(controller)
    assert controller["money"]["userTypeId"] == "money"


async def test_user_fields_are_kept_in_the_database_file(tmp_path: Any) -> None:
    from tests.sandbox.conftest import NOW, opened

    async with opened(tmp_path / "portal.db", clock=lambda: NOW, empty=True) as first:
        await _field(first, "KEPT", "string")
        await first.result("crm.deal.add", {"fields": {"UF_CRM_KEPT": "x"}})
    async with opened(tmp_path / "portal.db", clock=lambda: NOW, empty=True) as second:
        assert (await second.result("crm.deal.get", {"id": 1}))["UF_CRM_KEPT"] == "x"
