"""The logins of people who use a server over HTTP (`B24_HTTP_LOGIN`): each acts on the portal with their own tokens.

Tokens and descriptions are in the shared state, encrypted with a key derived from `B24_HTTP_KEY`. So any server that
has the state and the key can serve any person, and a copy of the state alone is of no use.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakValueDictionary

import anyio

from b24_mcp.access import LEVELS, Level
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.logins import configured_application
from b24_mcp.app.person_facts import PersonFacts, ask_who, facts_from_text, facts_to_text, is_final
from b24_mcp.config import ENVIRONMENT, Configuration, ConfigurationError
from b24_mcp.config.roles import RoleRules, parse_roles
from b24_mcp.config.secrets import SecretsError
from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest import Clock, Credential, Portal, PortalOptions, SystemClock
from b24_mcp.rest.auth.address import PortalAddress, parse_portal
from b24_mcp.rest.auth.oauth import Application, AuthorizationServer, Login, PendingLogin, PersonLogin, begin_login
from b24_mcp.secrets import Redactor
from b24_mcp.state import Tokens, open_state, open_tokens
from b24_mcp.state.sealing import SealedTextError, SealedTexts
from b24_mcp.state.tokens_held import HeldTokens
from b24_mcp.state.tokens_sealed import SealedTokens

_LOG = logging.getLogger(__name__)

FRESH = 600.0
"""Seconds after which a description is requested from the portal again."""
LONGEST = 3_600.0
"""Seconds for which a description is used while the portal cannot be asked."""
_PAUSE = 60.0
_DEADLINE = 20.0
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class LoginPortal:
    """A portal that people log in to, and the application through which they do."""

    name: str
    address: PortalAddress
    application: Application


class PeopleLogins:
    """The logins of people. `app` is an ASGI application that answers instead of the portal, for tests.

    `on_forgotten` is called with the key of a person whose login has ended, so that what is open for them is closed.

    Raises:
        B24Error: `B24MCP_SETTINGS` when a setting is missing or wrong.
    """

    def __init__(
        self, configuration: Configuration, redactor: Redactor, clock: Clock | None = None, app: object = None
    ) -> None:
        settings = configuration.settings
        self.configuration = configuration
        self._redactor = redactor
        self._clock = clock or SystemClock()
        self.app = app
        keys = settings.http_key.get_secret_value().split(",") if settings.http_key else []
        if not keys or any(len(key) < _SHORTEST_KEY for key in keys):
            message = f"B24_HTTP_LOGIN needs B24_HTTP_KEY with at least {_SHORTEST_KEY} characters."
            raise our_error("B24MCP_SETTINGS", message)
        try:
            self._roles: RoleRules = parse_roles(settings.http_roles, settings.access)
            self._state = open_state(settings.state, None if clock is None else clock.now)
            self._tokens = SealedTokens(open_tokens(settings.state), SealedTexts(keys, "tokens of people"))
        except ValueError as exc:
            raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
        self._texts = SealedTexts(keys, "descriptions of people")
        self._portals: dict[str, LoginPortal] = {}
        self._logins: WeakValueDictionary[str, PersonLogin] = WeakValueDictionary()
        self._locks: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()
        self._retry_at: dict[str, float] = {}
        self.on_forgotten: Callable[[str], None] | None = None
        self.has_grant: Callable[[str], Awaitable[bool]] | None = None
        """Returns whether a client still has its access, by the id of the grant. None: the server grants no access."""
        if not self.portal_names():
            raise our_error(
                "B24MCP_SETTINGS",
                "B24_HTTP_LOGIN needs a portal with an application: set B24_PORTAL, B24_CLIENT_ID and "
                "B24_CLIENT_SECRET, or add one with b24-mcp portals add NAME --oauth ADDRESS --client-id ID.",
            )

    def portal_names(self) -> tuple[str, ...]:
        """Return the names of the portals that people can log in to, the default first. Others have a webhook."""
        return tuple(name for name in self.configuration.names if self._is_for_people(name))

    def begin(self, portal: str | None) -> PendingLogin:
        """Return a request for consent at a portal, or at the default one, with a new state.

        Raises:
            B24Error: `B24MCP_PORTAL` for an unknown portal, `B24MCP_SETTINGS` when its settings cannot be used.
        """
        target = self._portal(self.portal_names()[0] if portal is None else portal)
        return begin_login(target.address, target.application)

    async def complete(self, portal: str, pending: PendingLogin, query: str) -> LoggedInPerson:
        """Exchange the code in the query of a redirect, ask the portal who this is, and store the tokens.

        The tokens are tried at the configured portal, so those of another portal are refused, whatever they say.

        Raises:
            B24Error: when the redirect does not belong to the login, the portal refuses the tokens, or the person has
                no access. Nothing is stored then.
            OSError: when the tokens cannot be stored.
        """
        target = self._portal(portal)
        consent = pending.read_redirect(query)
        tokens = await pending.complete(consent, self._server(target), self._clock.now())
        held = HeldTokens(tokens, target.address.origin)
        login = Login("", target.address, self._server(target), held, _used_once, self._clock)
        facts = await self._asked(login, target.name, tokens.member_id)
        if facts is None or tokens.user_id not in (None, facts.user_id):
            raise our_error("B24MCP_LOGIN_ENDED", "This person is not active on the portal.")
        person = self._person(facts)
        if person is None:
            raise our_error(
                "B24MCP_PORTAL",
                f"{facts.name} may not use this server.",
                hint="The rules in B24_HTTP_ROLES give no access. A person who runs the server can change them.",
            )
        async with self._tokens.alone(_login_name(person.key)) as lease:
            with suppress(SealedTextError):  # without the key the old tokens cannot be used
                await lease.read()
            await lease.write(held.tokens)
        await self._keep(facts)
        return person

    async def current(self, key: str) -> LoggedInPerson | None:
        """Return the person as described by the portal, which is asked at most every ten minutes.

        None when the person has no access any more: dismissed, logged out, without a role, or unknown. While the portal
        cannot be asked, the last description is used for an hour.

        Raises:
            OSError: when the shared state cannot be used, or the portal could not be asked for an hour.
        """
        facts = await self._known(key)
        if facts is None or not self._is_fresh(facts):
            async with self._alone(key):
                facts = await self._known(key)
                if facts is None or not self._is_fresh(facts):
                    facts = await self._renewed(key, facts)
        return None if facts is None else self._person(facts)

    async def forget(self, key: str) -> bool:
        """Delete the tokens of a person, on all servers. Return False when there were none.

        Raises:
            OSError: when the shared state cannot be used.
        """
        async with self._tokens.alone(_login_name(key)) as lease:
            known = await lease.forget()
        await self._forget_facts(key)
        return known

    def credential(self, person: LoggedInPerson) -> Credential:
        """Return the credential of a person. All calls of the person share it while it is in use.

        Raises:
            B24Error: `B24MCP_PORTAL` or `B24MCP_SETTINGS` when the portal is not configured for people any more.
        """
        return self._login(self._portal(person.portal), person.key)

    async def aclose(self) -> None:
        """Close the stores."""
        await self._tokens.aclose()
        await self._state.aclose()

    def _is_for_people(self, name: str) -> bool:
        entry = self.configuration.portals.get(name)
        if entry is not None:
            return entry.is_oauth
        settings = self.configuration.settings
        return name == ENVIRONMENT and settings.webhook_url is None and settings.has_portal

    def _portal(self, name: str) -> LoginPortal:
        if name not in self.portal_names():
            message = f"People cannot log in to the portal {name[:60]!r}: it has no application, or does not exist."
            raise our_error("B24MCP_PORTAL", message)
        if name not in self._portals:
            self._portals[name] = self._configured(name)
        return self._portals[name]

    def _configured(self, name: str) -> LoginPortal:
        configuration = self.configuration
        if name not in configuration.portals:
            address, application = configured_application(configuration.settings)
        else:
            entry = configuration.portals[name]
            try:
                secret = configuration.client_secret(name, configuration.open_secrets())
            except (ConfigurationError, SecretsError) as exc:
                raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
            address = parse_portal(entry.address or "")
            application = Application(entry.client_id or "", secret, configuration.settings.oauth_server)
        self._redactor.add(application.client_secret)
        return LoginPortal(name, address, application)

    def _server(self, target: LoginPortal) -> AuthorizationServer:
        return AuthorizationServer(target.application, self.configuration.settings.ca_bundle, self.app)

    def _login(self, target: LoginPortal, key: str) -> PersonLogin:
        place = f"{target.name} {key}"
        login = self._logins.get(place)
        if login is None:

            def on_secret(secret: str) -> None:
                self._redactor.add_for(key, secret)

            async def on_end(tokens: Tokens, fault: Fault) -> None:
                await self._ended(key, tokens, fault)

            server = self._server(target)
            login = PersonLogin(_login_name(key), target.address, server, self._tokens, on_secret, on_end, self._clock)
            self._logins[place] = login
        return login

    async def _asked(self, login: Login, name: str, member_id: str) -> PersonFacts | None:
        settings = self.configuration.settings
        entry = self.configuration.portals.get(name)
        options = PortalOptions(
            seconds=min(settings.timeout, _DEADLINE),
            deadline=_DEADLINE,
            plan=(entry.plan if entry else None) or settings.plan,
            ca_bundle=settings.ca_bundle,
        )
        portal = Portal(login, options, state=self._state, clock=self._clock, app=self.app)
        try:
            return await ask_who(portal, name, member_id, self._clock.now())
        finally:
            await portal.close_connections()

    async def _renewed(self, key: str, facts: PersonFacts | None) -> PersonFacts | None:
        """Ask the portal again. `facts` is what is known. Runs once at a time for each person."""
        try:
            tokens = await self._tokens.read(_login_name(key))
        except SealedTextError:
            _LOG.warning("The tokens of a person cannot be decrypted. The person has to log in again")
            return None
        target = None if tokens is None else self._portal_of(tokens)
        if tokens is None or target is None:
            return None
        now = self._clock.now()
        try:
            if now < self._retry_at.get(key, 0.0):
                raise our_error("B24MCP_NO_CONNECTION", "The portal could not be asked a moment ago.")
            fresh = await self._asked(self._login(target, key), target.name, tokens.member_id)
        except B24Error as exc:
            if is_final(exc):
                await self._forget_facts(key)
                return None
            return self._still(key, facts, exc, now)
        self._retry_at.pop(key, None)
        if fresh is None or key != f"{fresh.member_id}:{fresh.user_id}":
            _LOG.info("The login of %s has ended: the person is not active on the portal", key)
            await self.forget(key)
            return None
        await self._keep(fresh)
        if await self._tokens.read(_login_name(key)) is None:  # forgotten meanwhile, perhaps by another server
            await self._forget_facts(key)
            return None
        return fresh

    def _still(self, key: str, facts: PersonFacts | None, error: B24Error, now: float) -> PersonFacts:
        """Return what was known, while the portal cannot be asked."""
        if self._retry_at.get(key, 0.0) <= now:
            self._retry_at = {one: at for one, at in self._retry_at.items() if at > now} | {key: now + _PAUSE}
            _LOG.warning("The portal does not say who %s is: %s", key, error.fault.code)
        if facts is None or now - facts.read_at >= LONGEST:
            raise OSError(f"the portal cannot be asked who is logged in ({error.fault.code})") from None
        return facts

    async def _ended(self, key: str, tokens: Tokens, fault: Fault) -> None:
        """Delete the tokens that the portal does not accept any more, unless newer ones were stored."""
        _LOG.info("The login of %s has ended: %s", key, fault.code)
        with suppress(OSError):
            async with self._tokens.alone(_login_name(key)) as lease:
                stored = await lease.read()
                if stored is not None and stored.refresh_token != tokens.refresh_token:
                    return
                await lease.forget()
            await self._forget_facts(key)

    async def _keep(self, facts: PersonFacts) -> None:
        key = f"{facts.member_id}:{facts.user_id}"
        text = self._texts.seal(facts_to_text(facts), _facts_key(key))
        await self._state.put_note(_facts_key(key), text, self._clock.now(), seconds=LONGEST)

    async def _known(self, key: str) -> PersonFacts | None:
        text = await self._state.read_note(_facts_key(key), self._clock.now())
        if text is None:
            return None
        try:
            return facts_from_text(self._texts.open(text, _facts_key(key)))
        except SealedTextError:
            return None

    async def _forget_facts(self, key: str) -> None:
        await self._state.take_note(_facts_key(key), self._clock.now())
        self._redactor.forget_person(key)
        if self.on_forgotten is not None:
            self.on_forgotten(key)

    def _is_fresh(self, facts: PersonFacts) -> bool:
        return 0 <= self._clock.now() - facts.read_at < FRESH

    def _portal_of(self, tokens: Tokens) -> LoginPortal | None:
        portals = [self._portal(name) for name in self.portal_names()]
        return next((one for one in portals if one.application.client_id == tokens.client_id), None)

    def _person(self, facts: PersonFacts) -> LoggedInPerson | None:
        """Return the person with the level that the roles give now; None without access."""
        level = self._roles.level(facts.user_id, is_admin=facts.is_admin, departments=facts.departments)
        if level == "none":
            return None
        return LoggedInPerson(
            portal=facts.portal,
            member_id=facts.member_id,
            user_id=facts.user_id,
            name=facts.name,
            is_admin=facts.is_admin,
            departments=facts.departments or (),
            level=_narrower(level, self.configuration.settings.access),
            language=facts.language,
        )

    def _alone(self, key: str) -> anyio.Lock:
        return self._locks.setdefault(key, anyio.Lock())


def _used_once(secret: str) -> None:
    """Ignore a token of a login that begins: it is in the header of one request, whose answer is read here only."""


def _narrower(first: Level, second: Level) -> Level:
    return min(first, second, key=LEVELS.index)


def _login_name(key: str) -> str:
    return f"person {key}"


def _facts_key(key: str) -> str:
    return f"person:{key}"
