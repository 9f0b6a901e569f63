"""A server where people log in, on a sandbox portal, and browsers that they use."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from html import unescape
from types import SimpleNamespace
from typing import Any, cast

import anyio.to_thread
import httpx
import pytest
from mcp.server.auth.provider import AccessToken
from starlette.applications import Starlette

from b24_mcp.access.caller import LEVEL_SCOPES, LEVELS
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.people_logins import PeopleLogins
from b24_mcp.config import load_configuration
from b24_mcp.secrets import Redactor
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.http.people import GrantedClient
from b24_mcp.server.http.people.login import browser_login
from b24_mcp.server.http.people.routes import people_routes
from b24_mcp.server.http.people.sessions import Sessions
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import SharedState, open_state
from tests.loopback import LoopbackPortal
from tests.server.http.conftest import MODERN, modern_headers
from tests.server.http.issuer import URL

KEY = "k" * 32
HOME = "https://mcp.example.com"
ADMINISTRATOR, SELLER, MANAGER = 1, 4, 10


@dataclass
class FakeGrants:
    """The `ClientGrants` of a test. `granted` are the clients by the key of the person."""

    granted: dict[str, list[GrantedClient]] = field(default_factory=dict)

    def add(self, person: str, id: str, name: str, host: str = "127.0.0.1") -> None:
        client = GrantedClient(id, name, host, "write", time.time() - 7_200, time.time() - 120)
        self.granted.setdefault(person, []).append(client)

    async def of(self, person: LoggedInPerson) -> Sequence[GrantedClient]:
        return list(self.granted.get(person.key, ()))

    async def has(self, grant_id: str) -> bool:
        return any(client.id == grant_id for clients in self.granted.values() for client in clients)

    async def revoke(self, person: LoggedInPerson, grant_id: str) -> bool:
        before = self.granted.get(person.key, [])
        self.granted[person.key] = [client for client in before if client.id != grant_id]
        return len(self.granted[person.key]) < len(before)


@dataclass
class Browser:
    """A browser of one person, who is `user` at the portal (None: who declines there)."""

    http: httpx.AsyncClient
    portal: str
    user: int | None

    async def at_portal(self, address: str) -> httpx.Response:
        """Open an address of the portal, whose user is logged in there."""
        async with httpx.AsyncClient() as client:
            return await client.get(address, headers={"cookie": f"SANDBOX_USER={self.user or 'nobody'}"})

    async def begin(self, path: str = "/login") -> str:
        """Begin a login; return the address of the portal where it goes on."""
        response = await self.http.get(path)
        assert response.status_code == 303, response.text
        return response.headers["location"]

    async def callback(self, path: str = "/login") -> str:
        """Begin a login and consent; return the address to which the portal sends the browser."""
        consented = await self.at_portal(await self.begin(path))
        assert consented.status_code == 302, consented.text
        return consented.headers["location"]

    async def log_in(self, path: str = "/login") -> httpx.Response:
        """Log in; return the answer of the server to the redirect of the portal."""
        return await self.http.get(await self.callback(path))

    async def page(self, path: str = "/", **headers: str) -> str:
        response = await self.http.get(path, headers=headers)
        return unescape(response.text)

    async def send(self, path: str, token: str | None = None, **fields: str) -> httpx.Response:
        """Send a form of a page of the server, as a browser does."""
        token = form_token(await self.page("/logout")) if token is None else token
        headers = {"origin": HOME, "sec-fetch-site": "same-origin"}
        return await self.http.post(path, data=fields | {"form_token": token}, headers=headers)


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', page)
    assert found is not None, page
    return found[1]


@dataclass
class PeopleServer:
    """The server of a test, with its portal."""

    http_of: Callable[[], httpx.AsyncClient]
    portal: LoopbackPortal
    grants: FakeGrants
    state: SharedState
    logins: PeopleLogins

    def browser(self, user: int | None = ADMINISTRATOR) -> Browser:
        return Browser(self.http_of(), self.portal.origin, user)

    def key(self, user: int) -> str:
        return f"{self.portal.sandbox.application.member_id}:{user}"

    async def call(self, user: int, tool: str, answers: Any = None, capabilities: Any = None, **arguments: Any) -> Any:
        """Call a tool for a person, with the protocol of 2026-07-28. Return the result."""
        about = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": capabilities or {},
        }
        params = {"name": tool, "arguments": arguments, "_meta": about} | (answers or {})
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        async with self.http_of() as http:
            response = await http.post("/mcp", headers=modern_headers(tool, self.key(user)), content=json.dumps(body))
        assert response.status_code == 200, response.text
        return response.json()["result"]

    async def answer(self, user: int, tool: str, **arguments: Any) -> Any:
        """Call a tool for a person. Return the answer that the model reads."""
        return json.loads((await self.call(user, tool, **arguments))["content"][0]["text"])


def set_people(portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the settings of a server whose people log in to a portal."""
    known = portal.sandbox.application
    for name, value in {
        "B24_PORTAL": portal.origin,
        "B24_CLIENT_ID": known.client_id,
        "B24_CLIENT_SECRET": known.client_secret,
        "B24_HTTP_LOGIN": "bitrix24",
        "B24_HTTP_URL": URL,
        "B24_HTTP_KEY": KEY,
    }.items():
        monkeypatch.setenv(name, value)


@dataclass
class PersonTokens:
    """Stands in for the authorization server of clients: the token of a person is the key of the person."""

    logins: PeopleLogins

    async def verify_token(self, token: str) -> AccessToken | None:
        person = await self.logins.current(token)
        if person is None:
            return None
        claims = {"iss": HOME, "person": asdict(person), "client_name": "Claude"}
        scopes = list(LEVEL_SCOPES[: LEVELS.index(person.level) + 1])
        return AccessToken(token="***", client_id="claude", subject=person.key, scopes=scopes, claims=claims)


@asynccontextmanager
async def people_server(
    portal: LoopbackPortal, now: Callable[[], float] = time.time, url: str = URL
) -> AsyncIterator[PeopleServer]:
    """Serve people. Calls of tools come with the tokens of `PersonTokens`."""
    async with people_application(portal, now, url) as (_, server):
        yield server


@asynccontextmanager
async def people_application(
    portal: LoopbackPortal, now: Callable[[], float] = time.time, url: str = URL
) -> AsyncIterator[tuple[Starlette, PeopleServer]]:
    """Run the application of a server; see `people_server`."""
    state = open_state(os.environ["B24_STATE"])
    logins = PeopleLogins(await anyio.to_thread.run_sync(load_configuration), Redactor())
    grants = FakeGrants()
    options = HttpOptions(host="0.0.0.0", url=url, login=True, keys=(KEY,))
    login = browser_login(url, (KEY,), Sessions(state, now), logins)
    pages = people_routes(login, grants, state)
    served = build_server(Redactor(), keys=(KEY,), people=logins, portals=(*logins.portal_names(), "sandbox"))
    tokens = cast("Any", SimpleNamespace(verifier=PersonTokens(logins), routes=list))
    application, _ = http_application(served, options, state, pages=pages, grants=tokens)
    transport = httpx.ASGITransport(application, client=("203.0.113.5", 5000))

    def http() -> httpx.AsyncClient:
        headers = {"accept-language": "en"}
        return httpx.AsyncClient(transport=transport, base_url=url.removesuffix("/mcp"), headers=headers)

    async with application.router.lifespan_context(application):
        yield application, PeopleServer(http, portal, grants, state, logins)
