"""`call_method`, as an MCP client calls it."""

from __future__ import annotations

import json
import logging

import pytest
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool


async def test_a_call_answers_in_the_usual_form(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("call_method", method="crm.deal.get", params={"id": 5})
    assert list(answer) == ["ok", "notice", "method", "version", "empty", "link", "result", "time", "warnings"]
    assert (answer["ok"], answer["method"], answer["version"]) == (True, "crm.deal.get", "v2")
    assert answer["result"]["ID"] == "5"
    assert answer["warnings"] == []
    assert list(answer["time"]) == ["duration"], "so little of the limit was used that it tells nothing"


async def test_total_and_next_page_come_before_the_rows_of_a_list(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("call_method", method="crm.deal.list", params={"select": ["ID"], "order": {"ID": "ASC"}})
    assert (answer["total"], answer["next"]) == (400, 50)
    assert list(answer).index("total") < list(answer).index("result")
    following = await call_tool(
        "call_method",
        method="crm.deal.list",
        params={"select": ["ID"], "order": {"ID": "ASC"}, "start": answer["next"]},
    )
    assert following["result"]["rows"][0] == ["51"]


async def test_rows_of_the_same_form_become_a_table(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", method="crm.deal.list", params={"select": ["ID", "TITLE"]})
    assert answer["table"] is True
    assert answer["result"]["columns"] == ["ID", "TITLE"]
    assert len(answer["result"]["rows"]) == 50
    wrapped = await call_tool(
        "call_method", method="crm.item.list", params={"entityTypeId": 2, "select": ["id", "title"]}
    )
    assert wrapped["table"] is True
    assert {"id", "title"} <= set(wrapped["result"]["items"]["columns"])


async def test_a_single_row_stays_an_object(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", method="crm.deal.list", params={"filter": {"ID": 7}, "select": ["ID"]})
    assert answer["result"] == [{"ID": "7"}]
    assert "table" not in answer


async def test_a_written_record_can_be_read_back(call_tool: CallTool) -> None:
    title = 'Сделка & "co" <b> #1 100% [x] $result[1] 🙂'
    added = await call_tool(
        "call_method",
        method="crm.deal.add",
        params={"fields": {"TITLE": title, "OPPORTUNITY": 1500.5, "CONTACT_IDS": [1, 2], "COMMENTS": None}},
    )
    read = await call_tool("call_method", method="crm.deal.get", params={"id": added["result"]})
    assert read["result"]["TITLE"] == title
    assert read["result"]["OPPORTUNITY"] == "1500.50"


async def test_a_positional_method_takes_a_list(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("call_method", method="task.item.getdata", params=[1])
    assert answer["result"]["ID"] == "1"


async def test_xml_is_answered_in_the_same_form_and_says_what_was_lost(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    plain = await call_tool("call_method", method="user.get", params={"ID": 3})
    from_xml = await call_tool("call_method", method="user.get", params={"ID": 3}, format="xml")
    assert list(from_xml) == list(plain)
    assert from_xml["total"] == plain["total"] == 1
    assert from_xml["result"][0]["NAME"] == plain["result"][0]["NAME"]
    assert from_xml["result"][0]["ACTIVE"] == "1"
    assert "XML has no types" in from_xml["warnings"][0]


async def test_an_empty_list_in_xml_is_an_empty_list(call_tool: CallTool) -> None:
    nothing = {"filter": {"ID": 999_999}}
    answer = await call_tool("call_method", method="crm.deal.list", params=nothing, format="xml")
    assert answer["result"] == []
    items = {"entityTypeId": 2, "filter": {"id": 999_999}}
    answer = await call_tool("call_method", method="crm.item.list", params=items, format="xml")
    assert answer["result"] == {"items": []}


@pytest.mark.parametrize(
    ("method", "params", "code", "kind", "status"),
    [
        ("crm.deal.get", {"id": 999_999}, "", "not_found", 400),
        ("crm.nothing.list", {}, "ERROR_METHOD_NOT_FOUND", "unknown_method", 404),
        ("crm.item.nonsense", {"entityTypeId": 2}, "22002", "unknown_method", 400),
        ("crm.item.get", {}, "100", "validation", 400),
    ],
)
async def test_an_error_of_the_portal_keeps_its_code_and_says_what_to_do(
    call_tool: CallTool,
    portal: LoopbackPortal,
    method: str,
    params: dict[str, object],
    code: str,
    kind: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("B24_APPROVAL", "off")
    answer = await call_tool("call_method", method=method, params=params, validate=False)
    error = answer["error"]
    assert answer["method"] == method
    assert (error["code"], error["kind"], error["status"], error["executed"]) == (code, kind, status, "no")
    assert error["message"]
    assert error["hint"]


async def test_every_answer_of_the_sandbox_names_it(call_tool: CallTool) -> None:
    for arguments in (
        {"method": "profile"},
        {"method": "crm.deal.get", "params": {"id": 999_999}},
        {"method": "../../x"},
    ):
        answer = await call_tool("call_method", **arguments)
        assert answer["portal"].startswith("sandbox")
    answer = await call_tool("batch_call", commands={"a": {"method": "profile"}})
    assert answer["portal"].startswith("sandbox")


async def test_a_configured_portal_is_never_called_a_sandbox(call_tool: CallTool, portal: LoopbackPortal) -> None:
    assert "portal" not in await call_tool("call_method", method="profile")


async def test_the_webhook_code_that_a_portal_sends_back_is_masked(call_tool: CallTool, portal: LoopbackPortal) -> None:
    link = f"{portal.address}download/?token=disk%7Cabc%7Cdef"
    added = await call_tool("call_method", method="crm.deal.add", params={"fields": {"TITLE": f"see {link} now"}})
    read = await call_tool("call_method", method="crm.deal.get", params={"id": added["result"]})
    assert SECRET not in str(read)
    assert read["result"]["TITLE"].startswith("see http://127.0.0.1")


async def test_an_answer_that_cannot_be_written_is_an_error_in_the_normal_form(
    portal: LoopbackPortal, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Redactor):
        def finds(self, text: str, data: bytes, *, fields: bool = True) -> bool:
            if "TITLE" in text:
                raise ValueError(text)
            return super().finds(text, data, fields=fields)

    async with Client(build_server(Failing())) as client:
        result = await client.call_tool("call_method", {"method": "crm.deal.get", "params": {"id": 5}})
    answer = json.loads(getattr(result.content[0], "text", ""))
    assert result.is_error
    assert (answer["error"]["code"], answer["error"]["executed"]) == ("B24MCP_INTERNAL", "unknown")
    assert [record.levelno for record in caplog.records if record.name.startswith("b24_mcp")] == [logging.ERROR]
