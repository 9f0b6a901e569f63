"""The only module that knows the HTTP library: it sends bytes to one portal and brings a `Reply` back.

Whatever the library raises is translated here, into an error of ours that repeats nothing of the address: an address
holds the secret of the webhook.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
import truststore

from b24_mcp import __version__
from b24_mcp.rest.answer import Reply
from b24_mcp.rest.errors import B24Error, our_error
from b24_mcp.rest.request import Format

_ACCEPT = {"json": "application/json", "xml": "text/xml, application/json"}
_CONNECT_SECONDS = 10.0

# At INFO and below these write whole addresses, and an address holds the secret.
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class Transport:
    """A pool of connections to one portal. Follows no redirect, keeps no cookie, checks every certificate.

    `seconds` bounds the wait for each part of an answer, `largest_answer` its size in bytes once unpacked. `ca_bundle`
    is a file with further authorities to trust. `local` is set for a portal on this computer, to which no proxy
    leads. `app` is an ASGI application that answers in this very process instead of the network. `peer` is what
    messages call the other side.

    Raises:
        B24Error: `B24MCP_SETTINGS` or `B24MCP_PROXY` when the file or the environment's proxy cannot be used.
    """

    def __init__(
        self,
        *,
        seconds: float,
        largest_answer: int,
        ca_bundle: Path | None,
        https: bool,
        local: bool,
        app: Any = None,
        peer: str = "The portal",
    ) -> None:
        network = app is None
        context = tls_context(ca_bundle) if https and network else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            client = httpx.AsyncClient(
                transport=None if network else httpx.ASGITransport(app=app),
                verify=context,
                trust_env=network and not local,
                follow_redirects=False,
                timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds), pool=None),
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=30),
                headers={"User-Agent": f"b24-mcp/{__version__}"},
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            )
        except (ValueError, httpx.InvalidURL, ImportError):  # the only thing read from outside here is the proxy
            client = None
        if client is None:
            raise our_error("B24MCP_PROXY", "The proxy named in the environment cannot be used.")
        self._client = client
        self._peer = peer
        self._seconds = seconds
        self._largest_answer = largest_answer

    async def post(
        self,
        address: str,
        body: bytes,
        wanted: Format,
        key: str | None = None,
        also: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one POST with a JSON body. `key` is sent as its Idempotency-Key, `also` are further headers.

        Raises:
            B24Error: when no HTTP answer came; `executed` says whether the portal may have seen the call.
        """
        headers = {"Content-Type": "application/json", "Accept": _ACCEPT[wanted], **(also or {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            async with self._client.stream("POST", address, content=body, headers=headers) as response:
                return Reply(
                    status=response.status_code,
                    media_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                    body=await self._read(response),
                    location=response.headers.get("Location", ""),
                    key=response.headers.get("Idempotency-Key"),
                )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            error = self._translate(exc)
        # Raised here, outside the handler, so that no exception holding the address hangs on to it.
        raise error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        """Read a body piece by piece, and no further than an answer may be long.

        Raises:
            B24Error: `B24MCP_TOO_LARGE`; the connection is given up.
        """
        pieces, size = [], 0
        async for piece in response.aiter_bytes():
            size += len(piece)
            if size > self._largest_answer:
                megabytes = self._largest_answer / (1 << 20)
                raise our_error(
                    "B24MCP_TOO_LARGE",
                    f"The answer is larger than {megabytes:g} MB and was not read to its end.",
                    status=response.status_code,
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _translate(self, exc: Exception) -> B24Error:
        match exc:
            case httpx.ConnectError() | httpx.ProxyError() if _is_certificate_failure(exc):
                return our_error("B24MCP_TLS", f"{self._peer}'s certificate could not be verified.")
            case httpx.ProxyError():
                return our_error("B24MCP_PROXY", "The proxy did not let the call through.")
            case httpx.ConnectTimeout() | httpx.PoolTimeout():
                return our_error("B24MCP_NO_CONNECTION", f"{self._peer} did not take the connection in time.")
            case httpx.ConnectError():
                return our_error("B24MCP_NO_CONNECTION", f"{self._peer} cannot be reached: {_reason(exc)}.")
            case httpx.TimeoutException():
                return our_error("B24MCP_TIMEOUT", f"{self._peer} did not answer within {self._seconds:g} seconds.")
            case httpx.DecodingError():
                return our_error("B24MCP_BAD_ANSWER", "The compressed answer is broken or cut short.")
            case httpx.UnsupportedProtocol() | httpx.InvalidURL():
                return our_error("B24MCP_WEBHOOK", "B24_WEBHOOK_URL is not an address that can be called.")
            case _:
                return our_error("B24MCP_CONNECTION_LOST", "The connection broke before the answer was complete.")


def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """The operating system decides whom to trust; a file can add to that, nothing can switch it off.

    Raises:
        B24Error: `B24MCP_SETTINGS` when the file cannot be used.
    """
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=str(ca_bundle))
        except (OSError, ssl.SSLError):
            raise our_error(
                "B24MCP_SETTINGS", f"B24_CA_BUNDLE does not name a readable file of certificates: {ca_bundle}"
            ) from None
    return context


def _is_certificate_failure(exc: BaseException) -> bool:
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _reason(exc: BaseException) -> str:
    """Say in plain words why a connection failed; the library's text never goes further than this."""
    text = str(exc).lower()
    for sign, reason in (
        ("refused", "nothing listens at this address"),
        ("name or service not known", "there is no host of this name"),
        ("nodename nor servname", "there is no host of this name"),
        ("getaddrinfo", "there is no host of this name"),
        ("no address associated", "there is no host of this name"),
        ("temporary failure in name resolution", "host names cannot be looked up from here"),
        ("unreachable", "there is no route to it"),
        ("all connection attempts failed", "nothing answers at this address"),
        ("ssl", "it does not speak TLS at this port"),
        ("tls", "it does not speak TLS at this port"),
    ):
        if sign in text:
            return reason
    return "the connection failed"
