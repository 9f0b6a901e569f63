"""Fetching an archive of the documentation; the only module of this room that knows the HTTP library.

Only over https, only from the hosts it was told, wherever redirects lead, and no larger than it may be. (A server on
this very computer may be spoken to over http.)
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import truststore

from b24_mcp import __version__
from b24_mcp.docs.errors import DocsError

_MOST_REDIRECTS = 5
_LARGEST = 1 << 30
_TIMEOUT = httpx.Timeout(60, connect=15)
_PIECE = 1 << 16

for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

Received = Callable[[int, int | None], None]
"""Told while an archive comes: bytes so far, bytes in all where the server says so."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where archives are asked for, and which hosts a redirect may lead to; `.name` stands for all below `name`."""

    address: str
    hosts: tuple[str, ...]
    largest: int = _LARGEST

    def allows(self, url: httpx.URL) -> bool:
        """Whether this address may be asked."""
        known = any(url.host == host or (host[:1] == "." and url.host.endswith(host)) for host in self.hosts)
        return known and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host)))


GITHUB = Host("https://github.com", ("github.com", "codeload.github.com", ".githubusercontent.com"))


def download(
    repository: str, target: Path, *, etag: str | None = None, host: Host = GITHUB, received: Received | None = None
) -> str | None:
    """Fetch the newest state of a repository as tar.gz into `target`; gives what the server calls this state.

    With the `etag` of a state that is known, `target` is not written when nothing has changed since.

    Raises:
        DocsError: when it cannot be had; nothing of use is in `target` then.
    """
    url = httpx.URL(f"{host.address}/{repository}/archive/HEAD.tar.gz")
    headers = {"User-Agent": f"b24-mcp/{__version__}", "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with httpx.Client(
            verify=context, follow_redirects=False, timeout=_TIMEOUT, headers=headers, trust_env=url.scheme == "https"
        ) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                if not host.allows(url):
                    raise DocsError(f"{url.host} is not a host the documentation is fetched from; nothing was taken.")
                with client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        return _taken(response, target, host, etag, received)
                    url = url.join(response.headers["Location"])
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as exc:
        raise DocsError(f"{_why(exc)} Without a connection, `--from` takes an archive or a folder.") from None
    raise DocsError("The server redirects in a circle; nothing was taken.")


def _taken(
    response: httpx.Response, target: Path, host: Host, etag: str | None, received: Received | None
) -> str | None:
    if response.status_code == httpx.codes.NOT_MODIFIED and etag:
        target.unlink(missing_ok=True)
        return etag
    if response.status_code != httpx.codes.OK:
        raise DocsError(f"{response.url.host} answers {response.status_code} instead of the documentation.")
    length = response.headers.get("Content-Length", "")
    whole = int(length) if length.isdecimal() else None
    size = 0
    with target.open("wb") as file:
        for piece in response.iter_raw(_PIECE):
            size += len(piece)
            if size > host.largest:
                raise DocsError("The archive is larger than the documentation can be; it was not read to its end.")
            file.write(piece)
            if received is not None:
                received(size, whole)
    if whole is not None and size != whole:
        raise DocsError("The connection broke before the archive was complete.")
    found: str | None = response.headers.get("ETag")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _why(exc: Exception) -> str:
    match exc:
        case httpx.TimeoutException():
            return "The server of the documentation did not answer in time."
        case httpx.ProxyError():
            return "The proxy did not let the request through."
        case httpx.ConnectError():
            return "The server of the documentation cannot be reached."
        case httpx.HTTPError():
            return "The connection broke before the archive was complete."
        case OSError():
            return f"The archive cannot be written: {exc.strerror or 'the disk refuses'}."
        case _:
            return "The documentation cannot be fetched: a proxy named in the environment cannot be used."
