"""The incoming webhook of a portal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.address import PortalAddress, is_loopback, split_address
from b24_mcp.rest.auth.credential import Route
from b24_mcp.rest.pasted import cleaned

# Users copy the address of the example call that the portal shows; the method name at its end is harmless.
# One webhook serves both versions of the API; REST 3.0 has its methods under /rest/api/.
_PATH = re.compile(r"/rest/(?:api/)?(?P<user>[^/]+)/(?P<code>[^/]+)(?:/[A-Za-z0-9_.]*)?/?")
_CODE = re.compile(r"[A-Za-z0-9_-]+")
# The name of the setting, pasted with its value.
_NAMED = re.compile(r"(?:export\s+)?[A-Z][A-Z0-9_]{2,40}\s*=\s*")
_WITHOUT_SCHEME = re.compile(r"(?://)?(?P<host>[^/\s:@?#]+(?::[0-9]+)?)/rest/")
_USER = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*")


@dataclass(frozen=True, slots=True)
class Webhook(PortalAddress):
    """An incoming webhook. `user` is the id of its owner; `code` is the secret, which is part of every address.

    It is both a credential and a route. Source: documentation, local-integrations/local-webhooks.
    """

    user: str
    code: str = field(repr=False)

    @property
    def owner(self) -> str:
        """The key under which the portal counts operating time: each webhook has its own."""
        return f"{self.user}/{self.code}"

    @property
    def setting(self) -> str:
        """The name of the setting that holds the webhook."""
        return "B24_WEBHOOK_URL"

    @property
    def is_application(self) -> bool:
        """A webhook is no application."""
        return False

    @property
    def headers(self) -> Mapping[str, str]:
        """No headers: the address holds the secret."""
        return {}

    def address_of(self, method: str, suffix: str = "") -> str:
        """Return the address of a method; it is secret. `suffix` is empty or `.xml`."""
        return f"{self.origin}/rest/{self.user}/{self.code}/{method}{suffix}"

    def v3_address_of(self, method: str) -> str:
        """Return the address of a method of REST 3.0; it is secret. Source: documentation, api-reference/rest-v3."""
        return f"{self.origin}/rest/api/{self.user}/{self.code}/{method}"

    async def route(self) -> Route:
        """Return the webhook itself; it never changes."""
        return self

    async def renew(self, route: Route, fault: Fault) -> bool:
        """Return False: a webhook cannot be renewed."""
        return False

    async def follow(self, route: Route, address: str) -> Webhook | None:
        """Return the webhook at the new address that the portal named; None when it may be another portal's."""
        moved = route.moved_to(address)
        return moved if isinstance(moved, Webhook) else None

    def at_configured_address(self) -> Webhook:
        """Return the webhook itself: `follow` returns a copy."""
        return self

    async def aclose(self) -> None:
        """Do nothing: a webhook has no files and connections."""


def parse_webhook(text: str) -> Webhook:
    """Parse the webhook of the configuration.

    Raises:
        B24Error: `B24MCP_WEBHOOK` with the reason; it does not repeat the secret, and nothing was sent.
    """
    try:
        parts, origin = split_address(_with_scheme(text))
    except ValueError as exc:
        raise _refusal(str(exc)) from None
    if parts.scheme == "http" and not PortalAddress(origin).is_loopback:
        raise _refusal("it uses http; a webhook is sent over https, except to this computer")
    match = _PATH.fullmatch(parts.path)
    if match is None or not _CODE.fullmatch(match["code"]):
        raise _refusal("its path is not /rest/USER_ID/CODE/")
    if not _USER.fullmatch(match["user"]):
        raise _refusal("the part after /rest/ is not a user id")
    return Webhook(origin, match["user"], match["code"])


def _with_scheme(text: str) -> str:
    """Return the address in a text as it was pasted: without quotes and the name of the setting, with a scheme."""
    text = cleaned(text)
    if named := _NAMED.match(text):
        text = cleaned(text[named.end() :])
    if bare := _WITHOUT_SCHEME.match(text):
        host = bare["host"].partition(":")[0]
        if "." in host or is_loopback(host):
            return f"{'http' if is_loopback(host) else 'https'}://{text.removeprefix('//')}"
    return text


def _refusal(reason: str) -> B24Error:
    return our_error("B24MCP_WEBHOOK", f"B24_WEBHOOK_URL is not an incoming webhook: {reason}.")
