"""Both generations of the API through the tools: the choice of one, and filters in the form of the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool


async def test_a_method_of_one_generation_is_called_in_it(call_tool: CallTool, portal: LoopbackPortal) -> None:
    new = await call_tool("call_method", method="main.eventlog.list", params={"pagination": {"limit": 1}})
    old = await call_tool("call_method", method="crm.deal.list", params={"select": ["ID"]})
    assert (new["version"], old["version"]) == ("v3", "v2")
    assert new["result"]["items"]


@pytest.mark.parametrize(
    ("params", "version"),
    [
        ({}, "v2"),
        ({"filter": {">ID": 1}, "select": ["ID"]}, "v2"),
        ({"select": ["id"], "pagination": {"limit": 2}}, "v3"),
        ({"filter": [["id", "in", [5, 6]]], "select": ["id"]}, "v3"),
    ],
)
async def test_a_method_of_both_is_called_in_v2_unless_only_v3_takes_its_parameters(
    call_tool: CallTool, portal: LoopbackPortal, params: dict[str, Any], version: str
) -> None:
    answer = await call_tool("call_method", method="tasks.task.list", params=params)
    assert answer["version"] == version


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_the_version_can_be_asked_for(call_tool: CallTool, portal: LoopbackPortal, version: str) -> None:
    answer = await call_tool("call_method", method="tasks.task.list", version=version)
    assert answer["version"] == version
    assert ("tasks" in answer["result"]) is (version == "v2")


async def test_the_next_page_of_v3_is_a_parameter_to_add(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params: dict[str, Any] = {"select": ["id"], "order": {"id": "asc"}}
    first = await call_tool("call_method", method="tasks.task.list", version="v3", params=params)
    assert first["next"] == {"pagination": {"offset": 50}}
    second = await call_tool("call_method", method="tasks.task.list", version="v3", params=params | first["next"])
    assert second["result"]["items"]["rows"][0] > first["result"]["items"]["rows"][-1]


@pytest.mark.parametrize(
    ("method", "version", "other"), [("crm.deal.list", "v3", "v2"), ("main.eventlog.list", "v2", "v3")]
)
async def test_a_method_is_not_sent_to_the_generation_it_is_not_in(
    call_tool: CallTool, portal: LoopbackPortal, method: str, version: str, other: str
) -> None:
    error = (await call_tool("call_method", method=method, version=version))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_VERSION", "no")
    assert other in error["message"] + error["hint"]
    assert method not in portal.methods


@pytest.mark.parametrize(
    ("version", "filter", "rewritten"),
    [
        ("v3", {">=RESPONSIBLE_ID": "5", "!STATUS": [1, 2]}, '["responsibleId", ">=", 5]'),
        ("v3", {"0": {"logic": "OR", "ID": 1, "%TITLE": "x"}}, "has no counterpart"),
        ("v3", {"@GROUP_ID": [1, 2]}, '[["groupId", "in", [1, 2]]]'),
        ("v2", [["responsibleId", ">=", 5], ["title", "x"]], '{">=RESPONSIBLE_ID": 5, "TITLE": "x"}'),
        ("v2", [["deadline", "between", ["2026-01-01", "2026-02-01"]]], '">=DEADLINE": "2026-01-01"'),
        ("v2", [{"logic": "or", "negative": True, "conditions": [["id", 1], ["id", 2]]}], "has no counterpart"),
    ],
)
async def test_a_filter_in_the_form_of_the_other_generation_is_refused_with_the_right_one(
    call_tool: CallTool, portal: LoopbackPortal, version: str, filter: Any, rewritten: str
) -> None:
    arguments: dict[str, Any] = {"method": "tasks.task.list", "version": version, "params": {"filter": filter}}
    error = (await call_tool("call_method", **arguments))["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_PARAMS", "no")
    assert rewritten in error["message"]
    assert portal.calls == []


async def test_the_filter_named_in_the_message_is_accepted(call_tool: CallTool, portal: LoopbackPortal) -> None:
    wrong = {"filter": {">ID": 3, "@ID": ["5", "6"]}, "select": ["id"]}
    error = (await call_tool("call_method", method="tasks.task.list", version="v3", params=wrong))["error"]
    right = json.loads(error["validation"][0]["message"].partition(": ")[2])
    answer = await call_tool("call_method", method="tasks.task.list", version="v3", params=wrong | {"filter": right})
    assert answer["ok"]


async def test_a_mixed_batch_says_which_commands_were_made_in_v3(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "old": {"method": "tasks.task.list", "params": {"select": ["ID"], "filter": {"ID": 5}}},
        "new": {"method": "main.eventlog.list", "params": {"pagination": {"limit": 1}}},
        "both": {"method": "tasks.task.get", "params": {"id": "$result[old][tasks][0][id]", "select": ["id"]}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["ok"], answer
    assert {name: entry.get("version") for name, entry in answer["results"].items()} == {
        "old": None,
        "new": "v3",
        "both": "v3",
    }


async def test_a_batch_can_be_asked_for_in_v3_as_a_whole(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "a": {"method": "tasks.task.list", "params": {"filter": [["id", "in", [5, 6]]], "select": ["id"]}},
        "b": {"method": "tasks.task.list", "params": {"filter": [["id", "in", {"$refArray": "a.id"}]]}},
        "c": {"method": "tasks.task.get", "params": {"id": "$result[a][0][id]"}},
    }
    answer = await call_tool("batch_call", commands=commands, version="v3")
    assert answer["ok"], answer
    assert answer["summary"]["requests"] == 1
    assert portal.methods == ["batch"]


async def test_each_command_of_a_lost_v3_batch_has_its_own_outcome(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    new = {"title": "Kept", "creatorId": 1, "responsibleId": 1}
    commands: dict[str, Any] = {
        "a": {"method": "tasks.task.add", "params": {"fields": new}},
        "b": {"method": "tasks.task.get", "params": {"id": "$result[a][nosuch]"}},
        "c": {"method": "tasks.task.delete", "params": {"id": 5}},
    }
    answer = await call_tool("batch_call", commands=commands, version="v3", halt=True)
    assert answer["results"]["a"]["error"]["executed"] == "yes"
    assert answer["results"]["b"]["error"]["executed"] == "no"
    assert answer["results"]["c"]["not_run"] == "halted after b"
    assert answer["error"]["code"].startswith("BITRIX_REST_V3_")


async def test_find_methods_finds_methods_that_exist_only_in_v3(call_tool: CallTool) -> None:
    for query, method in [
        ("time records of an employee", "timeman.record.list"),
        ("журнал событий портала", "main.eventlog.list"),
        ("create a document in the knowledge base", "note.document.add"),
        ("which departments does the company consist of", "humanresources.node.list"),
        ("list of follow-ups of calls", "call.followup.list"),
        ("letters of a mailbox", "mail.message.list"),
    ]:
        found = (await call_tool("find_methods", query=query, limit=10))["methods"]
        assert method in [one["method"] for one in found], query
        assert next(one["version"] for one in found if one["method"] == method) == "v3"
