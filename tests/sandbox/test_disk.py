"""The disk: a tree of folders and files, uploads in one step or two, downloads by signed links."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tests.sandbox.conftest import Caller

TEXT = base64.b64encode("привет".encode()).decode()


async def _upload(write: Caller, name: str = "a.txt", **more: object) -> Any:
    sent = {"id": 1, "data": {"NAME": name}, "fileContent": [name, TEXT], **more}
    return await write.result("disk.storage.uploadfile", sent)


async def _get(write: Caller, url: str) -> httpx.Response:
    return await write.http.get(url)


async def test_storages_are_a_bare_list_with_numbers_as_text(call: Caller) -> None:
    answer = await call("disk.storage.getlist", {"filter": {"ENTITY_TYPE": "common"}})
    assert answer["total"] == 1
    assert answer["result"][0] == {
        "ID": "1",
        "NAME": "Общий диск",
        "CODE": None,
        "MODULE_ID": "disk",
        "ENTITY_TYPE": "common",
        "ENTITY_ID": "shared_files_s1",
        "ROOT_OBJECT_ID": "1",
    }
    assert (await call.result("disk.storage.get", {"id": 2}))["ENTITY_ID"] == "1"
    assert await call.result("disk.storage.gettypes") == ["user", "common", "group"]


async def test_children_use_an_exact_offset_and_are_empty_beyond_the_end(call: Caller) -> None:
    everything = await call("disk.storage.getchildren", {"id": 1, "order": {"NAME": "ASC"}})
    second = await call("disk.storage.getchildren", {"id": 1, "order": {"NAME": "ASC"}, "start": 1})
    assert second["result"] == everything["result"][1:]
    beyond = await call("disk.storage.getchildren", {"id": 1, "start": 50})
    assert (beyond["result"], beyond["total"]) == ([], everything["total"])
    negative = await call("disk.storage.getchildren", {"id": 1, "start": -1})
    assert negative["total"] == everything["total"] > 1


async def test_folders_and_files_have_different_fields(call: Caller) -> None:
    folder = (await call.result("disk.storage.getchildren", {"id": 1, "filter": {"NAME": "Договоры"}}))[0]
    assert (folder["TYPE"], folder["REAL_OBJECT_ID"], folder["DELETED_BY"]) == ("folder", folder["ID"], "0")
    assert not {"FILE_ID", "SIZE", "DOWNLOAD_URL"} & set(folder)
    file = (await call.result("disk.folder.getchildren", {"id": folder["ID"]}))[0]
    assert (file["TYPE"], file["GLOBAL_CONTENT_VERSION"]) == ("file", "1")
    assert "REAL_OBJECT_ID" not in file
    assert file["DETAIL_URL"].endswith("/docs/file/Договоры/Договор поставки (образец).txt")


async def test_a_file_uploaded_in_one_step_is_downloaded_byte_for_byte(write: Caller) -> None:
    file = await _upload(write, "заметка.txt")
    assert (file["NAME"], file["SIZE"], file["TYPE"]) == ("заметка.txt", "12", "file")
    response = await _get(write, file["DOWNLOAD_URL"])
    assert response.content == "привет".encode()
    assert response.headers["content-type"].startswith("text/plain")
    assert "attachment" in response.headers["content-disposition"]
    assert "filename*=utf-8''%D0%B7" in response.headers["content-disposition"]


async def test_a_webhooks_download_link_contains_its_secret_and_a_token(write: Caller) -> None:
    file = await _upload(write)
    assert f"/rest/{write.sandbox.webhook}/download/?token=disk%7C" in file["DOWNLOAD_URL"]


async def test_a_changed_token_is_refused(write: Caller) -> None:
    url = (await _upload(write))["DOWNLOAD_URL"]
    response = await _get(write, url[:-4] + ("0000" if url[-4:] != "0000" else "1111"))
    assert response.status_code == 403
    assert response.json() == {"error": "ACCESS_DENIED", "error_description": "Link check failed"}


async def test_a_file_is_uploaded_in_two_steps(write: Caller) -> None:
    asked = await write.result("disk.folder.uploadfile", {"id": 1, "data": {"NAME": "b.bin"}})
    assert asked["field"] == "file"
    assert f"/rest/{write.sandbox.webhook}/upload/?token=disk%7C" in asked["uploadUrl"]
    content = bytes(range(256)) + b"\r\n--x\r\n"
    response = await write.http.post(asked["uploadUrl"], files={"file": ("other.bin", content)})
    answer = response.json()
    assert set(answer) == {"result"}
    assert (answer["result"]["NAME"], answer["result"]["SIZE"]) == ("b.bin", str(len(content)))
    downloaded = await _get(write, answer["result"]["DOWNLOAD_URL"])
    assert downloaded.content == content


async def test_a_taken_name_is_refused_or_numbered(write: Caller) -> None:
    await _upload(write)
    sent = {"id": 1, "data": {"NAME": "A.TXT"}, "fileContent": ["x", TEXT]}
    status, answer = await write.refused("disk.storage.uploadfile", sent)
    assert (status, answer["error"]) == (400, "DISK_OBJ_22000")
    assert (await _upload(write, generateUniqueName=True))["NAME"] == "a (1).txt"
    await write.result("disk.storage.addfolder", {"id": 1, "data": {"NAME": "Новая"}})
    _, answer = await write.refused("disk.storage.addfolder", {"id": 1, "data": {"NAME": "Новая"}})
    assert answer["error"] == "DISK_OBJ_22000"


async def test_errors_name_the_missing_object(call: Caller) -> None:
    _, answer = await call.refused("disk.folder.get", {})
    assert answer["error"] == "ERROR_ARGUMENT"
    _, answer = await call.refused("disk.folder.get", {"id": 99999})
    assert (answer["error"], answer["error_description"]) == (
        "ERROR_NOT_FOUND",
        "Could not find entity with id `99999`",
    )
    _, answer = await call.refused("disk.storage.addfolder", {"id": 1, "data": {}})
    assert answer["error"] == "DISK_BASE_SERVICE_22001"
    _, answer = await call.refused(
        "disk.storage.uploadfile", {"id": 1, "data": {"NAME": "x"}, "fileContent": ["x", "*"]}
    )
    assert answer["error"] == "ERROR_COULD_NOT_SAVE_FILE"


async def test_objects_in_the_bin_can_be_restored(write: Caller) -> None:
    folder = await write.result("disk.storage.addfolder", {"id": 1, "data": {"NAME": "Старое"}})
    inside = await write.result("disk.folder.addsubfolder", {"id": folder["ID"], "data": {"NAME": "Внутри"}})
    deleted = await write.result("disk.folder.markdeleted", {"id": folder["ID"]})
    assert (deleted["DELETED_TYPE"], deleted["DELETED_BY"]) == ("3", "1")
    assert (await write.result("disk.folder.get", {"id": inside["ID"]}))["DELETED_TYPE"] == "4"
    assert await write.result("disk.storage.getchildren", {"id": 1, "filter": {"NAME": "Старое"}}) == []
    await write.result("disk.storage.addfolder", {"id": 1, "data": {"NAME": "Старое"}})
    restored = await write.result("disk.folder.restore", {"id": folder["ID"]})
    assert (restored["NAME"], restored["DELETED_TYPE"]) == ("Старое (1)", 0)
    assert await write.result("disk.folder.deletetree", {"id": folder["ID"]}) is True
    _, answer = await write.refused("disk.folder.get", {"id": inside["ID"]})
    assert answer["error"] == "ERROR_NOT_FOUND"
    _, answer = await write.refused("disk.folder.deletetree", {"id": 1})
    assert (answer["error"], answer["error_description"]) == ("DISK_OBJ_22000", "Could not delete root folder")


async def test_objects_are_renamed_copied_and_moved(write: Caller) -> None:
    folder = await write.result("disk.storage.addfolder", {"id": 1, "data": {"NAME": "Цель"}})
    file = await _upload(write)
    assert (await write.result("disk.file.rename", {"id": file["ID"], "newName": "b.txt"}))["NAME"] == "b.txt"
    copied = await write.result("disk.file.copyto", {"id": file["ID"], "targetFolderId": folder["ID"]})
    assert copied["ID"] != file["ID"]
    assert (await _get(write, copied["DOWNLOAD_URL"])).content == "привет".encode()
    whole = await write.result("disk.folder.copyto", {"id": folder["ID"], "targetFolderId": 2})
    assert whole["STORAGE_ID"] == "2"
    assert [row["NAME"] for row in await write.result("disk.folder.getchildren", {"id": whole["ID"]})] == ["b.txt"]
    await write.result("disk.file.delete", {"id": copied["ID"]})
    moved = await write.result("disk.file.moveto", {"id": file["ID"], "targetFolderId": folder["ID"]})
    assert moved["PARENT_ID"] == int(folder["ID"])
    _, answer = await write.refused("disk.folder.moveto", {"id": folder["ID"], "targetFolderId": folder["ID"]})
    assert answer["error"] == "DISK_OBJ_22000"


async def test_versions_of_a_file_are_listed_newest_first_and_can_be_restored(write: Caller) -> None:
    file = await _upload(write)
    newer = base64.b64encode(b"two").decode()
    changed = await write.result("disk.file.uploadversion", {"id": file["ID"], "fileContent": ["a.txt", newer]})
    assert (changed["GLOBAL_CONTENT_VERSION"], changed["SIZE"]) == ("2", "3")
    versions = await write.result("disk.file.getversions", {"id": file["ID"]})
    assert [version["GLOBAL_CONTENT_VERSION"] for version in versions] == ["2", "1"]
    assert (await _get(write, versions[1]["DOWNLOAD_URL"])).content == "привет".encode()
    back = await write.result("disk.file.restorefromversion", {"id": file["ID"], "versionId": versions[1]["ID"]})
    assert back["GLOBAL_CONTENT_VERSION"] == "3"
    assert (await _get(write, back["DOWNLOAD_URL"])).content == "привет".encode()
    asked = await write.result("disk.file.uploadversion", {"id": file["ID"]})
    response = await write.http.post(asked["uploadUrl"], files={"file": ("a.txt", b"four")})
    assert response.json()["result"]["GLOBAL_CONTENT_VERSION"] == "4"


async def test_a_repeated_request_returns_the_same_public_link(write: Caller) -> None:
    file = await _upload(write)
    link = await write.result("disk.file.getexternallink", {"id": file["ID"]})
    assert link == await write.result("disk.file.getExternalLink", {"id": file["ID"]})
    assert "/~" in link


async def test_field_descriptions_mark_the_filterable_fields(call: Caller) -> None:
    fields = await call.result("disk.file.getfields")
    assert fields["NAME"] == {"TYPE": "string", "USE_IN_FILTER": True, "USE_IN_SHOW": True}
    assert fields["CREATED_BY"]["USE_IN_FILTER"] is False
    assert "SIZE" not in await call.result("disk.folder.getfields")


async def test_the_storage_of_an_application_requires_an_application(call: Caller) -> None:
    status, answer = await call.refused("disk.storage.getforapp")
    assert (status, answer["error"]) == (403, "ACCESS_DENIED")


async def test_an_old_task_method_stores_a_file_on_the_callers_disk(write: Caller) -> None:
    added = await write.result("task.item.addfile", [7, {"NAME": "desc.txt", "CONTENT": TEXT}])
    assert (await write.result("disk.file.get", {"id": added["FILE_ID"]}))["NAME"] == "desc.txt"
    assert await write.result("task.item.deletefile", [7, added["ATTACHMENT_ID"]]) is True
    assert await write.result("task.item.getfiles", [7]) == []


async def test_a_workgroup_has_a_drive_with_a_folder_and_a_document(call: Caller) -> None:
    groups = await call.result("sonet_group.get")
    drives = await call.result("disk.storage.getlist", {"filter": {"ENTITY_TYPE": "group"}})
    assert {drive["ENTITY_ID"]: drive["NAME"] for drive in drives} == {group["ID"]: group["NAME"] for group in groups}
    for drive in drives:
        children = await call.result("disk.storage.getchildren", {"id": drive["ID"]})
        assert [child["TYPE"] for child in children] == ["folder", "file"]
        assert {child["STORAGE_ID"] for child in children} == {drive["ID"]}
        assert {child["PARENT_ID"] for child in children} == {drive["ROOT_OBJECT_ID"]}
