"""`batch_call`, as an MCP client calls it, on a portal reached by HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

DOCUMENTED = {
    "get_user": {"method": "user.current"},
    "get_departments": {"method": "department.get"},
    "get_app": {"method": "app.info"},
}


@pytest.mark.parametrize("answer_format", ["json", "xml"])
async def test_the_example_of_the_documentation_answers_in_one_form(
    call_tool: CallTool, portal: LoopbackPortal, answer_format: str
) -> None:
    answer = await call_tool("batch_call", commands=DOCUMENTED, halt=False, format=answer_format)
    assert answer["ok"] is True
    assert answer["summary"] == {"commands": 3, "succeeded": 3, "failed": 0, "not_run": 0, "requests": 1}
    assert list(answer["results"]) == list(DOCUMENTED)
    assert answer["results"]["get_user"]["result"]["ID"] == "1"
    assert answer["results"]["get_departments"]["total"] == 7
    for entry in answer["results"].values():
        assert entry["time"]["duration"] >= 0
        assert "operating" not in entry["time"], "so little of the limit was used that it tells nothing"
    assert portal.methods == ["batch"]
    assert ("warnings" in answer) is (answer_format == "xml")


@pytest.mark.parametrize("answer_format", ["json", "xml"])
async def test_a_later_command_uses_the_result_of_an_earlier_one(
    call_tool: CallTool, portal: LoopbackPortal, answer_format: str
) -> None:
    answer = await call_tool(
        "batch_call",
        commands={
            "get_user": {"method": "user.current"},
            "my_department": {
                "method": "department.get",
                "params": {"ID": "$result[get_user][UF_DEPARTMENT][0]"},
            },
        },
        halt=True,
        format=answer_format,
    )
    own = answer["results"]["get_user"]["result"]["UF_DEPARTMENT"][0]
    assert str(answer["results"]["my_department"]["result"][0]["ID"]) == str(own)
    assert portal.methods == ["batch"]


ONE_FAILS = {
    "first": {"method": "server.time"},
    "wrong": {"method": "crm.deal.get", "params": {"id": 999_999}},
    "last": {"method": "server.time"},
}


async def test_without_halt_the_commands_after_a_failure_run(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("batch_call", commands=ONE_FAILS)
    assert answer["ok"] is False
    assert [entry["ok"] for entry in answer["results"].values()] == [True, False, True]
    error = answer["results"]["wrong"]["error"]
    assert (error["message"], error["kind"], error["executed"]) == ("Not found", "not_found", "no")


async def test_with_halt_nothing_after_a_failure_runs(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("batch_call", commands=ONE_FAILS, halt=True)
    assert answer["summary"] == {"commands": 3, "succeeded": 1, "failed": 1, "not_run": 1, "requests": 1}
    assert answer["results"]["last"] == {"ok": False, "not_run": "halted after wrong"}


async def test_120_commands_take_three_requests_and_each_has_an_outcome(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    commands = {
        f"deal_{n}": {"method": "crm.deal.list", "params": {"filter": {"ID": n}, "select": ["ID"]}}
        for n in range(1, 121)
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["summary"]["requests"] == 3
    assert portal.methods == ["batch"] * 3
    assert list(answer["results"]) == list(commands)
    for number, entry in enumerate(answer["results"].values(), 1):
        assert entry["ok"]
        if "result" in entry:
            assert entry["result"] == [{"ID": str(number)}]


async def test_a_chain_of_references_continues_in_the_next_request(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands: dict[str, Any] = {"deal": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "Начало цепочки"}}}}
    commands |= {f"time_{n}": {"method": "server.time"} for n in range(60)}
    commands["read"] = {"method": "crm.deal.get", "params": {"id": "$result[deal]"}}
    answer = await call_tool("batch_call", commands=commands, halt=True)
    assert answer["summary"]["requests"] == 2
    assert answer["results"]["read"]["result"]["TITLE"] == "Начало цепочки"


AWKWARD: dict[str, Any] = {
    "TITLE": "a&b=c #1 100% [x] + «ёж» \n 🙂",
    "COMMENTS": "$result is only a word, $5 a price",
    "PHONE": [{"VALUE": "+7 000 555", "VALUE_TYPE": "WORK"}, {"VALUE": "2", "VALUE_TYPE": "HOME"}],
    "OPENED": True,
    "SOURCE_DESCRIPTION": None,
}


async def test_unusual_values_arrive_unchanged(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "add": {"method": "crm.lead.add", "params": {"fields": AWKWARD}},
        "read": {"method": "crm.lead.get", "params": {"id": "$result[add]"}},
    }
    answer = await call_tool("batch_call", commands=commands, halt=True, validate=False)
    read = answer["results"]["read"]["result"]
    assert read["TITLE"] == AWKWARD["TITLE"]
    assert read["COMMENTS"] == AWKWARD["COMMENTS"]
    assert [(phone["VALUE"], phone["VALUE_TYPE"]) for phone in read["PHONE"]] == [("+7 000 555", "WORK"), ("2", "HOME")]
    assert read["OPENED"] == "Y"


async def test_null_and_empty_lists_reach_the_method_unchanged(call_tool: CallTool, portal: LoopbackPortal) -> None:
    fields: dict[str, Any] = {"TITLE": "x", "COMMENTS": None, "CONTACT_IDS": []}
    answer = await call_tool(
        "batch_call",
        commands={
            "before": {"method": "server.time"},
            "add": {"method": "crm.deal.add", "params": {"fields": fields}},
            "after": {"method": "server.time"},
        },
    )
    assert answer["ok"] is True
    assert portal.methods == ["batch", "crm.deal.add", "batch"]
    received: Any = portal.calls[1].params["fields"]
    assert received["COMMENTS"] is None
    assert received["CONTACT_IDS"] in ([], {})


async def test_a_text_that_merely_looks_like_a_reference_is_refused(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool(
        "batch_call",
        commands={"a": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "costs $result[1] each"}}}},
    )
    error = answer["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_REFERENCE", "validation", "no")
    assert "'a'" in error["message"]
    assert "$result[1]" in error["message"]
    assert portal.calls == []


async def test_a_read_with_a_reference_to_a_failed_command_shows_no_result(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool(
        "batch_call",
        commands={
            "deal": {"method": "crm.deal.get", "params": {"id": 999_999}},
            "stages": {"method": "crm.status.list", "params": {"filter": {"ENTITY_ID": "$result[deal][STAGE_ID]"}}},
        },
    )
    stages = answer["results"]["stages"]
    assert "result" not in stages
    assert stages["error"]["code"] == "B24MCP_NO_VALUE"
    assert "it refers to deal, which failed" in stages["error"]["message"]


@pytest.mark.parametrize("names", [["0", "1", "2"], ["сделка", "контакт", "a-b"], ["1", "5", "9"]])
@pytest.mark.parametrize("answer_format", ["json", "xml"])
async def test_commands_may_have_any_name_without_spaces_and_brackets(
    call_tool: CallTool, portal: LoopbackPortal, names: list[str], answer_format: str
) -> None:
    first, second, third = names
    answer = await call_tool(
        "batch_call",
        commands={
            first: {"method": "crm.deal.list", "params": {"filter": {"ID": 3}, "select": ["ID"]}},
            second: {"method": "crm.deal.get", "params": {"id": f"$result[{first}][0][ID]"}},
            third: {"method": "crm.deal.get", "params": {"id": 999_999}},
        },
        format=answer_format,
    )
    assert list(answer["results"]) == names
    assert answer["results"][second]["result"]["ID"] == "3"
    assert answer["results"][third]["error"]["kind"] == "not_found"
