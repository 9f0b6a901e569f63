"""What all people of one portal share: its rate limits and the connections to it.

A request carries its credential in a header, and connections keep no cookies, so they can serve several people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from b24_mcp.rest.auth.credential import Credential
from b24_mcp.rest.limits.deadline import Clock, SystemClock
from b24_mcp.rest.limits.limits import Limits
from b24_mcp.rest.portal_options import PortalOptions
from b24_mcp.state import SharedState

if TYPE_CHECKING:
    from b24_mcp.rest.wire.transport import Transport


class SharedPortal:
    """The limits and connections of a portal, for all logins through one application.

    The portal counts requests by the address of the caller, and working time by application, whoever makes the calls.
    Source: documentation, limits. `credential` is any of the logins: its host and application are used, and it is not
    kept.
    """

    def __init__(
        self,
        credential: Credential,
        options: PortalOptions,
        state: SharedState,
        clock: Clock | None = None,
        app: Any = None,
    ) -> None:
        self.limits = Limits(credential, options.plan, state, clock or SystemClock())
        self._options = options
        self._https = credential.is_https
        self._host = None if credential.is_loopback else urlsplit(f"//{credential.host}").hostname
        self._app = app
        self._transport: Transport | None = None

    def transport(self) -> Transport:
        """Return the connections, which are opened at the first call."""
        if self._transport is None:
            self._transport = open_transport(self._options, https=self._https, host=self._host, app=self._app)
        return self._transport

    async def aclose(self) -> None:
        """Close the connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()
        await self.limits.close_own()


def open_transport(options: PortalOptions, *, https: bool, host: str | None, app: Any) -> Transport:
    """Return the connections to a portal. `host` is its host name, None on this computer."""
    # Imported at the first call: a server that only lists its tools needs no HTTP library.
    from b24_mcp.rest.wire.transport import Transport

    return Transport(
        seconds=options.seconds,
        largest_answer=options.largest_answer,
        ca_bundle=options.ca_bundle,
        https=https,
        host=host,
        app=app,
    )
