"""An OAuth login as a credential: its tokens, and their renewal when they have expired.

The stored tokens are read before each request, so that a renewal or a logout in another process takes effect at once.
One process at a time renews the tokens, in three steps:

1. Store that the renewal begins. If that fails, no request is sent.
2. Send the refresh token to the authorization server. Once the server has decided, the refresh token is used up.
3. Store the new pair. Only then is it used.

If a process dies before the server decided, or in step 3, nothing is lost: the next process continues. If it dies in
between, or the response is lost, the next process sends the same refresh token, and the server may refuse it. Only then
the user has to log in again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import anyio

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.credential import Route
from b24_mcp.rest.auth.oauth.grant import read_grant
from b24_mcp.rest.auth.oauth.server import AuthorizationServer
from b24_mcp.rest.auth.oauth.trust import check_trusted, sealed
from b24_mcp.rest.limits.deadline import Clock, SystemClock
from b24_mcp.state import TokenLease, Tokens, TokenStore

_LOG = logging.getLogger(__name__)

# The portal also answers "denied" for other reasons, and the authorization server blocks clients that keep failing.
_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class TokenRoute(PortalAddress):
    """The route of a request with an access token. The token is in a header, never in an address or a body.

    Source: documentation, settings/oauth; measured behaviour: the header has precedence over parameters.
    """

    access_token: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The header with the token."""
        return {"Authorization": f"Bearer {self.access_token}"}

    def address_of(self, method: str, suffix: str = "") -> str:
        """Return the address of a method. `suffix` is empty or `.xml`."""
        return f"{self.origin}/rest/{method}{suffix}"

    def v3_address_of(self, method: str) -> str:
        """Return the address of a method of REST 3.0."""
        return f"{self.origin}/rest/api/{method}"


