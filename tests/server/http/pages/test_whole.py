"""The login of people and the access of clients together, as the process puts them together."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import httpx

from b24_mcp.app.people_logins import PeopleLogins
from b24_mcp.config import load_configuration
from b24_mcp.secrets import Redactor
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.http.server import _pages
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state
from tests.loopback import LoopbackPortal
from tests.server.http.conftest import modern_call, modern_headers
from tests.server.http.issuer import URL
from tests.server.http.pages.kit import ADMINISTRATOR, HOME, KEY, SELLER, Browser
from tests.server.http.people.world import Login, Page, answered, challenge

REDIRECT = "http://127.0.0.1:41000/callback"


@dataclass
class Whole:
    application: Any
    portal: LoopbackPortal
    logins: PeopleLogins

    def http(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.application, client=("203.0.113.5", 5000))
        return httpx.AsyncClient(transport=transport, base_url=HOME, headers={"accept-language": "en"})

    async def browser(self, user: int) -> Browser:
        browser = Browser(self.http(), self.portal.origin, user)
        assert (await browser.log_in()).status_code == 303
        return browser

    async def asked(self, browser: Browser) -> tuple[Login, Page]:
        async with self.http() as http:
            registered = await http.post("/oauth/register", json={"client_name": "C", "redirect_uris": [REDIRECT]})
        client, verifier = registered.json()["client_id"], "v" * 50
        query = {
            "response_type": "code", "client_id": client, "redirect_uri": REDIRECT, "resource": URL,
            "code_challenge": challenge(verifier), "code_challenge_method": "S256", "scope": "b24:read b24:write",
        }  # fmt: skip
        address = str(httpx.URL("/oauth/authorize", params=query))
        return Login(client, verifier, address, REDIRECT), Page(await browser.http.get(address))

    async def allow(self, browser: Browser, page: Page) -> httpx.Response:
        form = page.hidden | {"answer": "allow", "level": page.chosen}
        headers = {"origin": HOME, "sec-fetch-site": "same-origin"}
        return await browser.http.post("/oauth/consent", data=form, headers=headers)

    async def redeem(self, login: Login, code: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code", "code": code, "client_id": login.client_id, "resource": URL,
            "code_verifier": login.verifier, "redirect_uri": login.redirect_uri,
        }  # fmt: skip
        async with self.http() as http:
            return await http.post("/oauth/token", data=form)

    async def token(self, browser: Browser) -> str:
        login, page = await self.asked(browser)
        answer = await self.redeem(login, answered(await self.allow(browser, page))["code"])
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def call(self, token: str, tool: str, **arguments: Any) -> Any:
        async with self.http() as http:
            response = await http.post(
                "/mcp", headers=modern_headers(tool, token), content=modern_call(tool, arguments)
            )
        if response.status_code != 200:
            return response.status_code
        return json.loads(response.json()["result"]["content"][0]["text"])


@asynccontextmanager
async def whole_server(portal: LoopbackPortal) -> AsyncIterator[Whole]:
    configuration = await anyio.to_thread.run_sync(load_configuration)
    state, redactor = open_state(os.environ["B24_STATE"]), Redactor()
    logins = PeopleLogins(configuration, redactor)
    options = HttpOptions(host="0.0.0.0", url=URL, login=True, keys=(KEY,))
    pages, grants = _pages(options, state, logins, configuration.settings)
    server = build_server(redactor, keys=(KEY,), people=logins, portals=(*logins.portal_names(), "sandbox"))
    application, _ = http_application(server, options, state, pages=pages, grants=grants)
    async with application.router.lifespan_context(application):
        yield Whole(application, portal, logins)


async def test_a_client_acts_for_the_person_who_logged_in_and_allowed_it(company: LoopbackPortal) -> None:
    async with whole_server(company) as whole:
        tokens = {user: await whole.token(await whole.browser(user)) for user in (ADMINISTRATOR, SELLER)}
        for user, token in tokens.items():
            assert (await whole.call(token, "read_method", method="profile"))["result"]["ID"] == str(user)


async def test_a_question_of_one_person_is_not_answered_by_another_in_the_same_browser(company: LoopbackPortal) -> None:
    async with whole_server(company) as whole:
        browser = await whole.browser(ADMINISTRATOR)
        _, page = await whole.asked(browser)
        browser.user = SELLER
        await browser.log_in()
        assert (await whole.allow(browser, page)).status_code == 403
        _, own = await whole.asked(browser)
        page.hidden["form_token"] = own.hidden["form_token"]
        assert "location" not in (await whole.allow(browser, page)).headers


async def test_after_logging_out_everywhere_only_a_new_login_gives_access(company: LoopbackPortal) -> None:
    async with whole_server(company) as whole:
        browser = await whole.browser(SELLER)
        token = await whole.token(browser)
        assert (await whole.call(token, "read_method", method="profile"))["ok"]
        assert whole.logins.has_grant is not None  # so running work stops with the access of its client
        key = f"{company.sandbox.application.member_id}:{SELLER}"
        await browser.send("/logout", everywhere="1")
        assert await whole.call(token, "read_method", method="profile") == 401
        assert await whole.logins.current(key) is None
        again = await whole.token(await whole.browser(SELLER))
        assert (await whole.call(again, "read_method", method="profile"))["ok"]
        assert await whole.call(token, "read_method", method="profile") == 401
