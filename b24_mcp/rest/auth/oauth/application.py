"""The OAuth application, and the choice of its authorization server.

The client secret is sent to the authorization server only. A portal names its authorization server, but a portal may
run on any computer. So only the vendor's servers and a configured server are accepted.
Source: documentation, settings/oauth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from b24_mcp.errors import our_error
from b24_mcp.rest.auth.address import PortalAddress, cloud_zone, split_address

_WORLD = "https://oauth.bitrix.info"
_EAST = "https://oauth.bitrix24.tech"
_EASTERN_ZONES = {f"bitrix24.{zone}" for zone in ("ru", "by", "kz", "kg", "uz", "am", "az", "ge")}


@dataclass(frozen=True, slots=True)
class Application:
    """A local application of one portal, or one of the Market. `server` is the configured authorization server."""

    client_id: str
    client_secret: str = field(repr=False)
    server: str | None = None


def authorization_server(portal: PortalAddress, named: str | None, application: Application) -> str:
    """Return the origin of the authorization server. `named` is the server that a response named, if any.

    Raises:
        B24Error: `B24MCP_SETTINGS` when the named server is not accepted; nothing was sent.
    """
    if application.server is not None:
        return _configured(application.server)
    if named is None or not named.strip():
        return _by_region(portal)
    text = named if "://" in named else f"{'https' if portal.is_https else 'http'}://{named}"
    try:
        origin = split_address(text)[1]
    except ValueError:
        origin = ""
    if origin in (_WORLD, _EAST) or (origin and _is_same_listener(origin, portal)):
        return origin
    host = urlsplit(origin).netloc or "something that is not an address"
    raise our_error(
        "B24MCP_SETTINGS",
        f"The portal names {host} as its authorization server, which is not a server of Bitrix24. If it is correct, "
        "set B24_OAUTH_SERVER to its address.",
    )


def _is_same_listener(origin: str, portal: PortalAddress) -> bool:
    """Whether both are on this computer at the same port. Another user of the computer may listen at another port."""
    server = PortalAddress(origin)
    return portal.is_loopback and server.is_loopback and _port(server) == _port(portal)


def _port(address: PortalAddress) -> str:
    return address.origin.rpartition(":")[2] if urlsplit(address.origin).port else address.origin.partition(":")[0]


def _by_region(portal: PortalAddress) -> str:
    if portal.is_loopback:
        return portal.origin
    return _EAST if cloud_zone(urlsplit(portal.origin).hostname or "") in _EASTERN_ZONES else _WORLD


def _configured(text: str) -> str:
    try:
        origin = split_address(text if "://" in text else f"https://{text}")[1]
        if not origin.startswith("https:") and not PortalAddress(origin).is_loopback:
            raise ValueError("it uses http; secrets are sent over https, except to this computer")
    except ValueError as exc:
        raise our_error("B24MCP_SETTINGS", f"B24_OAUTH_SERVER cannot be used: {exc}.") from None
    return origin
