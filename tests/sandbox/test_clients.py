"""Undocumented behaviour that other clients rely on."""

from __future__ import annotations

import pytest

from b24_sandbox import Sandbox
from tests.sandbox.conftest import Caller, http


@pytest.mark.parametrize("address", ["/rest//1/sandboxdemocode/profile", "//rest/1/sandboxdemocode//profile.json"])
async def test_repeated_slashes_in_an_address_are_merged(call: Caller, address: str) -> None:
    # b24jssdk joins "https://portal/rest/" and "/method".
    response = await call.http.post(f"http://127.0.0.1{address}", json={})
    assert response.json()["result"]["ID"] == "1"


async def test_repeated_slashes_are_merged_for_version_3_too(call: Caller) -> None:
    response = await call.http.post("/rest//api/1/sandboxdemocode/tasks.task.get", json={"id": 1, "select": ["id"]})
    assert response.json()["result"] == {"item": {"id": 1}}


async def test_scopes_without_methods_in_the_sandbox_are_listed_too(call: Caller) -> None:
    everything = await call.result("scope", {"full": True})
    assert {"crm", "telephony", "landing_cloud", "sign.b2e", "user_basic"} <= set(everything)
    assert everything == sorted(set(everything))
    assert "landing_cloud" not in await call.result("scope")


async def test_items_are_found_sorted_and_shown_by_upper_case_names_too(call: Caller) -> None:
    # b24pysdk and fast_bitrix24 sort every list by ID, also lists of items.
    asked = {"entityTypeId": 3, "filter": {">ID": 5, "@ASSIGNED_BY_ID": [1, 2, 3, 4]}, "order": {"ID": "DESC"}}
    found = await call.result("crm.item.list", {**asked, "select": ["ID", "LAST_NAME"]})
    camel = {"entityTypeId": 3, "filter": {">id": 5, "@assignedById": [1, 2, 3, 4]}, "order": {"id": "DESC"}}
    assert found == await call.result("crm.item.list", {**camel, "select": ["id", "lastName"]})
    assert found["items"]


async def test_unknown_upper_case_names_are_refused(call: Caller) -> None:
    _, answer = await call.refused("crm.item.list", {"entityTypeId": 3, "filter": {">DD_ID": 1}})
    assert answer["error"] == "INVALID_ARG_VALUE"


async def test_a_moved_and_a_restored_folder_show_the_parent_as_a_number(write: Caller) -> None:
    storage = (await write.result("disk.storage.getlist"))[0]["ID"]
    folder, target = [
        (await write.result("disk.storage.addfolder", {"id": storage, "data": {"NAME": name}}))["ID"]
        for name in ("moved", "into")
    ]
    moved = await write.result("disk.folder.moveto", {"id": folder, "targetFolderId": target})
    assert (moved["ID"], moved["PARENT_ID"]) == (folder, int(target))
    assert (await write.result("disk.folder.get", {"id": folder}))["PARENT_ID"] == target
    assert (await write.result("disk.folder.markdeleted", {"id": folder}))["DELETED_TYPE"] == "3"
    assert (await write.result("disk.folder.restore", {"id": folder}))["DELETED_TYPE"] == 0


async def test_a_message_to_a_chat_of_others_is_a_bad_request(call: Caller) -> None:
    status, answer = await call.refused("im.message.add", {"DIALOG_ID": "chat1111", "MESSAGE": "m"})
    assert (status, answer["error"]) == (400, "CANCELED")


async def test_a_chat_accepts_every_documented_color(write: Caller) -> None:
    chat = await write.result("im.chat.add", {"TYPE": "CHAT", "USERS": [1]})
    assert await write.result("im.chat.updateColor", {"CHAT_ID": chat, "COLOR": "SAND"}) is True


async def test_task_fields_are_the_documented_ones(call: Caller) -> None:
    # b24phpsdk compares them with its own list, name by name.
    fields = (await call.result("tasks.task.getFields"))["fields"]
    assert {"CHECKLIST", "NEW_COMMENTS_COUNT", "UF_CRM_TASK"} <= set(fields)
    assert not {"TAGS", "DEPENDS_ON", "DESCRIPTION_IN_BBCODE", "CHAT_ID"} & set(fields)


async def test_presets_of_requisites_have_their_keys(call: Caller) -> None:
    keys = [preset["XML_ID"] for preset in await call.result("crm.requisite.preset.list")]
    assert "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#" in keys


async def test_placements_are_listed_by_scope(own: Sandbox) -> None:
    token = own.portal.oauth.issue().access_token
    async with http(own) as client:
        answer = await client.post("/rest/placement.list", json={"auth": token, "SCOPE": "task"})
    assert answer.json()["result"]
    assert all(name.startswith("TASK_") for name in answer.json()["result"])


async def test_the_storage_of_a_user_cannot_be_renamed(write: Caller) -> None:
    storage = (await write.result("disk.storage.getlist"))[0]["ID"]
    _, answer = await write.refused("disk.storage.rename", {"id": storage, "newName": "Mine"})
    assert answer == {"error": "", "error_description": "Access denied (invalid type of storage)"}


async def test_the_storage_of_an_application_can_be_renamed(write: Caller) -> None:
    params = {"auth": write.sandbox.portal.oauth.issue().access_token}
    storage = (await write.http.post("/rest/disk.storage.getforapp", json=params)).json()["result"]
    sent = {**params, "id": storage["ID"], "newName": "Archive"}
    renamed = (await write.http.post("/rest/disk.storage.rename", json=sent)).json()["result"]
    assert renamed == {**storage, "NAME": "Archive"}
    assert (await write.http.post("/rest/disk.storage.getforapp", json=params)).json()["result"] == renamed


async def test_a_membership_request_is_pending_in_the_group(write: Caller) -> None:
    params = {"auth": write.sandbox.portal.oauth.issue(9).access_token, "GROUP_ID": 1}
    for _ in range(2):
        answer = await write.http.post("/rest/sonet_group.user.request", json=params)
        assert answer.json()["result"] is True
    members = await write.result("sonet_group.user.get", {"ID": 1})
    assert [row for row in members if row["USER_ID"] == "9"] == [{"USER_ID": "9", "ROLE": "Z"}]
    _, refused = await write.refused("sonet_group.user.request", {"GROUP_ID": 999999})
    assert refused["error_description"] == "Socialnetwork group not found"
