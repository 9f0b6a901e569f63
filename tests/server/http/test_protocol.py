"""Both protocol generations with a server on loopback, through the client of the SDK and through plain requests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from b24_mcp.server.http import slow_answers
from tests.fake_portal import FakeClock
from tests.loopback import LoopbackPortal
from tests.server.http.conftest import JSON_OR_EVENTS, MODERN, TOKEN, Serve, Served, modern_call, modern_headers
from tests.server.test_waiting import Held, used_up


@asynccontextmanager
async def connected(served: Served, era: Literal["auto", "legacy"], token: str | None = None) -> AsyncIterator[Client]:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
        url = f"{served.http.base_url}/mcp".replace("//mcp", "/mcp")
        async with Client(streamable_http_client(url, http_client=http), mode=era) as client:
            yield client


async def test_a_client_lists_the_tools_and_calls_one(serve_on_loopback: Serve, era: Literal["auto", "legacy"]) -> None:
    async with serve_on_loopback(token=TOKEN) as served, connected(served, era, TOKEN) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
        await client.call_tool("who", {})
    assert {"call_method", "batch_call", "find_methods"} <= tools
    assert json.loads(getattr(block, "text", ""))["result"]["ID"] == "1"
    assert served.callers[0].name == "shared token"


async def test_clients_share_the_portal_and_its_data(serve_on_loopback: Serve) -> None:
    async with (
        serve_on_loopback() as served,
        connected(served, "auto") as writer,
        connected(served, "legacy") as reader,
    ):
        added = await writer.call_tool(
            "call_method", {"method": "crm.deal.add", "params": {"fields": {"TITLE": "Shared"}}}
        )
        number = json.loads(getattr(added.content[0], "text", ""))["result"]
        read = await reader.call_tool("call_method", {"method": "crm.deal.get", "params": {"id": number}})
    assert json.loads(getattr(read.content[0], "text", ""))["result"]["TITLE"] == "Shared"


async def test_a_batch_reports_progress_while_it_waits(
    serve_on_loopback: Serve, era: Literal["auto", "legacy"], portal: LoopbackPortal, tmp_path: Path
) -> None:
    clock, seen = FakeClock(time.time()), []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append(message)

    await used_up(portal, tmp_path, clock, 20)
    commands = {f"c{number}": {"method": "profile"} for number in range(60)}
    async with serve_on_loopback(clock=clock) as served, connected(served, era) as client:
        result = await client.call_tool("batch_call", {"commands": commands}, progress_callback=on_progress)
    assert json.loads(getattr(result.content[0], "text", ""))["summary"]["succeeded"] == 60
    assert len(seen) >= 4
    assert "limit of requests" in str(seen[0])


def events_of(stream: str) -> list[dict[str, Any]]:
    """Return the messages of a stream of events."""
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ") and line[6:]]


async def test_bare_requests_of_2026_are_answered_in_json_or_as_events(
    serve_on_loopback: Serve, portal: LoopbackPortal, tmp_path: Path
) -> None:
    clock = FakeClock(time.time())
    async with serve_on_loopback(clock=clock) as served:
        plain = await served.call("call_method", method="profile")
        await used_up(portal, tmp_path, clock, 20)
        told = modern_call("call_method", {"method": "profile"}, progressToken="p")
        events = await served.http.post("/mcp", headers=modern_headers("call_method"), content=told)
    assert plain.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in plain.headers
    assert json.loads(plain.json()["result"]["content"][0]["text"])["ok"] is True
    assert events.headers["content-type"].startswith("text/event-stream")
    messages = events_of(events.text)
    assert messages[0]["method"] == "notifications/progress"
    assert json.loads(messages[-1]["result"]["content"][0]["text"])["ok"] is True


async def test_bare_requests_of_older_clients_need_no_session(serve_on_loopback: Serve) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"name": "call_method", "arguments": {"method": "profile"}},
    }
    headers = JSON_OR_EVENTS | {"mcp-protocol-version": "2025-06-18", "mcp-session-id": "of another server"}
    async with serve_on_loopback() as served:
        answer = await served.http.post("/mcp", headers=headers, json=call)
    assert answer.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in answer.headers
    assert answer.json()["id"] == 7
    assert json.loads(answer.json()["result"]["content"][0]["text"])["ok"] is True


@pytest.mark.parametrize("version", ["2025-03-26", "2025-11-25", None])
async def test_progress_reaches_older_clients_in_a_stream(
    serve_on_loopback: Serve, portal: LoopbackPortal, tmp_path: Path, version: str | None
) -> None:
    clock = FakeClock(time.time())
    await used_up(portal, tmp_path, clock, 20)
    headers = JSON_OR_EVENTS | ({} if version is None else {"mcp-protocol-version": version})
    async with serve_on_loopback(clock=clock) as served:
        call = modern_call("call_method", {"method": "profile"}, progressToken="p")
        answer = await served.http.post("/mcp", headers=headers, content=call)
    assert answer.headers["content-type"].startswith("text/event-stream")
    messages = events_of(answer.text)
    assert messages[0]["method"] == "notifications/progress"
    assert json.loads(messages[-1]["result"]["content"][0]["text"])["ok"] is True


async def begun_stream(served: Served, monkeypatch: pytest.MonkeyPatch, version: str) -> httpx.Response:
    """Return the answer to a call that waits, of which pings arrive."""
    monkeypatch.setattr(slow_answers, "PING_SECONDS", 0.01)
    headers = modern_headers("wait") | {"mcp-protocol-version": version}
    request = served.http.build_request("POST", "/mcp", headers=headers, content=modern_call("wait", {}))
    return await served.http.send(request, stream=True)


@pytest.mark.parametrize("version", ["2025-11-25", MODERN])
async def test_a_slow_answer_is_kept_alive_by_pings(
    serve_on_loopback: Serve, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    async with serve_on_loopback() as served, asyncio.timeout(10):
        answer = await begun_stream(served, monkeypatch, version)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        lines = answer.aiter_lines()
        pings = [await anext(lines) for _ in range(3)]
        served.go_on.set()
        rest = [line async for line in lines]
    assert pings[0] == pings[2] == ": ping"
    assert not pings[1]
    (message,) = events_of("\n".join(rest))
    assert message["result"]["content"][0]["text"] == "waited"


@pytest.mark.parametrize("version", ["2025-11-25", MODERN])
async def test_a_client_that_leaves_during_pings_ends_the_call(
    serve_on_loopback: Serve, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    async with serve_on_loopback() as served, asyncio.timeout(10):
        answer = await begun_stream(served, monkeypatch, version)
        await anext(answer.aiter_lines())
        await answer.aclose()
        while not served.ended:
            served.another.clear()
            await served.another.wait()
        assert (await served.call("who")).status_code == 200


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_a_disconnect_cancels_the_call(serve_on_loopback: Serve, version: str) -> None:
    async with serve_on_loopback() as served:
        headers = modern_headers("wait") | {"mcp-protocol-version": version}
        call = asyncio.create_task(served.http.post("/mcp", headers=headers, content=modern_call("wait", {})))
        await served.until_waiting(1)
        call.cancel()
        async with asyncio.timeout(10):
            while not served.ended:
                served.another.clear()
                await served.another.wait()
        assert (await served.call("who")).status_code == 200


async def test_a_cancelled_call_stops_waiting_and_sends_nothing(
    serve_on_loopback: Serve, portal: LoopbackPortal, tmp_path: Path
) -> None:
    clock = Held()
    await used_up(portal, tmp_path, clock, 20)
    deal = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "never"}}}
    async with serve_on_loopback(clock=clock) as served, connected(served, "auto") as client:
        call = asyncio.create_task(client.call_tool("call_method", deal))
        async with asyncio.timeout(10):
            await clock.sleeping.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
    assert portal.calls == []


@pytest.mark.parametrize("number", [40])
async def test_concurrent_calls_get_their_own_answers(serve_on_loopback: Serve, number: int) -> None:
    async with serve_on_loopback() as served:
        answers = await asyncio.gather(
            *(served.call("find_methods", query=f"add a deal {n}", limit=1) for n in range(number)),
            *(served.call("call_method", method=f"no.such.method{n}") for n in range(number)),
        )
    texts = [json.loads(answer.json()["result"]["content"][0]["text"]) for answer in answers]
    assert all("methods" in text for text in texts[:number])
    assert [text["method"] for text in texts[number:]] == [f"no.such.method{n}" for n in range(number)]
