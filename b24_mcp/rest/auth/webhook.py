"""The incoming webhook that opens a portal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.address import PortalAddress, split_address
from b24_mcp.rest.auth.credential import Route

# People copy the address of the example call that the portal shows; one more part, a method name, is harmless.
# The same webhook opens both generations of the API, of which the newer has its methods under /rest/api/.
_PATH = re.compile(r"/rest/(?:api/)?(?P<user>[^/]+)/(?P<code>[^/]+)(?:/[A-Za-z0-9_.]*)?/?")
_CODE = re.compile(r"[A-Za-z0-9_-]+")
_USER = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*")


@dataclass(frozen=True, slots=True)
class Webhook(PortalAddress):
    """An incoming webhook. `user` is the owner's id; `code` the secret, which stands in every address.

    It is a credential and the way to the portal in one. Source: documentation, local-integrations/local-webhooks.
    """

    user: str
    code: str = field(repr=False)

    @property
    def owner(self) -> str:
        """Who the portal's accounting charges: each webhook by itself."""
        return f"{self.user}/{self.code}"

    @property
    def setting(self) -> str:
        """What a person sets to open the portal this way."""
        return "B24_WEBHOOK_URL"

    @property
    def headers(self) -> Mapping[str, str]:
        """None: the address says it all."""
        return {}

    def address_of(self, method: str, suffix: str = "") -> str:
        """The address of a method: secret, so never shown. `suffix` is empty or `.xml`."""
        return f"{self.origin}/rest/{self.user}/{self.code}/{method}{suffix}"

    def v3_address_of(self, method: str) -> str:
        """The address of a method of REST 3.0, as secret. Source: documentation, api-reference/rest-v3."""
        return f"{self.origin}/rest/api/{self.user}/{self.code}/{method}"

    async def route(self) -> Route:
        """The webhook itself; it never changes."""
        return self

    async def renew(self, route: Route, fault: Fault) -> bool:
        """False: a webhook that is refused stays refused."""
        return False

    async def follow(self, route: Route, address: str) -> Webhook | None:
        """The same webhook at an address the portal names, when that is surely the portal's own."""
        moved = route.moved_to(address)
        return moved if isinstance(moved, Webhook) else None

    def at_configured_address(self) -> Webhook:
        """The webhook itself: `follow` returns another one."""
        return self

    async def aclose(self) -> None:
        """Nothing is open."""


def parse_webhook(text: str) -> Webhook:
    """Read the address a person configured.

    Raises:
        B24Error: `B24MCP_WEBHOOK`, saying what is wrong without repeating the secret; nothing was sent.
    """
    try:
        parts, origin = split_address(text)
    except ValueError as exc:
        raise _refuse(str(exc)) from None
    if parts.scheme == "http" and not PortalAddress(origin).is_loopback:
        raise _refuse("it uses http: a webhook goes over https, except to this very computer")
    match = _PATH.fullmatch(parts.path)
    if match is None or not _CODE.fullmatch(match["code"]):
        raise _refuse("its path is not /rest/USER_ID/CODE/")
    if not _USER.fullmatch(match["user"]):
        raise _refuse("the part after /rest/ is not a user id")
    return Webhook(origin, match["user"], match["code"])


def _refuse(why: str) -> B24Error:
    return our_error("B24MCP_WEBHOOK", f"B24_WEBHOOK_URL is not an incoming webhook: {why}.")
