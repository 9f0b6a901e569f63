"""The page of a person in a real browser: log in, approve, end the access of a client, on a telephone and on a desk."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from b24_mcp.access import Approvals, RecentWrites
from tests.loopback import loopback_portal
from tests.server.http.conftest import AnnouncedServer
from tests.server.http.pages.kit import PeopleServer, people_application, set_people
from tests.server.http.pages.test_page import asked
from tests.server.http.pages.webdriver import CHROMIUM, DRIVER, real_browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs Chromium and chromedriver"),
]


@asynccontextmanager
async def on_loopback(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, PeopleServer]]:
    """Serve people on a free port of this computer. Yield the address and the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with loopback_portal(handler=f"{base}/login/callback") as portal:
            set_people(portal, monkeypatch)
            async with people_application(portal, url=f"{base}/mcp") as (application, server):
                config = uvicorn.Config(application, log_config=None, access_log=False, ws="none", lifespan="off")
                serving = AnnouncedServer(config)
                task = asyncio.create_task(serving.serve(sockets=[listener]))
                await serving.listening.wait()
                try:
                    yield base, server
                finally:
                    serving.should_exit = True
                    await task


async def test_a_person_logs_in_approves_and_ends_the_access_of_a_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with on_loopback(monkeypatch) as (base, server), real_browser(tmp_path / "profile") as browser:
        await browser.go(f"{base}/")
        assert "Log in with Bitrix24" in await browser.text()
        await browser.click("a.main")
        assert await browser.run("return location.href") == f"{base}/"
        assert "Nothing waits for you." in await browser.text()

        said = 'On acme.example, call:\n- crm.deal.delete: it deletes or overwrites\n  with {"id": ' + "5" * 120 + "}"
        code = await asked(server, said=said)
        server.grants.add(server.key(1), "one", "Claude Code")
        line = {"method": "crm.deal.update", "portal": "acme.example", "client": "Claude Code", "fields": ["id"]}
        done = {"outcome": "ok", "executed": "yes", "approved": True}
        await RecentWrites(server.state).keep(server.key(1), "one", time.time() - 3_700, [line | done])
        await browser.go(f"{base}/")
        assert "crm.deal.delete" in await browser.text()
        assert "1 h ago crm.deal.update: done" in await browser.text()
        for width in (320, 1280):
            await browser.resize(width)
            assert await browser.run("return document.documentElement.scrollWidth") <= width
            await browser.screenshot(tmp_path / f"page-{width}.png")
        # The style sheet was accepted: its hash is in the policy of the page.
        assert await browser.run("return getComputedStyle(document.querySelector('.card')).borderRadius") == "8px"

        await browser.go(f"{base}/approve/{code}")
        await browser.click("button[value=approve]")
        assert "Approved. Your assistant goes on" in await browser.text()
        assert await Approvals(server.state).find_approved(code) is not None

        await browser.click("form[action$='/clients/revoke'] button")
        assert "The access of the client has ended." in await browser.text()
        assert server.grants.granted[server.key(1)] == []

        await browser.click("form[action$='/logout'] button")
        assert "Log in with Bitrix24" in await browser.text()
