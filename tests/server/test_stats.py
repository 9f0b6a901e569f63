"""Failures of tools are counted on this computer, by method and code."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.lowlevel
from anyio.to_thread import run_sync

from b24_mcp.app.fault_counts import FaultCounts
from tests.server.conftest import CallTool


async def test_a_refused_call_of_a_tool_is_counted(call_tool: CallTool, tmp_path: Path) -> None:
    answer = await call_tool("read_doc")
    assert answer["ok"] is False
    counts = FaultCounts(tmp_path / "data")
    with anyio.fail_after(20):
        while not (found := await run_sync(counts.most_frequent, 5)):  # it is counted after the answer
            await anyio.lowlevel.checkpoint()
    assert [(one.method, one.code, one.count) for one in found] == [("", answer["error"]["code"], 1)]


async def test_each_failed_command_of_a_batch_is_counted_with_its_method(call_tool: CallTool, tmp_path: Path) -> None:
    missing = {"id": 999_999}
    commands = {
        "a": {"method": "crm.deal.get", "params": missing},
        "b": {"method": "crm.deal.get", "params": missing},
        "c": {"method": "crm.contact.get", "params": missing},
        "fine": {"method": "server.time"},
    }
    assert (await call_tool("read_batch", commands=commands))["summary"]["failed"] == 3
    counts = FaultCounts(tmp_path / "data")
    with anyio.fail_after(20):
        while len(found := await run_sync(counts.most_frequent, 5)) < 2:  # they are counted after the answer
            await anyio.lowlevel.checkpoint()
    assert [(one.method, one.count) for one in found] == [("crm.deal.get", 2), ("crm.contact.get", 1)]
