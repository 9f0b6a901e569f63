"""Download an archive of the documentation. No other module of this package imports the HTTP library.

Requests and redirects go over https and to the allowed hosts only, and the size of the archive is limited. Plain http
is allowed for a server on loopback.
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import truststore

from b24_mcp import __version__
from b24_mcp.docs.errors import DocsError

_MAX_REDIRECTS = 5
_MAX_BYTES = 1 << 30
_LONGEST = 1_800.0
_TIMEOUT = httpx.Timeout(60, connect=15)
_CHUNK = 1 << 16
_HEAD = 1 << 12
"""The bytes at the beginning of an archive by which `is_known` decides."""

for _verbose in ("httpx", "httpcore"):
    logging.getLogger(_verbose).setLevel(logging.WARNING)

DownloadProgress = Callable[[int, int | None], None]
"""A callback during a download: bytes so far, and bytes in total when the server states them."""


@dataclass(frozen=True, slots=True)
class Host:
    """The server of the archives, and the hosts that may be requested; `.name` allows every host below `name`."""

    address: str
    hosts: tuple[str, ...]
    max_bytes: int = _MAX_BYTES

    def allows(self, url: httpx.URL) -> bool:
        """Whether a request to this address is allowed."""
        known = any(url.host == host or (host[:1] == "." and url.host.endswith(host)) for host in self.hosts)
        return known and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host)))


GITHUB = Host("https://github.com", ("github.com", "codeload.github.com", ".githubusercontent.com"))


def download(
    repository: str,
    target: Path,
    *,
    etag: str | None = None,
    host: Host = GITHUB,
    on_progress: DownloadProgress | None = None,
    is_known: Callable[[bytes], bool] = lambda _: False,
    longest: float = _LONGEST,
) -> str | None:
    """Download the newest revision of a repository as tar.gz into `target`. Return its ETag when the server sends one.

    With the `etag` of an earlier download, `target` is not written when nothing has changed since. A server may not
    compare ETags: the download also stops, and `target` is removed, when `is_known` recognises the beginning of the
    archive. `longest` is the limit for the whole download in seconds.

    Raises:
        DocsError: when the download fails. The content of `target` is then not usable.
    """
    url = httpx.URL(f"{host.address}/{repository}/archive/HEAD.tar.gz")
    headers = {"User-Agent": f"b24-mcp/{__version__}", "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    ends_at = time.monotonic() + longest
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with httpx.Client(
            verify=context, follow_redirects=False, timeout=_TIMEOUT, headers=headers, trust_env=url.scheme == "https"
        ) as client:
            for _ in range(_MAX_REDIRECTS + 1):
                if not host.allows(url):
                    raise DocsError(
                        f"The download leads to {url.host}, which is not an allowed host. Nothing was downloaded."
                    )
                with client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        return _save(response, target, host, etag, _Watch(ends_at, on_progress, is_known))
                    url = url.join(response.headers["Location"])
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as exc:
        raise DocsError(f"{_reason(exc)} To work offline, name an archive or a folder with `--from`.") from None
    raise DocsError("The server redirects too often. Nothing was downloaded.")


@dataclass(frozen=True, slots=True)
class _Watch:
    """What is done while an archive arrives: the end of the download, progress, and recognising a known archive."""

    ends_at: float
    on_progress: DownloadProgress | None
    is_known: Callable[[bytes], bool]


def _save(response: httpx.Response, target: Path, host: Host, etag: str | None, watch: _Watch) -> str | None:
    if response.status_code == httpx.codes.NOT_MODIFIED and etag:
        target.unlink(missing_ok=True)
        return etag
    if response.status_code != httpx.codes.OK:
        raise DocsError(
            f"{response.url.host} answered with status {response.status_code} instead of the documentation."
        )
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    found: str | None = response.headers.get("ETag")
    size = 0
    head = b""
    known = False
    with target.open("wb") as file:
        for piece in response.iter_raw(_CHUNK):
            size += len(piece)
            if size > host.max_bytes:
                raise DocsError("The archive is larger than the documentation can be. The download was stopped.")
            if time.monotonic() > watch.ends_at:
                raise DocsError("The server of the documentation is too slow. The download was stopped.")
            file.write(piece)
            if watch.on_progress is not None:
                watch.on_progress(size, total)
            if len(head) < _HEAD:
                head = (head + piece)[:_HEAD]
                if known := len(head) == _HEAD and watch.is_known(head):
                    break
    if known:
        target.unlink()
        return found or etag
    if total is not None and size != total:
        raise DocsError("The connection was lost before the archive was complete.")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(exc: Exception) -> str:
    match exc:
        case httpx.TimeoutException():
            return "The server of the documentation did not respond in time."
        case httpx.ProxyError():
            return "The proxy refused the request."
        case httpx.ConnectError():
            return "The server of the documentation cannot be reached."
        case httpx.HTTPError():
            return "The connection was lost before the archive was complete."
        case OSError():
            return f"The archive cannot be written: {exc.strerror or 'the disk refused'}."
        case _:
            return "The documentation cannot be downloaded: a proxy set in the environment is not usable."
