"""Old names of tools, arguments and settings keep working, are not listed, and the answer states the new name."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from mcp import Client

from b24_mcp.config import renamed as settings_names
from b24_mcp.server import renamed as tool_names
from tests.server.conftest import CallTool


@pytest.fixture(autouse=True)
def old_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables with one old name of each kind."""
    monkeypatch.setitem(tool_names.RENAMED_TOOLS, "invoke_method", "call_method")
    monkeypatch.setitem(tool_names.RENAMED_ARGUMENTS, "call_method", {"rest_method": "method"})
    monkeypatch.setattr(settings_names, "_in_use", {})
    monkeypatch.setitem(settings_names.RENAMED_SETTINGS, "B24_ANSWER_SIZE", "B24_BUDGET")
    monkeypatch.setitem(settings_names.RENAMED_SETTINGS, "B24_RIGHTS", "B24_ACCESS")


async def test_an_old_tool_name_works_and_the_answer_states_the_new_one(call_tool: CallTool) -> None:
    answer = await call_tool("invoke_method", method="profile")
    assert answer["result"]["ID"] == "1"
    (warning,) = answer["warnings"]
    assert warning.startswith("The tool invoke_method is now named call_method.")


async def test_an_old_argument_name_works_and_the_answer_states_the_new_one(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", rest_method="profile")
    assert answer["result"]["ID"] == "1"
    (warning,) = answer["warnings"]
    assert warning.startswith("The argument rest_method of call_method is now named method.")


async def test_a_failed_call_under_old_names_states_both_new_names(call_tool: CallTool) -> None:
    answer = await call_tool("invoke_method", rest_method="no.such.method")
    assert answer["error"]["kind"] == "unknown_method"
    assert [warning.split(" is now named ")[1].split(".")[0] for warning in answer["warnings"]] == [
        "call_method",
        "method",
    ]


async def test_warnings_about_names_come_before_those_of_the_call(call_tool: CallTool) -> None:
    arguments = {"params": {"select": ["ID"], "filter": {"ID": 1}}, "validate": True}
    plain = await call_tool("call_method", method="crm.deal.list", **arguments)
    answer = await call_tool("invoke_method", method="crm.deal.list", **arguments)
    assert answer["warnings"][1:] == plain["warnings"]


async def test_an_argument_under_its_old_and_new_name_is_refused(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", rest_method="profile", method="profile")
    assert answer["error"]["code"] == "B24MCP_ARGUMENTS"
    assert answer["error"]["validation"][0]["field"] == "rest_method"


async def test_a_call_under_current_names_has_no_warning(call_tool: CallTool) -> None:
    assert (await call_tool("call_method", method="profile"))["warnings"] == []


async def test_old_names_are_not_listed(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert "invoke_method" not in tools
    assert "rest_method" not in tools["call_method"].input_schema["properties"]


async def test_an_old_setting_works_and_is_named_on_stderr_and_in_portal_info(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("B24_ANSWER_SIZE", "not a number")
    with caplog.at_level(logging.WARNING):
        error = (await call_tool("call_method", method="profile"))["error"]
        assert (error["code"], error["message"].partition(":")[0]) == ("B24MCP_SETTINGS", "B24_BUDGET")
        monkeypatch.setenv("B24_ANSWER_SIZE", "10000")
        (warning,) = (await call_tool("portal_info"))["warnings"]
    assert warning.startswith("The setting B24_ANSWER_SIZE (in the environment) is now named B24_BUDGET.")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("b24_mcp")] == [warning]


@pytest.fixture
def restricted_by_file(user_env: Path) -> Path:
    """The user's file of settings, with a restriction under its old name."""
    user_env.write_text("B24_RIGHTS=read\n", "utf-8")
    return user_env


async def test_an_old_name_of_a_restriction_restricts(call_tool: CallTool, restricted_by_file: Path) -> None:
    deal = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "New"}}}
    assert (await call_tool("call_method", **deal))["error"]["kind"] == "policy"
    (warning,) = (await call_tool("portal_info"))["warnings"]
    assert str(restricted_by_file) in warning


async def test_a_restriction_with_two_values_under_two_names_is_an_error(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_RIGHTS", "full")
    monkeypatch.setenv("B24_ACCESS", "read")
    error = (await call_tool("call_method", method="profile"))["error"]
    assert "B24_ACCESS has two different values" in error["message"]


async def test_the_current_name_of_a_setting_takes_precedence(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_BUDGET", "5000")
    monkeypatch.setenv("B24_ANSWER_SIZE", "not a number")
    assert (await call_tool("call_method", method="profile"))["ok"] is True