class Login:
    """The login `name` to the configured `portal`.

    `on_secret` is called with every token before it is used. `clock` is for tests.
    """

    def __init__(
        self,
        name: str,
        portal: PortalAddress,
        server: AuthorizationServer,
        store: TokenStore,
        on_secret: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._configured = portal
        self._portal = portal
        self._server = server
        self._store = store
        self._on_secret = on_secret
        self._clock = clock or SystemClock()
        self._renewal: asyncio.Task[Tokens] | None = None
        self._endpoint = portal.origin
        self._last: Tokens | None = None
        self._unsaved: tuple[str, Tokens] | None = None
        self._refused: tuple[str, float, Fault] | None = None

    @property
    def host(self) -> str:
        """The portal's host name with its port. It holds no secret."""
        return self._portal.host

    @property
    def is_https(self) -> bool:
        """Whether the connection to the portal is encrypted."""
        return self._portal.is_https

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this computer."""
        return self._portal.is_loopback

    @property
    def owner(self) -> str:
        """The key under which the portal counts operating time: the application, for all its users."""
        return self._server.application.client_id

    @property
    def setting(self) -> str:
        """The name of the setting that holds the portal's address."""
        return "B24_PORTAL"

    @property
    def is_application(self) -> bool:
        """A login belongs to an application."""
        return True

    async def route(self) -> Route:
        """Return the route of the next request, with a token that has not expired.

        Raises:
            B24Error: `B24MCP_NO_LOGIN`, or the reason why the tokens could not be renewed. Nothing was executed.
        """
        tokens = await self._stored()
        if tokens.expires <= self._clock.now():
            tokens = await self._renewed(tokens.access_token)
        return TokenRoute(self._portal.origin, tokens.access_token)

    async def renew(self, route: Route, fault: Fault) -> bool:
        """Renew the tokens after the portal refused a request. Return False when a renewal cannot help.

        REST 3.0 reports an expired token with the same code as other refusals, so new tokens are not renewed for it.

        Raises:
            B24Error: with the reason why they could not be renewed.
        """
        doubt = _doubt_about_token(fault)
        if doubt is None or not isinstance(route, TokenRoute):
            return False
        tokens = await self._stored()
        if tokens.access_token == route.access_token:
            if doubt and self._clock.now() - tokens.renewed_at < _PAUSE:
                return False
            await self._renewed(route.access_token)
        return True

    async def follow(self, route: Route, address: str) -> Login | None:
        """Return this login at the portal's new address; None when that may be another portal's.

        When the cloud zone does not prove it, the authorization server can: it names the address of the login's portal.
        """
        moved = route.moved_to(address)
        if moved is None and isinstance(route, TokenRoute):
            tokens = await self._stored()
            if tokens.access_token == route.access_token and self._clock.now() - tokens.renewed_at >= _PAUSE:
                await self._renewed(route.access_token)
            return self if self._portal.is_at(address) else None
        if moved is None:
            return None
        self._portal = PortalAddress(moved.origin)
        return self

    def at_configured_address(self) -> Login:
        """Return this login at the address that its tokens name."""
        self._portal = PortalAddress(self._endpoint)
        return self

    async def aclose(self) -> None:
        """Wait for a renewal that is running, then close the store."""
        await self._renewal_ended()
        await self._store.aclose()

    async def _renewal_ended(self) -> None:
        if self._renewal is not None and not self._renewal.done():
            await asyncio.wait([self._renewal])

    async def _stored(self) -> Tokens:
        """Return the stored tokens. When the store cannot be read, the last known ones are used until they expire."""
        try:
            stored = await self._store.read(self._name)
        except OSError as exc:
            if self._last is None or self._last.expires <= self._clock.now():
                raise _no_store(exc) from None
            _LOG.warning("The tokens of %s cannot be read, so the last known ones are used: %s", self._name, exc)
            return self._last
        return self._checked(stored)

    def _checked(self, stored: Tokens | None) -> Tokens:
        """Check stored tokens and return them, after the redactor knows them. Update the portal's address.

        Raises:
            B24Error: `B24MCP_NO_LOGIN` when there are none, `B24MCP_SETTINGS` when they name a server or a portal that
                is not allowed.
        """
        if stored is None or stored.client_id != self._server.application.client_id:
            self._last = None
            host = self._portal.host
            raise our_error(
                "B24MCP_NO_LOGIN",
                f"There is no login to {host}."
                if stored is None
                else f"The login to {host} belongs to another application.",
            )
        # Not by their serial: it begins again with a new login.
        known = self._last
        if known is None or (known.access_token, known.refresh_token) != (stored.access_token, stored.refresh_token):
            self._on_secret(stored.access_token)
            self._on_secret(stored.refresh_token)
        try:
            check_trusted(stored, self._name, self._configured, self._server.application)
        except B24Error:
            self._last = None
            raise
        if stored.endpoint != self._endpoint:
            self._endpoint, self._portal = stored.endpoint, PortalAddress(stored.endpoint)
        self._last = stored
        return stored

    async def _renewed(self, rejected: str) -> Tokens:
        """Return new tokens in place of those with the access token `rejected`.

        The renewal is a task of its own: a call that is cancelled or reaches its deadline ends at once, and the renewal
        continues. Calls that wait for the same renewal share its result or its failure.
        """
        while True:
            task = self._renewal
            joined = task is not None and not task.done()
            if task is None or not joined:
                task = self._renewal = asyncio.create_task(self._renew(rejected))
                task.add_done_callback(_retrieve)
            try:
                tokens = await asyncio.shield(task)
            except B24Error as exc:
                raise B24Error(exc.fault) from None
            if not joined or self._is_good(tokens, rejected):
                return tokens

    async def _renew(self, rejected: str) -> Tokens:
        """Return tokens other than `rejected`, from the store or from the authorization server. Runs as a task."""
        stored = await self._stored()
        if self._is_good(stored, rejected):
            return stored
        try:
            async with self._store.alone(self._name) as lease:
                stored = self._checked(await lease.read())
                return stored if self._is_good(stored, rejected) else await self._renew_alone(lease, stored)
        except OSError as exc:
            raise _no_store(exc) from None

    def _is_good(self, tokens: Tokens, rejected: str) -> bool:
        return tokens.access_token != rejected and tokens.expires > self._clock.now()

    async def _renew_alone(self, lease: TokenLease, stored: Tokens) -> Tokens:
        """Run the three steps of a renewal. They are completed even when the program is stopping."""
        self._stop_if_refused(stored)
        # The new pair would be lost until it is stored, so the steps cannot be cancelled.
        with anyio.CancelScope(shield=True):
            fresh = self._left_unsaved(stored)
            if fresh is None:
                begun = replace(stored, renewing_since=stored.renewing_since or self._clock.now())
                await lease.write(begun)
                fresh = await self._requested(begun, again=stored.renewing_since is not None)
            self._unsaved = (stored.refresh_token, fresh)
            await lease.write(sealed(fresh, self._name, self._server.application))
            self._unsaved = None
            renewed = self._checked(await lease.read())
        _LOG.info("The tokens of %s were renewed", self._name)
        return renewed

    async def _requested(self, stored: Tokens, *, again: bool) -> Tokens:
        try:
            body = await self._server.refresh(stored.server, stored.refresh_token)
        except B24Error as exc:
            fault = _explained(exc.fault, stored) if again else exc.fault
            if not fault.retryable:
                self._refused = (stored.refresh_token, self._clock.now(), fault)
            raise B24Error(fault) from None
        portal = PortalAddress(stored.endpoint)
        fresh = read_grant(body, portal, self._server.application, stored.server, self._clock.now())
        self._on_secret(fresh.access_token)
        self._on_secret(fresh.refresh_token)
        if fresh.member_id != stored.member_id:
            raise our_error("B24MCP_OTHER_PORTAL", "The authorization server issued tokens of another portal.")
        return fresh

    def _left_unsaved(self, stored: Tokens) -> Tokens | None:
        """Return a received pair that could not be stored. Only this pair is valid, so storing it is retried."""
        if self._unsaved is None or self._unsaved[0] != stored.refresh_token:
            return None
        return self._unsaved[1]

    def _stop_if_refused(self, stored: Tokens) -> None:
        """Raise the last refusal again for a while, without a request.

        Raises:
            B24Error: with the last refusal.
        """
        if self._refused is None or self._refused[0] != stored.refresh_token:
            return
        _, at, fault = self._refused
        if self._clock.now() - at < _PAUSE:
            raise B24Error(fault)


def _retrieve(task: asyncio.Task[Tokens]) -> None:
    """Retrieve the exception of a task, because the call that waited for the task may have ended."""
    if not task.cancelled():
        task.exception()


def _doubt_about_token(fault: Fault) -> bool | None:
    """Whether it is uncertain that the token caused a refusal. None when it certainly did not."""
    code = fault.code.lower()
    if code == "expired_token":
        return False
    ambiguous = fault.status == 401 and code.endswith("accessdeniedexception")
    return True if code == "invalid_token" or ambiguous else None


def _explained(fault: Fault, stored: Tokens) -> Fault:
    if fault.code.lower() != "invalid_grant" or stored.renewing_since is None:
        return fault
    began = datetime.fromtimestamp(stored.renewing_since, UTC).isoformat(timespec="seconds")
    return replace(
        fault,
        message=f"{fault.message} (A renewal that began at {began} got no answer. Tokens that it issued are lost.)",
    )


def _no_store(exc: OSError) -> B24Error:
    return our_error("B24MCP_TOKENS", f"The tokens cannot be stored or read: {exc}.")
