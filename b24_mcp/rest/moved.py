"""Redirects of a portal that has moved, and the fallback to the configured address.

A portal that executes a call never redirects it. Source: measured behaviour.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from b24_mcp.errors import Fault, our_error
from b24_mcp.rest.auth.credential import Credential, Route
from b24_mcp.rest.wire.answer import Answer, HttpReply

_LOG = logging.getLogger(__name__)


class MovedPortal:
    """The address of a portal. `credential` is valid at the present address; `host` is the host that the portal moved
    to, None at the configured address.
    """

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.host: str | None = None
        self._configured = credential

    async def follow(self, route: Route, reply: HttpReply) -> Route:
        """Return the route to the address that a redirect names.

        `route` is the route of the redirected request: another call may have followed the redirect already.

        Raises:
            B24Error: when it is not certain that the new address is the same portal. Nothing was executed.
        """
        target = _absolute(route.origin, reply.location)
        if target is None or route.is_at(target):
            raise our_error(
                "B24MCP_PORTAL_CLOSED",
                "The portal redirects to a web page and does not answer the call.",
                status=reply.status,
            )
        moved = await self.credential.follow(route, target)
        if moved is None:
            host = urlsplit(target).netloc.rpartition("@")[2]
            raise our_error(
                "B24MCP_PORTAL_MOVED",
                f"The portal redirects to {host}, and it is not certain that this is the same portal.",
                status=reply.status,
            )
        if self.host != moved.host:
            _LOG.warning("The portal %s has moved to %s", urlsplit(route.origin).netloc, moved.host)
        self.credential = moved
        is_back = moved is not self._configured and moved.host == self._configured.host
        self.host = None if is_back else moved.host
        return await moved.route()

    def give_up(self, route: Route, fault: Fault) -> bool:
        """Use the configured address again if the new address of `route` does not answer. Return whether this was
        done.
        """
        if self.host is None or urlsplit(route.origin).netloc != self.host:
            return False
        if fault.executed != "no" or fault.code not in ("B24MCP_NO_CONNECTION", "B24MCP_TLS"):
            return False
        _LOG.warning("The portal no longer answers at %s: the configured address is used", self.host)
        self.credential, self.host = self._configured.at_configured_address(), None
        return True

    def noted_in(self, answer: Answer) -> Answer:
        """Return the answer with a warning that names the new address and the setting to change."""
        said = f"this portal has moved to {self.host}: change {self.credential.setting}"
        return replace(answer, warnings=(*answer.warnings, said))


def _absolute(origin: str, location: str) -> str | None:
    try:
        target = urljoin(origin + "/", location)
        return target if location and urlsplit(target).netloc else None
    except ValueError:
        return None
