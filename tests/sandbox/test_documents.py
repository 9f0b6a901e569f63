"""Numerators, templates and documents of the CRM."""

from __future__ import annotations

from typing import Any

import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import Caller, http

SEQUENCE = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"
NUMERATOR = "crm.documentgenerator.numerator"
TEMPLATE = "crm.documentgenerator.template"
DOCUMENT = "crm.documentgenerator.document"


async def _template(write: Caller) -> dict[str, Any]:
    settings = {SEQUENCE: {"start": 7, "step": 2, "length": 3, "padString": "0"}}
    fields = {"name": "Счета", "template": "INV-{NUMBER}", "settings": settings}
    numerator = (await write.result(f"{NUMERATOR}.add", {"fields": fields}))["numerator"]["id"]
    fields = {"name": "Акт", "region": "ru", "numeratorId": numerator, "entityTypeId": ["2"]}
    sent = {**fields, "users": ["UA"], "file": ["act.docx", "UEsDBA=="]}
    template: dict[str, Any] = (await write.result(f"{TEMPLATE}.add", {"fields": sent}))["template"]
    return template


async def test_a_numerator_is_added_with_a_number_and_read_with_text(write: Caller) -> None:
    fields = {"name": "REST", "template": "{NUMBER}"}
    added = (await write.result(f"{NUMERATOR}.add", {"fields": fields}))["numerator"]
    assert (type(added["id"]), added["code"], added["settings"][SEQUENCE]["start"]) == (int, None, 1)
    asked = {"id": added["id"]}
    assert (await write.result(f"{NUMERATOR}.get", asked))["numerator"] == {**added, "id": str(added["id"])}
    changed = await write.result(f"{NUMERATOR}.update", {**asked, "fields": {"name": "Новый"}})
    assert (changed["id"], changed["name"], changed["template"]) == (str(added["id"]), "Новый", "{NUMBER}")
    listed = await write(f"{NUMERATOR}.list", {"filter": {"name": "Новый"}, "select": ["id"]})
    assert (listed["result"]["numerators"], listed["total"]) == ([{"id": str(added["id"])}], 1)
    assert await write.result(f"{NUMERATOR}.delete", asked) is None
    for verb in ("get", "update", "delete"):
        _, answer = await write.refused(f"{NUMERATOR}.{verb}", {**asked, "fields": fields})
        assert answer == {"error": "100", "error_description": "Could not construct parameter {numerator}"}


async def test_a_template_is_added_listed_by_its_id_and_deleted(write: Caller) -> None:
    template = await _template(write)
    number = template["id"]
    assert (template["users"], template["entityTypeId"], template["active"]) == ({"UA": "UA"}, ["2"], "Y")
    assert template["download"].endswith(f"&id={number}")
    assert (await write.result(f"{TEMPLATE}.get", {"id": number}))["template"] == template
    changed = await write.result(f"{TEMPLATE}.update", {"id": number, "fields": {"sort": 10}})
    assert changed["template"] == {**template, "sort": "10"}
    listed = await write(f"{TEMPLATE}.list", {"select": ["id", "name"], "filter": {"id": number}})
    assert listed["total"] == 1
    assert listed["result"]["templates"][number]["name"] == "Акт"
    assert await write.result(f"{TEMPLATE}.delete", {"id": number}) is None
    _, answer = await write.refused(f"{TEMPLATE}.get", {"id": number})
    assert answer == {"error": "0", "error_description": "Template not found"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "x"}, "Empty required fields: region, numeratorId, entityTypeId"),
        ({"name": "x", "region": "ru", "numeratorId": 1, "entityTypeId": ["2"]}, "Missing file content"),
        ({"name": "x", "region": "ru", "numeratorId": 99, "entityTypeId": ["2"], "file": ["a", "b"]}, "Numerator"),
    ],
)
async def test_a_template_needs_its_fields_and_a_file(write: Caller, fields: dict[str, Any], text: str) -> None:
    _, answer = await write.refused(f"{TEMPLATE}.add", {"fields": fields})
    assert answer["error"] == "0"
    assert answer["error_description"].startswith(text)


