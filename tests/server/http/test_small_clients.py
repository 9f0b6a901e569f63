"""Clients that send less than the transport requires, browsers, and containers on the same computer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from b24_mcp.config.settings import SettingsError, load_settings
from b24_mcp.server.http.options import HttpOptions
from tests.server.http.conftest import TOKEN, Serve, Served, modern_call, modern_headers

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "small", "version": "1"},
    },
}
CONTAINER = "http://host.docker.internal:8024/mcp"


async def posted(served: Served, message: Any, **headers: str | None) -> Any:
    """Post a message with exactly these headers, None for a header to leave out."""
    names = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = served.http.build_request("POST", "/mcp", content=json.dumps(message))
    for name, value in names.items():
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value
    return await served.http.send(request)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
@pytest.mark.parametrize("sessions", [False, True])
async def test_a_slash_at_the_end_of_the_address_makes_no_difference(serve: Serve, path: str, sessions: bool) -> None:
    async with serve(sessions=sessions) as served:
        answer = await served.http.post(path, headers=modern_headers("who"), content=modern_call("who", {}))
    assert (answer.status_code, answer.history) == (200, [])
    assert len(served.callers) == 1


async def test_a_slash_needs_the_token_too(serve: Serve) -> None:
    async with serve(token=TOKEN) as served:
        assert (await served.http.post("/mcp/", content=b"{}")).status_code == 401


@pytest.mark.parametrize(
    "accept",
    ["application/json", None, "", "application/*", "application/json;q=0.9, text/plain", "APPLICATION/JSON", "*/*"],
)
@pytest.mark.parametrize("sessions", [False, True])
async def test_a_client_that_accepts_only_json_gets_json(serve: Serve, accept: str | None, sessions: bool) -> None:
    async with serve(sessions=sessions) as served:
        answer = await posted(served, INITIALIZE, accept=accept)
        assert answer.status_code == 200
        if accept != "*/*":
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["result"]["serverInfo"]["name"] == "b24-mcp"
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "who", "arguments": {}}}
        session = {"mcp_session_id": answer.headers.get("mcp-session-id")}
        called = await posted(served, call, accept=accept, mcp_protocol_version="2025-11-25", **session)
        assert "noted" in called.text
        if accept != "*/*":
            assert called.json()["id"] == 2
            assert int(called.headers["content-length"]) == len(called.content)
        noted = await posted(
            served, {"jsonrpc": "2.0", "method": "notifications/initialized"}, accept=accept, **session
        )
        assert noted.status_code == 202


async def test_progress_is_left_out_of_a_json_answer(serve: Serve) -> None:
    async with serve() as served:
        headers = modern_headers("find_methods") | {"accept": "application/json"}
        content = modern_call("find_methods", {"query": "deal"}, progressToken=1)
        answer = await served.http.post("/mcp", headers=headers, content=content)
    assert answer.json()["result"]["content"]


async def test_a_client_that_accepts_only_events_gets_an_answer(serve: Serve) -> None:
    async with serve() as served:
        answer = await posted(served, INITIALIZE, accept="text/event-stream")
    assert answer.status_code == 200
    assert "serverInfo" in answer.text


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/html", "nonsense"])
async def test_a_client_that_accepts_neither_is_refused(serve: Serve, accept: str) -> None:
    async with serve() as served:
        assert (await posted(served, INITIALIZE, accept=accept)).status_code == 406


async def test_broken_json_over_http_is_a_parse_error(serve: Serve) -> None:
    async with serve() as served:
        answer = await served.http.post("/mcp", headers={"content-type": "application/json"}, content=b"{bad")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)


async def test_a_call_that_must_ask_needs_a_client_that_accepts_events(serve_on_loopback: Serve, portal: Any) -> None:
    async with serve_on_loopback(sessions=True) as served:
        begun = await posted(served, INITIALIZE, accept="application/json")
        session = {"mcp_session_id": begun.headers["mcp-session-id"], "mcp_protocol_version": "2025-11-25"}
        await posted(served, {"jsonrpc": "2.0", "method": "notifications/initialized"}, **session)
        arguments = {"method": "crm.deal.delete", "params": {"id": 5}}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "call_method"}}
        call["params"] = {"name": "call_method", "arguments": arguments}
        async with asyncio.timeout(10):
            answer = await posted(served, call, accept="application/json", **session)
    assert answer.status_code == 406
    assert "text/event-stream" in answer.json()["error"]["message"]
    assert "crm.deal.delete" not in portal.methods


# --- Browsers ---------------------------------------------------------------------------------------------------------

PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,mcp-protocol-version,mcp-session-id",
}


@pytest.mark.parametrize("origin", ["http://localhost:6274", "http://127.0.0.1:5173", "http://[::1]:80"])
@pytest.mark.parametrize("options", [{}, {"token": TOKEN}, {"sessions": True}])
async def test_the_preflight_of_an_accepted_origin_is_answered(serve: Serve, origin: str, options: Any) -> None:
    async with serve(**options) as served:
        answer = await served.http.options("/mcp", headers={"origin": origin} | PREFLIGHT)
        token = {"authorization": f"Bearer {TOKEN}"} if "token" in options else {}
        called = await served.http.post(
            "/mcp", headers=modern_headers("who") | {"origin": origin} | token, content=modern_call("who", {})
        )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"]
    assert all(name in allowed for name in PREFLIGHT["access-control-request-headers"].split(","))
    assert (called.status_code, called.headers["access-control-allow-origin"]) == (200, origin)
    assert "mcp-session-id" in called.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://localhostx"]
)
async def test_the_preflight_of_a_foreign_origin_allows_nothing(serve: Serve, origin: str) -> None:
    async with serve() as served:
        answer = await served.http.options("/mcp", headers={"origin": origin} | PREFLIGHT)
        typed = {"origin": origin, "content-type": "application/json"}
        posted_one = await served.http.post("/mcp", headers=typed, content=b"{}")
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
    assert posted_one.status_code == 403
    assert "access-control-allow-origin" not in posted_one.headers


async def test_a_refusal_can_be_read_by_an_accepted_page(serve: Serve) -> None:
    async with serve(token=TOKEN) as served:
        origin = "http://localhost:6274"
        answer = await served.http.post("/mcp", headers={"origin": origin}, content=b"{}")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, origin)


# --- Containers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["host.docker.internal:8024", "b24.local", "172.17.0.1:8024"])
async def test_a_request_under_an_unknown_name_is_refused_with_what_to_do(serve: Serve, host: str) -> None:
    async with serve() as served:
        served.http.headers["host"] = host
        answer = await served.call("who")
    assert answer.status_code == 421
    said = answer.json()["error"]["message"]
    assert "B24_HTTP_URL=http://host.docker.internal:PORT/mcp" in said
    assert "Nothing was executed" in said
    assert host not in said
    assert served.callers == []


NAMES = ["host.docker.internal", "host.containers.internal", "host.lima.internal", "host.orb.internal"]


@pytest.mark.parametrize("name", NAMES)
def test_the_address_may_be_the_name_that_a_container_uses(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("B24_HTTP_URL", f"http://{name}:8024/mcp")
    monkeypatch.setenv("B24_HTTP_TOKEN", TOKEN)
    assert HttpOptions.of(load_settings(), "172.17.0.1", 8024).url == f"http://{name}:8024/mcp"


@pytest.mark.parametrize("name", NAMES)
async def test_a_container_reaches_the_server_under_the_name_of_its_computer(serve: Serve, name: str) -> None:
    async with serve(url=f"http://{name}:8024/mcp", token=TOKEN) as served:
        for host in (f"{name}:8024", name, "127.0.0.1:8024", "localhost:9"):
            served.http.headers["host"] = host
            assert (await served.call("who", TOKEN)).status_code == 200, host
        for host in ("evil.example", f"{name}.evil.example", "172.17.0.1:8024"):
            served.http.headers["host"] = host
            assert (await served.call("who", TOKEN)).status_code == 421, host


def test_a_server_for_containers_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_HTTP_URL", CONTAINER)
    with pytest.raises(SettingsError, match="B24_HTTP_TOKEN"):
        HttpOptions.of(load_settings(), "127.0.0.1", 8024)


def test_the_keys_of_an_issuer_are_not_read_over_http_from_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_HTTP_URL", CONTAINER)
    monkeypatch.setenv("B24_HTTP_ISSUER", "https://login.example.com")
    monkeypatch.setenv("B24_HTTP_JWKS", "http://host.docker.internal/keys")
    with pytest.raises(SettingsError, match="begin with https"):
        HttpOptions.of(load_settings(), "127.0.0.1", 8024)
