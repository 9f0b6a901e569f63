"""Which portal answers: the configured one, or the sandbox inside this process when there is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from b24_mcp import catalog
from b24_mcp.access import AccessRules, Approvals, AuditTrail, Gate, Level, default_folder
from b24_mcp.rest import Clock, Credential, Portal, PortalOptions, Redactor, our_error, parse_webhook
from b24_mcp.schema import Discovery, DocumentCache, cache_folder
from b24_mcp.state import SharedState, open_state

if TYPE_CHECKING:
    from b24_mcp.sandbox import Sandbox
    from b24_mcp.settings import Settings

SANDBOX_NOTICE = "sandbox (invented data; set B24_WEBHOOK_URL to reach a real portal)"
_SANDBOX_ORIGIN = "https://sandbox.invalid"


@dataclass(frozen=True, slots=True)
class OpenPortal:
    """A portal to call, the gate before it, and what it says of itself. `approvals` is where a person allows what the
    client cannot ask for; None when no other process could reach it. `notice` stands in every answer when the portal is
    not one the person configured.
    """

    portal: Portal
    budget: int
    gate: Gate
    discovery: Discovery
    approvals: Approvals | None = None
    notice: str | None = None


class Portals:
    """Opens the portal at the first call, not before: a server that only lists its tools needs no settings.

    Secrets of the settings are told to `redactor` before anything is done with them. `level` is what clients were told
    that the tools can do: settings that allow more, read later, do not.
    """

    def __init__(self, redactor: Redactor, clock: Clock | None = None, level: Level = "full") -> None:
        self._redactor = redactor
        self._clock = clock
        self._level: Level = level
        self._opening = anyio.Lock()
        self._open: OpenPortal | None = None
        self._sandbox: Sandbox | None = None
        self.settings: Settings | None = None
        """What was configured when the portal was opened."""
        self._state: SharedState | None = None

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
        state, self._state = self._state, None
        if state is not None:
            await state.aclose()
        if self._sandbox is not None:
            await anyio.to_thread.run_sync(self._sandbox.close)
            self._sandbox = None

    def _open_portal(self) -> OpenPortal:
        catalog.load()
        settings = settings_of_person(self._redactor)
        try:
            self._state = open_state(settings.state)
            rules = _rules(settings).narrowed_to(self._level)
        except ValueError as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
        self.settings = settings
        if not settings.has_portal:
            return self._sandbox_portal(settings, rules, self._state)
        return self._configured(settings, rules, self._state)

    def _credential(self, settings: Settings) -> Credential:
        if settings.webhook_url is not None:
            webhook = parse_webhook(settings.webhook_url.get_secret_value())
            self._redactor.add(webhook.code)
            return webhook
        from b24_mcp.server.logins import configured_application, open_login  # only who logs in pays for it

        portal, application = configured_application(settings)
        return open_login(portal.host, portal, application, settings, self._redactor, self._clock)

    def _configured(self, settings: Settings, rules: AccessRules, state: SharedState) -> OpenPortal:
        credential = self._credential(settings)
        options = PortalOptions(
            seconds=settings.timeout,
            deadline=settings.deadline,
            plan=settings.plan,
            largest_answer=settings.largest_answer << 20,
            ca_bundle=settings.ca_bundle,
        )
        gate = Gate(credential.host, rules, _trail(settings, self._redactor))
        portal = Portal(credential, options, guard=gate, state=state, clock=self._clock)
        # What answers on this computer may be another portal tomorrow: nothing is kept of it.
        cache = None if credential.is_loopback else DocumentCache(cache_folder(), portal.host)
        discovery = Discovery(portal, cache, self._clock)
        return OpenPortal(portal, settings.budget, gate, discovery, _approvals(settings, state))

    def _sandbox_portal(self, settings: Settings, rules: AccessRules, state: SharedState) -> OpenPortal:
        """The sandbox keeps the same rules, so that they can be tried; what is done to it is in no audit trail."""
        from b24_mcp.sandbox import Sandbox  # costs time and memory that a configured server does not need

        self._sandbox = Sandbox()
        webhook = parse_webhook(self._sandbox.webhook_url(_SANDBOX_ORIGIN))
        gate = Gate("the sandbox", rules)
        portal = Portal(webhook, PortalOptions(plan="none"), guard=gate, app=self._sandbox)
        return OpenPortal(portal, settings.budget, gate, Discovery(portal), _approvals(settings, state), SANDBOX_NOTICE)


def settings_of_person(redactor: Redactor) -> Settings:
    """Read the settings, and tell `redactor` what in them is secret before anything is done with it.

    Raises:
        B24Error: `B24MCP_SETTINGS`, naming the setting that is wrong.
    """
    from b24_mcp.settings import SettingsError, load_settings  # not needed to start and list the tools

    try:
        settings = load_settings()
    except SettingsError as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
    for secret in settings.secrets():
        redactor.add(secret)
    return settings


def _rules(settings: Settings) -> AccessRules:
    return AccessRules(
        level=settings.access,
        allow=settings.allow,
        deny=settings.deny,
        approval=settings.approval,
        approval_writes=settings.approval_writes,
    )


def _approvals(settings: Settings, state: SharedState) -> Approvals | None:
    return None if settings.state == "memory" else Approvals(state)


def _trail(settings: Settings, redactor: Redactor) -> AuditTrail | None:
    if settings.audit == "off":
        return None
    folder = default_folder() if settings.audit is None else Path(settings.audit).expanduser()
    return AuditTrail(folder, redactor, settings.audit_values)
