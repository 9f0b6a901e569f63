"""Files in and out over stdio, over HTTP and on the command line, with real clients and processes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
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


UPLOAD = {"id": 1, "fileContent": {"$file": "offer.pdf"}}


async def test_a_file_makes_the_round_trip_over_stdio(portal: LoopbackPortal, folder: Path) -> None:
    command = StdioServerParameters(command=sys.executable, args=["-m", "b24_mcp"], env=dict(os.environ))

    async with Client(command) as client:

        async def call(tool: str, **arguments: Any) -> Any:
            result = await client.call_tool(tool, arguments)
            return json.loads(getattr(result.content[0], "text", ""))

        assert (await call("portal_info"))["folders"] == str(folder)
        sent = await call("call_method", method="disk.storage.uploadfile", params=UPLOAD)
        got = await call("download_file", source=sent["result"]["download"])
    assert got["sha256"] == sent["files"][0]["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert await anyio.Path(got["file"]).read_bytes() == CONTENT


async def test_a_file_makes_the_round_trip_over_http(
    portal: LoopbackPortal,
    folder: Path,
    serve: Serve,  # noqa: F811
) -> None:
    async with serve() as served:

        async def call(tool: str, **arguments: Any) -> Any:
            response = await served.call(tool, **arguments)
            return json.loads(response.json()["result"]["content"][0]["text"])

        sent = await call("call_method", method="disk.storage.uploadfile", params=UPLOAD)
        got = await call("download_file", source=f"disk {sent['result']['ID']}", path="back.pdf")
    assert got["file"] == str(folder / "back.pdf")
    assert await anyio.Path(got["file"]).read_bytes() == CONTENT


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
