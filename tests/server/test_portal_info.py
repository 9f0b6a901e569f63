"""`portal_info`: the portal, the user, and granted scopes."""

from __future__ import annotations

import pytest

from b24_sandbox.app import SCOPE_USER_WEBHOOK
from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool


async def test_it_returns_the_user_and_granted_scopes(call_tool: CallTool, portal: LoopbackPortal) -> None:
    info = await call_tool("portal_info")
    assert info["host"] in portal.address
    assert info["user"]["admin"] is True
    assert "crm" in info["scopes"]
    assert "crm" not in info["missing_scopes"]
    assert all(count > 0 for count in info["missing_scopes"].values())
    assert (info["access"], info["rest_v3"]) == ("write", True)
    assert info["portals"] == ["environment", "sandbox"]
    assert 0 < info["limits"]["requests_free"] < 38


async def test_a_scope_that_is_not_granted_is_named(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = portal.sandbox.webhook_url(portal.origin, SCOPE_USER_WEBHOOK)
    monkeypatch.setenv("B24_WEBHOOK_URL", narrow)
    info = await call_tool("portal_info")
    assert info["scopes"] == ["user"]
    assert {"crm", "telephony"} <= {*info["missing_scopes"], *info["other_missing_scopes"]}
    deal = {"method": "crm.deal.get", "params": {"id": 1}}
    alone = await call_tool("read_method", **deal)
    batch = await call_tool("read_batch", commands={"deal": deal, "me": {"method": "profile"}})
    for error in (alone["error"], batch["results"]["deal"]["error"]):
        assert error["hint"].startswith("crm.deal.get needs the scope crm,")


async def test_it_says_what_is_on_this_computer_and_what_its_numbers_mean(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    info = await call_tool("portal_info")
    assert "b24-mcp docs sync" in info["documentation"]
    assert info["folders"].endswith("documents/Bitrix24")
    assert "requests_free" in info["numbers"]


async def test_the_sandbox_is_named_as_such(call_tool: CallTool) -> None:
    info = await call_tool("portal_info")
    assert info["portal"].startswith("sandbox")
    assert info["limits"] == {"plan": "none"}


async def test_the_error_of_a_failing_portal_is_the_answer(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", portal.address.replace(SECRET, "deadbeefdeadbeef"))
    info = await call_tool("portal_info")
    assert info["error"]["kind"] == "auth"
    assert info["host"] in portal.address


async def test_forbidden_probes_are_reported(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "*")
    info = await call_tool("portal_info")
    assert info["error"]["kind"] == "policy"
    assert portal.calls == []


async def test_allow_lists_do_not_apply_to_probes_and_only_to_them(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ALLOW", "crm.*")
    answer = await call_tool("portal_info")
    assert answer["user"]["id"] == "1"
    assert answer["rest_v3"] is True
    assert "not_checked" not in answer
    assert (await call_tool("read_method", method="profile"))["error"]["kind"] == "policy"
    assert (await call_tool("batch_call", commands={"a": {"method": "scope"}}))["error"]["kind"] == "policy"


async def test_denied_probes_are_reported_as_not_checked(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "profile")
    answer = await call_tool("portal_info")
    assert answer["user"] == "not checked"
    assert answer["not_checked"] == {"profile": "B24_DENY forbids profile."}
    assert answer["scopes"]
    assert "profile" not in portal.methods
