"""Tools that only read: what they refuse, and how many rows they return."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

DEAL = {"method": "crm.deal.get", "params": {"id": 1}}
WRITE = {"method": "crm.deal.update", "params": {"id": 1, "fields": {"TITLE": "x"}}}
LARGEST: dict[str, Any] = {
    "method": "crm.deal.list",
    "params": {"filter": {"CLOSED": "N"}, "order": {"OPPORTUNITY": "DESC"}, "select": ["ID", "OPPORTUNITY"]},
}


def calls(portal: LoopbackPortal) -> list[str]:
    return [method for method in portal.methods if method != "rest.documentation.openapi"]


async def test_commands_that_read_run_with_references(call_tool: CallTool, portal: LoopbackPortal) -> None:
    company = {"method": "crm.company.get", "params": {"id": "$result[deal][COMPANY_ID]"}}
    answer = await call_tool("read_batch", commands={"deal": DEAL, "company": company}, resolve=True)
    assert answer["summary"]["succeeded"] == 2
    assert answer["results"]["company"]["result"]["ID"] == answer["results"]["deal"]["result"]["COMPANY_ID"]
    assert answer["names"]["people"]


@pytest.mark.parametrize("validate", [True, False])
async def test_one_command_that_writes_refuses_the_batch(
    call_tool: CallTool, portal: LoopbackPortal, validate: bool
) -> None:
    answer = await call_tool("read_batch", commands={"deal": DEAL, "change": WRITE}, validate=validate)
    assert answer["error"]["code"] == "B24MCP_WRITES"
    assert "'change'" in answer["error"]["message"]
    assert "batch_call" in answer["error"]["hint"]
    assert calls(portal) == []


async def test_an_undocumented_command_is_not_taken_for_one_that_reads(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("read_batch", commands={"a": {"method": "my.own.list"}}, validate=False)
    assert answer["error"]["executed"] == "no"
    assert calls(portal) == []


async def test_a_limit_cuts_the_rows_and_keeps_the_count(call_tool: CallTool, portal: LoopbackPortal) -> None:
    whole = await call_tool("read_method", **LARGEST)
    five = await call_tool("read_method", **LARGEST, limit=5)
    assert five["result"]["rows"] == whole["result"]["rows"][:5]
    assert five["total"] == whole["total"]
    assert "next" not in five, "it would skip the rows between the limit and the page"
    assert calls(portal).count("crm.deal.list") == 2


async def test_a_limit_beyond_a_page_reads_on_in_the_same_order(call_tool: CallTool, portal: LoopbackPortal) -> None:
    for params in (LARGEST["params"], {"select": ["ID", "OPPORTUNITY"]}):
        pages = [
            await call_tool("read_method", method="crm.deal.list", params=params | {"start": at}) for at in (0, 50)
        ]
        answer = await call_tool("read_method", method="crm.deal.list", params=params, limit=60)
        rows = [row for page in pages for row in page["result"]["rows"]]
        assert answer["result"]["rows"] == rows[:60]


async def test_a_limit_keeps_the_form_and_the_order_of_lists_with_a_key(call_tool: CallTool) -> None:
    arguments = {"method": "tasks.task.list", "params": {"select": ["ID", "TITLE"]}}
    first = await call_tool("read_method", **arguments)
    longer = await call_tool("read_method", **arguments, limit=70)
    assert len(longer["result"]["tasks"]["rows"]) == 70
    assert longer["result"]["tasks"]["rows"][:50] == first["result"]["tasks"]["rows"]


async def test_a_limit_larger_than_the_list_returns_all_of_it(call_tool: CallTool) -> None:
    arguments = {"method": "crm.status.list", "params": {"filter": {"ENTITY_ID": "SOURCE"}}}
    assert (await call_tool("read_method", **arguments, limit=500))["result"] == (
        await call_tool("read_method", **arguments)
    )["result"]
    assert len((await call_tool("read_method", **arguments, limit=2))["result"]["rows"]) == 2


@pytest.mark.parametrize("call", [DEAL, {"method": "crm.contact.get", "params": {"id": 1}}, {"method": "profile"}])
async def test_a_limit_does_not_change_what_is_no_list(call_tool: CallTool, call: dict[str, Any]) -> None:
    limited = await call_tool("read_method", **call, limit=1)
    assert limited["result"] == (await call_tool("read_method", **call))["result"]
    assert limited["warnings"] == ["limit had no effect: the result is not a list"]


@pytest.mark.parametrize("limit", [0, -1, 501, "many"])
async def test_a_limit_out_of_range_is_refused(call_tool: CallTool, portal: LoopbackPortal, limit: object) -> None:
    answer = await call_tool("read_method", **LARGEST, limit=limit)
    assert answer["error"]["code"] == "B24MCP_ARGUMENTS"
    assert calls(portal) == []


async def test_pages_that_cannot_be_read_leave_the_first_with_a_warning(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    # `page` is no parameter of this list, so only the call as it stands can be made.
    answer = await call_tool(
        "read_method", method="crm.deal.list", params={"select": ["ID"], "page": 1}, limit=60, validate=False
    )
    assert len(answer["result"]["rows"]) == 50
    assert any("Only the first page" in warning for warning in answer["warnings"])
    assert answer["next"] == 50
