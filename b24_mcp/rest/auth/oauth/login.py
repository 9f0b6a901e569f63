"""A login as the credential that opens a portal: its tokens, and their renewal when they have expired.

What is stored is the truth, for every process: it is read before each request, so that a renewal or a logout elsewhere
counts at once. A renewal goes like this, and no two processes do it at a time:

1. That it begins is written down. If nothing can be written, nothing is asked.
2. The authorization server is asked. From its decision on, the old refresh token is used up.
3. The new pair is written down. Only then is it used.

When a process dies before the server decided, or in step 3, nothing is lost: the next one goes on. If it dies between,
or the answer is lost on the way, the next one asks with the same token, and the server may refuse it: then, and only
then, a person has to log in again.
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

# The portal says "denied" for more than tokens, and the authorization server blocks those who keep asking in vain.
_NOT_AGAIN_FOR = 60.0


@dataclass(frozen=True, slots=True)
class TokenWay(PortalAddress):
    """The way of a request that shows a token. The token stands in a header, never in an address or a body.

    Source: documentation, settings/oauth; measured behaviour for the header, which wins over parameters.
    """

    access_token: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.access_token}"}

    def address_of(self, method: str, suffix: str = "") -> str:
        """The address of a method. `suffix` is empty or `.xml`."""
        return f"{self.origin}/rest/{method}{suffix}"

    def v3_address_of(self, method: str) -> str:
        """The address of a method of REST 3.0."""
        return f"{self.origin}/rest/api/{method}"


class Login:
    """The login `name`, to the portal a person configured as `portal`.

    `tell` is given every secret before anything is done with it. `clock` is there for tests.
    """

    def __init__(
        self,
        name: str,
        portal: PortalAddress,
        server: AuthorizationServer,
        store: TokenStore,
        tell: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._configured = portal
        self._portal = portal
        self._server = server
        self._store = store
        self._tell = tell
        self._clock = clock or SystemClock()
        self._renewal: asyncio.Task[Tokens] | None = None
        self._endpoint = portal.origin
        self._last: Tokens | None = None
        self._unsaved: tuple[str, Tokens] | None = None
        self._refused: tuple[str, float, Fault] | None = None

    @property
    def host(self) -> str:
        """The portal's host name with its port, fit to be shown."""
        return self._portal.host

    @property
    def is_https(self) -> bool:
        """Whether the way to the portal is encrypted."""
        return self._portal.is_https

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this machine."""
        return self._portal.is_loopback

    @property
    def owner(self) -> str:
        """Whom the portal's accounting charges: the application, whoever uses it."""
        return self._server.application.client_id

    @property
    def setting(self) -> str:
        """The name of the setting in which a person gives the portal's address."""
        return "B24_PORTAL"

    async def route(self) -> Route:
        """The way for the next request, with a token that has not expired.

        Raises:
            B24Error: `B24MCP_NO_LOGIN`, or why the tokens could not be renewed. Nothing was executed.
        """
        tokens = await self._stored()
        if tokens.expires <= self._clock.now():
            tokens = await self._renewed(tokens.access_token)
        return TokenWay(self._portal.origin, tokens.access_token)

    async def renew(self, route: Route, fault: Fault) -> bool:
        """Renew the tokens when the portal refused the one shown; False when that would help nothing.

        REST 3.0 says the same of an expired token and of much else, so what is new is not renewed for it.

        Raises:
            B24Error: why they could not be renewed.
        """
        doubt = _doubt_about_token(fault)
        if doubt is None or not isinstance(route, TokenWay):
            return False
        tokens = await self._stored()
        if tokens.access_token == route.access_token:
            if doubt and self._clock.now() - tokens.renewed_at < _NOT_AGAIN_FOR:
                return False
            await self._renewed(route.access_token)
        return True

    async def follow(self, route: Route, address: str) -> Login | None:
        """This login at the portal's new address, when it is surely the portal's own.

        What the portal's zone does not prove, the authorization server may: it says where the portal of the login is.
        """
        moved = route.moved_to(address)
        if moved is None and isinstance(route, TokenWay):
            tokens = await self._stored()
            if tokens.access_token == route.access_token and self._clock.now() - tokens.renewed_at >= _NOT_AGAIN_FOR:
                await self._renewed(route.access_token)
            return self if self._portal.is_at(address) else None
        if moved is None:
            return None
        self._portal = PortalAddress(moved.origin)
        return self

    def at_configured_address(self) -> Login:
        """This login at the address that its tokens name."""
        self._portal = PortalAddress(self._endpoint)
        return self

    async def aclose(self) -> None:
        """Close the store, after a renewal that is under way."""
        if self._renewal is not None and not self._renewal.done():
            await asyncio.wait([self._renewal])
        await self._store.aclose()

    async def _stored(self) -> Tokens:
        """The tokens as they are now; without the store the last known ones, as long as they live."""
        try:
            stored = await self._store.read(self._name)
        except OSError as exc:
            if self._last is None or self._last.expires <= self._clock.now():
                raise _no_store(exc) from None
            _LOG.warning("The tokens of %s cannot be read, so the last known ones are used: %s", self._name, exc)
            return self._last
        return self._checked(stored)

    def _checked(self, stored: Tokens | None) -> Tokens:
        """Return stored tokens that may be used, after the redactor knows them, and note where the portal is.

        Raises:
            B24Error: `B24MCP_NO_LOGIN` when there are none, `B24MCP_SETTINGS` when they name another server or portal
                than may be used.
        """
        if stored is None or stored.client_id != self._server.application.client_id:
            self._last = None
            why = "There is no login" if stored is None else "The login is of another application"
            raise our_error("B24MCP_NO_LOGIN", f"{why} to {self._portal.host}.")
        if self._last is None or self._last.serial != stored.serial:
            self._tell(stored.access_token)
            self._tell(stored.refresh_token)
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
        """New tokens in place of those with the access token `rejected`, whoever gets them.

        A renewal is a task of its own: a call that is cancelled or out of time leaves at once, and the renewal goes on.
        Calls that wait for one renewal share what comes of it, be it a failure.
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
        """The body of the task: tokens other than `rejected`, from the store or from the authorization server."""
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
        """The three steps. Once begun they are completed, also when the program is asked to stop."""
        self._stop_if_refused(stored)
        # The new pair belongs to nobody until it is written, so nothing may interrupt.
        with anyio.CancelScope(shield=True):
            fresh = self._left_unsaved(stored)
            if fresh is None:
                begun = replace(stored, renewing_since=stored.renewing_since or self._clock.now())
                await lease.write(begun)
                fresh = await self._asked(begun, again=stored.renewing_since is not None)
            self._unsaved = (stored.refresh_token, fresh)
            await lease.write(sealed(fresh, self._name, self._server.application))
            self._unsaved = None
            renewed = self._checked(await lease.read())
        _LOG.info("The tokens of %s were renewed", self._name)
        return renewed

    async def _asked(self, stored: Tokens, *, again: bool) -> Tokens:
        try:
            body = await self._server.refresh(stored.server, stored.refresh_token)
        except B24Error as exc:
            fault = _explained(exc.fault, stored) if again else exc.fault
            if not fault.retryable:
                self._refused = (stored.refresh_token, self._clock.now(), fault)
            raise B24Error(fault) from None
        portal = PortalAddress(stored.endpoint)
        fresh = read_grant(body, portal, self._server.application, stored.server, self._clock.now())
        self._tell(fresh.access_token)
        self._tell(fresh.refresh_token)
        if fresh.member_id != stored.member_id:
            raise our_error("B24MCP_OTHER_PORTAL", "The authorization server gave tokens of another portal.")
        return fresh

    def _left_unsaved(self, stored: Tokens) -> Tokens | None:
        """A pair that came but could not be written: it is the only one that works, so it is tried again."""
        if self._unsaved is None or self._unsaved[0] != stored.refresh_token:
            return None
        return self._unsaved[1]

    def _stop_if_refused(self, stored: Tokens) -> None:
        """Repeat a refusal for a while instead of asking again."""
        if self._refused is None or self._refused[0] != stored.refresh_token:
            return
        _, at, fault = self._refused
        if self._clock.now() - at < _NOT_AGAIN_FOR:
            raise B24Error(fault)


def _retrieve(task: asyncio.Task[Tokens]) -> None:
    """Mark the exception of a task as seen: the call that waited for it may be gone."""
    if not task.cancelled():
        task.exception()


def _doubt_about_token(fault: Fault) -> bool | None:
    """Whether a refusal may be about the token: None when it is not, False when it surely is, True when it may be."""
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
        message=f"{fault.message} (A renewal that began at {began} got no answer: what it may have brought is lost.)",
    )


def _no_store(exc: OSError) -> B24Error:
    return our_error("B24MCP_TOKENS", f"The tokens cannot be kept or read: {exc}.")
