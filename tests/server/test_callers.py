"""The caller of a tool, over stdio and with tokens over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mcp import Client
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import Context
from mcp_types import Implementation

from b24_mcp.access import Caller, os_user
from b24_mcp.app.app import App
from b24_mcp.secrets import Redactor
from b24_mcp.server.callers import caller_of
from b24_mcp.server.mcp_server import build_server


async def caller_seen(era: Any, client: Implementation | None = None) -> Caller:
    seen: list[Caller] = []
    server = build_server(Redactor())

    @server.tool()
    def who(ctx: Context[App]) -> str:
        seen.append(caller_of(ctx))
        return "seen"

    async with Client(server, mode=era, client_info=client) as connected:
        await connected.call_tool("who", {})
    return seen[0]


@contextmanager
def token(**facts: Any) -> Iterator[None]:
    held = AccessToken(token="hidden", **facts)
    before = auth_context_var.set(AuthenticatedUser(held))
    try:
        yield
    finally:
        auth_context_var.reset(before)


async def test_without_http_the_caller_is_the_user_of_the_computer_with_the_name_of_the_client(era: Any) -> None:
    seen = await caller_seen(era, Implementation(name="Editor", version="7.1"))
    assert seen == Caller(os_user(), "Editor 7.1")


async def test_control_characters_and_long_texts_in_the_name_of_a_client_are_removed(era: Any) -> None:
    seen = await caller_seen(era, Implementation(name="Ed\n\x1b[2Jitor" + "x" * 500, version="1"))
    assert seen.client.startswith("Ed[2Jitor")
    assert len(seen.client) == 80


@pytest.mark.parametrize(
    ("scopes", "level", "portals"),
    [
        (["b24:read"], "read", None),
        (["b24:write", "b24:read"], "write", None),
        (["openid", "b24:full", "b24:read"], "full", None),
        (["b24:write", "b24:portal:sales", "b24:portal:hr"], "write", frozenset({"sales", "hr"})),
        (["b24:fullest", "B24:FULL", "write"], "read", None),
        ([], "read", None),
    ],
)
async def test_the_scopes_of_a_token_become_level_and_portals(scopes: list[str], level: Any, portals: Any) -> None:
    with token(client_id="editor", subject="ann", scopes=scopes):
        assert await caller_seen("auto") == Caller("ann", "editor", level, portals)


async def test_a_program_with_its_own_token_is_a_caller() -> None:
    with token(client_id="nightly-report", scopes=["b24:read"]):
        seen = await caller_seen("auto", Implementation(name="Script", version="1"))
    assert seen == Caller("nightly-report", "Script 1", "read")
