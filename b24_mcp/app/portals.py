"""The portals that answer: which one a call means, and keeping it open for the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from b24_mcp.access import Approvals, Gate, Level, current_caller
from b24_mcp.access.caller import CALLER
from b24_mcp.discovery import Discovery
from b24_mcp.errors import our_error
from b24_mcp.rest import Clock, Portal
from b24_mcp.secrets import Redactor
from b24_mcp.state import SharedState

if TYPE_CHECKING:
    from b24_mcp.config import Configuration
    from b24_mcp.config.settings import Settings
    from b24_mcp.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class OpenPortal:
    """A portal to call, the gate before it, and what it says of itself. `name` is what it is configured as, `settings`
    what it was opened with.
    `approvals` is where a person allows what the client cannot ask for; None when no other process could reach it.
    `notice` stands in every answer where it is not plain which portal gave it.
    """

    name: str
    portal: Portal
    settings: Settings
    gate: Gate
    discovery: Discovery
    approvals: Approvals | None = None
    notice: str | None = None

    @property
    def budget(self) -> int:
        """Characters of one answer."""
        return self.settings.budget


class Portals:
    """Opens a portal at its first call, not before: a server that only lists its tools needs no settings.

    Secrets of the settings are told to `redactor` before anything is done with them. `level` is what clients were told
    that the tools can do: settings that allow more, read later, do not.
    """

    def __init__(self, redactor: Redactor, clock: Clock | None = None, level: Level = "full") -> None:
        self._redactor = redactor
        self._clock = clock
        self._level: Level = level
        self._opening = anyio.Lock()
        self._open: dict[str, OpenPortal] = {}
        self._defaults: dict[frozenset[str] | None, str] = {}
        """What a caller means who names no portal, by the portals he may use."""
        self._sandbox: Sandbox | None = None
        """What was configured when the portal was opened."""
        self._state: SharedState | None = None

    def opened(self, name: str | None = None) -> OpenPortal | None:
        """Return a portal that a call has opened, if this caller may use it."""
        caller = CALLER.get()
        allowed = None if caller is None else caller.portals
        wanted = self._defaults.get(allowed, "") if name is None else name
        return self._open.get(wanted) if allowed is None or wanted in allowed else None

    async def get(self, name: str | None = None) -> OpenPortal:
        """Give the portal of this name, or the one that is meant when none is named.

        Raises:
            B24Error: `B24MCP_PORTAL` for a name that is none, or not for this caller; `B24MCP_SETTINGS` or
                `B24MCP_WEBHOOK` when the configuration is wrong. It is read again at the next call, so a corrected
                file needs no restart.
        """
        if (opened := self.opened(name)) is not None:
            return opened
        async with self._opening:
            if (opened := self.opened(name)) is not None:
                return opened  # somebody else was first
            # Reads files and may fill a database: other calls go on meanwhile.
            configuration = await anyio.to_thread.run_sync(self.configuration)
            allowed = current_caller().portals
            chosen = _chosen(configuration, name, allowed)
            if chosen not in self._open:
                self._open[chosen] = await anyio.to_thread.run_sync(self._open_portal, configuration, chosen)
            if name is None:
                self._defaults[allowed] = chosen
            return self._open[chosen]

    def configuration(self) -> Configuration:
        """Read what the person configured, now. Reads files: call it in a thread.

        Raises:
            B24Error: `B24MCP_SETTINGS`.
        """
        from b24_mcp.app.portal_factory import load_user_configuration  # not needed to start and list the tools

        return load_user_configuration(self._redactor)

    async def aclose(self) -> None:
        """Close what was opened."""
        opened, self._open, self._defaults = self._open, {}, {}
        for one in opened.values():
            await one.portal.aclose()
        state, self._state = self._state, None
        if state is not None:
            await state.aclose()
        if self._sandbox is not None:
            await anyio.to_thread.run_sync(self._sandbox.close)
            self._sandbox = None

    def _open_portal(self, configuration: Configuration, name: str) -> OpenPortal:
        from b24_mcp import catalog
        from b24_mcp.app.portal_factory import PortalFactory, open_shared_state
        from b24_mcp.config import SANDBOX

        catalog.load()
        self._state = self._state or open_shared_state(configuration.settings, self._clock)
        opening = PortalFactory(configuration, self._state, self._redactor, self._clock, self._level)
        if name != SANDBOX:
            return opening.configured(name)
        from b24_mcp.sandbox import Sandbox  # costs time and memory that a configured server does not need

        self._sandbox = Sandbox()
        return opening.sandbox(self._sandbox)


def _chosen(configuration: Configuration, name: str | None, allowed: frozenset[str] | None) -> str:
    """The portal a caller means, of those that he may use."""
    names = [one for one in configuration.names if allowed is None or one in allowed]
    if name is None and names:
        return names[0]
    if name in names:
        return name
    if not names:
        raise our_error("B24MCP_PORTAL", "None of the portals configured here is for this caller.")
    raise our_error(
        "B24MCP_PORTAL",
        f"There is no portal {str(name)[:60]!r}.",
        hint=f"Nothing was sent. Leave portal out, or use one of: {', '.join(names)}.",
    )
