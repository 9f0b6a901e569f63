"""Fetching a document from an address that a stranger chose, but never from the server's own network.

Only https on the usual port, to a public host name. All its addresses must be public, the connection goes to one of
those that were checked, no redirect is followed, no proxy is used, and size and time are limited.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import anyio
import httpx

MAX_BYTES = 16_384
_TIMEOUT = 5.0
_LONGEST_ADDRESS = 500
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
"""A host name with a dot. Its last label begins with a letter, so that no way to write an IP address matches."""
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)+", re.ASCII)
# Names that resolve inside a network. Sources: RFC 6761, RFC 6762, RFC 8375, RFC 9476, and common practice.
_INTERNAL = "alt corp home internal intranet invalid lan local localdomain localhost onion test"
_PRIVATE_NAMES = frozenset(_INTERNAL.split())
_PRIVATE_NAMES_OF_TWO = ("home.arpa",)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class FetchError(Exception):
    """A document that could not be fetched. The message is for the person who looks at the page."""


def problem_with_address(url: str) -> str | None:
    """Return why a document is not fetched from an address; None when it may be tried."""
    if len(url) > _LONGEST_ADDRESS or not url.isascii():
        return "it is too long, or has characters outside ASCII"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it cannot be parsed"
    if not url.startswith("https://") or parts.query or parts.fragment or url.endswith(("?", "#")):
        return "it must begin with https:// and have no query and no fragment"
    if parts.netloc != host or port is not None:
        return "it must name a host in lower case, without user and port"
    if not _HOST.fullmatch(host) or host.split(".")[-1] in _PRIVATE_NAMES or host.endswith(_PRIVATE_NAMES_OF_TWO):
        return "it must name a public host, not an IP address"
    if not _PATH.fullmatch(parts.path) or parts.path == "/":
        return "it must have a path"
    if any(part in (".", "..") for part in unquote(unquote(parts.path)).split("/")):
        return "its path must have no dot segments"
    return None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet, also where an IPv6 address contains an IPv4 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # also an IPv6 address with a zone that this Python cannot parse
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64 or int(ip) >> 32 == 0:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
        if (
            ip.scope_id is not None
            or ip.is_site_local
            or any(one is not None and not is_public(str(one)) for one in inner)
        ):
            return False
        if ip.ipv4_mapped is not None or ip in _NAT64:
            return True  # what counts is the IPv4 address
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def resolve(host: str) -> Sequence[str]:
    """Return the IP addresses of a host."""
    found = await anyio.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedFetcher:
    """Fetches JSON documents. The arguments replace the parts of a fetch in tests."""

    def __init__(
        self,
        ca_bundle: Path | None = None,
        resolve: Resolve = resolve,
        is_allowed: Callable[[str], bool] = is_public,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._ca_bundle = ca_bundle
        self._resolve = resolve
        self._is_allowed = is_allowed
        self._transport = transport or self._connection
        self._tls: ssl.SSLContext | None = None

    async def fetch(self, url: str) -> bytes:
        """Return the content of a document.

        Raises:
            FetchError: when the address may not be fetched, or the answer is not a JSON document of a moderate size.
        """
        if problem := problem_with_address(url):
            raise FetchError(problem)
        try:
            with anyio.fail_after(_TIMEOUT):
                return await self._fetch(url)
        except TimeoutError:
            raise FetchError("the host did not answer in time") from None
        except (OSError, httpx.HTTPError, ssl.SSLError, UnicodeError):
            raise FetchError("the host cannot be reached") from None

    async def _fetch(self, url: str) -> bytes:
        parts = urlsplit(url)
        host = parts.hostname or ""
        addresses = await self._resolve(host)
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise FetchError("the host is not on the internet")
        # The connection is made to the checked address. The certificate is still that of the host name.
        address = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        headers = {"host": host, "accept": "application/json", "accept-encoding": "identity", "user-agent": "b24-mcp"}
        async with (
            httpx.AsyncClient(transport=self._transport(), trust_env=False, follow_redirects=False) as http,
            http.stream(
                "GET", f"https://{address}{parts.path}", headers=headers, extensions={"sni_hostname": host}
            ) as response,
        ):
            return await _content(response)

    def _connection(self) -> httpx.AsyncBaseTransport:
        from b24_mcp.rest.wire.transport import tls_context  # imports the whole client of the portal

        if self._tls is None:
            self._tls = tls_context(self._ca_bundle)
        return httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, retries=0)


async def _content(response: httpx.Response) -> bytes:
    """Read a JSON document in pieces, and stop when it becomes too large."""
    if response.status_code != 200:
        raise FetchError(f"the host answered with status {response.status_code}")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise FetchError("the document is not JSON")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError("the document is compressed")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > MAX_BYTES:
            raise FetchError(f"the document is larger than {MAX_BYTES} bytes")
    return bytes(body)
