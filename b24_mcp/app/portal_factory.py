"""Open portals as the user configured them: credential, access rules, limits and audit log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.abc import TaskGroup

from b24_mcp.access import (
    AccessRules,
    Approvals,
    AuditTrail,
    Gate,
    Level,
    RecentWrites,
    WriteWindow,
    default_folder,
    probing,
)
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.person_guard import HasGrant, PersonGuard, PersonNow
from b24_mcp.app.record_names import RecordNames
from b24_mcp.config import SANDBOX, Configuration, ConfigurationError, load_configuration
from b24_mcp.config.secrets import SecretsError
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.discovery import (
    DiscoveredMethods,
    Discovery,
    DocumentCache,
    MethodGrants,
    PortalFacts,
    WatchingGuard,
    cache_folder,
)
from b24_mcp.errors import our_error
from b24_mcp.rest import Clock, Credential, Portal, PortalOptions, SharedPortal, parse_webhook
from b24_mcp.secrets import Redactor
from b24_mcp.state import SharedState, open_state

if TYPE_CHECKING:
    from b24_sandbox import Sandbox

_SANDBOX_HOST = "sandbox.invalid"
_SANDBOX_ORIGIN = f"https://{_SANDBOX_HOST}"


def load_user_configuration(redactor: Redactor) -> Configuration:
    """Read the settings and the file of portals. Secrets are added to `redactor` before they are used.

    Raises:
        B24Error: `B24MCP_SETTINGS`, naming what is wrong.
    """
    try:
        configuration = load_configuration()
    except (SettingsError, ConfigurationError) as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
    for secret in configuration.settings.secrets():
        redactor.add(secret)
    return configuration


def open_shared_state(settings: Settings, clock: Clock | None = None) -> SharedState:
    """Open the state that is shared with other processes. `clock` replaces the clock of the store in tests.

    Raises:
        B24Error: `B24MCP_SETTINGS`.
    """
    try:
        return open_state(settings.state, None if clock is None else clock.now)
    except ValueError as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None


@dataclass(frozen=True, slots=True)
class PersonalLogin:
    """The login of the person `key`. In tests, `app` answers instead of the portal.

    `on_change` is called after a write, with what others may have kept of the portal. `person_now` returns the person
    with the rights that they have now, and `has_grant` is that of `PersonGuard`.
    """

    key: str
    credential: Credential
    on_change: Callable[[Collection[str]], Awaitable[None]]
    person_now: PersonNow
    has_grant: HasGrant | None
    app: object = None


@dataclass(frozen=True, slots=True)
class PortalFactory:
    """Opens the portals of one configuration.

    `level` is the highest access level that any of them may have. `background` runs requests that no caller waits for.
    """

    configuration: Configuration
    state: SharedState
    redactor: Redactor
    clock: Clock | None
    level: Level
    background: TaskGroup | None = None

    def configured(self, name: str) -> OpenPortal:
        """Open the portal of the environment, or a portal of the file.

        Raises:
            B24Error: `B24MCP_SETTINGS` or `B24MCP_WEBHOOK` when the configuration cannot be used.
        """
        options, rules, credential = self._checked(name)
        gate = Gate(credential.host, rules, self._audit_trail(), name, WriteWindow(self.state))
        guard = WatchingGuard(gate)
        portal = Portal(credential, options, guard=guard, state=self.state, clock=self.clock)
        discovery = Discovery(portal, document_cache(credential), self.clock)
        # One application may have several logins, each with a name.
        facts = self._facts(portal, credential, guard, owner=f"{name} {credential.owner}")
        return self._opened(name, portal, gate, discovery, facts, guard)

    def personal(self, name: str, shared: SharedPortal, methods: DiscoveredMethods, login: PersonalLogin) -> OpenPortal:
        """Open a portal for one of the people who log in to this server.

        `shared` and `methods` belong to the portal. Everything else belongs to the person: what the portal says of
        itself depends on their rights.

        Raises:
            B24Error: `B24MCP_SETTINGS` when the configuration cannot be used.
        """
        try:
            rules = self.rules(name)
        except ValueError as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
        gate = Gate(login.credential.host, rules, self._audit_trail(), name, WriteWindow(self.state))
        guard = WatchingGuard(PersonGuard(gate, login.person_now, login.has_grant, self.clock))
        portal = Portal(
            login.credential,
            self.options(name),
            guard=guard,
            state=self.state,
            clock=self.clock,
            app=login.app,
            shared=shared,
            person=login.key,
        )
        facts = self._facts(portal, login.credential, guard, owner=f"{name} {login.key}")
        discovery = Discovery(portal, methods=methods)
        opened = self._opened(name, portal, gate, discovery, facts, guard)
        guard.forget = login.on_change
        return opened

    def options(self, name: str) -> PortalOptions:
        """Return the options of a portal."""
        settings = self.configuration.settings
        entry = self.configuration.portals.get(name)
        return PortalOptions(
            seconds=settings.timeout,
            deadline=settings.deadline,
            plan=(entry.plan if entry else None) or settings.plan,
            largest_answer=settings.largest_answer << 20,
            ca_bundle=settings.ca_bundle,
        )

    def _checked(self, name: str) -> tuple[PortalOptions, AccessRules, Credential]:
        try:
            credential = self.credential(name)
            return self.options(name), self.rules(name), credential
        except (ValueError, SecretsError) as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None

    def _opened(
        self,
        name: str,
        portal: Portal,
        gate: Gate,
        discovery: Discovery,
        facts: PortalFacts,
        guard: WatchingGuard,
    ) -> OpenPortal:
        settings = self.configuration.settings
        names = _names_that_follow(guard, facts)
        notice = name if len(self.configuration.names) > 2 else None
        grants = MethodGrants(portal, self.clock)
        return OpenPortal(name, portal, settings, gate, discovery, grants, facts, self._approvals(), notice, names)

    def sandbox(self, sandbox: Sandbox) -> OpenPortal:
        """Open the sandbox. The access rules apply, so that they can be tried; there is no audit log.

        Raises:
            B24Error: `B24MCP_SETTINGS`.
        """
        try:
            # The sandbox of each process is new, and so are its counts.
            window = WriteWindow(open_state("memory"))
            gate = Gate("the sandbox", self.rules(SANDBOX), name=SANDBOX, window=window)
        except ValueError as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
        webhook = parse_webhook(sandbox.webhook_url(_SANDBOX_ORIGIN))
        guard = WatchingGuard(gate)
        portal = Portal(webhook, PortalOptions(plan="none"), guard=guard, app=sandbox)
        settings = self.configuration.settings
        facts = self._facts(portal, webhook, guard, owner=f"{SANDBOX} {webhook.owner}")
        names = _names_that_follow(guard, facts)
        discovery, grants = Discovery(portal), MethodGrants(portal)
        return OpenPortal(SANDBOX, portal, settings, gate, discovery, grants, facts, self._approvals(), SANDBOX, names)

    def credential(self, name: str) -> Credential:
        """Return the credential of a portal. Its secrets are added to the redactor.

        Raises:
            B24Error, ConfigurationError, SecretsError: when the credential is missing or wrong.
        """
        settings = self.configuration.settings
        entry = self.configuration.portals.get(name)
        if entry is not None and entry.is_oauth:
            return self._login(name)
        if entry is None and settings.webhook_url is None:
            from b24_mcp.app.logins import configured_application, open_login  # needed only with a login

            portal, application = configured_application(settings)
            return open_login(portal.host, portal, application, settings, self.redactor, self.clock)
        if entry is not None:
            address = self.configuration.webhook(name, self.configuration.open_secrets())
        else:
            assert settings.webhook_url is not None
            address = settings.webhook_url.get_secret_value()
        webhook = parse_webhook(address)
        self.redactor.add(webhook.code)
        return webhook

    def rules(self, name: str) -> AccessRules:
        """Return the rules of a portal: the rules of the file, which the environment can only narrow.

        Raises:
            ValueError: for an invalid glob, or `allow` in both places.
        """
        settings = self.configuration.settings
        own = AccessRules(
            level=settings.access,
            allow=settings.allow,
            deny=settings.deny,
            approval=settings.approval,
            approval_writes=settings.approval_writes,
            risks=settings.risks,
        ).narrowed_to(self.level)
        entry = self.configuration.portals.get(name)
        if entry is None:
            return own
        if entry.allow and settings.allow:
            raise ConfigurationError(f"allow of portal {name!r} and B24_ALLOW are both set: keep one of them")
        also_asked = settings.risks if "risks" in settings.model_fields_set else ()
        written = AccessRules(
            level=entry.access or settings.access,
            allow=entry.allow or settings.allow,
            deny=(*entry.deny, *settings.deny),
            approval=entry.approval or settings.approval,
            approval_writes=settings.approval_writes if entry.approval_writes is None else entry.approval_writes,
            risks=settings.risks if entry.risks is None else (*entry.risks, *also_asked),
        )
        limit = own.level if "access" in settings.model_fields_set else self.level
        return written.narrowed_to(limit)

    def _login(self, name: str) -> Credential:
        from b24_mcp.app.logins import open_login
        from b24_mcp.rest.auth.address import parse_portal
        from b24_mcp.rest.auth.oauth import Application

        settings, entry = self.configuration.settings, self.configuration.portals[name]
        assert entry.address is not None
        assert entry.client_id is not None
        secret = self.configuration.client_secret(name, self.configuration.open_secrets())
        application = Application(entry.client_id, secret, settings.oauth_server)
        return open_login(name, parse_portal(entry.address), application, settings, self.redactor, self.clock)

    def _facts(self, portal: Portal, credential: Credential, guard: WatchingGuard, *, owner: str) -> PortalFacts:
        # Another portal may answer on a loopback address later, so nothing about it is shared; nor about the sandbox.
        shared = None if credential.is_loopback or portal.host == _SANDBOX_HOST else self.state
        facts = PortalFacts(
            portal,
            self.clock,
            store=shared,
            owner=owner,
            background=self.background,
            as_probe=probing,
        )
        guard.forget = facts.forget
        return facts

    def _approvals(self) -> Approvals | None:
        return None if self.configuration.settings.state == "memory" else Approvals(self.state)

    def _audit_trail(self) -> AuditTrail | None:
        settings = self.configuration.settings
        if settings.audit == "off":
            return None
        folder = default_folder() if settings.audit is None else Path(settings.audit).expanduser()
        recent = None if settings.http_login is None else RecentWrites(self.state)
        return AuditTrail(folder, self.redactor, settings.audit_values, recent=recent)


def document_cache(credential: Credential) -> DocumentCache | None:
    """Return the cache of the methods of a portal.

    Another portal may answer on a loopback address later, so its methods are not cached.
    """
    return None if credential.is_loopback else DocumentCache(cache_folder(), credential.host)


def _names_that_follow(guard: WatchingGuard, facts: PortalFacts) -> RecordNames:
    """Return an empty store of names of records. What calls change is forgotten there and in the facts."""
    names = RecordNames()

    async def forget(changed: Collection[str]) -> None:
        names.forget(changed)
        await facts.forget(changed)

    guard.forget = forget
    return names
