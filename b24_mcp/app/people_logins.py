"""The logins of people who use a server over HTTP (`B24_HTTP_LOGIN`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from b24_mcp.access import LEVELS
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.logins import configured_application
from b24_mcp.config import Configuration
from b24_mcp.config.login import login_portals
from b24_mcp.config.roles import parse_roles
from b24_mcp.errors import our_error
from b24_mcp.rest import Clock, Credential, Portal, PortalOptions, SystemClock
from b24_mcp.rest.auth.address import PortalAddress, parse_portal
from b24_mcp.rest.auth.oauth import Application, AuthorizationServer, Login, PendingLogin, begin_login
from b24_mcp.secrets import Redactor
from b24_mcp.state import Tokens, open_state

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SECONDS = 180 * 86_400.0


class PeopleLogins:
    """The logins of people. `app` is an ASGI application that answers instead of the portal, for tests."""

    def __init__(
        self, configuration: Configuration, redactor: Redactor, clock: Clock | None = None, app: object = None
    ) -> None:
        self._configuration = configuration
        self._redactor = redactor
        self._clock = clock or SystemClock()
        self._app = app
        self._applications: dict[str, tuple[PortalAddress, Application]] = {}
        self._roles = parse_roles(configuration.settings.http_roles, configuration.settings.access)
        self._state = open_state(configuration.settings.state, None if clock is None else clock.now)

    def portal_names(self) -> tuple[str, ...]:
        """Return the names of the portals that people can log in to, the default first."""
        return login_portals(self._configuration)

    def begin(self, portal: str | None) -> PendingLogin:
        """Return a request for consent at a portal, or at the default one, with a new state.

        Raises:
            B24Error: `B24MCP_PORTAL` for an unknown portal, `B24MCP_SETTINGS` when its settings cannot be used.
        """
        address, application = self._application(self.portal_names()[0] if portal is None else portal)
        return begin_login(address, application)

    async def complete(self, portal: str, pending: PendingLogin, query: str) -> LoggedInPerson:
        """Exchange the code in the query of a redirect, ask the portal who this is, and store the person.

        Raises:
            B24Error: when the redirect does not belong to the login, the portal refuses the tokens, or the person has
                no access. Nothing is stored then.
            OSError: when the person cannot be stored.
        """
        address, application = self._application(portal)
        settings = self._configuration.settings
        server = AuthorizationServer(application, settings.ca_bundle, self._app)
        tokens = await pending.complete(pending.read_redirect(query), server, self._clock.now())
        login = Login("", address, server, _Held(tokens), self._redactor.add, self._clock)
        options = PortalOptions(plan=settings.plan, ca_bundle=settings.ca_bundle)
        asked = Portal(login, options, state=self._state, clock=self._clock, app=self._app)
        try:
            user = (await asked.call("user.current")).result
            is_admin = (await asked.call("user.admin")).result is True
        finally:
            await asked.aclose()
        if not isinstance(user, Mapping) or user.get("ACTIVE") is False:
            raise our_error("B24MCP_LOGIN_ENDED", "This person is not active on the portal.")
        person = self._person(portal, tokens.member_id, user, is_admin)
        await self._state.put_note(
            f"person:{person.key}", json.dumps(asdict(person)), self._clock.now(), seconds=_SECONDS
        )
        return person

    async def current(self, key: str) -> LoggedInPerson | None:
        """Return the person with the rights that they have now; None when they have no access any more.

        Raises:
            OSError: when the shared state cannot be used.
        """
        text = await self._state.read_note(f"person:{key}", self._clock.now())
        if text is None:
            return None
        found = json.loads(text)
        return LoggedInPerson(**{**found, "departments": tuple(found["departments"])})

    async def forget(self, key: str) -> bool:
        """Delete what is stored of a person. Return False when nothing was.

        Raises:
            OSError: when the shared state cannot be used.
        """
        return await self._state.take_note(f"person:{key}", self._clock.now()) is not None

    def credential(self, person: LoggedInPerson) -> Credential:
        """Return the credential of a person.

        Raises:
            B24Error: `B24MCP_LOGIN_ENDED`: this version keeps no tokens.
        """
        raise our_error("B24MCP_LOGIN_ENDED", f"There is no login of {person.name}.")

    async def aclose(self) -> None:
        """Close the store."""
        await self._state.aclose()

    def _application(self, name: str) -> tuple[PortalAddress, Application]:
        if name not in self._applications:
            self._applications[name] = self._configured(name)
        return self._applications[name]

    def _configured(self, name: str) -> tuple[PortalAddress, Application]:
        configuration = self._configuration
        if name not in self.portal_names():
            raise our_error("B24MCP_PORTAL", f"People cannot log in to the portal {name[:60]!r}.")
        if name not in configuration.portals:
            return configured_application(configuration.settings)
        entry = configuration.portals[name]
        secret = configuration.client_secret(name, configuration.open_secrets())
        return parse_portal(entry.address or ""), Application(
            entry.client_id or "", secret, configuration.settings.oauth_server
        )

    def _person(self, portal: str, member_id: str, user: Mapping[str, object], is_admin: bool) -> LoggedInPerson:
        departments = user.get("UF_DEPARTMENT")
        ids = tuple(int(one) for one in departments) if isinstance(departments, list) else ()
        name = f"{user.get('NAME') or ''} {user.get('LAST_NAME') or ''}".strip()
        user_id = int(str(user["ID"]))
        level = self._roles.level(user_id, is_admin=is_admin, departments=ids)
        if level == "none":
            raise our_error("B24MCP_PORTAL", f"{name} may not use this server.")
        highest = self._configuration.settings.access
        return LoggedInPerson(portal, member_id, user_id, name, is_admin, ids, min(level, highest, key=LEVELS.index))


class _Held:
    """A store of the tokens of one login, in memory."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    async def read(self, name: str = "") -> Tokens | None:
        return self.tokens

    async def write(self, tokens: Tokens) -> None:
        self.tokens = tokens

    async def forget(self) -> bool:
        return False

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[_Held]:
        yield self

    async def aclose(self) -> None:
        return None
