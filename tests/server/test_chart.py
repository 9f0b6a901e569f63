"""Charts through MCP: the file, the picture for clients that show it, and the rows when there is no picture."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ImageContent, Implementation, TextContent

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server

QUERY = "SELECT STAGE_ID, count(*) AS deals FROM crm_deal_list GROUP BY 1"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    monkeypatch.setenv("B24_FILES_DIR", str(files))
    return files


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def chart_for(client_name: str, **arguments: Any) -> tuple[dict[str, Any], list[bytes]]:
    """Return the answer to a query with a chart, and the pictures in it."""
    about = Implementation(name=client_name, version="1")
    async with Client(build_server(Redactor()), client_info=about) as client:
        await client.call_tool("list_records", {"method": "crm.deal.list", "params": {"select": ["ID", "STAGE_ID"]}})
        result = await client.call_tool("query_records", {"sql": QUERY, "chart": True} | arguments)
    first, *others = result.content
    assert isinstance(first, TextContent)
    pictures = []
    for block in others:
        assert isinstance(block, ImageContent)
        assert block.mime_type == "image/png"
        pictures.append(base64.b64decode(block.data))
    answer: dict[str, Any] = json.loads(first.text)
    return answer, pictures


async def test_a_chart_is_written_and_shown_beside_the_rows(folder: Path) -> None:
    answer, pictures = await chart_for("claude-code", limit=2)
    assert answer["chart"] | {"file": ""} == {
        "file": "",
        "kind": "bar",
        "why": "STAGE_ID has names",
        "title": "deals by STAGE_ID",
        "count": 14,
    }
    assert (answer["count"], answer["truncated"]) == (2, True)
    assert Path(answer["chart"]["file"]) == folder / "deals by STAGE_ID.png"
    assert files_in(folder) == {"deals by STAGE_ID.png": pictures[0]}


@pytest.mark.parametrize(
    "name", ["Claude-Code", "cursor-vscode", "gemini-cli-mcp-client-bitrix24", "Visual Studio Code"]
)
async def test_clients_that_show_images_get_the_picture(name: str) -> None:
    assert len((await chart_for(name))[1]) == 1


@pytest.mark.parametrize("name", ["continue", "github-copilot-cli", "Cline", ""])
async def test_other_clients_get_the_file_only(name: str, folder: Path) -> None:
    answer, pictures = await chart_for(name)
    assert pictures == []
    assert Path(answer["chart"]["file"]).parent == folder


async def test_a_kind_may_stand_for_true() -> None:
    assert (await chart_for("continue", chart="pie"))[0]["chart"]["kind"] == "pie"
    assert "chart" not in (await chart_for("continue", chart=False))[0]
    assert "bar, line or pie" in (await chart_for("continue", chart="donut"))[0]["error"]["message"]


async def test_a_chart_never_replaces_a_file(folder: Path) -> None:
    for _ in range(2):
        await chart_for("continue")
    assert set(files_in(folder)) == {"deals by STAGE_ID.png", "deals by STAGE_ID (2).png"}


async def test_without_the_extra_the_rows_are_answered_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "vl_convert" else found(name))
    answer, pictures = await chart_for("claude-code")
    assert (answer["ok"], answer["chart"], answer["count"], pictures) == (True, None, 14, [])
    assert answer["no_chart"].endswith("The user can install it: pip install 'b24-mcp[charts]'.")


async def test_rows_without_numbers_are_answered_with_the_reason() -> None:
    answer, _ = await chart_for("claude-code", sql="SELECT STAGE_ID FROM crm_deal_list LIMIT 3")
    assert (answer["ok"], answer["chart"], answer["count"]) == (True, None, 3)
    assert "No column of STAGE_ID has numbers" in answer["no_chart"]


async def test_at_level_read_the_picture_is_shown_and_no_file_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    shown, pictures = await chart_for("claude-code")
    assert (shown["chart"]["file"], len(pictures)) == (None, 1)
    assert (await chart_for("continue"))[0]["no_chart"] == "The access level is read: no file is written."
    assert files_in(folder) == {}


async def test_a_wrong_query_fails_as_without_a_chart() -> None:
    answer, pictures = await chart_for("claude-code", sql="SELECT nothing FROM crm_deal_list")
    assert (answer["error"]["code"], pictures) == ("B24MCP_SQL", [])


async def test_a_failure_of_the_drawing_leaves_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr("b24_mcp.app.charts.drawing._PROGRAM", broken)
    answer, _ = await chart_for("claude-code")
    assert (answer["ok"], answer["count"]) == (True, 14)
    assert answer["no_chart"] == "The library that draws charts failed."
