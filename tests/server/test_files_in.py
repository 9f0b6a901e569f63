"""Files that a call sends: `{"$file": "offer.pdf"}` becomes what each method expects, and comes back unchanged."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO, Literal

import anyio
import pytest

from b24_mcp.storage.existing_file import FoundFile, open_found
from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.conftest import Answer, CallTool

OFFER = bytes(range(256)) * 50 + b"end"
NOTES = "Заметки\n".encode()


@pytest.fixture
def era() -> Literal["auto"]:
    return "auto"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "offer.pdf").write_bytes(OFFER)
    (folder / "notes.txt").write_bytes(NOTES)
    monkeypatch.setenv("B24_FILES_DIR", str(folder))
    return folder


async def fields_of(call_tool: CallTool) -> None:
    """Add one single and one multiple file field to deals."""
    for name, multiple in (("ONE", "N"), ("MANY", "Y")):
        fields = {"FIELD_NAME": name, "USER_TYPE_ID": "file", "MULTIPLE": multiple}
        assert (await call_tool("call_method", method="crm.deal.userfield.add", params={"fields": fields}))["ok"]


async def call(call_tool: CallTool, method: str, **params: Any) -> Any:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"], answer
    return answer["result"]


async def same(call_tool: CallTool, source: str, content: bytes = OFFER) -> Answer:
    """Download a file and check that it is the one that was sent."""
    answer = await call_tool("download_file", source=source)
    assert answer["ok"], answer
    assert await anyio.Path(answer["file"]).read_bytes() == content
    assert answer["sha256"] == hashlib.sha256(content).hexdigest()
    return answer


FILE = {"$file": "offer.pdf"}


async def test_a_file_goes_to_the_disk_and_comes_back(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path
) -> None:
    answer = await call_tool("call_method", method="disk.storage.uploadfile", params={"id": 1, "fileContent": FILE})
    assert answer["files"] == [{"name": "offer.pdf", "size": len(OFFER), "sha256": hashlib.sha256(OFFER).hexdigest()}]
    assert "DOWNLOAD_URL" not in answer["result"]
    await same(call_tool, answer["result"]["download"])
    await same(call_tool, f"disk {answer['result']['ID']}")
    version = {"id": int(answer["result"]["ID"]), "fileContent": {"$file": "notes.txt"}}
    await call(call_tool, "disk.file.uploadversion", **version)
    await same(call_tool, answer["result"]["ID"], NOTES)


async def test_a_large_file_is_uploaded_to_an_address_of_its_own(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.app.files.forms.SEPARATE_FROM", 1_000)
    result = await call(call_tool, "disk.folder.uploadfile", id=1, data={"NAME": 'a "b".pdf'}, fileContent=FILE)
    assert portal.methods[-2:] == ["disk.folder.uploadFile", "upload"]
    assert "fileContent" not in portal.calls[-2].params
    assert result["NAME"] == "a _b_.pdf"
    await same(call_tool, f"disk {result['ID']}")


async def test_fields_of_records_get_the_form_that_their_method_takes(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path
) -> None:
    await fields_of(call_tool)
    both = [FILE, {"$file": "notes.txt"}]
    deal = await call(call_tool, "crm.deal.add", fields={"TITLE": "x", "UF_CRM_ONE": FILE, "UF_CRM_MANY": both})
    sent = portal.calls[-1].params["fields"]
    assert list(sent["UF_CRM_ONE"]) == ["fileData"]  # type: ignore[index]
    await same(call_tool, f"crm.deal.get {deal} UF_CRM_ONE")
    await same(call_tool, f"crm.deal.get {deal} UF_CRM_MANY 2", NOTES)
    item = {"entityTypeId": 2, "id": deal}
    await call(call_tool, "crm.item.update", **item, fields={"ufCrmMany": FILE})
    read = (await call(call_tool, "crm.item.get", **item))["item"]
    assert len(read["ufCrmMany"]) == 1
    assert set(read["ufCrmMany"][0]) == {"id", "download"}
    await same(call_tool, read["ufCrmMany"][0]["download"])


@pytest.mark.parametrize("method", ["crm.deal.update", "crm.item.update"])
async def test_a_file_is_added_to_those_that_a_field_has(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, method: str
) -> None:
    await fields_of(call_tool)
    deal = await call(call_tool, "crm.deal.add", fields={"TITLE": "x", "UF_CRM_MANY": [FILE]})
    name = "UF_CRM_MANY" if method == "crm.deal.update" else "ufCrmMany"
    more = {"$file": "notes.txt", "$keep": True}
    params = {"id": deal, "fields": {name: more}} | ({"entityTypeId": 2} if name == "ufCrmMany" else {})
    assert (await call_tool("call_method", method=method, params=params))["warnings"] == []
    await same(call_tool, f"crm.deal.get {deal} UF_CRM_MANY 1")
    await same(call_tool, f"crm.deal.get {deal} UF_CRM_MANY 2", NOTES)
    params["fields"] = {name: {"$file": "notes.txt"}}
    (warning,) = (await call_tool("call_method", method=method, params=params))["warnings"]
    assert "$keep" in warning
    await same(call_tool, f"crm.deal.get {deal} UF_CRM_MANY", NOTES)


async def test_tasks_and_their_comments_get_files_through_the_disk(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path
) -> None:
    fields: dict[str, Any] = {"TITLE": "t", "RESPONSIBLE_ID": 1, "UF_TASK_WEBDAV_FILES": [FILE]}
    task = (await call(call_tool, "tasks.task.add", fields=fields))["task"]["id"]
    assert portal.methods[-2:] == ["disk.storage.uploadFile", "tasks.task.add"]
    await same(call_tool, f"tasks.task.get {task}")
    more = {"UF_TASK_WEBDAV_FILES": {"$file": "notes.txt", "$keep": True}}
    await call(call_tool, "tasks.task.update", taskId=int(task), fields=more)
    await same(call_tool, f"tasks.task.get {task} UF_TASK_WEBDAV_FILES 1")
    await same(call_tool, f"tasks.task.get {task} UF_TASK_WEBDAV_FILES 2", NOTES)
    comment = {"POST_MESSAGE": "x", "UF_FORUM_MESSAGE_DOC": FILE}
    number = await call(call_tool, "task.commentitem.add", TASKID=int(task), FIELDS=comment)
    await same(call_tool, f"task.commentitem.get {task} {number}")


async def test_comments_in_the_timeline_take_files(call_tool: CallTool, portal: LoopbackPortal, folder: Path) -> None:
    fields = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "c", "FILES": FILE}
    comment = await call(call_tool, "crm.timeline.comment.add", fields=fields)
    await same(call_tool, f"crm.timeline.comment.get {comment}")
    params = {"id": comment, "fields": {"FILES": {**FILE, "$keep": True}}}
    refused = await call_tool("call_method", method="crm.timeline.comment.update", params=params)
    assert "no way to keep them" in refused["error"]["message"]


async def test_chats_take_files_in_both_ways(call_tool: CallTool, portal: LoopbackPortal, folder: Path) -> None:
    chat = await call(call_tool, "im.chat.add", TITLE="c", USERS=[1])
    sent = await call(call_tool, "im.disk.file.commit", CHAT_ID=chat, UPLOAD_ID=FILE)
    await same(call_tool, f"disk {sent['DISK_ID'][0]}")
    assert "im.disk.folder.get" in portal.methods
    uploaded = await call(call_tool, "im.v2.File.upload", dialogId=f"chat{chat}", fields={"content": FILE})
    assert uploaded["file"]["size"] == len(OFFER)
    await same(call_tool, f"im.v2.File.download chat{chat} {uploaded['file']['id']}")


async def test_the_knowledge_base_takes_files_in_rest_3(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path
) -> None:
    document = await call(call_tool, "note.document.add", fields={"title": "Files", "collectionId": 1})
    await call(call_tool, "note.file.add", documentId=document["item"]["id"], fileContent=FILE)
    assert portal.calls[-1].params["fileName"] == "offer.pdf"


async def test_a_batch_sends_files_beside_references(call_tool: CallTool, portal: LoopbackPortal, folder: Path) -> None:
    comment = {"ENTITY_ID": "$result[deal]", "ENTITY_TYPE": "deal", "COMMENT": "c", "FILES": [FILE]}
    answer = await call_tool(
        "batch_call",
        commands={
            "deal": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "b"}}},
            "comment": {"method": "crm.timeline.comment.add", "params": {"fields": comment}},
        },
    )
    assert answer["ok"], answer
    assert answer["files"][0]["name"] == "offer.pdf"
    await same(call_tool, f"crm.timeline.comment.get {answer['results']['comment']['result']}")


async def test_nothing_but_the_request_has_the_content(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, tmp_path: Path
) -> None:
    params = {"id": 1, "fileContent": FILE}
    dry = await call_tool("call_method", method="disk.storage.uploadfile", params=params, dry_run=True)
    described = f"<file offer.pdf: {len(OFFER)} bytes, SHA-256 {hashlib.sha256(OFFER).hexdigest()}>"
    assert dry["params"]["fileContent"] == ["offer.pdf", described]
    assert portal.calls == []
    await call_tool("call_method", method="disk.storage.uploadfile", params=params)
    (log,) = (tmp_path / "audit").iterdir()
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [line["files"] for line in lines] == [[described]] * 2


async def test_the_question_and_the_approval_are_about_exactly_this_content(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_APPROVAL_WRITES", "0")
    commands = {"a": {"method": "disk.storage.uploadfile", "params": {"id": 1, "fileContent": FILE}}}
    first = await call_tool("batch_call", commands=commands)
    again = await call_tool("batch_call", commands=commands)
    (folder / "offer.pdf").write_bytes(b"another content")
    other = await call_tool("batch_call", commands=commands)
    hints = [answer["error"]["hint"] for answer in (first, again, other)]
    assert [answer["error"]["code"] for answer in (first, again, other)] == ["B24MCP_APPROVAL"] * 3
    assert len(set(hints)) >= 2
    assert portal.calls == []


@pytest.mark.parametrize(
    ("path", "code", "word"),
    [
        ("../secret.txt", "B24MCP_FILE_FOLDER", "not in the folder"),
        ("/etc/passwd", "B24MCP_FILE_FOLDER", "not in the folder"),
        ("sub/../../secret.txt", "B24MCP_FILE_FOLDER", "not in the folder"),
        ("link.txt", "B24MCP_FILE", "is a link"),
        ("linked/secret.txt", "B24MCP_FILE", "is a link"),
        ("pipe", "B24MCP_FILE", "a device, a pipe or a socket"),
        ("sub", "B24MCP_FILE", "is a folder"),
        ("missing.pdf", "B24MCP_FILE", "does not exist"),
        ("empty.txt", "B24MCP_FILE", "is empty"),
        ("", "B24MCP_FILE", "empty"),
        ("a\0b", "B24MCP_FILE", "not visible"),
        ("offer\u202efdp.exe", "B24MCP_FILE", "not visible"),
    ],
)
async def test_only_regular_files_in_the_folder_are_sent(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, path: str, code: str, word: str
) -> None:
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "sub").mkdir()
    (folder / "empty.txt").touch()
    os.mkfifo(folder / "pipe")
    params = {"id": 1, "data": {"NAME": "x"}, "fileContent": {"$file": path}}
    error = (await call_tool("call_method", method="disk.storage.uploadfile", params=params))["error"]
    assert (error["code"], error["executed"]) == (code, "no")
    assert word in error["message"]
    assert portal.calls == []


@pytest.mark.parametrize(
    ("method", "params", "word"),
    [
        ("crm.deal.add", {"fields": {"TITLE": FILE}}, "takes files in fields.UF_*"),
        ("crm.deal.list", {"filter": {"TITLE": FILE}}, "takes no files"),
        ("disk.storage.uploadfile", {"id": 1, "fileContent": [FILE, FILE]}, "takes one file"),
        ("disk.file.uploadversion", {"id": 1, "fileContent": {"$file": 5}}, "is written as"),
        ("disk.storage.uploadfile", {"id": 1, "fileContent": {"$file": "a", "name": "b"}}, "is written as"),
    ],
)
async def test_a_file_in_a_wrong_place_is_refused(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, method: str, params: dict[str, Any], word: str
) -> None:
    error = (await call_tool("call_method", method=method, params=params))["error"]
    assert error["executed"] == "no"
    assert word in error["message"], error


async def test_a_field_of_another_type_is_named(call_tool: CallTool, portal: LoopbackPortal, folder: Path) -> None:
    fields = {"FIELD_NAME": "NUMBER", "USER_TYPE_ID": "double"}
    await call(call_tool, "crm.deal.userfield.add", fields=fields)
    answer = await call_tool("call_method", method="crm.deal.add", params={"fields": {"UF_CRM_NUMBER": FILE}})
    assert "holds no files" in answer["error"]["message"]


async def test_a_file_that_changes_after_planning_is_noticed(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened_later(found: FoundFile) -> BinaryIO:
        (folder / "offer.pdf").write_bytes(OFFER[:-3] + b"END")
        return open_found(found)

    monkeypatch.setattr("b24_mcp.rest.wire.file_body.open_found", opened_later)
    params = {"id": 1, "fileContent": FILE}
    error = (await call_tool("call_method", method="disk.storage.uploadfile", params=params))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_FILE_CHANGED", "no")
    assert "disk.storage.uploadFile" not in portal.methods


async def test_a_file_over_the_limit_of_the_portal_is_a_clear_error(
    call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback_portal(largest_request=10_000) as portal:
        monkeypatch.setenv("B24_WEBHOOK_URL", portal.address)
        params = {"id": 1, "fileContent": FILE}
        error = (await call_tool("call_method", method="disk.storage.uploadfile", params=params))["error"]
    assert (error["code"], error["status"], error["executed"]) == ("B24MCP_FILE_TOO_LARGE", 413, "no")


async def test_a_file_over_the_limit_of_the_method_is_not_sent(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path
) -> None:
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(26 << 20)
    params = {"documentId": 1, "fileContent": {"$file": "huge.bin"}}
    error = (await call_tool("call_method", method="note.file.add", params=params))["error"]
    assert error["code"] == "B24MCP_FILE_TOO_LARGE"
    assert "up to 25 MB" in error["message"]
    assert portal.calls == []


async def test_a_denied_upload_sends_nothing(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "disk.storage.uploadfile")
    fields: dict[str, Any] = {"TITLE": "t", "RESPONSIBLE_ID": 1, "UF_TASK_WEBDAV_FILES": [FILE]}
    error = (await call_tool("call_method", method="tasks.task.add", params={"fields": fields}))["error"]
    assert (error["kind"], error["executed"]) == ("policy", "no")
    assert "offer.pdf" in error["message"]
    assert {"tasks.task.add", "disk.storage.uploadFile"}.isdisjoint(portal.methods)


async def test_after_a_failure_the_uploaded_file_is_named(
    call_tool: CallTool, portal: LoopbackPortal, folder: Path
) -> None:
    params = {"TASKID": 999_999, "FIELDS": {"POST_MESSAGE": "x", "UF_FORUM_MESSAGE_DOC": FILE}}
    error = (await call_tool("call_method", method="task.commentitem.add", params=params))["error"]
    assert "Uploaded to the disk already: 'offer.pdf' as 'n" in error["hint"]
