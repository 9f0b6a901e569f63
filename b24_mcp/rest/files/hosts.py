"""The hosts that files are read from: the portal, and the storage that the portal redirects to.

A link comes from the data of a portal, which anybody may have written. So it must lead to the portal itself, and no
credential is sent with it beyond what the link has. Only a redirect of the portal leads to another host. That host is
reached over https, and not in a private network, unless the portal is in one too.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import SplitResult, urljoin, urlsplit

from anyio.to_thread import run_sync

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.auth.address import is_loopback
from b24_mcp.rest.auth.credential import Route

_PORT = 443


def link_at_portal(route: Route, link: str) -> str:
    """Return the whole address of a link of the portal.

    Raises:
        B24Error: `B24MCP_FILE_HOST` for a link to another host.
    """
    parts = _split(urljoin(f"{route.origin}/", link))
    if parts is None or parts.username or parts.password or not route.is_at(parts.geturl()):
        raise _foreign("" if parts is None else parts.hostname or "", "The link leads to")
    if parts.scheme != urlsplit(route.origin).scheme:
        raise our_error("B24MCP_FILE_HOST", "The link leads to the portal without encryption.")
    return parts._replace(fragment="").geturl()


async def storage_address(route: Route, before: str, location: str) -> str:
    """Return the address that a redirect of the portal or of its storage names.

    Raises:
        B24Error: `B24MCP_FILE_HOST` for an address that files are not read from.
    """
    parts = _split(urljoin(before, location)) if location else None
    if parts is None or not parts.hostname or parts.username or parts.password:
        raise our_error("B24MCP_FILE_HOST", "The portal redirects the download to an address that cannot be used.")
    address = parts._replace(fragment="").geturl()
    own = urlsplit(route.origin)
    if route.is_at(address) and parts.scheme == own.scheme:
        return address
    if is_loopback(own.hostname or ""):  # the sandbox, or a test portal on this computer
        if not is_loopback(parts.hostname):
            raise _foreign(parts.hostname, "The portal redirects the download to")
        return address
    is_usual = parts.scheme == "https" and parts.port in (None, _PORT)
    if not is_usual or not await _is_public(parts, own):
        raise _foreign(parts.hostname, "The portal redirects the download to")
    return address


async def _is_public(parts: SplitResult, own: SplitResult) -> bool:
    """Whether a host is in the internet, or in a private network as the portal itself."""
    if _is_address(parts.hostname or ""):
        return False
    found = await run_sync(_addresses, parts.hostname or "")
    if not found:
        return False
    if all(one.is_global for one in found):
        return True
    if any(one.is_loopback or one.is_link_local or one.is_multicast or one.is_unspecified for one in found):
        return False
    return any(not one.is_global for one in await run_sync(_addresses, own.hostname or ""))


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found: Iterable[tuple[object, ...]] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found if isinstance(one[4], tuple)]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.replace(".", "").isdigit() or host.lower().startswith("0x")
    return True


def _split(address: str) -> SplitResult | None:
    if any(ord(one) <= ord(" ") or one == "\\" for one in address):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _foreign(host: str, how: str) -> B24Error:
    shown = host if host.isascii() and host.isprintable() else "a host with an unusual name"
    return our_error("B24MCP_FILE_HOST", f"{how} {shown or 'no host'}, which files are not read from.")
