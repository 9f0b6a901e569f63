"""What the disk decides: the bin, what is deleted together, names, whose storage it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller
from tests.sandbox.test_workgroups import _as_application


async def _folder(write: Caller, parent: int | None = None, name: str = "Папка") -> int:
    sent = {"id": parent or 1, "data": {"NAME": name}}
    method = "disk.folder.addsubfolder" if parent else "disk.storage.addfolder"
    return int((await write.result(method, sent))["ID"])


async def _file(write: Caller, folder: int, name: str = "a.txt") -> int:
    sent = {"id": folder, "data": {"NAME": name}, "fileContent": [name, "YQ=="]}
    return int((await write.result("disk.folder.uploadfile", sent))["ID"])


async def _names(write: Caller, folder: int) -> list[str]:
    return sorted(row["NAME"] for row in await write.result("disk.folder.getchildren", {"id": folder}))


async def test_a_folder_is_deleted_with_everything_below_it(write: Caller) -> None:
    top = await _folder(write)
    inner = await _folder(write, top, "Внутри")
    file, beside = await _file(write, inner), await _folder(write, name="Рядом")
    version = (await write.result("disk.file.getversions", {"id": file}))[0]["ID"]
    assert await write.result("disk.folder.deletetree", {"id": top}) is True
    for method, record in (("folder", top), ("folder", inner), ("file", file), ("version", version)):
        _, answer = await write.refused(f"disk.{method}.get", {"id": record})
        assert answer["error"] == "ERROR_NOT_FOUND"
    assert (await write.result("disk.folder.get", {"id": beside}))["NAME"] == "Рядом"


async def test_the_bin_holds_a_folder_with_its_content(write: Caller) -> None:
    top = await _folder(write)
    inner, gone = await _folder(write, top, "Внутри"), await _file(write, top, "b.txt")
    file = await _file(write, inner)
    await write.result("disk.file.markdeleted", {"id": gone})
    marked = await write.result("disk.folder.markdeleted", {"id": top})
    assert str(marked["DELETED_TYPE"]) == "3"
    states = {
        record: str((await write.result(f"disk.{kind}.get", {"id": record}))["DELETED_TYPE"])
        for kind, record in (("folder", inner), ("file", file), ("file", gone))
    }
    assert states == {inner: "4", file: "4", gone: "3"}
    await write.result("disk.folder.restore", {"id": top})
    states = {
        record: str((await write.result(f"disk.{kind}.get", {"id": record}))["DELETED_TYPE"])
        for kind, record in (("folder", inner), ("file", file), ("file", gone))
    }
    assert states == {inner: "0", file: "0", gone: "3"}
    assert await _names(write, top) == ["Внутри"]


async def test_a_restored_object_gets_a_free_name(write: Caller) -> None:
    top = await _folder(write)
    old = await _file(write, top)
    await write.result("disk.file.markdeleted", {"id": old})
    await _file(write, top)
    assert (await write.result("disk.file.restore", {"id": old}))["NAME"] == "a (1).txt"


@pytest.mark.parametrize("method", ["markdeleted", "deletetree"])
async def test_the_root_of_a_storage_cannot_be_deleted(write: Caller, method: str) -> None:
    root = (await write.result("disk.storage.get", {"id": 1}))["ROOT_OBJECT_ID"]
    _, answer = await write.refused(f"disk.folder.{method}", {"id": root})
    assert answer["error"] == "DISK_OBJ_22000"


async def test_a_folder_cannot_be_moved_into_itself(write: Caller) -> None:
    top = await _folder(write)
    inner = await _folder(write, top, "Внутри")
    for target in (top, inner):
        _, answer = await write.refused("disk.folder.moveto", {"id": top, "targetFolderId": target})
        assert answer["error"] == "DISK_OBJ_22000"


async def test_a_copy_has_its_own_content(write: Caller) -> None:
    top, target = await _folder(write), await _folder(write, name="Цель")
    file = await _file(write, await _folder(write, top, "Внутри"))
    copied = int((await write.result("disk.folder.copyto", {"id": top, "targetFolderId": target}))["ID"])
    inner = (await write.result("disk.folder.getchildren", {"id": copied}))[0]
    assert await _names(write, int(inner["ID"])) == ["a.txt"]
    await write.result("disk.file.delete", {"id": file})
    assert await _names(write, int(inner["ID"])) == ["a.txt"]


async def test_a_move_to_another_storage_takes_the_content_along(write: Caller) -> None:
    top = await _folder(write)
    file = await _file(write, top)
    target = (await write.result("disk.storage.get", {"id": 2}))["ROOT_OBJECT_ID"]
    await write.result("disk.folder.moveto", {"id": top, "targetFolderId": target})
    assert (await write.result("disk.folder.get", {"id": top}))["STORAGE_ID"] == "2"
    assert (await write.result("disk.file.get", {"id": file}))["STORAGE_ID"] == "2"


async def test_names_are_compared_without_letter_case(write: Caller) -> None:
    top = await _folder(write)
    await _file(write, top)
    _, answer = await write.refused(
        "disk.folder.uploadfile", {"id": top, "data": {"NAME": "A.TXT"}, "fileContent": ["A.TXT", "YQ=="]}
    )
    assert answer["error"] == "DISK_OBJ_22000"
    file = await _file(write, top, "b.txt")
    _, answer = await write.refused("disk.file.rename", {"id": file, "newName": "a.txt"})
    assert answer["error"] == "DISK_OBJ_22000"
    assert (await write.result("disk.file.rename", {"id": file, "newName": "B.txt"}))["NAME"] == "B.txt"


async def test_a_new_version_changes_size_and_number(write: Caller) -> None:
    file = await _file(write, await _folder(write))
    sent = {"id": file, "fileContent": ["a.txt", "YWJj"]}
    await write.result("disk.file.uploadversion", sent)
    row = await write.result("disk.file.get", {"id": file})
    assert (row["SIZE"], row["GLOBAL_CONTENT_VERSION"], row["CREATED_BY"]) == ("3", "2", "1")
    assert len(await write.result("disk.file.getversions", {"id": file})) == 2


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"userId": 2}, "ERROR_ARGUMENT"),
        ({"taskName": "disk_access_read"}, "ERROR_ARGUMENT"),
        ({"userId": 2, "taskName": "disk_access_all"}, "ACCESS_DENIED"),
    ],
)
async def test_a_folder_is_shared_with_a_user_at_a_known_level(write: Caller, sent: dict[str, Any], code: str) -> None:
    folder = await _folder(write)
    _, answer = await write.refused("disk.folder.sharetouser", {"id": folder, **sent})
    assert answer["error"] == code
    for level in ("read", "add", "edit", "full"):
        right = {"id": folder, "userId": 2, "taskName": f"disk_access_{level}"}
        assert await write.result("disk.folder.sharetouser", right) is True


async def test_only_the_application_renames_its_storage(write: Caller) -> None:
    storage = (await _as_application(write, "disk.storage.getforapp", {}))["result"]["ID"]
    sent = {"id": storage, "newName": "Архив"}
    _, answer = await write.refused("disk.storage.rename", sent)
    assert answer["error_description"] == "Access denied (invalid type of storage)"
    assert (await _as_application(write, "disk.storage.rename", sent))["result"]["NAME"] == "Архив"
    other = await _as_application(write, "disk.storage.rename", {"id": 1, "newName": "Архив"})
    assert other["error_description"] == "Access denied (invalid type of storage)"
