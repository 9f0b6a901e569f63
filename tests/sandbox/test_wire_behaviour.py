"""Behaviour of real portals that surprises clients: lenient names, silent changes, odd forms of answers.

Every test states a fact about the portal, whatever a particular client makes of it.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.conftest import NOW, Caller, http, opened

ROOT = 1
"""The root folder of the shared storage."""
DOCUMENTED_ROW_KEYS = (
    "ID OWNER_ID OWNER_TYPE PRODUCT_ID PRODUCT_NAME ORIGINAL_PRODUCT_NAME PRODUCT_DESCRIPTION PRICE PRICE_EXCLUSIVE "
    "PRICE_NETTO PRICE_BRUTTO PRICE_ACCOUNT QUANTITY DISCOUNT_TYPE_ID DISCOUNT_RATE DISCOUNT_SUM TAX_RATE TAX_INCLUDED "
    "CUSTOMIZED MEASURE_CODE MEASURE_NAME SORT XML_ID TYPE STORE_ID RESERVE_ID DATE_RESERVE_END RESERVE_QUANTITY"
)


async def by_application(write: Caller, method: str, params: dict[str, object]) -> dict[str, Any]:
    token = write.sandbox.portal.oauth.issue().access_token
    response = await write.http.post(f"/rest/{method}?auth={token}", json=params)
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_webhook_registers_and_finishes_external_calls(write: Caller) -> None:
    sent = {"USER_ID": 1, "PHONE_NUMBER": "+70005550101", "TYPE": 1}
    number = (await write.result("telephony.externalCall.register", sent))["CALL_ID"]
    finished = await write.result("telephony.externalCall.finish", {"CALL_ID": number, "USER_ID": 1, "DURATION": 30})
    assert finished["CALL_DURATION"] == 30
    (row,) = await write.result("voximplant.statistic.get")
    assert (row["CALL_ID"], row["REST_APP_ID"]) == (number, None)


async def test_an_activity_without_a_responsible_person_gets_that_of_its_owner(write: Caller) -> None:
    await write.result("crm.contact.update", {"id": 5, "fields": {"ASSIGNED_BY_ID": 7}})
    fields = {"TYPE_ID": 2, "SUBJECT": "x", "COMMUNICATIONS": [{"VALUE": "+7", "ENTITY_ID": 5, "ENTITY_TYPE_ID": 3}]}
    owned = await write.result("crm.activity.add", {"fields": {**fields, "OWNER_TYPE_ID": 3, "OWNER_ID": 5}})
    assert (await write.result("crm.activity.get", {"id": owned}))["RESPONSIBLE_ID"] == "7"
    unowned = await write.result("crm.activity.add", {"fields": fields})
    assert (await write.result("crm.activity.get", {"id": unowned}))["RESPONSIBLE_ID"] == "1"


async def test_the_code_of_a_storage_has_the_length_the_application_leaves(write: Caller) -> None:
    longest = 50 - len(f"APP_{write.sandbox.application.client_id}_")
    assert (await by_application(write, "entity.add", {"ENTITY": "a" * longest, "NAME": "x"}))["result"] is True
    refused = await by_application(write, "entity.add", {"ENTITY": "b" * (longest + 1), "NAME": "x"})
    assert refused["error_description"] == f"Entity code is too long. Max length is {longest} characters."


async def test_parent_zero_selects_the_root_department(call: Caller) -> None:
    found = await call.result("department.get", {"PARENT": 0})
    assert [row["ID"] for row in found] == ["1"]
    assert "PARENT" not in found[0]


@pytest.mark.parametrize("method", ["crm.type.delete", "crm.type.update"])
async def test_a_type_is_not_changed_without_an_id(write: Caller, method: str) -> None:
    made = (await write.result("crm.type.add", {"fields": {"title": "T"}}))["type"]
    response = await write.http.post(write.base + method, json={"fields": {"title": "other"}})
    assert (response.status_code, response.json()["result"]) == (200, None)
    assert (await write.result("crm.type.get", {"id": made["id"]}))["type"]["title"] == "T"


async def test_a_null_storage_code_lists_the_storages(write: Caller) -> None:
    await by_application(write, "entity.add", {"ENTITY": "dish", "NAME": "x"})
    listed = await by_application(write, "entity.get", {"ENTITY": None})
    assert [row["ENTITY"] for row in listed["result"]] == ["dish"]


async def test_types_and_workplaces_are_found_by_upper_case_names(write: Caller) -> None:
    types = [(await write.result("crm.type.add", {"fields": {"title": name}}))["type"]["id"] for name in "ab"]
    found = await write.result("crm.type.list", {"order": {"ID": "DESC"}, "filter": {">=ENTITY_TYPE_ID": 1030}})
    assert [row["id"] for row in found["types"]] == types[::-1]
    assert (await write("crm.type.list", {"filter": {"ID": types[0]}}))["total"] == 1
    made = [
        (await write.result("crm.automatedsolution.add", {"fields": {"title": name}}))["automatedSolution"]["id"]
        for name in "ab"
    ]
    listed = await write.result("crm.automatedsolution.list", {"order": {"ID": "DESC"}, "filter": {"@ID": made}})
    assert [row["id"] for row in listed["automatedSolutions"]] == made[::-1]


async def test_product_rows_of_an_item_are_found_by_upper_case_names(write: Caller) -> None:
    rows = [{"productName": name, "price": 1} for name in "ab"]
    made = await write.result("crm.item.productrow.set", {"ownerType": "D", "ownerId": 3, "productRows": rows})
    numbers = [row["id"] for row in made["productRows"]]
    asked = {"filter": {"=OWNER_TYPE": "D", "=OWNER_ID": 3, "@ID": numbers}, "order": {"ID": "DESC"}}
    found = await write.result("crm.item.productrow.list", asked)
    assert [row["id"] for row in found["productRows"]] == numbers[::-1]


@pytest.mark.parametrize("method", ["disk.folder.get", "disk.storage.get", "disk.file.get"])
async def test_parameter_names_of_the_disk_are_case_sensitive(call: Caller, method: str) -> None:
    status, answer = await call.refused(method, {"ID": 1})
    assert (status, answer["error_description"]) == (400, "Could not find value for parameter {id}")


async def test_product_rows_have_their_keys_in_the_documented_order(write: Caller) -> None:
    await write.result("crm.deal.productrows.set", {"id": 3, "rows": [{"PRODUCT_NAME": "A", "PRICE": 5}]})
    (row,) = await write.result("crm.deal.productrows.get", {"id": 3})
    assert list(row) == DOCUMENTED_ROW_KEYS.split()


async def test_the_authorization_server_reads_a_token_from_a_json_body() -> None:
    async with opened(clock=lambda: NOW, oauth_name="oauth.example") as write:
        token = write.sandbox.portal.oauth.issue().access_token
        host = {"Host": "oauth.example"}
        response = await write.http.post("/rest/app.info", json={"auth": token}, headers=host)
        assert response.json()["result"]["client_id"] == write.sandbox.application.client_id
        refused = await write.http.post(
            "/rest/app.info", content=b"{", headers={**host, "Content-Type": "application/json"}
        )
        assert refused.status_code == 401


@pytest.mark.parametrize("text", ["aGVsbG8=", "aGVsbG8", "aGVs\r\nbG8=", "aG*Vs bG8=", "aGVsbG8x"[:7] + "==="])
async def test_contents_of_files_are_decoded_leniently(write: Caller, text: str) -> None:
    for content in (text, ["hello.txt", text]):
        sent = {"id": ROOT, "data": {"NAME": "hello.txt"}, "fileContent": content, "generateUniqueName": True}
        made = await write.result("disk.folder.uploadfile", sent)
        assert (await write.http.get(made["DOWNLOAD_URL"])).content == b"hello"


async def test_contents_without_any_base64_are_refused(write: Caller) -> None:
    sent = {"id": ROOT, "data": {"NAME": "x"}, "fileContent": ["x", "***"]}
    assert (await write.refused("disk.folder.uploadfile", sent))[1]["error"] == "ERROR_COULD_NOT_SAVE_FILE"


async def test_contacts_have_a_face(call: Caller) -> None:
    assert (await call.result("crm.contact.fields"))["FACE_ID"]["type"] == "integer"
    assert (await call.result("crm.contact.get", {"id": 1}))["FACE_ID"] is None


@pytest.mark.parametrize("action", ["approve", "disapprove"])
async def test_a_task_that_does_not_wait_for_control_is_not_judged(write: Caller, action: str) -> None:
    task = await write.result("tasks.task.add", {"fields": {"TITLE": "t", "RESPONSIBLE_ID": 1}})
    status, answer = await write.refused(f"tasks.task.{action}", {"taskId": task["task"]["id"]})
    assert (status, answer["error"], answer["error_description"]) == (
        400,
        "1048582",
        "Action on the task is not allowed",
    )


@pytest.mark.parametrize(
    ("command", "method", "params", "changed"),
    [
        ("crm.contact.update?id={}&fields[COMMENTS]=X", "crm.contact.get", {"id": 1}, ("COMMENTS", "X")),
        ("crm.deal.update?ID={}&fields[TITLE]=X", "crm.deal.get", {"id": 1}, ("TITLE", "X")),
        ("user.update?ID={}&NAME=X", "user.get", {"ID": 1}, ("NAME", "X")),
        ("department.update?ID={}&NAME=X", "department.get", {"ID": 1}, ("NAME", "X")),
        (
            "crm.deal.productrows.set?id={}&rows[0][PRODUCT_NAME]=X",
            "crm.deal.productrows.get",
            {"id": 1},
            ("PRODUCT_NAME", "X"),
        ),
    ],
)
async def test_a_write_with_a_reference_to_a_missing_value_hits_record_one(
    write: Caller, command: str, method: str, params: dict[str, object], changed: tuple[str, str]
) -> None:
    commands = {"a": "crm.contact.get?id=2", "b": command.format("$result[a][NO_SUCH]")}
    done = await write.batch(commands, halt=1)
    assert done["result_error"] == []
    shown = await write.result(method, params)
    record = shown[0] if isinstance(shown, list) else shown
    assert record[changed[0]] == changed[1]


async def test_a_delete_with_a_reference_to_a_missing_value_removes_record_one(write: Caller) -> None:
    done = await write.batch(["crm.contact.get?id=2", "crm.lead.delete?id=$result[0][LEAD]"])
    assert done["result"][1] is True
    assert (await write.refused("crm.lead.get", {"id": 1}))[1]["error_description"] == "Not found"


async def test_a_batch_cannot_express_a_false_filter(write: Caller) -> None:
    block = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 2}
    prop = await write.result("lists.field.add", {**block, "FIELDS": {"NAME": "n", "TYPE": "S", "CODE": "n"}})
    for code, value in (("empty", ""), ("zero", "0"), ("full", "12")):
        sent = {**block, "ELEMENT_CODE": code, "FIELDS": {"NAME": code, prop: value}}
        await write.result("lists.element.add", sent)
    by_json = await write("lists.element.get", {**block, "FILTER": {prop: False, "NAME": ["empty", "zero", "full"]}})
    assert [row["NAME"] for row in by_json["result"]] == ["empty"]
    query = f"IBLOCK_TYPE_ID=lists&IBLOCK_ID=2&FILTER[{prop}]=0&FILTER[NAME][]=empty&FILTER[NAME][]=zero"
    by_batch = await write.batch([f"lists.element.get?{query}"])
    assert [row["NAME"] for row in by_batch["result"][0]] == ["zero"]


async def test_a_page_of_addresses_counts_itself_although_more_follow(write: Caller) -> None:
    for company in range(1, 61):
        fields = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "CITY": "Пермь"}
        await write.result("crm.address.add", {"fields": fields})
    whole = {"filter": {"CITY": "Пермь", "TYPE_ID": 1}}
    first = await write("crm.address.list", whole)
    assert (len(first["result"]), first["total"], first["next"]) == (50, 50, 50)
    second = await write("crm.address.list", {**whole, "start": 50})
    assert (len(second["result"]), second["total"], "next" in second) == (10, 60, False)


async def test_names_with_brackets_in_a_json_body_stay_plain_names(write: Caller) -> None:
    everything = (await write("crm.deal.list"))["total"]
    assert (await write("crm.deal.list", {"filter[>ID]": 399}))["total"] == everything
    assert (await write("crm.stagehistory.list", {"entityTypeId": 2, "filter[OWNER_ID]": 5}))["total"] > 100
    before = await write.result("crm.deal.get", {"id": 5})
    await write("crm.deal.update", {"id": 5, "fields": {"COMMENTS": "c"}, "fields[TITLE]": "x"})
    assert (await write.result("crm.deal.get", {"id": 5}))["TITLE"] == before["TITLE"]
    form = await write.http.post(write.base + "crm.deal.list", data={"filter[>ID]": "399"})
    query = await write.http.get(write.base + "crm.deal.list", params={"filter[>ID]": "399"})
    assert [answer.json()["total"] for answer in (form, query)] == [1, 1]


async def test_a_filter_of_items_may_be_a_list_of_conditions(call: Caller) -> None:
    either = {"logic": "OR", "0": {"id": 7}, "1": {"id": 9}}
    asked = {"entityTypeId": 2, "select": ["id"], "filter": [either]}
    assert [row["id"] for row in (await call.result("crm.item.list", asked))["items"]] == [7, 9]
    asked["filter"] = [either, {">id": 7}]
    assert [row["id"] for row in (await call.result("crm.item.list", asked))["items"]] == [9]


async def test_lists_can_come_as_objects_by_id(write: Caller) -> None:
    write.sandbox.faults.fail("crm.item.list", "keyed_lists", times=1)
    asked = {"entityTypeId": 2, "select": ["id"], "filter": {"id": [7, 9]}}
    answer = await write("crm.item.list", asked)
    assert (answer["result"], answer["total"]) == ({"items": {"7": {"id": 7}, "9": {"id": 9}}}, 2)
    assert (await write.result("crm.item.list", asked))["items"] == [{"id": 7}, {"id": 9}]
    write.sandbox.faults.fail("crm.deal.list", "keyed_lists")
    shown = await write.result("crm.deal.list", {"filter": {"ID": [7, 9]}, "select": ["ID"]})
    assert shown == {"7": {"ID": "7"}, "9": {"ID": "9"}}


async def test_errors_of_controllers_can_come_with_status_200(write: Caller) -> None:
    write.sandbox.faults.fail("crm.item.delete", "error_list")
    response = await write.http.post(write.base + "crm.item.delete", json={"entityTypeId": 2, "id": 5})
    answer = response.json()
    assert (response.status_code, answer["status"], answer["errors"][0]["code"]) == (200, "error", "NOT_FOUND")
    assert "result" not in answer
    assert (await write.result("crm.item.get", {"entityTypeId": 2, "id": 5}))["item"]["id"] == 5


async def test_errors_of_pipelines_have_status_400_unless_160_is_asked_for(write: Caller) -> None:
    refusals = [
        ("crm.category.add", {"entityTypeId": 9999, "fields": {"name": "x"}}, "NOT_FOUND"),
        ("crm.category.add", {"entityTypeId": 2, "fields": {}}, "0"),
        ("crm.category.delete", {"entityTypeId": 2, "id": 777}, "NOT_FOUND"),
        ("crm.category.delete", {"entityTypeId": 3, "id": 1}, "ENTITY_TYPE_NOT_SUPPORTED"),
    ]
    for method, params, code in refusals:
        status, answer = await write.refused(method, params)
        assert (status, answer["error"]) == (400, code)
    write.sandbox.faults.fail("crm.category.add", "160")
    status, answer = await write.refused("crm.category.add", {"entityTypeId": 2, "fields": {"name": "x"}})
    assert (status, answer["error"]) == (160, "NOT_FOUND")


async def test_the_price_of_a_product_row_is_after_discount_and_tax(write: Caller) -> None:
    fields = {"ownerId": 3, "ownerType": "D", "productName": "p", "price": 80000, "quantity": 2}
    fields |= {"discountTypeId": 2, "discountRate": 20, "taxRate": 20, "taxIncluded": "Y"}
    row = (await write.result("crm.item.productrow.add", {"fields": fields}))["productRow"]
    names = ("price", "priceExclusive", "priceNetto", "priceBrutto", "discountSum", "priceAccount")
    assert [row[name] for name in names] == [80000, 66666.67, 83333.34, 100000.01, 16666.67, 80000]
    deal = (await write.result("crm.item.get", {"entityTypeId": 2, "id": 3}))["item"]
    assert (deal["opportunity"], deal["isManualOpportunity"]) == (160000, "N")


@pytest.mark.parametrize(
    ("scheme", "host", "shown"),
    [
        ("https", "portal.example:443", "https://portal.example"),
        ("https", "portal.example", "https://portal.example"),
        ("https", "portal.example:8443", "https://portal.example:8443"),
        ("http", "127.0.0.1:80", "http://127.0.0.1"),
        ("http", "127.0.0.1:443", "http://127.0.0.1:443"),
    ],
)
async def test_addresses_do_not_show_the_default_port(write: Caller, scheme: str, host: str, shown: str) -> None:
    asked = {"id": ROOT, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", base64.b64encode(b"a").decode()]}
    address = f"{scheme}://{host}{write.base}disk.folder.uploadfile"
    async with http(write.sandbox) as client:
        made = (await client.post(address, json=asked, headers={"Host": host})).json()["result"]
    assert made["DOWNLOAD_URL"].startswith(f"{shown}/rest/")
