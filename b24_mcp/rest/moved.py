"""A portal that has moved to another address: following its redirect, and going back when the new address is down.

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

        `route` is the one of the redirected request: another call may have found the new address meanwhile.

        Raises:
            B24Error: when it is not certain that the new address is the same portal. Nothing was executed.
        """
        target = _absolute(route.origin, reply.location)
        if target is None or route.is_at(target):
            raise our_error(
                "B24MCP_PORTAL_CLOSED", "The portal answers with a page of its own instead.", status=reply.status
            )
        moved = await self.credential.follow(route, target)
        if moved is None:
            host = urlsplit(target).netloc.rpartition("@")[2]
            raise our_error(
                "B24MCP_PORTAL_MOVED",
                f"The portal says that it is at {host} now, which is not surely the same portal.",
                status=reply.status,
            )
        if self.host != moved.host:
            _LOG.warning("The portal %s is at %s now", urlsplit(route.origin).netloc, moved.host)
        self.credential = moved
        is_back = moved is not self._configured and moved.host == self._configured.host
        self.host = None if is_back else moved.host
        return await moved.route()

    def give_up(self, route: Route, fault: Fault) -> bool:
        """Go back to the configured address if the new one, taken by `route`, does not answer; return whether it
        did.
        """
        if self.host is None or urlsplit(route.origin).netloc != self.host:
            return False
        if fault.executed != "no" or fault.code not in ("B24MCP_NO_CONNECTION", "B24MCP_TLS"):
            return False
        _LOG.warning("The portal does not answer at %s any more: the configured address is used", self.host)
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
