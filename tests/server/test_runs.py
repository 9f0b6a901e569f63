"""Runs that take longer than a call: they go on in the server, and the same call follows them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from b24_mcp.app import runs
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.conftest import CallTool

HOME = Path(__file__).parent.parent.parent
DEALS: dict[str, Any] = {"method": "crm.deal.list", "params": {"select": ["ID", "TITLE"]}, "save_as": "deals"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer each call after a tenth of a second. The deadline of requests stays as it is."""
    monkeypatch.setattr(runs, "_SPARE_SECONDS", 54.9)


async def test_a_list_is_read_on_after_its_call_was_answered(
    call_tool: CallTool, portal: LoopbackPortal, impatient: None
) -> None:
    portal.sandbox.hold()
    first = await call_tool("list_records", **DEALS)
    assert (first["ok"], first["running"], first["records"], first["count"]) == (True, True, "deals", 0)
    assert "same call again" in first["notes"][0]
    again = await call_tool("list_records", **DEALS)
    assert again["running"] is True
    portal.sandbox.let_go()
    while (last := await call_tool("list_records", **DEALS)).get("running"):
        pass
    assert (last["count"], last["complete"]) == (400, True)
    assert len([path for path in portal.paths if "deal.fields" in path]) == 1, "the list was read once"


async def test_a_result_that_no_call_waited_for_is_kept_for_the_next(
    call_tool: CallTool, portal: LoopbackPortal, impatient: None
) -> None:
    portal.sandbox.hold()
    assert (await call_tool("list_records", **DEALS))["running"]
    portal.sandbox.let_go()
    with anyio.fail_after(20):
        while (await call_tool("query_records", sql="SELECT name FROM data_sets WHERE complete"))["count"] == 0:
            pass
    requests = len(portal.paths)
    kept = await call_tool("list_records", **DEALS)
    assert (kept["count"], len(portal.paths)) == (400, requests)
    other = await call_tool("list_records", **DEALS | {"save_as": "others"})
    assert other["records"] == "others", "another call is another run"
    assert len(portal.paths) > requests


async def test_a_cancelled_call_cancels_its_run(portal: LoopbackPortal, era: Any) -> None:
    portal.sandbox.hold()
    async with Client(build_server(Redactor()), mode=era) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "list_records", DEALS)
            await anyio.to_thread.run_sync(portal.sandbox.arrived.wait, 20)
            tasks.cancel_scope.cancel()
        portal.sandbox.let_go()
        result = await client.call_tool("query_records", {"sql": "SELECT count(*) FROM data_sets"})
        assert json.loads(getattr(result.content[0], "text", ""))["rows"] == [[0]]
        again = await client.call_tool("list_records", DEALS)
        assert json.loads(getattr(again.content[0], "text", ""))["count"] == 400


async def test_an_error_of_a_run_is_the_answer_of_the_next_call(
    call_tool: CallTool, portal: LoopbackPortal, impatient: None
) -> None:
    portal.sandbox.hold()
    request = {"method": "crm.item.list", "params": {"entityTypeId": 999_999}}
    assert (await call_tool("list_records", **request))["running"]
    portal.sandbox.let_go()
    while (last := await call_tool("list_records", **request)).get("running"):
        pass
    assert last["ok"] is False
    assert last["error"]["hint"]


async def test_a_list_is_continued_after_its_server_was_stopped(era: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_SPARE_SECONDS", 54.9)
    with loopback_portal(latency=0.2) as portal:
        monkeypatch.setenv("B24_WEBHOOK_URL", portal.address)

        async def call(client: Client) -> Any:
            result = await client.call_tool("list_records", DEALS)
            return json.loads(getattr(result.content[0], "text", ""))

        async with Client(build_server(Redactor()), mode=era) as client:
            while (answer := await call(client))["count"] == 0:
                assert answer["running"]
        async with Client(build_server(Redactor()), mode=era) as client:
            while (answer := await call(client)).get("running"):
                pass
        assert (answer["count"], answer["complete"]) == (400, True)
        filters = [call.params.get("filter") for call in portal.calls if call.method == "crm.deal.list"]
        assert filters == [None, {">ID": 50}], "the second server begins after the rows that the first has read"


async def test_over_stdio_a_job_stops_between_requests_and_the_next_server_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = {
        "sql": "SELECT ID FROM deals ORDER BY ID",
        "method": "crm.deal.update",
        "params": {"id": "$ID", "fields": {"COMMENTS": "applied-${ID}-end"}},
    }
    with loopback_portal(latency=0.1, control=True) as portal:
        settings = {"B24_WEBHOOK_URL": portal.address, "B24_ACCESS": "full", "B24_DEADLINE": "1.6"}
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "b24_mcp"], env=dict(os.environ) | settings, cwd=HOME
        )

        async def call(client: Client, name: str, arguments: dict[str, Any]) -> Any:
            return json.loads(getattr((await client.call_tool(name, arguments)).content[0], "text", ""))

        async with Client(command) as client:
            while (await call(client, "list_records", DEALS)).get("running"):
                pass
            answer = await call(client, "apply_records", job)
            while not (answer.get("running") and answer.get("succeeded")):
                answer = await call(client, "apply_records", job)
        async with Client(command) as client:
            while (answer := await call(client, "apply_records", job)).get("running"):
                pass
        assert (answer["succeeded"], answer["unknown"], answer["failed"]) == (400, 0, 0)
        assert portal.sandbox.portal.executions is not None
        assert portal.sandbox.portal.executions.counts("applied-")["crm.deal.update"] == 400
