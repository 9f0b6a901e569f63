"""A team server without a network: people with browsers, clients, and the tokens that clients get."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from b24_mcp.access import Caller, Level
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.http.people import SignedIn
from b24_mcp.server.http.people.grants import GrantServer
from b24_mcp.server.http.people.grants.fetching import GuardedFetcher
from b24_mcp.state import SharedState, open_state
from tests.server.http.conftest import Served, modern_call, modern_headers, watched_server

URL = "https://mcp.example.com/mcp"
HOST = "https://mcp.example.com"
REDIRECT = "http://127.0.0.1:41000/callback"
CLIENT = {"client_name": "Test client", "redirect_uris": ["http://127.0.0.1/callback"]}
ANNA = LoggedInPerson("default", "m1", 1, "Anna Petrova", level="write")
BORIS = LoggedInPerson("default", "m1", 2, "Борис", level="read", language="ru")
ROOT = LoggedInPerson("default", "m1", 3, "Root", is_admin=True, level="full")


class Ticker:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class FakeLogin:
    """The login of people: the header `x-test-person` of a browser says who logs in."""

    def __init__(self, *people: LoggedInPerson) -> None:
        self.people = {person.key: person for person in people}
        self.sessions: dict[str, SignedIn] = {}
        self.begun: list[str] = []
        self.asked = 0

    async def signed_in(self, request: Request) -> SignedIn | None:
        found = self.sessions.get(request.cookies.get("session", ""))
        return found and replace(found, person=self.people[found.person.key])

    async def begin(self, request: Request, back_to: str) -> Response:
        self.begun.append(back_to)
        assert back_to.startswith("/")
        assert not back_to.startswith("//")
        session = secrets.token_hex(8)
        person = self.people[request.headers["x-test-person"]]
        self.sessions[session] = SignedIn(person, secrets.token_hex(16))
        response = RedirectResponse(back_to, 303)
        response.set_cookie("session", session)
        return response

    async def current(self, key: str) -> LoggedInPerson | None:
        self.asked += 1
        return self.people.get(key)


class Page:
    """A page with at most one form."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.html = response.text
        self.headers = response.headers
        self.text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style.*?</style>", "", response.text)))
        inputs = [dict(re.findall(r'([a-z-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", response.text)]
        self.hidden = {one["name"]: unescape(one["value"]) for one in inputs if one.get("type") == "hidden"}
        self.levels = [one["value"] for one in inputs if one.get("type") == "radio"]
        chosen = re.search(r'<input type="radio"[^>]*value="(\w+)" checked', response.text)
        self.chosen = chosen[1] if chosen else ""


class Browser:
    """The browser of a person. It follows redirects of the server, and stops at those that leave it."""

    def __init__(self, application: Any, person: LoggedInPerson, address: str = "203.0.113.9") -> None:
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(application, client=(address, 5000)),
            base_url=HOST,
            headers={"x-test-person": person.key},
        )

    async def get(self, url: str) -> httpx.Response:
        response = await self.http.get(url)
        while response.is_redirect and response.headers["location"].startswith(("/", HOST)):
            response = await self.http.get(response.headers["location"])
        return response

    async def open(self, url: str) -> Page:
        return Page(await self.get(url))

    async def send(self, page: Page, headers: Any = None, **fields: str) -> httpx.Response:
        own = {"origin": HOST, "sec-fetch-site": "same-origin"} if headers is None else headers
        form = page.hidden | {"answer": "allow", "level": page.chosen} | fields
        return await self.http.post("/oauth/consent", data=form, headers=own)


@dataclass
class Login:
    """A login of a client: its request, and the proof that belongs to it."""

    client_id: str
    verifier: str
    url: str
    redirect_uri: str


@dataclass
class World:
    application: Any
    login: FakeLogin
    clock: Ticker
    server: GrantServer
    served: Served
    http: httpx.AsyncClient
    documents: dict[str, Any] = field(default_factory=dict)

    def browser(self, person: LoggedInPerson = ANNA) -> Browser:
        return Browser(self.application, person)

    async def register(self, **metadata: Any) -> dict[str, Any]:
        response = await self.http.post("/oauth/register", json=CLIENT | metadata)
        assert response.status_code == 201, response.text
        registered: dict[str, Any] = response.json()
        return registered

    def request(self, client_id: str, *, redirect_uri: Any = REDIRECT, **changed: str | None) -> Login:
        verifier = secrets.token_urlsafe(48)
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "state": "a state & more",
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "resource": URL,
            "scope": "b24:read b24:write",
        } | changed
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return Login(client_id, verifier, f"/oauth/authorize?{query}", redirect_uri)

    async def code(self, login: Login, person: LoggedInPerson = ANNA, **fields: str) -> str:
        browser = self.browser(person)
        answer = await browser.send(await browser.open(login.url), **fields)
        return answered(answer)["code"]

    async def token(self, **form: str) -> httpx.Response:
        return await self.http.post("/oauth/token", data=form)

    async def redeem(self, login: Login, code: str = "", **changed: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "client_id": login.client_id}
        return await self.token(
            **form | {"code_verifier": login.verifier, "redirect_uri": login.redirect_uri, "resource": URL} | changed
        )

    async def renew(self, client_id: str, refresh: str, **changed: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": client_id}
        return await self.token(**form | changed)

    async def log_in(
        self, person: LoggedInPerson = ANNA, client_id: str | None = None, level: Level | None = None, **changed: str
    ) -> dict[str, Any]:
        """Log a client in, and return its tokens with its id."""
        client_id = client_id or (await self.register())["client_id"]
        login = self.request(client_id, **changed)
        fields = {} if level is None else {"level": level}
        answer = await self.redeem(login, await self.code(login, person, **fields))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens | {"client_id": client_id}

    async def call(self, token: str, query: str = "") -> int:
        """Call a tool, and return the status."""
        headers = modern_headers("who", token)
        return (await self.http.post(f"/mcp{query}", headers=headers, content=modern_call("who", {}))).status_code

    async def caller(self, token: str, query: str = "") -> Caller:
        assert await self.call(token, query) == 200
        return self.served.callers[-1]


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def answered(response: httpx.Response) -> dict[str, str]:
    """Return the parameters of a redirect to a client."""
    assert response.status_code == 303, response.text
    query = parse_qs(urlsplit(response.headers["location"]).query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def document(content: bytes, status: int = 200, **headers: str) -> httpx.Response:
    """Return an answer whose content arrives in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 1_000):
            yield content[at : at + 1_000]

    own = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=own, content=pieces())


@asynccontextmanager
async def open_world(
    state: SharedState | None = None,
    people: Sequence[LoggedInPerson] = (ANNA, BORIS, ROOT),
    login: FakeLogin | None = None,
    clock: Ticker | None = None,
    highest: Level = "full",
    fetcher: GuardedFetcher | None = None,
) -> AsyncIterator[World]:
    state, login, clock = state or open_state("memory"), login or FakeLogin(*people), clock or Ticker()
    documents: dict[str, Any] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        found = documents[f"https://{request.headers['host']}{request.url.path}"]
        return found if isinstance(found, httpx.Response) else document(json.dumps(found).encode())

    async def public(host: str) -> Sequence[str]:
        return ["93.184.215.14"]

    fetcher = fetcher or GuardedFetcher(resolve=public, transport=lambda: httpx.MockTransport(answer))
    server = GrantServer(URL, state, login, highest, fetcher=fetcher, clock=clock)
    options = HttpOptions(host="0.0.0.0", url=URL, login=True, keys=("k" * 32,))
    served = Served(httpx.AsyncClient())
    application, _ = http_application(watched_server(served), options, state, grants=server)
    transport = httpx.ASGITransport(application, client=("203.0.113.5", 5000))
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url=HOST) as http,
    ):
        yield World(application, login, clock, server, served, http, documents)
