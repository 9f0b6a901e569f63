"""The open portals: choose the portal of a call, and keep it open for the next call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from b24_mcp.access import Level, current_caller
from b24_mcp.access.caller import CALLER
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.config.portals import SANDBOX
from b24_mcp.errors import our_error
from b24_mcp.rest import Clock
from b24_mcp.secrets import Redactor
from b24_mcp.state import SharedState

if TYPE_CHECKING:
    from b24_mcp.access.person import LoggedInPerson
    from b24_mcp.app.people_logins import PeopleLogins
    from b24_mcp.app.people_portals import PeoplePortals
    from b24_mcp.config import Configuration
    from b24_sandbox import Sandbox


class Portals:
    """The portals by name. A portal is opened at its first call: a server that only lists its tools needs no settings.

    Secrets of the settings are added to `redactor` before they are used. `level` is the access level that clients were
    informed of: settings that are read later cannot raise it.

    With `people`, the server acts for people who log in: a call of a person uses the login of that person, and no
    other credential of the configuration is ever used.
    """

    def __init__(
        self,
        redactor: Redactor,
        clock: Clock | None = None,
        level: Level = "full",
        people: PeopleLogins | None = None,
    ) -> None:
        self._redactor = redactor
        self._clock = clock
        self._level: Level = level
        self.background: TaskGroup | None = None
        """Runs requests of an open portal that no caller waits for; without it, callers wait for all of them."""
        self._opening = anyio.Lock()
        self._open: dict[str, OpenPortal] = {}
        self._defaults: dict[frozenset[str] | None, str] = {}
        """The default portal of a caller, by the portals that the caller may use."""
        self._sandbox: Sandbox | None = None
        self._state: SharedState | None = None
        self.people = None if people is None else _people_portals(people, redactor, clock, level)

    def opened(self, name: str | None = None) -> OpenPortal | None:
        """Return a portal that is already open, if this caller may use it."""
        caller = CALLER.get()
        allowed = None if caller is None else caller.portals
        wanted = self._defaults.get(allowed, "") if name is None else name
        if allowed is not None and wanted not in allowed:
            return None
        if wanted == SANDBOX or (self.people is None and (caller is None or caller.person is None)):
            return self._open.get(wanted)
        person = None if caller is None else caller.person
        return self.people.opened(person) if self.people and person and person.portal == wanted else None

    async def get(self, name: str | None = None) -> OpenPortal:
        """Return the portal of this name, or the default portal, and open it if necessary.

        Raises:
            B24Error: `B24MCP_PORTAL` for an unknown name, or one that this caller may not use; `B24MCP_SETTINGS` or
                `B24MCP_WEBHOOK` when the configuration is wrong. The configuration is read again at the next call, so
                a corrected file needs no restart.
        """
        if (opened := self.opened(name)) is not None:
            return opened
        async with self._opening:
            if (opened := self.opened(name)) is not None:
                return opened  # another call opened it meanwhile
            # In a thread, because it reads files and may fill a database.
            configuration = await anyio.to_thread.run_sync(self.configuration)
            caller = current_caller()
            allowed = caller.portals
            chosen = _chosen(configuration, name, allowed)
            if chosen != SANDBOX and (self.people is not None or caller.person is not None):
                opened = await self._open_for_person(caller.person, chosen)
                if name is None:
                    self._defaults[allowed] = chosen
                return opened
            if chosen not in self._open:
                self._open[chosen] = await anyio.to_thread.run_sync(self._open_portal, configuration, chosen)
            if name is None:
                self._defaults[allowed] = chosen
            return self._open[chosen]

    def configuration(self) -> Configuration:
        """Read the configuration of the user. Reads files: call it in a thread.

        Raises:
            B24Error: `B24MCP_SETTINGS`.
        """
        if self.people is not None:
            return self.people.logins.configuration
        from b24_mcp.app.portal_factory import load_user_configuration  # not needed to start and list the tools

        return load_user_configuration(self._redactor)

    async def aclose(self) -> None:
        """Close the portals, the shared state and the sandbox."""
        opened, self._open, self._defaults = self._open, {}, {}
        for open_portal in opened.values():
            await open_portal.portal.aclose()
        if self.people is not None:
            await self.people.aclose()
        state, self._state = self._state, None
        if state is not None:
            await state.aclose()
        if self._sandbox is not None:
            await anyio.to_thread.run_sync(self._sandbox.close)
            self._sandbox = None

    async def _open_for_person(self, person: LoggedInPerson | None, name: str) -> OpenPortal:
        """Open a portal with the login of a person. No other credential is ever used.

        Raises:
            B24Error: `B24MCP_LOGIN_ENDED` when no person is known who may use this portal.
        """
        if self.people is None or person is None or person.portal != name:
            raise our_error("B24MCP_LOGIN_ENDED", f"Nobody is logged in to the portal {name[:60]!r} for this call.")
        state = await anyio.to_thread.run_sync(self._shared_state, self.people.logins.configuration)
        return await self.people.open(person, state, self.background)

    def _open_portal(self, configuration: Configuration, name: str) -> OpenPortal:
        from b24_mcp.app.portal_factory import PortalFactory

        state = self._shared_state(configuration)
        factory = PortalFactory(configuration, state, self._redactor, self._clock, self._level, self.background)
        if name != SANDBOX:
            return factory.configured(name)
        from b24_sandbox import (
            Sandbox,  # not imported on a server with a configured portal, to save time and memory
        )

        self._sandbox = Sandbox()
        return factory.sandbox(self._sandbox)

    def _shared_state(self, configuration: Configuration) -> SharedState:
        """Return the shared state. The first time, what calls need is read from files."""
        from b24_mcp import catalog, discovery
        from b24_mcp.app.portal_factory import open_shared_state

        catalog.load()
        discovery.load()
        self._state = self._state or open_shared_state(configuration.settings, self._clock)
        return self._state


def _people_portals(people: PeopleLogins, redactor: Redactor, clock: Clock | None, level: Level) -> PeoplePortals:
    from b24_mcp.app.people_portals import PeoplePortals  # not needed on a server with one credential

    return PeoplePortals(people, redactor, clock, level)


def _chosen(configuration: Configuration, name: str | None, allowed: frozenset[str] | None) -> str:
    """Return the name of the portal of a call, out of those that the caller may use."""
    names = [one for one in configuration.names if allowed is None or one in allowed]
    if name is None and names:
        return names[0]
    if name in names:
        return name
    if not names:
        raise our_error("B24MCP_PORTAL", "This caller may use none of the configured portals.")
    raise our_error(
        "B24MCP_PORTAL",
        f"There is no portal {str(name)[:60]!r}.",
        hint=f"Nothing was sent. Leave portal out, or use one of: {', '.join(names)}.",
    )
