"""Refreshing a data set through MCP, on the sandbox: only what changed is read, and what changed can be queried."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

DEALS = {"select": ["ID", "TITLE", "OPPORTUNITY", "DATE_MODIFY"]}


@pytest.fixture(autouse=True)
def full_access(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")


async def call(call_tool: CallTool, method: str, **params: Any) -> Any:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"], answer["error"]
    return answer["result"]


async def changes_of(call_tool: CallTool, name: str) -> list[list[Any]]:
    sql = f"SELECT id, change, field, old, new FROM {name}_changes ORDER BY id, field"
    rows: list[list[Any]] = (await call_tool("query_records", sql=sql))["rows"]
    return rows


@pytest.mark.parametrize("params", [DEALS, None, {"select": ["ID", "TITLE", "OPPORTUNITY"]}])
async def test_only_changed_rows_are_read_and_every_change_is_listed(
    call_tool: CallTool, portal: LoopbackPortal, params: dict[str, Any] | None
) -> None:
    first = await call_tool("list_records", method="crm.deal.list", params=params, save_as="deals")
    assert "changes" not in first
    await call(call_tool, "crm.deal.update", id=3, fields={"TITLE": "Новое", "OPPORTUNITY": 5})
    await call(call_tool, "crm.deal.delete", id=7)
    added = await call(call_tool, "crm.deal.add", fields={"TITLE": "Added"})
    before = len(portal.calls)
    answer = await call_tool("list_records", method="crm.deal.list", save_as="deals", refresh=True)
    changes = answer["changes"]
    assert (changes["records"], changes["created"], changes["updated"], changes["removed"]) == (
        "deals_changes",
        1,
        1,
        1,
    )
    assert (answer["count"], answer["complete"]) == (400, True)
    assert answer["requests"] == len(portal.calls) - before < first["requests"] + 4
    listed = await changes_of(call_tool, "deals")
    assert [row[:2] for row in listed if row[1] != "updated"] == [[7, "removed"], [added, "created"]]
    updated = {row[2]: row[3:] for row in listed if row[1] == "updated"}
    assert updated["TITLE"][1] == "Новое"
    assert updated["OPPORTUNITY"][1] == 5.0
    found = await call_tool("query_records", sql="SELECT count(*), count(DISTINCT ID) FROM deals")
    assert found["rows"] == [[400, 400]]
    kept = await call_tool("query_records", sql="SELECT TITLE FROM deals WHERE ID IN (3, 7)")
    assert kept["rows"] == [["Новое"]]
    again = await call_tool("list_records", method="crm.deal.list", save_as="deals", refresh=True)
    assert [again["changes"][kind] for kind in ("created", "updated", "removed")] == [0, 0, 0]
    assert await changes_of(call_tool, "deals") == listed


async def test_a_refresh_without_removed_rows_costs_few_requests(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("list_records", method="crm.deal.list", params=DEALS)
    await call(call_tool, "crm.deal.update", id=3, fields={"TITLE": "Новое"})
    before = len(portal.calls)
    answer = await call_tool("list_records", method="crm.deal.list", params=DEALS, refresh=True)
    assert answer["changes"]["updated"] == 1
    assert len(portal.calls) - before <= 3


async def test_what_is_new_since_a_day_can_be_asked(call_tool: CallTool) -> None:
    await call_tool("list_records", method="crm.deal.list", params=DEALS)
    await call(call_tool, "crm.deal.update", id=3, fields={"TITLE": "Новое"})
    await call_tool("list_records", method="crm.deal.list", params=DEALS, refresh=True)
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    sql = f"SELECT id, new FROM crm_deal_list_changes WHERE julianday(changed_at) > julianday('{since}')"
    assert (await call_tool("query_records", sql=sql))["rows"] == [[3, "Новое"]]


async def test_a_row_that_does_not_fit_the_filter_any_more_is_removed(call_tool: CallTool) -> None:
    params = {"filter": {"CLOSED": "N", "CATEGORY_ID": 0}, "select": ["ID", "TITLE"]}
    await call_tool("list_records", method="crm.deal.list", params=params)
    (row,) = (await call_tool("query_records", sql="SELECT ID FROM crm_deal_list LIMIT 1"))["rows"]
    fields = {"STAGE_ID": "WON"}
    await call(call_tool, "crm.deal.update", id=row[0], fields=fields)
    answer = await call_tool("list_records", method="crm.deal.list", params=params, refresh=True)
    listed = await changes_of(call_tool, "crm_deal_list")
    assert answer["changes"]["removed"] == len(listed) == 1
    assert listed[0][:2] == [row[0], "removed"]


@pytest.mark.parametrize(
    ("method", "params", "write", "change"),
    [
        ("crm.item.list", {"entityTypeId": 2}, ("crm.item.update", {"entityTypeId": 2, "id": 3}), "title"),
        ("tasks.task.list", {"select": ["ID", "TITLE"]}, ("tasks.task.update", {"taskId": 3}), "title"),
        ("crm.contact.list", {"select": ["ID", "NAME"]}, ("crm.contact.update", {"id": 3}), "NAME"),
        ("user.get", {}, ("user.update", {"ID": 3, "LAST_NAME": "Changed"}), "LAST_NAME"),
        ("department.get", {}, ("department.update", {"ID": 3, "NAME": "Changed"}), "NAME"),
    ],
)
async def test_lists_with_and_without_a_time_of_changes_are_refreshed(
    call_tool: CallTool, method: str, params: dict[str, Any], write: tuple[str, dict[str, Any]], change: str
) -> None:
    await call_tool("list_records", method=method, params=params, save_as="them")
    name, values = write
    if method not in ("user.get", "department.get"):
        values = values | {"fields": {"TITLE" if "task" in method else change: "Changed"}}
    await call_tool("call_method", method=name, params=values)
    answer = await call_tool("list_records", method=method, params=params, save_as="them", refresh=True)
    assert answer["ok"], answer
    assert answer["changes"]["updated"] == 1
    assert [3, "updated", change, "Changed"] in [[*row[:3], row[4]] for row in await changes_of(call_tool, "them")]


async def test_the_clock_of_this_computer_does_not_matter(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr("b24_mcp.records.file.time.time", lambda: real() + 9 * 86_400)
    await call_tool("list_records", method="crm.deal.list", params=DEALS)
    await call(call_tool, "crm.deal.update", id=3, fields={"TITLE": "Новое"})
    answer = await call_tool("list_records", method="crm.deal.list", params=DEALS, refresh=True)
    assert answer["changes"]["updated"] == 1


async def test_a_refresh_of_another_list_is_refused(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("list_records", method="crm.deal.list", params=DEALS, save_as="deals")
    other = await call_tool(
        "list_records", method="crm.deal.list", params={"select": ["ID"]}, save_as="deals", refresh=True
    )
    assert other["error"]["code"] == "B24MCP_RECORDS_REFRESH"
    assert "Omit params" in other["error"]["hint"]
    both = await call_tool("list_records", method="crm.deal.list", save_as="deals", refresh=True, resume=True)
    assert both["error"]["code"] == "B24MCP_ARGUMENTS"


async def test_the_first_refresh_reads_the_list_whole_and_says_so(call_tool: CallTool) -> None:
    answer = await call_tool("list_records", method="crm.deal.list", params=DEALS, refresh=True)
    assert (answer["count"], "changes" in answer) == (400, False)
    assert any("read whole" in note for note in answer["notes"])


async def test_a_failed_refresh_leaves_the_data_set(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("list_records", method="crm.deal.list", params=DEALS)
    await call_tool("query_records", sql="SELECT 1 FROM crm_deal_list")
    answer = await call_tool("list_records", method="crm.deal.list", params=DEALS, save_as="crm_deal_list_changes")
    assert answer["ok"]
    taken = await call_tool("list_records", method="crm.deal.list", params=DEALS, refresh=True)
    assert taken["error"]["code"] == "B24MCP_RECORDS_NAME"
    assert (await call_tool("query_records", sql="SELECT count(*) FROM crm_deal_list"))["rows"] == [[400]]
