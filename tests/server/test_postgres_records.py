"""Data sets in PostgreSQL through MCP, on the sandbox: lists, queries, exports, changes and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio.to_thread import run_sync
from mcp import Client

from b24_mcp.config import load_overview
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal
from tests.postgresql import PASSWORD
from tests.server.conftest import CallTool

DEALS = {"select": ["ID", "TITLE", "OPPORTUNITY", "DATE_CREATE", "ASSIGNED_BY_ID"], "order": {"ID": "ASC"}}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postgresql_address: str) -> None:
    monkeypatch.setenv("B24_RECORDS", postgresql_address)
    monkeypatch.setenv("B24_ACCESS", "full")
    monkeypatch.setenv("B24_FILES_DIR", str(tmp_path))


async def test_a_list_is_read_queried_exported_changed_and_refreshed(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path
) -> None:
    listed = await call_tool("list_records", method="crm.deal.list", params=DEALS, save_as="deals", limit=60)
    assert (listed["count"], listed["types"]["number"]) == (60, ["OPPORTUNITY"])
    resumed = await call_tool("list_records", method="crm.deal.list", params=DEALS, save_as="deals", resume=True)
    assert (resumed["count"], resumed["complete"]) == (400, True)
    month = (
        "SELECT to_char(DATE_CREATE::timestamptz, 'YYYY-MM'), count(*) FROM deals GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )
    assert (await call_tool("query_records", sql=month))["rows"][0][1] > 1
    names = "SELECT d.ID, u.name FROM deals d JOIN portal_users u ON u.id = d.assigned_by_id ORDER BY d.id"
    exported = await call_tool("export_records", sql=names, path="names.jsonl")
    assert exported["written"] == 400
    assert json.loads((tmp_path / "names.jsonl").read_text("utf-8").splitlines()[0])["ID"] == 1
    applied = await call_tool(
        "apply_records",
        sql="SELECT ID FROM deals WHERE ID <= 55",
        method="crm.deal.update",
        params={"id": "$ID", "fields": {"TITLE": "Deal ${ID}"}},
    )
    assert (applied["succeeded"], applied["unknown"]) == (55, 0)
    outcomes = await call_tool("query_records", sql=f"SELECT count(*) FROM {applied['records']} WHERE ok = 1")
    assert outcomes["rows"] == [[55]]
    refreshed = await call_tool("list_records", method="crm.deal.list", save_as="deals", refresh=True)
    assert refreshed["changes"]["updated"] == 55
    changes = await call_tool("query_records", sql=refreshed["changes"]["more"])
    assert changes["ok"], "the statement of the answer is in the dialect of the database"
    assert ["TITLE", "Deal 55"] in [[row[2], row[4]] for row in changes["rows"]]


async def test_a_mistake_is_answered_with_the_form_of_postgresql(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("list_records", method="crm.deal.list", params=DEALS, save_as="deals", limit=5)
    for sql, form in {
        "SELECT strftime('%Y', DATE_CREATE) FROM deals": "to_char(x::timestamptz",
        "SELECT julianday(DATE_CREATE) FROM deals": "extract(epoch",
        "SELECT ifnull(TITLE, '') FROM deals": "coalesce(",
        "SELECT group_concat(TITLE) FROM deals": "string_agg(",
        "SELECT json_extract(TITLE, '$.a') FROM deals": "->>",
        "SELECT DATE_CREATE - DATE_CREATE FROM deals": "::timestamptz",
        "SELECT TITLE FROM deals WHERE TITLE > 5": "x::numeric",
        "SELECT date_trunc('month', DATE_CREATE) FROM deals": "date_trunc('month', x::timestamptz)",
        "SELECT ID, count(*) FROM deals": "GROUP BY",
        "SELECT ID FROM deals WHERE complete": "Columns of deals: ID",
        "SELECT name FROM data_sets WHERE complete": "active = 1",
        "SELECT ID FROM deals LIMIT 1, 2": "OFFSET",
        "DELETE FROM deals": "one SELECT of PostgreSQL",
    }.items():
        answer = await call_tool("query_records", sql=sql)
        assert answer["error"]["code"] == "B24MCP_SQL", sql
        assert form in answer["error"]["hint"] or form in answer["error"]["message"], (sql, answer["error"])
        assert "SQLite" not in str(answer)
        assert PASSWORD not in str(answer)


async def test_the_tools_name_the_dialect() -> None:
    overview = await run_sync(load_overview)
    assert overview.dialect == "PostgreSQL"
    async with Client(build_server(Redactor(), dialect=overview.dialect)) as client:
        tools = {
            tool.name: tool.model_dump_json(by_alias=True, exclude_none=True)
            for tool in (await client.list_tools()).tools
        }
    for name in ("query_records", "export_records", "apply_records"):
        assert "One SELECT in PostgreSQL syntax" in tools[name]
    whole = "".join(tools.values())
    assert [word for word in ("SQLite", "julianday", "json_extract") if word in whole] == []
    assert len(whole) / 4 < 4_000
