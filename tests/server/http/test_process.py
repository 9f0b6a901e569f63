"""`b24-mcp serve --http` as a process: its output, its stop, and several servers with shared state."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from tests.loopback import SECRET, LoopbackPortal
from tests.server.http.conftest import TOKEN, modern_call, modern_headers, server_process

VERSIONS = ["2025-11-25", "2026-07-28"]


async def call(url: str, tool: str, token: str | None = None, version: str = VERSIONS[1], **arguments: Any) -> Any:
    headers = modern_headers(tool, token) | {"mcp-protocol-version": version}
    async with httpx.AsyncClient(timeout=40) as http:
        answer = await http.post(url, headers=headers, content=modern_call(tool, arguments))
    assert answer.status_code == 200, answer.text
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = [line[6:] for line in text.splitlines() if line.startswith("data: ") and line[6:]][-1]
    return json.loads(json.loads(text)["result"]["content"][0]["text"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_on_stop_running_calls_finish_and_new_ones_are_refused(portal: LoopbackPortal, version: str) -> None:
    with server_process() as served:
        assert (await call(served.url, "call_method", method="profile"))["ok"] is True
        portal.sandbox.hold()
        deal: dict[str, Any] = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "Last"}}}
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(call(served.url, "call_method", version=version, **deal))
            await anyio.to_thread.run_sync(portal.sandbox.arrived.wait, 20)
            served.stop()
            while True:
                try:
                    async with httpx.AsyncClient() as http:
                        await http.get(served.url.replace("/mcp", "/health"))
                except httpx.TransportError:
                    break
            # Streams to older clients check every half second whether the server is stopping.
            assert await asyncio.wait([running], timeout=1.2) == (set(), {running})
            portal.sandbox.let_go()
            assert (await running)["ok"] is True
        assert await anyio.to_thread.run_sync(served.ended) == 0
    assert portal.methods == ["profile", "crm.deal.add"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_call_that_does_not_finish_in_time_is_cancelled_with_an_error(
    portal: LoopbackPortal, version: str
) -> None:
    headers = modern_headers("call_method") | {"mcp-protocol-version": version}
    body = modern_call("call_method", {"method": "profile"})
    with server_process(B24_HTTP_GRACE="1") as served:
        portal.sandbox.hold()
        async with httpx.AsyncClient(timeout=40) as http:
            running = asyncio.create_task(http.post(served.url, headers=headers, content=body))
            await anyio.to_thread.run_sync(portal.sandbox.arrived.wait, 20)
            begin = time.monotonic()
            served.stop()
            (answer,) = await asyncio.gather(running, return_exceptions=True)
        assert await anyio.to_thread.run_sync(served.ended) == 0
        assert time.monotonic() - begin < 5
    if version == VERSIONS[1]:
        assert isinstance(answer, httpx.Response)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, None)
        assert "may have been executed" in answer.json()["error"]["message"]
    else:  # its stream had begun; all that can be done is to end it
        assert isinstance(answer, httpx.Response | httpx.RemoteProtocolError)
    log = "".join(served.log)
    assert "Calls cancelled because they did not finish in 1 s: 1" in log
    assert "Traceback" not in log


def test_sigint_stops_the_server() -> None:
    with server_process() as served:
        served.process.send_signal(signal.SIGINT)
        assert served.ended() == 0
    assert "Traceback" not in "".join(served.log)


async def test_the_address_is_printed_and_no_secret(portal: LoopbackPortal) -> None:
    with server_process(B24_HTTP_TOKEN=TOKEN, B24_HTTP_KEY="k" * 32) as served:
        assert (await call(served.url, "call_method", TOKEN, method="profile"))["ok"] is True
        async with httpx.AsyncClient() as http:
            await http.post(f"{served.url}?token={TOKEN}", headers={"host": TOKEN}, content=b"{}")
            await http.get(served.url.replace("/mcp", f"/{TOKEN}/{SECRET}"))
        served.stop()
        assert await anyio.to_thread.run_sync(served.ended) == 0
    log = "".join(served.log)
    assert f"serves MCP at {served.url}, with the bearer token" in log
    assert "shared_token POST /mcp 200" in log
    for secret in (TOKEN, SECRET, "k" * 32):
        assert secret not in log


async def test_two_servers_share_the_limits_of_a_portal(portal: LoopbackPortal, redis_url: str) -> None:
    settings = {"B24_STATE": redis_url, "B24_DEADLINE": "1"}
    with server_process(**settings) as one, server_process(**settings) as other:
        begin = time.monotonic()
        answers = await asyncio.gather(
            *(call(url, "call_method", method="profile") for _ in range(40) for url in (one.url, other.url))
        )
        took = time.monotonic() - begin
        async with httpx.AsyncClient() as http:
            ready = await http.get(one.url.replace("/mcp", "/ready"))
    done = [answer for answer in answers if answer["ok"]]
    assert ready.status_code == 200
    failed = [answer["error"] for answer in answers if not answer["ok"]]
    not_answered = [error for error in failed if error["code"] == "B24MCP_TIMEOUT"]  # the others were never sent
    assert len(done) <= len(portal.calls) <= len(done) + len(not_answered)
    assert 38 <= len(portal.calls) <= 38 + 2 * took + 2
    assert {error["code"] for error in failed} <= {"B24MCP_BUSY", "B24MCP_DEADLINE", "B24MCP_TIMEOUT"}
    assert "B24_HTTP_KEY is not set" in "".join(one.log)


async def test_a_server_is_not_ready_once_its_redis_is_gone() -> None:
    with server_process(B24_STATE="redis://127.0.0.1:1/0") as served:
        async with httpx.AsyncClient(timeout=20) as http:
            assert (await http.get(served.url.replace("/mcp", "/health"))).status_code == 200
            assert (await http.get(served.url.replace("/mcp", "/ready"))).status_code == 503


APPROVE = """
import asyncio, sys
from b24_mcp.access import Approvals
from b24_mcp.state import open_state
assert asyncio.run(Approvals(open_state(sys.argv[1])).approve(sys.argv[2]))
"""


async def test_an_approved_call_is_executed_once_by_any_server(portal: LoopbackPortal, redis_url: str) -> None:
    deletion: dict[str, Any] = {"method": "crm.deal.delete", "params": {"id": 1}}
    with server_process(B24_STATE=redis_url) as one, server_process(B24_STATE=redis_url) as other:
        asked = await call(one.url, "call_method", **deletion)
        found = re.search(r"b24-mcp approve (\w+)", asked["error"]["hint"])
        assert found is not None
        await anyio.run_process([sys.executable, "-c", APPROVE, redis_url, found[1]])
        answers = await asyncio.gather(*(call(url, "call_method", **deletion) for url in (one.url, other.url) * 5))
    assert [answer["ok"] for answer in answers].count(True) == 1
    assert portal.methods == ["crm.deal.delete"]
