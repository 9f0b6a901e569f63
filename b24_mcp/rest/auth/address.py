"""The address of a portal: parsing it, comparing it, and following the portal to a new one."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import SplitResult, urlsplit

from b24_mcp.errors import our_error
from b24_mcp.rest.pasted import cleaned

_HOST = re.compile(r"[^\s\x00-\x20/\\?#@%<>\"'`{}|^\[\]]+")
_NOT_PORTALS = {"www", "helpdesk", "dev", "apidocs", "training", "dl", "cdn", "oauth", "auth", "mail", "support"}
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class PortalAddress:
    """The address of a portal. `origin` is scheme, host and port, without a slash at the end."""

    origin: str

    @property
    def host(self) -> str:
        """The portal's host name with its port. It holds no secret."""
        return urlsplit(self.origin).netloc

    @property
    def hostname(self) -> str:
        """The host name without the port, in lower case."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_https(self) -> bool:
        """Whether the connection to the portal is encrypted."""
        return self.origin.startswith("https:")

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this computer, where plain http is allowed and no proxy is used."""
        return is_loopback(urlsplit(self.origin).hostname or "")

    def is_at(self, address: str) -> bool:
        """Whether an address has the same host and port, in any spelling."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            return False
        own = urlsplit(self.origin)
        return host == own.hostname and (port or _DEFAULT_PORTS.get(parts.scheme)) == (
            own.port or _DEFAULT_PORTS[own.scheme]
        )

    def moved_to(self, address: str) -> Self | None:
        """Return a copy with the host of an address that the portal named; None when it may be another portal.

        A cloud portal has a name under the domain of its zone, such as `bitrix24.de`, and can be renamed there. So a
        cloud portal may move to another name in the same zone, over https and at the default port. The user has to
        confirm any other address. Source: documentation, how-to-call-rest-api/change-domen.
        """
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        own = urlsplit(self.origin)
        if host is None or parts.scheme != "https" or not self.is_https or not _HOST.fullmatch(host):
            return None
        zone = cloud_zone(own.hostname or "")
        if zone is None or zone != cloud_zone(host) or port not in (None, 443) or own.port not in (None, 443):
            return None
        return replace(self, origin=format_origin("https", host, None))


def split_address(text: str) -> tuple[SplitResult, str]:
    """Parse an address from the configuration. Return its parts and its origin.

    Raises:
        ValueError: with the reason; it does not repeat the address.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None  # raised below, because this exception quotes the address
    if parts.scheme not in ("https", "http") or not host or not _HOST.fullmatch(host):
        raise ValueError("it does not start with https:// and a host name")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it holds a user name or password before the host")
    if parts.query or parts.fragment:
        raise ValueError("it has something after ? or #")
    return parts, format_origin(parts.scheme, host, port)


def parse_portal(text: str) -> PortalAddress:
    """Parse the address of a portal. A bare host name means https.

    Raises:
        B24Error: `B24MCP_SETTINGS` with the reason; nothing was sent.
    """
    try:
        text = cleaned(text)
        parts, origin = split_address(text if "://" in text else f"https://{text}")
        if parts.path.strip("/") not in ("", "rest"):
            raise ValueError(
                "it has a path; a portal's address is only a scheme and a host, such as https://acme.bitrix24.com"
            )
        address = PortalAddress(origin)
        if not address.is_https and not address.is_loopback:
            raise ValueError("it uses http; tokens are sent over https, except to this computer")
    except ValueError as exc:
        raise our_error("B24MCP_SETTINGS", f"The address of the portal cannot be used: {exc}.") from None
    return address


def format_origin(scheme: str, host: str, port: int | None) -> str:
    """Return scheme, host and port in the form of an address."""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def cloud_zone(host: str) -> str | None:
    """Return the cloud zone of a portal's host, such as `bitrix24.de`; None when the host is not a cloud portal.

    Sites that users build in the cloud have other domains. The vendor's own sites, such as `www`, are not portals.
    """
    match = re.fullmatch(r"([a-z0-9-]+)\.(bitrix24\.(?:[a-z]{2}|com|com\.[a-z]{2}))", host.lower())
    return match[2] if match and match[1] not in _NOT_PORTALS else None


def is_loopback(host: str) -> bool:
    """Whether a host name means this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
