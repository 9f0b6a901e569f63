"""A sandbox portal with an application, and people who log in through it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from b24_mcp.access import Approvals
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.people_logins import PeopleLogins
from b24_mcp.config import ENVIRONMENT, Configuration
from b24_mcp.config.settings import Settings
from b24_mcp.secrets import Redactor
from b24_mcp.state import open_state
from b24_sandbox import Sandbox
from b24_sandbox.entities.staff import USER
from tests.fake_portal import FakeClock

ORIGIN = "http://127.0.0.1:8000"
KEY = "k" * 32
ADMINISTRATOR, SELLER, MANAGER = 1, 2, 10
CALLER: ContextVar[int] = ContextVar("CALLER", default=0)
"""The user whose call the current task works for. Tasks in the background inherit it from the call."""


@dataclass
class Portal:
    """A sandbox in this process, which can be down. `clock` is the clock of the portal and of the server."""

    folder: Path
    sandbox: Sandbox
    clock: FakeClock
    paths: list[str] = field(default_factory=list)
    is_down: bool = False
    redactor: Redactor = field(default_factory=Redactor)
    tokens: list[str] = field(default_factory=list)
    callers: list[tuple[str, int]] = field(default_factory=list)
    """The method and the user of each request with a token."""
    made_for: list[tuple[int, int]] = field(default_factory=list)
    """For each request with a token: the user of the call that made it, and the user of the token."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.paths.append(scope["path"])
        for name, value in scope["headers"]:
            if name == b"authorization":
                self._note(scope["path"].rpartition("/")[2], value.decode().removeprefix("Bearer "))
        if self.is_down:
            raise OSError("the portal is down")
        await self.sandbox(scope, receive, send)

    @property
    def requests(self) -> int:
        """The number of requests to methods."""
        return sum(path.startswith("/rest/") for path in self.paths)

    def settings(self, **changes: Any) -> Settings:
        known = self.sandbox.application
        values = {
            "portal": ORIGIN,
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "http_login": "bitrix24",
            "http_key": KEY,
            "state": str(self.folder / "state" / "limits.db"),
        }
        return Settings.model_validate(values | changes)

    def logins(self, **changes: Any) -> PeopleLogins:
        """Return the logins of another server that has the same state."""
        settings = self.settings(**changes)
        configuration = Configuration(settings, self.folder / "portals.toml", {}, ENVIRONMENT)
        return PeopleLogins(configuration, self.redactor, self.clock, self)

    def approvals(self) -> Approvals:
        """Return the approvals as `b24-mcp approve` on this computer opens them."""
        return Approvals(open_state(str(self.folder / "state" / "limits.db"), self.clock.now))

    def _note(self, method: str, token: str) -> None:
        granted = self.sandbox.portal.oauth._find("access", token)
        self.tokens.append(token)
        user = 0 if granted is None else granted.user
        self.callers.append((method, user))
        self.made_for.append((CALLER.get(), user))

    def code(self, user: int) -> str:
        return self.sandbox.portal.oauth._keep("code", user, None, self.clock.now() + 30)

    async def log_in(self, logins: PeopleLogins, user: int) -> LoggedInPerson:
        pending = logins.begin(None)
        query = urlencode({"code": self.code(user), "state": pending.state})
        return await logins.complete(ENVIRONMENT, pending, query)

    def change_user(self, user: int, **columns: Any) -> None:
        self.sandbox.portal.storage.update(USER, user, columns)
