"""Whole lists through MCP, on the sandbox: data sets, queries, exports, resources."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from b24_mcp.errors import our_error
from b24_mcp.rest import Portal
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.server.progress import ListProgress, pace
from tests.loopback import SECRET, LoopbackPortal
from tests.records.conftest import ScriptedListing
from tests.server.conftest import CallTool

SELECT = {"select": ["ID", "TITLE", "OPPORTUNITY", "ASSIGNED_BY_ID", "CLOSED", "DATE_CREATE", "BEGINDATE"]}


async def test_a_whole_list_is_read_and_only_its_first_rows_are_shown(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("list_records", method="crm.deal.list", params=SELECT)
    assert (answer["count"], answer["total"], answer["complete"]) == (400, 400, True)
    assert answer["records"] == "crm_deal_list"
    assert answer["requests"] == len(portal.calls)
    assert answer["columns"][:2] == ["ID", "TITLE"]
    assert answer["types"] == {
        "integer": ["ID", "ASSIGNED_BY_ID"],
        "number": ["OPPORTUNITY"],
        "datetime": ["DATE_CREATE"],
        "date": ["BEGINDATE"],
    }
    assert len(answer["rows"]) == 10
    assert answer["rows"][0][0] == 1
    assert "SELECT ID FROM crm_deal_list" in answer["more"]
    assert list(answer).index("count") < list(answer).index("rows")
    assert "portal" not in answer


async def test_a_query_joins_several_data_sets(call_tool: CallTool) -> None:
    await call_tool("list_records", method="crm.deal.list", params=SELECT)
    await call_tool("list_records", method="user.get", save_as="people")
    answer = await call_tool(
        "query_records",
        sql="SELECT p.LAST_NAME, count(*) AS n, sum(d.OPPORTUNITY) AS amount FROM crm_deal_list d "
        "JOIN people p ON p.ID = d.ASSIGNED_BY_ID WHERE d.CLOSED = 'N' GROUP BY 1 ORDER BY n DESC",
    )
    assert answer["columns"] == ["LAST_NAME", "n", "amount"]
    assert answer["count"] == len(answer["rows"])
    assert answer["truncated"] is False
    assert set(answer["as_of"]) == {"crm_deal_list", "people"}
    assert answer["portal"].startswith("sandbox")
    counted = await call_tool("query_records", sql="SELECT count(*) FROM crm_deal_list WHERE CLOSED = 'N'")
    assert sum(row[1] for row in answer["rows"]) == counted["rows"][0][0]
    sets = await call_tool("query_records", sql="SELECT name, rows, columns FROM data_sets ORDER BY name")
    assert [row[:2] for row in sets["rows"]] == [["crm_deal_list", 400], ["people", 20]]
    assert json.loads(sets["rows"][0][2])["ID"] == "integer"


async def test_query_results_equal_those_of_the_portal(call_tool: CallTool) -> None:
    await call_tool("list_records", method="crm.deal.list", params=SELECT, save_as="deals")
    rows: list[list[Any]] = []
    while True:
        params = SELECT | {"order": {"ID": "ASC"}, "start": len(rows)}
        page = await call_tool("call_method", method="crm.deal.list", params=params)
        rows += page["result"]["rows"]
        if "next" not in page:
            break
    columns = page["result"]["columns"]
    kept = await call_tool("query_records", sql=f"SELECT {', '.join(columns)} FROM deals ORDER BY ID", limit=5_000)
    shown = kept["rows"]
    amount, day = columns.index("OPPORTUNITY"), columns.index("BEGINDATE")
    for stored, given in zip(shown, rows, strict=False):
        assert str(stored[0]) == given[0]
        assert stored[amount] == float(given[amount])
        assert given[day].startswith(stored[day])
    whole = await call_tool("query_records", sql="SELECT count(*), sum(OPPORTUNITY) FROM deals")
    assert whole["rows"] == [[len(rows), sum(float(row[amount]) for row in rows)]]


async def test_texts_by_outsiders_are_marked(call_tool: CallTool) -> None:
    read = await call_tool("list_records", method="crm.contact.list", params={"select": ["ID", "NAME"]})
    assert "outsiders" in read["notice"]
    assert "outsiders" in (await call_tool("query_records", sql="SELECT NAME FROM crm_contact_list"))["notice"]
    assert "notice" not in await call_tool("query_records", sql="SELECT 1")


async def test_a_long_answer_is_cut_between_rows_and_says_so(call_tool: CallTool) -> None:
    await call_tool("list_records", method="crm.deal.list")
    answer = await call_tool("query_records", sql="SELECT * FROM crm_deal_list", limit=5_000)
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 20_000
    assert answer["truncated"] is True
    assert answer["cut"]["shown"] == len(answer["rows"]) > 5
    assert "LIMIT" in answer["cut"]["more"]


async def test_a_preview_is_short_even_with_long_texts(call_tool: CallTool) -> None:
    for number in range(3):
        fields = {"TITLE": f"T{number}", "COMMENTS": "x" * 15_000}
        await call_tool("call_method", method="crm.deal.add", params={"fields": fields})
    params = {"filter": {">ID": 400}, "select": ["ID", "TITLE", "COMMENTS"]}
    answer = await call_tool("list_records", method="crm.deal.list", params=params)
    cells = [cell for row in answer["rows"] for cell in row if isinstance(cell, str)]
    assert max(map(len, cells)) == 201
    whole = await call_tool("query_records", sql="SELECT length(COMMENTS) FROM crm_deal_list WHERE TITLE = 'T1'")
    assert whole["rows"] == [[15_000]]


async def test_a_limit_is_kept_and_resume_continues(call_tool: CallTool) -> None:
    first = await call_tool("list_records", method="crm.item.list", params={"entityTypeId": 2}, limit=70)
    assert (first["records"], first["count"], first["total"], first["complete"]) == ("crm_item_list_2", 70, 400, False)
    assert any("resume=true" in note for note in first["notes"])
    partly = await call_tool("query_records", sql="SELECT count(*) FROM crm_item_list_2")
    assert partly["rows"] == [[70]]
    assert partly["notes"] == ["crm_item_list_2 is not the whole list: it holds 70 of 400 rows"]
    rest = await call_tool("list_records", method="crm.item.list", params={"entityTypeId": 2}, resume=True)
    assert (rest["count"], rest["complete"]) == (400, True)
    whole = await call_tool("query_records", sql="SELECT count(DISTINCT id), count(*) FROM crm_item_list_2")
    assert whole["rows"] == [[400, 400]]
    assert "notes" not in whole


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"method": "crm.deal.get", "params": {"id": 1}}, "B24MCP_NOT_A_LIST"),
        ({"method": "crm.deal.add", "params": {"fields": {}}}, "B24MCP_NOT_A_LIST"),
        ({"method": "crm.nonsense.list"}, "B24MCP_UNKNOWN_METHOD"),
        ({"method": "../../x"}, "B24MCP_METHOD_NAME"),
        ({"method": "crm.deal.list", "params": {"filtr": {}}}, "B24MCP_PARAMS"),
        ({"method": "crm.deal.list", "save_as": "../deals"}, "B24MCP_RECORDS_NAME"),
        ({"method": "crm.deal.list", "save_as": "select"}, "B24MCP_RECORDS_NAME"),
        ({"method": "crm.deal.list", "save_as": "x" * 1_000}, "B24MCP_RECORDS_NAME"),
        ({"method": "crm.deal.list", "resume": True}, "B24MCP_RECORDS_RESUME"),
        ({"method": "crm.deal.list", "limit": 0}, "B24MCP_ARGUMENTS"),
        ({"method": "crm.deal.list", "path": "/etc"}, "B24MCP_ARGUMENTS"),
    ],
)
async def test_wrong_arguments_are_refused_before_anything_is_sent(
    call_tool: CallTool, portal: LoopbackPortal, arguments: dict[str, Any], code: str
) -> None:
    answer = await call_tool("list_records", **arguments)
    assert answer["error"]["code"] == code
    assert answer["error"]["executed"] == "no"
    assert answer["error"]["hint"]
    assert "validate" not in answer["error"]["hint"]
    assert {"crm.deal.list", "batch", "crm.deal.add"}.isdisjoint(portal.methods)


async def test_a_refusal_of_the_portal_is_the_answer(call_tool: CallTool) -> None:
    answer = await call_tool("list_records", method="crm.item.list", params={"entityTypeId": 999_999})
    assert answer["ok"] is False
    assert answer["error"]["hint"]
    assert (await call_tool("query_records", sql="SELECT count(*) FROM data_sets"))["rows"] == [[0]]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM crm_deal_list", "B24MCP_SQL"),
        ("SELECT * FROM leads", "B24MCP_SQL"),
        ("SELECT * FROM sqlite_master", "B24MCP_SQL"),
        ("", "B24MCP_SQL"),
    ],
)
async def test_an_invalid_query_is_refused_with_a_hint(call_tool: CallTool, sql: str, code: str) -> None:
    answer = await call_tool("query_records", sql=sql)
    assert (answer["error"]["code"], answer["error"]["kind"]) == (code, "validation")
    assert answer["error"]["hint"]


async def test_data_sets_survive_the_server(portal: LoopbackPortal, era: Any) -> None:
    async with Client(build_server(Redactor()), mode=era) as first:
        await first.call_tool("list_records", {"method": "crm.deal.list", "params": SELECT, "save_as": "deals"})
    async with Client(build_server(Redactor()), mode=era) as second:
        result = await second.call_tool("query_records", {"sql": "SELECT count(*) FROM deals"})
    assert json.loads(getattr(result.content[0], "text", ""))["rows"] == [[400]]


async def test_no_secret_of_a_portal_reaches_its_data_sets(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path
) -> None:
    link = f"{portal.address}download/?token=disk%7Cabc"
    await call_tool("call_method", method="crm.deal.add", params={"fields": {"TITLE": f"see {link} now"}})
    await call_tool("list_records", method="crm.deal.list", params={"select": ["ID", "TITLE"]})
    answer = await call_tool("query_records", sql="SELECT TITLE FROM crm_deal_list WHERE TITLE LIKE 'see %'")
    assert answer["rows"][0][0].startswith("see http://127.0.0.1")
    files = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert SECRET.encode() not in file.read_bytes()


async def test_progress_reports_rows_and_speed(portal: LoopbackPortal, era: Any) -> None:
    seen: list[tuple[float, float | None, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    async with Client(build_server(Redactor()), mode=era) as client:
        arguments = {"method": "crm.deal.list", "params": SELECT}
        await client.call_tool("list_records", arguments, progress_callback=on_progress)
    assert seen[-1][:2] == (400, 400)
    assert "400 of 400 rows" in str(seen[-1][2])
    assert [row[0] for row in seen] == sorted({row[0] for row in seen})


async def test_progress_is_reported_at_a_readable_rate() -> None:
    told: list[tuple[float, float | None, str]] = []

    class Ctx:
        async def report_progress(self, progress: float, total: float | None, message: str) -> None:
            told.append((progress, total, message))

    now = [0.0]
    progress = ListProgress(Ctx(), now=lambda: now[0])  # type: ignore[arg-type]
    for rows in range(100, 2_000, 100):
        now[0] += 0.1
        await progress.rows(rows, 2_000)
    assert 3 <= len(told) <= 5
    await progress.wait(0, 20, "the limit of requests")
    await progress.wait(5, 20, "the limit of requests")
    await progress.rows(2_000, 2_000)
    amounts = [amount for amount, _, _ in told]
    assert amounts == sorted(set(amounts))
    assert "waiting 15 s more: the limit of requests" in told[-2][2]


@pytest.mark.parametrize(
    ("rows", "total", "seconds", "said"),
    [
        (500, 2_000, 2, "500 of 2000 rows, 250/s, 6 s left"),
        (500, None, 2, "500 rows, 250/s"),
        (0, 100, 0, "0 of 100 rows"),
        (100, 100, 1, "100 of 100 rows, 100/s"),
        (150, 100, 1, "150 of 100 rows, 150/s"),
    ],
)
def test_pace_says_how_far_and_how_fast(rows: int, total: int | None, seconds: float, said: str) -> None:
    assert pace(rows, total, seconds) == said


async def test_rows_read_before_a_cancellation_are_kept(
    portal: LoopbackPortal, era: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = anyio.Event()

    async def never() -> list[Any]:
        waiting.set()
        await anyio.sleep_forever()
        return []

    pages = [*([{"ID": str(number)}] for number in range(1, 101)), never]
    monkeypatch.setattr(Portal, "listing", lambda *_, **__: ScriptedListing(pages))
    async with Client(build_server(Redactor()), mode=era) as client:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.call_tool, "list_records", {"method": "user.get", "save_as": "people"})
                await waiting.wait()
                tasks.cancel_scope.cancel()
            kept: list[Any] = []
            while not kept:
                sql = "SELECT rows, complete, state FROM data_sets WHERE readable"
                result = await client.call_tool("query_records", {"sql": sql})
                kept = json.loads(getattr(result.content[0], "text", ""))["rows"]
    assert kept == [[100, 0, "stopped"]]


async def test_a_failure_during_reading_is_reported_with_the_rows_so_far(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = our_error("B24MCP_CONNECTION_LOST", "The connection broke.", method="user.get")
    monkeypatch.setattr(Portal, "listing", lambda *_, **__: ScriptedListing([[{"ID": "1"}, {"ID": "2"}], lost]))
    answer = await call_tool("list_records", method="user.get")
    assert answer["error"]["code"] == "B24MCP_CONNECTION_LOST"
    assert (answer["records"], answer["count"], answer["complete"]) == ("user_get", 2, False)
    assert answer["rows"] == [[1], [2]]
    assert any("resume=true" in note for note in answer["notes"])


async def test_a_failed_reading_leaves_the_previous_data_set(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call_tool("list_records", method="user.get")
    lost = our_error("B24MCP_CONNECTION_LOST", "The connection broke.", method="user.get")
    monkeypatch.setattr(Portal, "listing", lambda *_, **__: ScriptedListing([[{"ID": "1"}], lost]))
    answer = await call_tool("list_records", method="user.get")
    assert "rows" not in answer
    assert "user_get is still the former data set of 20 rows" in answer["notes"][0]
    assert (await call_tool("query_records", sql="SELECT count(*) FROM user_get"))["rows"] == [[20]]


async def test_an_export_is_written_to_the_configured_folder(
    call_tool: CallTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    os.mkdir(folder)
    monkeypatch.setenv("B24_FILES_DIR", str(folder))
    await call_tool("list_records", method="crm.deal.list", params=SELECT)
    answer = await call_tool("export_records", sql="SELECT ID, TITLE FROM crm_deal_list", path="deals.csv")
    assert (answer["written"], answer["columns"]) == (400, ["ID", "TITLE"])
    assert answer["file"] == str(folder / "deals.csv")
    again = await call_tool("export_records", sql="SELECT 1", path="deals.csv")
    assert "exists already" in again["error"]["message"]
    outside = await call_tool("export_records", sql="SELECT 1", path="../deals.csv")
    assert (outside["error"]["code"], outside["error"]["kind"]) == ("B24MCP_FILE_FOLDER", "policy")
    assert os.listdir(folder) == ["deals.csv"]


async def test_without_a_setting_an_export_is_written_to_the_documents_of_the_user(
    call_tool: CallTool, tmp_path: Path
) -> None:
    answer = await call_tool("export_records", sql="SELECT 1", path="one.csv")
    assert answer["file"] == str(tmp_path / "documents" / "Bitrix24" / "one.csv")
    outside = await call_tool("export_records", sql="SELECT 1", path="/etc/one.csv")
    assert "B24_FILES_DIR" not in outside["error"]["message"]
    assert str(tmp_path / "documents" / "Bitrix24") in outside["error"]["hint"]


async def test_data_sets_are_resources_too(client: Client, call_tool: CallTool) -> None:
    await call_tool("list_records", method="crm.deal.list", params=SELECT, save_as="deals")
    templates = {template.uri_template for template in (await client.list_resource_templates()).resource_templates}
    assert {"b24://records{?method}", "b24://records/{name}"} <= templates

    async def read(uri: str) -> Any:
        return json.loads(getattr((await client.read_resource(uri)).contents[0], "text", ""))

    (listed,) = await read("b24://records")
    assert (listed["records"], listed["count"], listed["method"]) == ("deals", 400, "crm.deal.list")
    assert listed["columns"]["OPPORTUNITY"] == "number"
    assert await read("b24://records?method=crm.lead.list") == []
    assert await read("b24://records/deals") == listed
    with pytest.raises(MCPError, match="no data set"):
        await client.read_resource("b24://records/nothing")


async def test_at_the_level_read_no_file_is_written(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    monkeypatch.setenv("B24_FILES_DIR", str(tmp_path))
    assert (await call_tool("list_records", method="crm.deal.list", limit=5))["ok"]
    error = (await call_tool("export_records", sql="SELECT * FROM crm_deal_list", path="deals.csv"))["error"]
    assert (error["kind"], error["executed"]) == ("policy", "no")
    assert not (tmp_path / "deals.csv").exists()
