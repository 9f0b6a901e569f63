"""Sessions, where they are enabled: questions to older clients, and who can use a session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from b24_mcp.config.settings import load_settings
from b24_mcp.server.http.options import HttpOptions, Issuer
from tests.loopback import LoopbackPortal
from tests.server.http.conftest import JSON_OR_EVENTS, TOKEN, Serve, Served, server_process
from tests.server.http.issuer import NAME, URL, SignedFor
from tests.server.test_access import DELETE, Person, sent, yes

OLDER = "2025-11-25"


@asynccontextmanager
async def asked_client(served: Served, person: Person, era: Literal["auto", "legacy"]) -> AsyncIterator[Client]:
    url = f"{str(served.http.base_url).rstrip('/')}/mcp"
    async with httpx2.AsyncClient(timeout=20) as http:
        streams = streamable_http_client(url, http_client=http)
        async with Client(streams, mode=era, elicitation_callback=person) as client:
            yield client


async def answer_of(client: Client, **arguments: Any) -> Any:
    (block,) = (await client.call_tool("call_method", arguments)).content
    return json.loads(getattr(block, "text", ""))


def initialize(**params: Any) -> dict[str, Any]:
    about = {"protocolVersion": OLDER, "capabilities": {}, "clientInfo": {"name": "editor", "version": "1"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about | params}


def headers(token: str | None = None, session: str | None = None) -> dict[str, str]:
    own = {} if token is None else {"authorization": f"Bearer {token}"}
    return JSON_OR_EVENTS | own | ({"mcp-session-id": session} if session else {})


async def begin(http: httpx.AsyncClient, token: str | None = None) -> str:
    """Begin a session and return its id."""
    begun = await http.post("/mcp", headers=headers(token), json=initialize())
    session: str = begun.headers["mcp-session-id"]
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    told = await http.post("/mcp", headers=older(token, session), json=ready)
    assert told.status_code == 202
    return session


def older(token: str | None, session: str) -> dict[str, str]:
    return headers(token, session) | {"mcp-protocol-version": OLDER}


async def call_who(http: httpx.AsyncClient, session: str, token: str | None = None) -> httpx.Response:
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "who", "arguments": {}}}
    return await http.post("/mcp", headers=older(token, session), json=call)


async def test_an_older_client_can_be_asked_in_a_session(
    serve_on_loopback: Serve, portal: LoopbackPortal, era: Literal["auto", "legacy"]
) -> None:
    person = yes()
    async with serve_on_loopback(sessions=True) as served, asked_client(served, person, era) as client:
        answer = await answer_of(client, **DELETE)
    assert sent(portal) == ["crm.deal.delete"]
    assert len(person.asked) == 1
    assert answer["method"] == "crm.deal.delete"


async def test_a_declined_call_is_not_sent(serve_on_loopback: Serve, portal: LoopbackPortal) -> None:
    async with (
        serve_on_loopback(sessions=True) as served,
        asked_client(served, Person("decline"), "legacy") as client,
    ):
        answer = await answer_of(client, **DELETE)
    assert (answer["error"]["code"], sent(portal)) == ("B24MCP_DECLINED", [])


async def test_without_sessions_an_older_client_gets_a_code(serve_on_loopback: Serve, portal: LoopbackPortal) -> None:
    person = yes()
    async with serve_on_loopback() as served, asked_client(served, person, "legacy") as client:
        answer = await answer_of(client, **DELETE)
    assert answer["error"]["code"] == "B24MCP_APPROVAL"
    assert (person.asked, sent(portal)) == ([], [])


async def test_a_client_can_end_its_session(serve: Serve) -> None:
    async with serve(sessions=True) as served:
        session = await begin(served.http)
        assert (await call_who(served.http, session)).status_code == 200
        assert (await served.http.get("/mcp", headers=older(None, session))).status_code == 405
        assert (await served.http.delete("/mcp", headers=older(None, session))).status_code == 200
        assert (await call_who(served.http, session)).status_code == 404
    assert len(served.callers) == 1


async def test_an_unknown_session_is_not_found(serve: Serve) -> None:
    async with serve(sessions=True) as served:
        assert (await call_who(served.http, "of another server")).status_code == 404
    assert served.callers == []


async def test_a_cancelled_call_in_a_session_ends(serve_on_loopback: Serve) -> None:
    async with serve_on_loopback(sessions=True) as served:
        session = await begin(served.http)
        call = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "wait", "arguments": {}}}
        calling = asyncio.create_task(served.http.post("/mcp", headers=older(None, session), json=call))
        await served.until_waiting(1)
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}
        told = await served.http.post("/mcp", headers=older(None, session), json=cancelled)
        async with asyncio.timeout(10):
            await calling
    assert (told.status_code, served.ended) == (202, 1)


async def test_clients_of_2026_have_no_session(serve: Serve) -> None:
    async with serve(sessions=True) as served:
        answer = await served.call("who")
    assert answer.status_code == 200
    assert "mcp-session-id" not in answer.headers


async def test_each_request_of_a_session_needs_the_token(serve: Serve) -> None:
    async with serve(sessions=True, token=TOKEN) as served:
        session = await begin(served.http, TOKEN)
        assert (await call_who(served.http, session)).status_code == 401
        assert (await served.http.delete("/mcp", headers=older(None, session))).status_code == 401
        assert (await call_who(served.http, session, TOKEN)).status_code == 200
    assert len(served.callers) == 1


async def test_a_session_cannot_be_used_by_another_caller(serve: Serve, issuer: SignedFor) -> None:
    async with serve(sessions=True, url=URL, issuer=Issuer(NAME, issuer.url, URL)) as served:
        served.http.headers["host"] = "mcp.example.com"
        session = await begin(served.http, issuer.token())
        bob = issuer.token(sub="bob")
        assert (await call_who(served.http, session, bob)).status_code == 404
        assert (await served.http.delete("/mcp", headers=older(bob, session))).status_code == 404
        assert (await call_who(served.http, session, issuer.token())).status_code == 200
    assert [caller.name for caller in served.callers] == ["ann"]


async def test_each_request_of_a_session_has_the_rights_of_its_token(serve: Serve, issuer: SignedFor) -> None:
    async with serve(sessions=True, url=URL, issuer=Issuer(NAME, issuer.url, URL)) as served:
        served.http.headers["host"] = "mcp.example.com"
        session = await begin(served.http, issuer.token(scope="b24:read b24:full"))
        for scope in ("b24:read b24:full", "b24:read"):
            await call_who(served.http, session, issuer.token(scope=scope))
    assert [caller.level for caller in served.callers] == ["full", "read"]
    assert served.callers[0].client == "editor"


def test_sessions_are_enabled_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HttpOptions.of(load_settings(), "127.0.0.1", 1).sessions is False
    monkeypatch.setenv("B24_HTTP_SESSIONS", "true")
    assert HttpOptions.of(load_settings(), "127.0.0.1", 1).sessions is True


def test_a_server_with_an_open_session_stops_on_sigterm() -> None:
    with server_process(B24_STATE="memory", B24_HTTP_SESSIONS="true") as process:
        begun = httpx.post(process.url, headers=headers(), json=initialize())
        assert begun.headers["mcp-session-id"]
        process.stop()
        assert process.ended() == 0
    assert "Traceback" not in "".join(process.log)
