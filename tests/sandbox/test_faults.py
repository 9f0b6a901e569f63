"""Injected faults: what the client sees, whether the method ran, and the log that proves it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from b24_sandbox import LoggedCall, Sandbox, serve
from tests.sandbox.conftest import NOW, Caller, opened


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with opened(empty=True, control=True, clock=lambda: NOW) as caller:
        yield caller


async def counts(call: Caller, marker: str = "") -> Any:
    return (await call.http.get("/sandbox/log", params={"marker": marker})).json()["counts"]


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("503", 503, "QUERY_LIMIT_EXCEEDED"),
        ("429", 429, "OPERATION_TIME_LIMIT"),
        ("500", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_an_injected_refusal_affects_one_call_and_runs_nothing(
    call: Caller, kind: Any, status: int, error: str
) -> None:
    call.sandbox.faults.fail("crm.deal.add", kind)
    refused = await call.refused("crm.deal.add", {"fields": {"TITLE": "once"}})
    assert (refused[0], refused[1]["error"]) == (status, error)
    assert await counts(call) == {}
    await call.result("crm.deal.add", {"fields": {"TITLE": "once"}})
    assert await counts(call, "once") == {"crm.deal.add": 1}


async def test_the_html_fault_is_a_page_of_the_front_end(call: Caller) -> None:
    call.sandbox.faults.fail("*", "html")
    response = await call.http.get(call.base + "profile")
    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert await counts(call) == {}


async def test_a_moved_portal_redirects_to_the_same_path_of_another_host(call: Caller) -> None:
    call.sandbox.faults.fail("profile", "moved", target="https://new.example.com")
    response = await call.http.post(call.base + "profile?x=1")
    assert response.status_code == 302
    assert response.headers["Location"] == f"https://new.example.com{call.base}profile?x=1"


async def test_the_slow_fault_answers_after_its_delay(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    call.sandbox.faults.fail("profile", "slow", seconds=61)
    assert (await call.result("profile"))["ID"] == "1"
    assert waited == [61]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "truncated"])
async def test_a_cut_in_process_raises_a_connection_reset(call: Caller, kind: Any) -> None:
    call.sandbox.faults.fail("crm.deal.add", kind)
    with pytest.raises(ConnectionResetError):
        await call("crm.deal.add", {"fields": {"TITLE": "cut"}})
    assert await counts(call, "cut") == ({} if kind == "cut_before" else {"crm.deal.add": 1})


async def test_faults_are_matched_by_a_glob_and_counted(call: Caller) -> None:
    call.sandbox.faults.fail("crm.*.ADD", "503", times=2)
    calls = ("profile", "crm.deal.add", "crm.lead.add.json", "crm.deal.add")
    answers = [await call.http.post(call.base + method, json={"fields": {"TITLE": "x"}}) for method in calls]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]


async def test_an_unlimited_fault_lasts_until_it_is_cleared(call: Caller) -> None:
    call.sandbox.faults.fail("profile", "503", times=None)
    assert [(await call.http.get(call.base + "profile")).status_code for _ in range(5)] == [503] * 5
    call.sandbox.faults.clear()
    assert (await call.http.get(call.base + "profile")).status_code == 200


async def test_a_batch_fails_under_its_own_name_only(call: Caller) -> None:
    call.sandbox.faults.fail("server.time", "503")
    call.sandbox.faults.fail("batch", "500")
    assert (await call.refused("batch", {"cmd": ["server.time"]}))[0] == 500
    assert (await call.batch(["server.time"]))["result"]


async def test_faults_apply_to_the_authorization_server(call: Caller) -> None:
    call.sandbox.faults.fail("oauth.token", "html")
    assert (await call.http.get("/oauth/token/")).status_code == 502


def test_an_unknown_kind_of_fault_is_refused(shared: Sandbox) -> None:
    with pytest.raises(ValueError, match="cut_before"):
        shared.faults.fail("*", "explode")  # type: ignore[arg-type]


async def test_faults_are_injected_and_cleared_over_http(call: Caller) -> None:
    ordered = await call.http.post("/sandbox/faults", json={"method": "profile", "kind": "503", "times": 2})
    assert (ordered.status_code, ordered.json()) == (200, {"waiting": 1})
    assert (await call.http.get(call.base + "profile")).status_code == 503
    assert (await call.http.delete("/sandbox/faults")).json() == {"waiting": 0}
    assert (await call.http.get(call.base + "profile")).status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"method": "*"}',
        b'{"kind": "503"}',
        b'{"method": "*", "kind": "x"}',
        b'{"method": "*", "kind": "slow", "seconds": "long"}',
    ],
)
async def test_an_invalid_fault_request_is_refused(call: Caller, order: bytes) -> None:
    response = await call.http.post("/sandbox/faults", content=order)
    assert (response.status_code, response.json()["error"]) == (400, "ERROR_ARGUMENT")
    assert (await call.http.get(call.base + "profile")).status_code == 200


@pytest.mark.parametrize("path", ["/sandbox/faults", "/sandbox/log", "/sandbox/"])
async def test_the_sandboxs_own_addresses_are_disabled_by_default(path: str) -> None:
    async with opened(empty=True) as call:
        assert (await call.http.get(path)).status_code == 404


async def test_the_log_counts_batch_commands_but_not_refused_calls(call: Caller) -> None:
    title = {"fields": {"TITLE": "метка-1"}}
    await call.result("crm.deal.add", title)
    await call.http.post("/rest/1/wrong/crm.deal.add", json=title)
    await call("crm.deal.get", {"id": "метка-1"})
    await call.batch({"a": "crm.deal.add?fields[TITLE]=метка-1", "b": "no.such?x=метка-1"})
    assert await counts(call, "метка-1") == {"crm.deal.add": 2, "batch": 1}
    entries = (await call.http.get("/sandbox/log", params={"marker": "метка-1"})).json()["calls"]
    assert [(entry["method"], entry["error"]) for entry in entries] == [
        ("crm.deal.add", None),
        ("crm.deal.get", ""),
        ("crm.deal.add", None),
        ("batch", None),
    ]
    assert json.loads(entries[0]["params"]) == title


async def test_an_unknown_marker_matches_no_call(call: Caller) -> None:
    await call.result("profile")
    assert await counts(call, "other") == {}


@contextmanager
def listening(**options: Any) -> Iterator[tuple[Sandbox, str, list[LoggedCall]]]:
    """A sandbox on a socket, its address, and the answered calls."""
    ran: list[LoggedCall] = []
    sandbox = Sandbox(empty=True, log=ran.append, **options)
    opened_at: list[str] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    def on_ready(base: str) -> None:
        opened_at.append(base)
        ready.set()

    serving: list[asyncio.Task[None]] = []

    async def run() -> None:
        serving.append(asyncio.create_task(serve(sandbox, "127.0.0.1", 0, on_ready)))
        await asyncio.gather(*serving, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield sandbox, opened_at[0], ran
    finally:
        loop.call_soon_threadsafe(serving[0].cancel)
        thread.join()
        loop.close()
        sandbox.close()


def received(base: str, path: str) -> bytes:
    """All bytes the server sends on a connection until it closes it."""
    where = urlsplit(base)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def test_cuts_close_a_real_socket() -> None:
    with listening() as (sandbox, base, ran):
        path = f"/rest/{sandbox.webhook}/profile"
        for kind in ("cut_before", "cut_after", "truncated"):
            sandbox.faults.fail("profile", kind)
        assert (received(base, path), len(ran)) == (b"", 0)
        assert (received(base, path), len(ran)) == (b"", 1)
        head, _, body = received(base, path).partition(b"\r\n\r\n")
        assert len(ran) == 2
        promised = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert 0 < len(body) < promised
        assert body.startswith(b'{"result"')
        assert httpx.get(base + path).status_code == 200


def test_a_client_reports_a_cut_as_a_protocol_error() -> None:
    with listening() as (sandbox, base, _), httpx.Client() as client:
        address = f"{base}/rest/{sandbox.webhook}/profile"
        assert client.get(address).status_code == 200
        for kind in ("cut_before", "cut_after", "truncated"):
            sandbox.faults.fail("profile", kind)
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                client.get(address)
        assert client.get(address).status_code == 200


async def test_a_call_cut_while_working_is_executed_later(call: Caller) -> None:
    call.sandbox.faults.fail("crm.deal.add", "cut_while_working", seconds=0.05)
    with pytest.raises((httpx.HTTPError, ConnectionResetError)):
        await call.http.post(call.base + "crm.deal.add", json={"fields": {"TITLE": "late"}})
    assert await counts(call, "late") == {}
    for _ in range(1_000):
        if await counts(call, "late"):
            break
        await asyncio.sleep(0.01)
    assert await counts(call, "late") == {"crm.deal.add": 1}


def test_stray_bytes_follow_a_complete_answer_on_the_same_connection() -> None:
    with listening() as (sandbox, base, _):
        sandbox.faults.fail("server.time", "stray_bytes")
        where = urlsplit(base)
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as connection:
            path = f"/rest/{sandbox.webhook}/server.time"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            got = b""
            while not got.endswith(b'{"result":"stray"}'):
                piece = connection.recv(65_536)
                assert piece, "the connection stays open"
                got += piece
    assert got.count(b"HTTP/1.1 200") == 2
