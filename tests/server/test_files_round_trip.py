"""Files in and out over stdio, over HTTP and on the command line, with real clients and processes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.loopback import LoopbackPortal
from tests.server.http.conftest import Serve, modern_call, modern_headers, serve  # noqa: F401  # a fixture

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "documents" / "Bitrix24"
    folder.mkdir(parents=True)
    (folder / "offer.pdf").write_bytes(CONTENT)
    return folder


FILE = {"$file": "offer.pdf"}
UPLOAD = {"id": 1, "fileContent": FILE}
FIELD = {"FIELD_NAME": "TRIP", "USER_TYPE_ID": "file", "MULTIPLE": "Y", "LABEL": "Files"}
Call = Callable[..., Awaitable[Any]]


async def send_to_every_target(call: Call) -> list[str]:
    """Upload the file to each place for files of the sandbox, and return what `download_file` is asked for."""

    async def write(method: str, **params: Any) -> Any:
        answer = await call("call_method", method=method, params=params)
        assert answer["ok"], answer
        return answer["result"]

    disk = await write("disk.storage.uploadfile", **UPLOAD)
    await write("crm.deal.userfield.add", fields=FIELD)
    deal = await write("crm.deal.add", fields={"TITLE": "x", "UF_CRM_TRIP": [FILE, FILE]})
    task = await write("tasks.task.add", fields={"TITLE": "t", "RESPONSIBLE_ID": 1, "UF_TASK_WEBDAV_FILES": [FILE]})
    number = task["task"]["id"]
    comment = {"POST_MESSAGE": "x", "UF_FORUM_MESSAGE_DOC": FILE}
    of_task = await write("task.commentitem.add", TASKID=int(number), FIELDS=comment)
    fields = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "c", "FILES": FILE}
    of_deal = await write("crm.timeline.comment.add", fields=fields)
    chat = await write("im.chat.add", TITLE="c", USERS=[1])
    in_chat = await write("im.v2.File.upload", dialogId=f"chat{chat}", fields={"content": FILE})
    return [
        f"disk {disk['ID']}",
        disk["download"],
        f"crm.deal.get {deal} UF_CRM_TRIP 2",
        f"tasks.task.get {number} 1",
        f"task.commentitem.get {number} {of_task}",
        f"crm.timeline.comment.get {of_deal}",
        f"im.v2.File.download chat{chat} {in_chat['file']['id']}",
    ]


async def bring_back(call: Call, sources: list[str]) -> None:
    """Download each source and compare it with the file that was sent."""
    for number, source in enumerate(sources):
        got = await call("download_file", source=source, path=f"back {number}.pdf")
        assert got["ok"], (source, got)
        assert got["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert await anyio.Path(got["file"]).read_bytes() == CONTENT


async def test_a_file_goes_to_every_target_and_back_over_stdio(portal: LoopbackPortal, folder: Path) -> None:
    command = StdioServerParameters(command=sys.executable, args=["-m", "b24_mcp"], env=dict(os.environ))

    async with Client(command) as client:

        async def call(tool: str, **arguments: Any) -> Any:
            result = await client.call_tool(tool, arguments)
            return json.loads(getattr(result.content[0], "text", ""))

        assert (await call("portal_info"))["folders"] == str(folder)
        await bring_back(call, await send_to_every_target(call))


async def test_a_file_goes_to_every_target_and_back_over_http(
    portal: LoopbackPortal,
    folder: Path,
    serve: Serve,  # noqa: F811
) -> None:
    async with serve() as served:

        async def call(tool: str, **arguments: Any) -> Any:
            response = await served.call(tool, **arguments)
            return json.loads(response.json()["result"]["content"][0]["text"])

        await bring_back(call, await send_to_every_target(call))
    assert await anyio.Path(folder / "back 0.pdf").read_bytes() == CONTENT


def test_a_file_makes_the_round_trip_on_the_command_line(portal: LoopbackPortal, folder: Path) -> None:
    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "b24_mcp", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout)

    sent = run("call", "disk.storage.uploadfile", "-p", json.dumps(UPLOAD))
    got = run("download", "disk", sent["result"]["ID"], "--to", "back.pdf")
    assert Path(got["file"]).read_bytes() == CONTENT
    failed = run("download", "disk", "999999")
    assert failed["error"]["kind"] == "not_found"
