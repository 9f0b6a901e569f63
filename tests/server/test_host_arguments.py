"""Arguments as real hosts send them: nulls, empty texts, JSON text, numbers for texts, and arguments of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.given import HOST_ARGUMENTS, ArgumentReader
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

GET: dict[str, Any] = {"method": "crm.deal.get", "params": {"id": 1}}


@pytest.fixture
def era() -> str:
    """One protocol generation is enough: arguments are read in the same way in both."""
    return "auto"


def encoded(value: object, times: int) -> Any:
    for _ in range(times):
        value = json.dumps(value)
    return value


@pytest.mark.parametrize("nothing", [None, "", "null", " ", "NULL", "undefined", "None"])
async def test_optional_arguments_of_a_call_can_be_sent_as_nothing(
    call_tool: CallTool, portal: LoopbackPortal, nothing: str | None
) -> None:
    unset = dict.fromkeys(("version", "format", "validate", "dry_run", "resolve"), nothing)
    plain = await call_tool("call_method", **GET)
    assert (await call_tool("call_method", **GET, **unset))["result"] == plain["result"]
    del unset["dry_run"]
    assert (await call_tool("read_method", **GET, **unset))["result"] == plain["result"]
    assert (await call_tool("read_method", method="profile", params=nothing))["ok"] is True


@pytest.mark.parametrize(
    ("tool", "arguments", "unset"),
    [
        ("find_methods", {"query": "deal"}, ["scope", "limit"]),
        ("describe_method", {"method": "crm.deal.get"}, ["version", "of", "portal"]),
        ("describe_fields", {"entity": "deal"}, ["only", "portal"]),
        ("list_records", {"method": "crm.deal.list"}, ["params", "limit", "save_as", "resume", "portal"]),
        ("batch_call", {"commands": {"a": GET}}, ["halt", "resolve", "version", "format", "validate", "dry_run"]),
        ("portal_info", {}, ["portal"]),
    ],
)
async def test_every_tool_takes_nothing_for_its_optional_arguments(
    call_tool: CallTool, portal: LoopbackPortal, tool: str, arguments: Any, unset: list[str]
) -> None:
    plain = await call_tool(tool, **arguments)
    for nothing in (None, "", "null"):
        answer = await call_tool(tool, **arguments, **dict.fromkeys(unset, nothing))
        assert answer["ok"] is True
        assert answer.keys() == plain.keys()


@pytest.mark.parametrize("params", [None, "", "null", "undefined"])
async def test_the_params_of_a_command_can_be_nothing(
    call_tool: CallTool, portal: LoopbackPortal, params: str | None
) -> None:
    answer = await call_tool("batch_call", commands={"a": {"method": "profile", "params": params}})
    assert answer["results"]["a"]["ok"] is True


@pytest.mark.parametrize("nothing", [None, "null"])
async def test_a_required_argument_cannot_be_nothing(
    call_tool: CallTool, portal: LoopbackPortal, nothing: str | None
) -> None:
    error = (await call_tool("call_method", method=nothing))["error"]
    assert error["kind"] in ("validation", "unknown_method")
    assert portal.calls == []


async def test_words_that_mean_nothing_to_a_program_stay_words_in_a_free_text(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("describe_fields", entity="deal", only="None")
    assert answer.get("fields") in (None, [], {})


async def test_the_word_null_in_a_list_is_refused_for_named_parameters(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    error = (await call_tool("read_method", method="crm.deal.get", params=["null"]))["error"]
    assert "takes named parameters" in error["message"]
    assert portal.calls == []


async def test_an_argument_that_a_host_adds_is_ignored(call_tool: CallTool, portal: LoopbackPortal) -> None:
    assert len(HOST_ARGUMENTS) > 5
    for name in HOST_ARGUMENTS:
        assert (await call_tool("find_methods", query="deal", **{name: "- [ ] step"}))["ok"] is True
        assert (await call_tool("call_method", **GET, **{name: {"any": ["thing"]}}))["ok"] is True


async def test_n8n_can_send_everything_it_adds(call_tool: CallTool, portal: LoopbackPortal) -> None:
    added = {"sessionId": "1", "action": "sendMessage", "chatInput": "hello", "toolCallId": "call_1", "tool": "B24"}
    assert (await call_tool("find_methods", query="deal", **added))["ok"] is True


def test_an_argument_of_the_tool_is_never_taken_for_one_of_a_host() -> None:
    reader = ArgumentReader({"properties": {"action": {"type": "string"}}, "required": ["action"]})
    assert reader.read({"action": "delete", "tool": "x"}) == {"action": "delete"}


@pytest.mark.parametrize(
    ("tool", "name", "said"),
    [
        ("call_method", "parms", "the nearest is params"),
        ("call_method", "parameters", "the nearest is params"),
        ("call_method", "dryRun", "the nearest is dry_run"),
        ("call_method", "Dry-Run", "the nearest is dry_run"),
        ("call_method", "id", "parameters of the method belong into params"),
        ("call_method", "filter", "parameters of the method belong into params"),
        ("list_records", "saveAs", "the nearest is save_as"),
        ("find_methods", "max_results", "only query, scope, limit"),
        ("query_records", "SQL", "the nearest is sql"),
        ("portal_info", "Portal", "the nearest is portal"),
        ("call_method", "task_progres", "parameters of the method belong into params"),
    ],
)
async def test_any_other_unknown_argument_is_refused_with_what_to_write(
    call_tool: CallTool, portal: LoopbackPortal, tool: str, name: str, said: str
) -> None:
    required = {"call_method": GET, "list_records": {"method": "crm.deal.list"}, "find_methods": {"query": "deal"}}
    arguments = required.get(tool, {"sql": "SELECT 1"} if tool == "query_records" else {})
    error = (await call_tool(tool, **arguments, **{name: 1}))["error"]
    (problem,) = error["validation"]
    assert problem["field"] == name
    assert problem["message"].startswith("there is no such argument, ")
    assert said in problem["message"]
    assert portal.calls == []


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_params_are_read_from_json_text_however_often_they_were_encoded(
    call_tool: CallTool, portal: LoopbackPortal, times: int
) -> None:
    plain = await call_tool("read_method", **GET)
    answer = await call_tool("read_method", method="crm.deal.get", params=encoded({"id": 1}, times))
    assert answer["result"] == plain["result"]


@pytest.mark.parametrize("times", [1, 2])
async def test_objects_inside_params_are_read_from_json_text(
    call_tool: CallTool, portal: LoopbackPortal, times: int
) -> None:
    params = {"filter": {"STAGE_ID": "NEW"}, "select": ["ID"], "order": {"ID": "ASC"}}
    plain = await call_tool("read_method", method="crm.deal.list", params=params)
    texts = {name: encoded(value, times) for name, value in params.items()}
    answer = await call_tool("read_method", method="crm.deal.list", params=texts)
    assert answer["result"] == plain["result"]
    everything = await call_tool("read_method", method="crm.deal.list", params=encoded(texts, 1))
    assert everything["result"] == plain["result"]


async def test_fields_as_json_text_are_written(call_tool: CallTool, portal: LoopbackPortal) -> None:
    added = await call_tool("call_method", method="crm.deal.add", params={"fields": encoded({"TITLE": "t"}, 2)})
    read = await call_tool("read_method", method="crm.deal.get", params={"id": added["result"]})
    assert read["result"]["TITLE"] == "t"


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_values_of_a_positional_method_are_read_from_json_text(
    call_tool: CallTool, portal: LoopbackPortal, times: int
) -> None:
    fields = encoded({"POST_MESSAGE": "t"}, times)
    for params in ([5, fields], {"FIELDS": fields, "TASKID": 5}):
        answer = await call_tool("call_method", method="task.commentitem.add", params=params)
        assert isinstance(answer["result"], int)


@pytest.mark.parametrize(
    "commands",
    [
        encoded({"a": GET}, 1),
        encoded({"a": GET}, 2),
        {"a": encoded(GET, 1)},
        {"a": encoded(GET, 2)},
        {"a": GET | {"params": encoded({"id": 1}, 1)}},
        {"a": GET | {"params": encoded({"id": 1}, 2)}},
        encoded({"a": encoded(GET | {"params": encoded({"id": 1}, 1)}, 1)}, 1),
        {"a": {"method": "crm.deal.list", "params": {"filter": encoded({"ID": 1}, 2), "select": encoded(["ID"], 1)}}},
    ],
)
async def test_commands_are_read_from_json_text_at_every_level(
    call_tool: CallTool, portal: LoopbackPortal, commands: Any
) -> None:
    answer = await call_tool("batch_call", commands=commands)
    assert answer["results"]["a"]["ok"] is True
    assert "'ID': '1'" in str(answer["results"]["a"])


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("call_method", {"method": "crm.deal.get", "params": '{"id": 1, "id": 2}'}),
        ("call_method", {"method": "crm.deal.get", "params": encoded('{"id": 1, "id": 2}', 1)}),
        ("call_method", {"method": "crm.deal.add", "params": {"fields": '{"TITLE": "a", "TITLE": "b"}'}}),
        ("batch_call", {"commands": {"a": {"method": "crm.deal.get", "params": '{"id": 1, "id": 2}'}}}),
        ("batch_call", {"commands": {"a": '{"method": "crm.deal.get", "method": "profile"}'}}),
    ],
)
async def test_a_name_that_json_text_has_twice_is_refused_at_every_level(
    call_tool: CallTool, portal: LoopbackPortal, tool: str, arguments: Any
) -> None:
    error = (await call_tool(tool, **arguments))["error"]
    assert "twice" in error["message"]
    assert error["executed"] == "no"
    assert portal.calls == []


@pytest.mark.parametrize("text", ["{", "[1", '"{"', "{'id': 1}", '"text"', "5", "[" * 5_000])
async def test_a_text_that_is_no_object_is_refused(call_tool: CallTool, portal: LoopbackPortal, text: str) -> None:
    error = (await call_tool("call_method", method="crm.deal.get", params=text))["error"]
    assert error["kind"] == "validation"
    assert portal.calls == []


@pytest.mark.parametrize("number", [12345, 5.0, -1, 0, 10**20])
async def test_a_number_is_taken_as_a_text(call_tool: CallTool, portal: LoopbackPortal, number: float) -> None:
    assert (await call_tool("find_methods", query=number))["ok"] is True
    assert (await call_tool("search_docs", query=number)).get("error", {}).get("code") != "B24MCP_ARGUMENTS"


@pytest.mark.parametrize("value", [True, ["deal"], {"text": "deal"}])
async def test_what_is_no_text_is_refused_without_internal_names(call_tool: CallTool, value: object) -> None:
    error = (await call_tool("find_methods", query="deal", scope=value))["error"]
    assert error["validation"] == [{"field": "scope", "message": "must be a string"}]


@pytest.mark.parametrize(("name", "value"), [("limit", "3"), ("limit", 3.0), ("limit", '"3"')])
async def test_numbers_may_be_texts(call_tool: CallTool, name: str, value: object) -> None:
    assert len((await call_tool("find_methods", query="deal", **{name: value}))["methods"]) == 3


@pytest.mark.parametrize("value", ['"v2"', "v2"])
async def test_a_word_of_a_list_may_be_encoded_twice(call_tool: CallTool, portal: LoopbackPortal, value: str) -> None:
    assert (await call_tool("read_method", **GET, version=value, validate="true"))["version"] == "v2"


@given(st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text())))
def test_reading_arguments_never_fails_and_adds_nothing(arguments: dict[str, Any]) -> None:
    reader = ArgumentReader({"properties": {"a": {"type": "string"}, "b": {"type": "object"}}, "required": ["a"]})
    assert set(reader.read(arguments)) <= set(arguments)


async def test_keys_in_any_order_make_the_same_call(call_tool: CallTool, portal: LoopbackPortal) -> None:
    """Some hosts sort the keys of all objects; the values of positional methods must keep their places."""
    arguments = {"method": "task.commentitem.add", "params": {"FIELDS": {"POST_MESSAGE": "t"}, "TASKID": 5}}
    sorted_ones = json.loads(json.dumps(arguments, sort_keys=True))
    assert isinstance((await call_tool("call_method", **sorted_ones))["result"], int)


async def test_the_list_of_tools_does_not_name_what_hosts_add() -> None:
    async with Client(build_server(Redactor())) as client:
        for tool in (await client.list_tools()).tools:
            assert not HOST_ARGUMENTS & set(tool.input_schema["properties"])
