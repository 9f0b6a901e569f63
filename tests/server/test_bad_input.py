"""Wrong input gets a clear error in the usual form, and nothing is sent."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool


@pytest.mark.parametrize(
    "method",
    [
        "../../x",
        "crm.deal.delete?x=1",
        "crm.deal.list#",
        "crm.deal.list.json",
        "crm.deal.list.XML",
        "crm.deal.list/",
        " crm.deal.list",
        "crm.deal.list\n",
        "crm..deal",
        "crm.deal.",
        "crm%2edeal",
        "сrm.deal.list",
        "https://evil.example/rest/1/x/profile",
        "batch",
        "BATCH",
        "a" * 5_000,
    ],
)
@pytest.mark.parametrize("tool", ["call_method", "batch_call"])
async def test_an_invalid_method_name_is_never_sent(
    call_tool: CallTool, portal: LoopbackPortal, tool: str, method: str
) -> None:
    arguments = {"method": method} if tool == "call_method" else {"commands": {"x": {"method": method}}}
    error = (await call_tool(tool, **arguments))["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_METHOD_NAME", "validation", "no")
    assert "Nothing was sent" in error["hint"]
    assert portal.calls == []


async def test_a_method_with_a_query_is_answered_with_the_name_to_write(call_tool: CallTool) -> None:
    error = (await call_tool("call_method", method="crm.deal.delete?x=1"))["error"]
    assert "Write 'crm.deal.delete'" in error["message"]


@pytest.mark.parametrize("params", ["abc", 5, True, '"text"'])
async def test_params_of_the_wrong_type_are_refused(
    call_tool: CallTool, portal: LoopbackPortal, params: object
) -> None:
    error = (await call_tool("call_method", method="profile", params=params))["error"]
    assert error["code"] == "B24MCP_ARGUMENTS"
    assert error["validation"] == [
        {"field": "params", "message": "must be an object, or a list for a positional method"}
    ]
    assert portal.calls == []


async def test_an_unknown_argument_is_refused_by_name(call_tool: CallTool, portal: LoopbackPortal) -> None:
    error = (await call_tool("call_method", method="profile", parms={}))["error"]
    assert error["validation"] == [{"field": "parms", "message": "there is no such argument, the nearest is params"}]
    assert portal.calls == []


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ({}, "commands: is required"),
        ({"": {"method": "profile"}}, "empty name"),
        ({"  ": {"method": "profile"}}, "empty name"),
        ({"a b": {"method": "profile"}}, "'a b'"),
        ({"a[b]": {"method": "profile"}}, "'a[b]'"),
        ({"x" * 65: {"method": "profile"}}, "64 characters"),
        ({"a": {"method": "profile", "halt": 1}}, "commands.a.halt"),
        ({"a": {"params": {}}}, 'commands.a: must be an object with method and optional params, such as {"method":'),
        ({"a": {"crm.deal.get": {"id": 1}}}, 'such as {"method": "crm.deal.get", "params": {"id": 1}}'),
        ({"a": {"method": "crm.deal.get", "id": 1}}, "commands.a.id: does not belong here"),
        ({"a": None}, 'such as {"method": "crm.deal.get", "params": {"id": 1}}'),
        ({"a": 5}, 'such as {"method": "crm.deal.get", "params": {"id": 1}}'),
        ({"method": "crm.deal.get", "params": {"id": 1}}, 'commands by name, such as {"deal": {"method":'),
        ({"cmd": {"a": "crm.deal.get?id=1"}, "halt": 0}, 'commands by name, such as {"deal": {"method":'),
        (["crm.deal.get", {"id": 1}], 'commands by name, such as {"deal": {"method":'),
        ({"a": "profile"}, "commands.a"),
        (
            {"a": "crm.deal.get?id=1"},
            'commands.a: must be an object with method and optional params, such as {"method":',
        ),
        ({"a": ["crm.deal.get", {"id": 1}]}, 'such as {"method": "crm.deal.get", "params": {"id": 1}}'),
        ([{"method": "profile"}], 'commands by name, such as {"deal": {"method": "crm.deal.get"'),
        ("crm.deal.get?id=1", 'commands by name, such as {"deal": {"method": "crm.deal.get"'),
        ({"a": {"method": "profile", "params": 3}}, "commands.a.params"),
        ({"a": {"method": "batch", "params": {"cmd": {}}}}, "'a'"),
        ('{"a": {"method": "profile"}, "a": {"method": "scope"}}', "'a' twice"),
        ({"a": {"method": "profile", "params": {"x": "$result[b]"}}, "b": {"method": "scope"}}, "later"),
        ({"a": {"method": "profile", "params": {"x": "$result[a]"}}}, "itself"),
        ({"a": {"method": "download"}}, "cannot be part of a batch"),
    ],
)
async def test_a_wrong_batch_is_refused_as_a_whole(
    call_tool: CallTool, portal: LoopbackPortal, commands: Any, said: str
) -> None:
    error = (await call_tool("batch_call", commands=commands))["error"]
    assert (error["kind"], error["executed"]) == ("validation", "no")
    assert said in error["message"]
    assert portal.calls == []


@pytest.mark.parametrize("name", ["auth", "access_token", "aplogin", "ap", "sessid", "token"])
async def test_parameters_that_the_portal_reads_as_credentials_are_refused(
    call_tool: CallTool, portal: LoopbackPortal, name: str
) -> None:
    error = (await call_tool("call_method", method="profile", params={name: "x"}))["error"]
    assert error["code"] == "B24MCP_PARAMS"
    assert portal.calls == []


async def test_an_unreachable_portal_is_an_error(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("B24_WEBHOOK_URL", f"http://127.0.0.1:{unused.getsockname()[1]}/rest/1/{SECRET}/")
        error = (await call_tool("call_method", method="profile"))["error"]
        assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_NO_CONNECTION", "unavailable", "no")
        assert error["retryable"] is True
        answer = await call_tool("batch_call", commands={"a": {"method": "profile"}})
        assert answer["error"]["code"] == "B24MCP_NO_CONNECTION"
        assert answer["results"]["a"]["not_run"]
        assert SECRET not in str(answer)


@pytest.mark.parametrize(
    "address",
    [
        "portal.example",
        "https://portal.example",
        "https://portal.example/rest/",
        f"https://portal.example/rest/{SECRET}",
        f"http://portal.example/rest/1/{SECRET}/",
        f"ftp://portal.example/rest/1/{SECRET}/",
        f"https://user:pw@portal.example/rest/1/{SECRET}/",
        f"https://portal.example/rest/1/{SECRET}/profile?x=1",
        f"https://portal.example:99999/rest/1/{SECRET}/",
        f"https:///rest/1/{SECRET}/",
        f"/rest/1/{SECRET}/",
        "not an address",
    ],
)
async def test_an_invalid_webhook_is_an_error(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", address)
    answer = await call_tool("call_method", method="profile")
    error = answer["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_WEBHOOK", "auth", "no")
    assert "B24_WEBHOOK_URL" in error["message"]
    assert "https://PORTAL/rest/USER_ID/CODE/" in error["hint"]
    assert SECRET not in str(answer)


async def test_a_wrong_webhook_code_is_an_error_that_the_user_has_to_correct(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", portal.address.replace(SECRET, "wrongcode1234"))
    error = (await call_tool("call_method", method="profile"))["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("INVALID_CREDENTIALS", "auth", "no")
    assert "B24_WEBHOOK_URL" in error["hint"]


async def test_the_error_names_an_invalid_setting(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_BUDGET", "plenty")
    error = (await call_tool("call_method", method="profile"))["error"]
    assert error["code"] == "B24MCP_SETTINGS"
    assert "B24_BUDGET" in error["message"]
    assert "plenty" not in error["message"]


async def test_a_placeholder_that_a_client_did_not_fill_in_counts_as_not_set(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", "${env:B24_WEBHOOK_URL}")
    assert (await call_tool("call_method", method="profile"))["portal"].startswith("sandbox")