async def test_a_document_takes_the_next_number_of_its_template(write: Caller) -> None:
    template = (await _template(write))["id"]
    asked = {"templateId": template, "entityTypeId": 2, "entityId": 1}
    first = (await write.result(f"{DOCUMENT}.add", asked))["document"]
    second = (await write.result(f"{DOCUMENT}.add", asked))["document"]
    own = {**asked, "values": {"DocumentNumber": "X", "DocumentTitle": "Письмо"}}
    third = (await write.result(f"{DOCUMENT}.add", own))["document"]
    assert [each["number"] for each in (first, second, third)] == ["INV-007", "INV-009", "X"]
    assert (first["title"], third["title"], third["createdBy"]) == ("Акт INV-007", "Письмо", "1")
    number = first["id"]
    changed = {"id": number, "values": {"DocumentNumber": "7/1"}}
    updated = (await write.result(f"{DOCUMENT}.update", changed))["document"]
    assert (updated["number"], updated["updatedBy"], updated["stampsEnabled"]) == ("7/1", "1", True)
    listed = await write(f"{DOCUMENT}.list", {"filter": {"number": "7/1"}, "select": ["id", "title"]})
    assert (listed["result"]["documents"], listed["total"]) == ([{"id": number, "title": "Акт INV-007"}], 1)
    public = (await write.result(f"{DOCUMENT}.enablepublicurl", {"id": number}))["publicUrl"]
    assert (await write.result(f"{DOCUMENT}.get", {"id": number}))["document"]["publicUrl"] == public
    assert (await write.result(f"{DOCUMENT}.enablepublicurl", {"id": number, "status": 0}))["publicUrl"] is None
    assert await write.result(f"{DOCUMENT}.delete", {"id": number}) is None
    _, answer = await write.refused(f"{DOCUMENT}.get", {"id": number})
    assert answer == {"error": "0", "error_description": "Document not found"}


async def test_a_portal_has_templates_at_first(write: Caller) -> None:
    listed = (await write.result(f"{TEMPLATE}.list"))["templates"]
    assert [(row["name"], row["active"]) for row in listed.values()] == [("Счёт", "Y"), ("Договор", "Y"), ("Акт", "Y")]
    made = (await write.result(f"{DOCUMENT}.add", {"templateId": 1, "entityTypeId": 2, "entityId": 1}))["document"]
    assert (made["title"], made["number"]) == ("Счёт 1", "1")


async def test_the_fields_of_a_document_have_the_values_sent_and_stored(write: Caller) -> None:
    asked = {"templateId": 1, "entityTypeId": 2, "entityId": 1, "values": {"Terms": "10 дней"}}
    made = (await write.result(f"{DOCUMENT}.add", asked))["document"]
    sent = {"id": made["id"], "values": {"DocumentNumber": "7"}}
    fields = (await write.result(f"{DOCUMENT}.getfields", sent))["documentFields"]
    number = fields["DocumentNumber"]
    assert (number["value"], number["default"], number["required"]) == ("7", made["number"], "Y")
    assert (fields["DocumentTitle"]["value"], fields["Terms"]["value"]) == (made["title"], "10 дней")
    assert set(fields) == {"DocumentNumber", "DocumentTitle", "Terms"}
    assert (await write.result(f"{DOCUMENT}.get", {"id": made["id"]}))["document"]["number"] == made["number"]
    _, answer = await write.refused(f"{DOCUMENT}.getfields", {"id": 999})
    assert answer["error_description"] == "Document not found"


async def test_the_fields_of_a_template_need_a_type(write: Caller) -> None:
    asked = {"id": 1, "entityTypeId": 2}
    fields = (await write.result(f"{TEMPLATE}.getfields", asked))["templateFields"]
    assert fields["DocumentTitle"]["value"] == "Счёт"
    _, answer = await write.refused(f"{TEMPLATE}.getfields", {**asked, "entityTypeId": 9999})
    assert answer["error_description"] == "No provider for entityTypeId"
    await write.as_user().refused(f"{TEMPLATE}.getfields", asked)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"templateId": 999}, "Template not found"),
        ({"entityTypeId": 9999}, "No provider for entityTypeId"),
        ({"entityId": 0}, 'Empty required parameter "value"'),
        ({"entityId": 99999}, "Access denied"),
    ],
)
async def test_a_document_needs_a_template_and_an_item(write: Caller, changed: dict[str, int], text: str) -> None:
    asked = {"templateId": (await _template(write))["id"], "entityTypeId": 2, "entityId": 1, **changed}
    _, answer = await write.refused(f"{DOCUMENT}.add", asked)
    assert answer["error_description"] == text


async def test_a_document_made_elsewhere_is_uploaded(write: Caller) -> None:
    fields = {
        "entityTypeId": 2,
        "entityId": 1,
        "fileContent": "UEsDBA==",
        "region": "ru",
        "title": "Скан",
        "number": "1",
    }
    shown = (await write.result(f"{DOCUMENT}.upload", {"fields": fields}))["document"]
    assert (shown["title"], shown["number"], shown["entityId"]) == ("Скан", "1", "1")
    _, answer = await write.refused(f"{DOCUMENT}.upload", {"fields": {**fields, "fileContent": ""}})
    assert answer["error_description"] == "Empty required fields: fileContent"


async def test_only_an_administrator_changes_templates(own: Sandbox) -> None:
    async with http(own) as client:
        seller = Caller(own, client)
        seller.base = f"/rest/{USER_WEBHOOK}/"
        _, answer = await seller.refused(f"{NUMERATOR}.add", {"fields": {"name": "x", "template": "{NUMBER}"}})
        assert answer == {"error": "", "error_description": "You do not have permissions to modify templates"}
        assert (await seller.result(f"{NUMERATOR}.list"))["numerators"]
