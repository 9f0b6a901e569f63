"""The demonstration company, database files, restarts, the server."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from b24_sandbox import Sandbox, serve
from tests.sandbox.conftest import NOW, Caller, opened


async def test_the_company_has_its_documented_size(call: Caller) -> None:
    sizes = {
        method: (await call(method))["total"]
        for method in ("user.get", "crm.company.list", "crm.contact.list", "crm.deal.list", "crm.lead.list")
    }
    assert list(sizes.values()) == [20, 120, 300, 400, 80]


async def test_the_company_is_the_same_every_time(call: Caller) -> None:
    async with opened(clock=lambda: NOW) as again:
        for method in ("crm.deal.list", "crm.contact.list", "tasks.task.list", "user.get"):
            assert (await again(method))["result"] == (await call(method))["result"]


async def test_some_open_deals_have_not_moved_for_two_weeks_and_some_have(call: Caller) -> None:
    open_deals = {"CLOSED": "N"}
    total = (await call("crm.deal.list", {"filter": open_deals}))["total"]
    stale = (await call("crm.deal.list", {"filter": {**open_deals, "<MOVED_TIME": "2026-02-15T12:00:00+03:00"}}))[
        "total"
    ]
    assert 10 < stale < total < 200


async def test_no_date_of_the_company_is_in_the_future(call: Caller) -> None:
    late = {">DATE_MODIFY": "2026-03-01T12:00:01+03:00"}
    for method in ("crm.deal.list", "crm.contact.list", "crm.company.list", "crm.lead.list"):
        assert (await call(method, {"filter": late}))["total"] == 0


async def test_phones_and_e_mails_are_fictional(call: Caller) -> None:
    for method in ("crm.contact.list", "crm.company.list", "crm.lead.list"):
        rows = await call.result(method, {"select": ["PHONE", "EMAIL"], "start": -1})
        emails = [email["VALUE"] for row in rows for email in row.get("EMAIL", [])]
        phones = [phone["VALUE"] for row in rows for phone in row.get("PHONE", [])]
        assert len(emails) > 20
        assert all(email.endswith("@example.com") for email in emails)
        assert len(phones) > 20
        assert all(re.sub(r"\D", "", phone)[1:].startswith("000555") for phone in phones)


async def test_stages_and_links_of_the_company_are_valid(call: Caller) -> None:
    stages = {row["STATUS_ID"] for row in await call.result("crm.status.list")}
    for start in range(0, 400, 50):
        for deal in await call.result("crm.deal.list", {"start": start}):
            assert deal["STAGE_ID"] in stages
            assert deal["STAGE_ID"].startswith("C1:") == (deal["CATEGORY_ID"] == "1")
            assert (deal["STAGE_SEMANTIC_ID"] == "P") == (deal["CLOSED"] == "N")
            assert 1 <= int(deal["CONTACT_ID"]) <= 300


async def test_an_empty_portal_has_an_administrator_and_stages_only() -> None:
    async with opened(empty=True) as call:
        assert (await call("user.get"))["total"] == 1
        assert (await call("crm.deal.list")) | {"time": None} == {"result": [], "total": 0, "time": None}
        assert len(await call.result("crm.status.list")) > 40
        assert await call.result("crm.deal.add", {"fields": {"TITLE": "первая"}}) == 1


async def test_a_file_keeps_its_data_across_restarts(tmp_path: Path) -> None:
    for expected in (1, 2):
        async with opened(tmp_path / "portal.db", empty=True) as call:
            assert await call.result("crm.deal.add", {"fields": {}}) == expected


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    import sqlite3

    database = sqlite3.connect(tmp_path / "portal.db")
    database.execute("pragma user_version = 99")
    database.close()
    with pytest.raises(ValueError, match="version 99"):
        Sandbox(tmp_path / "portal.db")


async def test_concurrent_calls_are_all_answered(write: Caller) -> None:
    added = await asyncio.gather(*(write.result("crm.deal.add", {"fields": {}}) for _ in range(20)))
    assert sorted(added) == list(range(401, 421))


async def test_serve_reports_its_address_once_it_listens_and_stops_when_cancelled(own: Sandbox) -> None:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(own, "127.0.0.1", 0, address.set_result))
    base = await asyncio.wait_for(address, 20)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.get(own.webhook_url(base) + "profile")).json()
        assert answer["result"]["ID"] == "1"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(serving, 20)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(base)


async def test_serve_fails_when_the_address_is_in_use(own: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await serve(own, "127.0.0.1", taken.getsockname()[1], print)


async def test_lifespan_messages_are_acknowledged(own: Sandbox) -> None:
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, object]:
        return dict(next(asked))

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message["type"])

    await own({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_importing_the_sandbox_loads_neither_client_nor_server() -> None:
    script = (
        "import sys, b24_sandbox; "
        "print([m for m in sys.modules if m.split('.')[0] in ('mcp', 'httpx', 'uvicorn', 'starlette', 'asyncio')"
        " or m.startswith(('b24_mcp.rest', 'b24_mcp.server', 'b24_mcp.cli'))])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
