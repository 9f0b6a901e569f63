"""A server whose portal is opened with a login."""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

import anyio.to_thread
import pytest

from b24_mcp.state import Tokens, open_tokens
from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool


@pytest.fixture
def application(portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch) -> LoopbackPortal:
    """The portal of the tests, opened as an application."""
    known = portal.sandbox.application
    monkeypatch.delenv("B24_WEBHOOK_URL")
    monkeypatch.setenv("B24_PORTAL", portal.origin)
    monkeypatch.setenv("B24_CLIENT_ID", known.client_id)
    monkeypatch.setenv("B24_CLIENT_SECRET", known.client_secret)
    return portal


async def put(portal: LoopbackPortal, expires: float) -> Tokens:
    issued, known = await anyio.to_thread.run_sync(portal.sandbox.portal.oauth.issue), portal.sandbox.application
    tokens = Tokens(
        client_id=known.client_id,
        member_id=known.member_id,
        access_token=issued.access_token,
        refresh_token=issued.refresh_token,
        expires=expires,
        endpoint=portal.origin,
        server=portal.origin,
    )
    store = open_tokens(os.environ["B24_STATE"])
    async with store.alone(urlsplit(portal.origin).netloc) as lease:
        await lease.write(tokens)
    return tokens


async def test_without_tokens_a_call_says_what_the_user_has_to_do(
    application: LoopbackPortal, call_tool: CallTool
) -> None:
    answer = await call_tool("call_method", method="profile")
    assert (answer["error"]["code"], answer["error"]["kind"]) == ("B24MCP_NO_LOGIN", "auth")
    assert "b24-mcp login" in answer["error"]["hint"]
    assert "portal" not in answer


async def test_tools_use_the_login_and_renew_its_tokens(application: LoopbackPortal, call_tool: CallTool) -> None:
    await put(application, time.time() - 1)
    assert (await call_tool("call_method", method="profile"))["result"]["ID"] == "1"
    assert (await call_tool("batch_call", commands={"a": {"method": "profile"}}))["ok"]
    assert application.renewals == 1


async def test_tokens_are_masked_in_answers(application: LoopbackPortal, call_tool: CallTool) -> None:
    tokens = await put(application, time.time() + 1000)
    title = f"{tokens.access_token} {tokens.refresh_token} {os.environ['B24_CLIENT_SECRET']}"
    made = await call_tool("call_method", method="crm.deal.add", params={"fields": {"TITLE": title}})
    answer = await call_tool("call_method", method="crm.deal.get", params={"id": made["result"]})
    assert answer["result"]["TITLE"] == "*** *** ***"
