"""A server that acts for people, on the sandbox, without a network. Its clients have a token for each person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import pytest
from mcp.server.auth.provider import AccessToken

from b24_mcp.access.caller import LEVEL_SCOPES, LEVELS
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.people_logins import PeopleLogins
from b24_mcp.server.http import application as http
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state
from tests.people.kit import CALLER, Portal
from tests.server.http.conftest import modern_call, modern_headers


@dataclass
class PersonTokens:
    """Stands in for the authorization server of clients: the token of a person is the key of the person."""

    people: dict[str, LoggedInPerson] = field(default_factory=dict)
    claims: dict[str, Any] | None = None

    async def verify_token(self, token: str) -> AccessToken | None:
        person = self.people.get(token)
        if person is None:
            return None
        claims = {"iss": "https://mcp.example.com", "person": asdict(person)} if self.claims is None else self.claims
        scopes = list(LEVEL_SCOPES[: LEVELS.index(person.level) + 1])
        return AccessToken(token="***", client_id="client", subject=person.key, scopes=scopes, claims=claims)


@dataclass
class PeopleServer:
    http: httpx.AsyncClient
    tokens: PersonTokens
    logins: PeopleLogins
    portal: Portal

    async def log_in(self, user: int) -> LoggedInPerson:
        person = await self.portal.log_in(self.logins, user)
        self.tokens.people[person.key] = person
        return person

    async def call(self, person: LoggedInPerson, tool: str, **arguments: Any) -> Any:
        content = modern_call(tool, arguments)
        CALLER.set(person.user_id)
        response = await self.http.post("/mcp", headers=modern_headers(tool, person.key), content=content)
        assert response.status_code == 200, response.text
        return json.loads(response.json()["result"]["content"][0]["text"])


@asynccontextmanager
async def people_server(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> AsyncIterator[PeopleServer]:
    """Serve people. `settings` are those of the server."""
    changes = {"audit": str(portal.folder / "audit"), "data_dir": str(portal.folder / "data"), "plan": "none"}
    logins = portal.logins(**changes | settings)
    tokens = PersonTokens()
    monkeypatch.setattr(http, "_verifier", lambda *_: tokens)
    server = build_server(portal.redactor, clock=portal.clock, people=logins, portals=("environment", "sandbox"))
    application, _ = http.http_application(server, HttpOptions(token="0" * 32), open_state("memory"))
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1:8024") as client,
    ):
        yield PeopleServer(client, tokens, logins, portal)
