"""Where a portal is: its address, what counts as the same place, and where it may move."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import SplitResult, urlsplit

from b24_mcp.errors import our_error

_HOST = re.compile(r"[^\s\x00-\x20/\\?#@%<>\"'`{}|^\[\]]+")
_NOT_PORTALS = {"www", "helpdesk", "dev", "apidocs", "training", "dl", "cdn", "oauth", "auth", "mail", "support"}
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class PortalAddress:
    """`origin` is scheme, host and port, without a slash at the end."""

    origin: str

    @property
    def host(self) -> str:
        """The portal's host name with its port, fit to be shown."""
        return urlsplit(self.origin).netloc

    @property
    def hostname(self) -> str:
        """The host name alone, in lower case."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_https(self) -> bool:
        """Whether the way to the portal is encrypted."""
        return self.origin.startswith("https:")

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this machine, where plain http is allowed and no proxy stands between."""
        return is_loopback(urlsplit(self.origin).hostname or "")

    def is_at(self, address: str) -> bool:
        """Whether an address is on this very host and port, however they are written."""
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
        """Return the same at the host of an address the portal names, or None when that may be another portal.

        The cloud names each portal under the domain of its zone, such as `bitrix24.de`, and renames it there. So a
        cloud portal may move to another portal name of the same zone, over https and at the usual port. Any other
        address has to be confirmed by a person. Source: documentation, how-to-call-rest-api/change-domen.
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
        return replace(self, origin=written_origin("https", host, None))


def split_address(text: str) -> tuple[SplitResult, str]:
    """Read an address a person configured, and its origin.

    Raises:
        ValueError: saying what is wrong, without repeating the address.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None  # raised below, away from an exception that quotes the address
    if parts.scheme not in ("https", "http") or not host or not _HOST.fullmatch(host):
        raise ValueError("it does not start with https:// and a host name")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it holds a user name or password before the host")
    if parts.query or parts.fragment:
        raise ValueError("it has something after ? or #")
    return parts, written_origin(parts.scheme, host, port)


def parse_portal(text: str) -> PortalAddress:
    """Read the address of a portal; a bare host name means https.

    Raises:
        B24Error: `B24MCP_SETTINGS`, saying what is wrong; nothing was sent.
    """
    try:
        parts, origin = split_address(text if "://" in text else f"https://{text.strip()}")
        if parts.path.strip("/") not in ("", "rest"):
            raise ValueError("it is more than the address of a portal, such as https://acme.bitrix24.com")
        address = PortalAddress(origin)
        if not address.is_https and not address.is_loopback:
            raise ValueError("it uses http: tokens go over https, except to this very computer")
    except ValueError as exc:
        raise our_error("B24MCP_SETTINGS", f"The address of the portal cannot be used: {exc}.") from None
    return address


def written_origin(scheme: str, host: str, port: int | None) -> str:
    """Scheme, host and port as they stand in an address."""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def cloud_zone(host: str) -> str | None:
    """The zone of the cloud in which a host is a portal, such as `bitrix24.de`; None for every other host.

    Websites people build there have other domains; the vendor's own sites, such as `www`, are not portals.
    """
    match = re.fullmatch(r"([a-z0-9-]+)\.(bitrix24\.(?:[a-z]{2}|com|com\.[a-z]{2}))", host.lower())
    return match[2] if match and match[1] not in _NOT_PORTALS else None


def is_loopback(host: str) -> bool:
    """Whether a host name means this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
