"""The login of one of several people who share a server. Its end is noticed, such as when the person was dismissed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.credential import Route
from b24_mcp.rest.auth.oauth.login import Login
from b24_mcp.rest.auth.oauth.server import AuthorizationServer
from b24_mcp.rest.limits.deadline import Clock
from b24_mcp.state import Tokens, TokenStore

OnEnd = Callable[[Tokens, Fault], Awaitable[None]]
"""Called with the tokens that are of no use any more, and the reason."""

# Source: documentation, error-codes and settings/oauth/error-codes; measured behaviour.
_OF_THE_PORTAL = frozenset(("user_access_error", "authorization_error", "application_not_found"))
_OF_A_RENEWAL = _OF_THE_PORTAL | {"invalid_grant", "bad_verification_code", "expired_token", "invalid_token"}


class PersonLogin(Login):
    """The login of a person. `on_end` is called once the portal or the authorization server has ended it.

    A failure that may pass, such as a server that cannot be reached, does not end a login. The store of tokens is
    shared with the logins of other people, so it is not closed here.
    """

    def __init__(
        self,
        name: str,
        portal: PortalAddress,
        server: AuthorizationServer,
        store: TokenStore,
        on_secret: Callable[[str], None],
        on_end: OnEnd,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(name, portal, server, store, on_secret, clock)
        self._on_end = on_end

    async def route(self) -> Route:
        """Return the route of the next request, with a token that has not expired.

        Raises:
            B24Error: `B24MCP_LOGIN_ENDED`, or the reason why the tokens could not be renewed. Nothing was executed.
        """
        try:
            return await super().route()
        except B24Error as exc:
            raise await self._explained_end(exc, _OF_A_RENEWAL) from None

    async def renew(self, route: Route, fault: Fault) -> bool:
        """Renew the tokens after the portal refused a request; see `Login`.

        Raises:
            B24Error: `B24MCP_LOGIN_ENDED`, or the reason why they could not be renewed.
        """
        if fault.code.lower() in _OF_THE_PORTAL:
            raise await self._explained_end(B24Error(fault), _OF_THE_PORTAL)
        try:
            return await super().renew(route, fault)
        except B24Error as exc:
            raise await self._explained_end(exc, _OF_A_RENEWAL) from None

    async def aclose(self) -> None:
        """Wait for a renewal that is running."""
        await self._renewal_ended()

    async def _explained_end(self, error: B24Error, final: frozenset[str]) -> B24Error:
        """Return the error of a call. Report the end of the login if the error is final."""
        code = error.fault.code.lower()
        if code == "b24mcp_no_login":
            return _ended(f"This person is not logged in to {self.host} any more.")
        if code not in final:
            return error
        if self._last is not None:
            with anyio.CancelScope(shield=True):
                await self._on_end(self._last, error.fault)
        return _ended(f"{self.host} ended the login of this person: it answered {error.fault.code}.")


def _ended(message: str) -> B24Error:
    return our_error("B24MCP_LOGIN_ENDED", message)
