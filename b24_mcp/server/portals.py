"""Which portal answers: the configured one, or the sandbox inside this process when there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from b24_mcp import catalog
from b24_mcp.rest import Clock, Credential, Portal, PortalOptions, Redactor, our_error, parse_webhook
from b24_mcp.schema import Discovery, DocumentCache, cache_folder
from b24_mcp.state import open_state

if TYPE_CHECKING:
    from b24_mcp.sandbox import Sandbox
    from b24_mcp.settings import Settings

SANDBOX_NOTICE = "sandbox (invented data; set B24_WEBHOOK_URL to reach a real portal)"
_SANDBOX_ORIGIN = "https://sandbox.invalid"


@dataclass(frozen=True, slots=True)
class OpenPortal:
    """A portal to call, and what it says of itself. `notice` stands in every answer when the portal is not one the
    person configured.
    """

    portal: Portal
    budget: int
    discovery: Discovery
    notice: str | None = None


class Portals:
    """Opens the portal at the first call, not before: a server that only lists its tools needs no settings.

    The code of the webhook is told to `redactor` before anything is done with it.
    """

    def __init__(self, redactor: Redactor, clock: Clock | None = None) -> None:
        self._redactor = redactor
        self._clock = clock
        self._opening = anyio.Lock()
        self._open: OpenPortal | None = None
        self._sandbox: Sandbox | None = None

    @property
    def opened(self) -> OpenPortal | None:
        """The portal, if a call has opened it."""
        return self._open

    async def get(self) -> OpenPortal:
        """Give the portal.

        Raises:
            B24Error: `B24MCP_SETTINGS` or `B24MCP_WEBHOOK` when the configuration is wrong. It is read again at the
                next call, so a corrected `.env` needs no restart.
        """
        async with self._opening:
            if self._open is None:
                # Reads files and may fill a database: other calls go on meanwhile.
                self._open = await anyio.to_thread.run_sync(self._open_portal)
            return self._open

    async def aclose(self) -> None:
        """Close what was opened."""
        opened, self._open = self._open, None
        if opened is not None:
            await opened.portal.aclose()
        if self._sandbox is not None:
            await anyio.to_thread.run_sync(self._sandbox.close)
            self._sandbox = None

    def _open_portal(self) -> OpenPortal:
        from b24_mcp.settings import SettingsError, load_settings  # not needed to start and list the tools

        catalog.load()
        try:
            settings = load_settings()
        except SettingsError as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
        return self._configured(settings) if settings.has_portal else self._sandbox_portal(settings)

    def _credential(self, settings: Settings) -> Credential:
        if settings.webhook_url is not None:
            webhook = parse_webhook(settings.webhook_url.get_secret_value())
            self._redactor.add(webhook.code)
            return webhook
        from b24_mcp.server.logins import configured_application, open_login  # only who logs in pays for it

        portal, application = configured_application(settings)
        return open_login(portal.host, portal, application, settings, self._redactor, self._clock)

    def _configured(self, settings: Settings) -> OpenPortal:
        credential = self._credential(settings)
        try:
            state = open_state(settings.state)
        except ValueError as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
        options = PortalOptions(
            seconds=settings.timeout,
            deadline=settings.deadline,
            plan=settings.plan,
            largest_answer=settings.largest_answer << 20,
            ca_bundle=settings.ca_bundle,
        )
        portal = Portal(credential, options, state=state, clock=self._clock)
        # What answers on this computer may be another portal tomorrow: nothing is kept of it.
        cache = None if credential.is_loopback else DocumentCache(cache_folder(), portal.host)
        return OpenPortal(portal, settings.budget, Discovery(portal, cache, self._clock))

    def _sandbox_portal(self, settings: Settings) -> OpenPortal:
        from b24_mcp.sandbox import Sandbox  # costs time and memory that a configured server does not need

        self._sandbox = Sandbox()
        webhook = parse_webhook(self._sandbox.webhook_url(_SANDBOX_ORIGIN))
        portal = Portal(webhook, PortalOptions(plan="none"), app=self._sandbox)
        return OpenPortal(portal, settings.budget, Discovery(portal), SANDBOX_NOTICE)
