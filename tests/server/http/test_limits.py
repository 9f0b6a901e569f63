"""The limits of a request, of a caller and of all calls together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from b24_mcp.server.http.access_log import ACCESS
from b24_mcp.server.http.limits import BufferedBody
from b24_mcp.server.http.options import Issuer
from tests.server.http.conftest import JSON_OR_EVENTS, Serve, modern_call, modern_headers
from tests.server.http.issuer import NAME, URL, SignedFor

MEGABYTE = 1 << 20


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28"])
async def test_a_request_that_is_too_large_is_refused(serve: Serve, declared: bool, era: str) -> None:
    body = modern_call("who", {"more": "x" * MEGABYTE})

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async with serve(body=MEGABYTE) as served:
        headers = modern_headers("who") | {"mcp-protocol-version": era}
        answer = await served.http.post("/mcp", headers=headers, content=body if declared else pieces())
        assert answer.status_code == 413
        assert (await served.call("who")).status_code == 200
    assert len(served.callers) == 1


async def test_calls_over_the_limit_are_refused_with_retry_after(serve: Serve) -> None:
    async with serve(calls=3) as served, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(served.call("wait")) for _ in range(3)]
        await served.until_waiting(3)
        refused = await served.call("who")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert "Nothing was executed" in refused.json()["error"]["message"]
        assert (await served.http.get("/health")).status_code == 200
        served.go_on.set()
        assert [(await call).status_code for call in running] == [200, 200, 200]
        assert (await served.call("who")).status_code == 200
    assert len(served.callers) == 1


async def test_the_limit_of_one_caller_does_not_affect_others(serve: Serve, issuer: SignedFor) -> None:
    oauth = Issuer(NAME, issuer.url, URL)
    async with serve(url=URL, issuer=oauth, calls_per_caller=2) as served, asyncio.TaskGroup() as tasks:
        served.http.headers["host"] = "mcp.example.com"
        ann, bob = issuer.token(), issuer.token(sub="bob")
        running = [tasks.create_task(served.call("wait", ann)) for _ in range(2)]
        await served.until_waiting(2)
        refused = await served.call("who", ann)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await served.call("who", bob)).status_code == 200
        served.go_on.set()
        assert [(await call).status_code for call in running] == [200, 200]
        assert (await served.call("who", ann)).status_code == 200


async def test_anonymous_callers_have_no_limit_of_their_own(serve: Serve) -> None:
    async with serve(calls_per_caller=1) as served, asyncio.TaskGroup() as tasks:
        tasks.create_task(served.call("wait"))
        await served.until_waiting(1)
        assert (await served.call("who")).status_code == 200
        served.go_on.set()


async def test_requests_with_refused_tokens_do_not_count_as_running(serve: Serve) -> None:
    async with serve(calls=1, token="0123456789abcdef0123456789abcdef") as served:
        for _ in range(5):
            assert (await served.call("who", "wrong")).status_code == 401
        assert (await served.call("who", "0123456789abcdef0123456789abcdef")).status_code == 200


class Reader:
    """A request whose body arrives in these messages only. It records the response and whether it was handled."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.sent: list[Message] = []
        self.passed_on = False

    async def run(self, seconds: float = 10) -> None:
        await BufferedBody(self._app, 100, seconds)({"type": "http", "headers": []}, self._receive, self._send)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.passed_on = True

    async def _receive(self) -> Message:
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


PIECE = {"type": "http.request", "body": b"{", "more_body": True}


async def test_a_request_that_does_not_arrive_gets_408() -> None:
    reader = Reader(PIECE)
    await reader.run(0.01)
    assert reader.sent[0]["status"] == 408
    assert (b"connection", b"close") in reader.sent[0]["headers"]
    assert not reader.passed_on


async def test_a_disconnect_during_a_request_is_not_an_error() -> None:
    reader = Reader(PIECE, {"type": "http.disconnect"})
    await reader.run()
    assert (reader.sent, reader.passed_on) == ([], False)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_are_no_sessions_to_listen_to_or_end(serve: Serve, method: str) -> None:
    async with serve() as served:
        answer = await served.http.request(method, "/mcp", headers=JSON_OR_EVENTS | {"mcp-session-id": "1"})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"OPTIONS", "POST"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"', b"\xff", b"[" * 100_000, b'{"jsonrpc":"2.0"}'])
@pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28", "1999-01-01"])
async def test_invalid_bodies_are_refused_and_the_server_continues(serve: Serve, body: bytes, era: str) -> None:
    async with serve() as served:
        headers = JSON_OR_EVENTS | {"mcp-protocol-version": era}
        answer = await served.http.post("/mcp", headers=headers, content=body)
        assert 400 <= answer.status_code < 500
        assert (await served.call("who")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/mcp/..", "//mcp", "/sse", "/.well-known/oauth-protected-resource/mcp"])
async def test_other_paths_are_not_found(serve: Serve, path: str) -> None:
    async with serve() as served:
        assert (await served.http.post(path, content=b"{}")).status_code == 404


class BrokenState:
    """A shared state that does not answer, and counts requests."""

    def __init__(self) -> None:
        self.asked = 0

    async def charges(self, keys: Any) -> Any:
        self.asked += 1
        raise OSError("redis://user:hidden@redis.example.com cannot be reached")

    async def aclose(self) -> None:
        pass


async def test_health_is_ok_while_the_shared_state_is_unavailable(serve: Serve) -> None:
    state: Any = BrokenState()
    async with serve(state=state, token="0123456789abcdef0123456789abcdef") as served:
        health = await served.http.get("/health")
        ready = [await served.http.get("/ready") for _ in range(20)]
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert {answer.status_code for answer in ready} == {503}
    assert "hidden" not in ready[0].text
    assert state.asked == 1


async def test_it_is_ready_when_the_shared_state_answers(serve: Serve) -> None:
    async with serve() as served:
        ready = await served.http.get("/ready", headers={"host": "10.0.0.7:8024"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_the_access_log_names_caller_and_outcome_and_no_secret(
    serve: Serve, issuer: SignedFor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", ACCESS.name)
    token = issuer.token(sub="ann\nforged line 200 ok")
    async with serve(url=URL, issuer=Issuer(NAME, issuer.url, URL)) as served:
        served.http.headers["host"] = "mcp.example.com"
        await served.call("who", token, unknown="argument value")
        await served.http.post(f"/mcp?token={token}", content=b"{}")
        await served.http.get("/else%0Awhere%20x")
        await served.http.get("/health")
    lines = [record.getMessage().rpartition(" ")[0].rpartition(" ")[0] for record in caplog.records]
    assert lines == [
        "203.0.113.5 ann_forged_line_200_ok POST /mcp 200",
        "203.0.113.5 - POST /mcp 401",
        "203.0.113.5 - GET /else_where_x 404",
    ]
    assert token not in caplog.text
    assert "argument value" not in json.dumps([record.getMessage() for record in caplog.records])
