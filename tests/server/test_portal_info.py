"""`portal_info`: where we are, and what is granted."""

from __future__ import annotations

import pytest

from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool


async def test_it_tells_who_we_are_and_what_is_granted(call_tool: CallTool, portal: LoopbackPortal) -> None:
    info = await call_tool("portal_info")
    assert info["host"] in portal.address
    assert info["user"]["admin"] is True
    assert "crm" in info["scopes"]
    assert "crm" not in info["missing_scopes"]
    assert all(count > 0 for count in info["missing_scopes"].values())
    assert (info["access"], info["rest_v3"]) == ("write", True)
    assert info["portals"] == ["environment", "sandbox"]
    assert 0 < info["limits"]["requests_free"] < 38


async def test_the_sandbox_says_that_it_is_one(call_tool: CallTool) -> None:
    info = await call_tool("portal_info")
    assert info["portal"].startswith("sandbox")
    assert info["limits"] == {"plan": "none"}


async def test_what_keeps_the_portal_from_answering_is_the_answer(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", portal.address.replace(SECRET, "deadbeefdeadbeef"))
    info = await call_tool("portal_info")
    assert info["error"]["kind"] == "auth"
    assert info["host"] in portal.address


async def test_where_the_questions_themselves_are_forbidden_that_is_said(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "*")
    info = await call_tool("portal_info")
    assert info["error"]["kind"] == "policy"
    assert portal.calls == []
