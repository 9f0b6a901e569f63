"""A portal with a login, in this process, on a clock that the test advances."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.rest import Portal, PortalOptions
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.oauth import Application, AuthorizationServer, Login
from b24_mcp.secrets import Redactor
from b24_mcp.state import Tokens, TokenStore, open_tokens
from b24_sandbox import Sandbox
from tests.fake_portal import FakeClock

ORIGIN = "http://127.0.0.1:8000"
NAME = "127.0.0.1:8000"


@dataclass
class Arrived:
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Watched:
    """Records requests and forwards them to another ASGI application."""

    app: Any
    requests: list[Arrived] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        arrived = Arrived(scope["path"], scope["query_string"].decode(), headers, message["body"])
        self.requests.append(arrived)
        messages = [message]

        async def replay() -> Any:
            return messages.pop() if messages else await receive()

        await self.app(scope, replay, send)


@dataclass
class Scene:
    """`sandbox` is both portal and authorization server; `clock` is the clock of the client."""

    sandbox: Sandbox
    store: TokenStore
    clock: FakeClock
    redactor: Redactor = field(default_factory=Redactor)
    server: Any = None
    oauth_server: str | None = None
    """The value of B24_OAUTH_SERVER."""

    def __post_init__(self) -> None:
        self.app = Watched(self.sandbox)
        self.server = self.server or self.app

    @property
    def renewals(self) -> int:
        return sum(request.path == "/oauth/token/" for request in self.app.requests)

    @property
    def application(self) -> Application:
        known = self.sandbox.application
        return Application(known.client_id, known.client_secret, self.oauth_server)

    def tokens(self, lifetime: float | None = None, **changes: Any) -> Tokens:
        """Return a pair of the authorization server. `lifetime` counts for the portal, `expires` for the client."""
        issued = self.sandbox.portal.oauth.issue(lifetime=lifetime)
        tokens = Tokens(
            client_id=self.application.client_id,
            member_id=self.sandbox.application.member_id,
            access_token=issued.access_token,
            refresh_token=issued.refresh_token,
            expires=self.clock.now() + 3500,
            endpoint=ORIGIN,
            server=ORIGIN,
            user_id=1,
        )
        return replace(tokens, **changes)

    async def keep(self, tokens: Tokens) -> None:
        async with self.store.alone(NAME) as lease:
            await lease.read()
            await lease.write(tokens)

    async def kept(self) -> Tokens:
        found = await self.store.read(NAME)
        assert found is not None
        return found

    def login(self, application: Application | None = None, of: type[Login] = Login, portal: str = ORIGIN) -> Login:
        server = AuthorizationServer(application or self.application, app=self.server or None)
        return of(NAME, PortalAddress(portal), server, self.store, self.redactor.add, self.clock)

    @asynccontextmanager
    async def open(self, login: Login | None = None, deadline: float = 0.0) -> AsyncIterator[Portal]:
        options = PortalOptions(plan="none", deadline=deadline)
        portal = Portal(login or self.login(), options, clock=self.clock, app=self.app)
        try:
            yield portal
        finally:
            await portal.aclose()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    clock = FakeClock()
    sandbox = Sandbox(empty=True, clock=clock.now)
    yield Scene(sandbox, open_tokens(str(tmp_path / "state" / "limits.db")), clock)
    sandbox.close()
