"""The HTTP transport: sends requests to one portal and returns each response as a `HttpReply`.

Only this module, `connections` and `pool` import the HTTP library. Every exception of the library is translated here
into an error that repeats nothing of the address, because the address holds the secret of the webhook.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import truststore

from b24_mcp import __version__
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.wire.answer import HttpReply
from b24_mcp.rest.wire.connections import NetworkTransport
from b24_mcp.rest.wire.decompression import ACCEPT_ENCODING, DecompressionError, Decompressor, TooLargeError
from b24_mcp.rest.wire.file_body import OnPiece
from b24_mcp.rest.wire.proxies import ProxyChoice, proxy_for
from b24_mcp.rest.wire.request import Content, Format

_ACCEPT = {"json": "application/json", "xml": "text/xml, application/json"}
_HEADERS = {
    "User-Agent": f"b24-mcp/{__version__}",
    "Accept-Encoding": ACCEPT_ENCODING,
    "Connection": "keep-alive",
}
_CONNECT_SECONDS = 10.0
_ADDRESSES_KEPT = 256

# At INFO and below, these log whole addresses with the secret.
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class Transport:
    """A pool of connections to one portal. It follows no redirect, keeps no cookie and checks every certificate.

    `seconds` is the timeout for each part of a response, `largest_answer` the largest decompressed body in bytes.
    `ca_bundle` is a file of further certificate authorities to trust. `host` is the host for which the proxy is chosen;
    None means a portal on this computer, for which no proxy is used. `app` is an ASGI application that answers in this
    process instead of the network. `peer` is the name of the server in messages.

    Raises:
        B24Error: `B24MCP_SETTINGS` or `B24MCP_PROXY`: the file or the proxy of the environment cannot be used.
    """

    def __init__(
        self,
        *,
        seconds: float,
        largest_answer: int,
        ca_bundle: Path | None,
        https: bool,
        host: str | None,
        app: Any = None,
        peer: str = "The portal",
    ) -> None:
        network = app is None
        self._proxy = _chosen_proxy(host) if network and host is not None else None
        context = tls_context(ca_bundle) if https and network else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._network = _network(context, self._proxy) if network else httpx.ASGITransport(app=app)
        timeout = httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds), pool=None)
        self._timeout = timeout.as_dict()
        self._url = lru_cache(maxsize=_ADDRESSES_KEPT)(httpx.URL)
        self._in_process = not network
        self._peer = peer
        self._seconds = seconds
        self._largest_answer = largest_answer

    async def post(
        self,
        address: str,
        body: Content,
        format: Format,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        on_sent: Callable[[], None] | None = None,
        *,
        media_type: str = "application/json",
        on_piece: OnPiece | None = None,
    ) -> HttpReply:
        """Send one POST request, and return the response.

        `key` is its Idempotency-Key, `headers` are further headers. `on_sent` is called just before the first byte of
        the request is sent: after an earlier failure the server has not seen the request. `on_piece` is called with the
        size of each piece of a body that is streamed.

        Raises:
            B24Error: there was no HTTP response; `executed` says whether the portal may have received the call.
        """
        sent = _HEADERS | {"Content-Type": media_type, "Accept": _ACCEPT[format], **(headers or {})}
        content: bytes | AsyncIterator[bytes]
        if isinstance(body, bytes):
            content = body
        else:
            content = body.stream(on_piece)
            sent["Content-Length"] = str(body.length)
        if key is not None:
            sent["Idempotency-Key"] = key
        progress = _Progress(on_sent)
        try:
            async with self._response("POST", address, sent, progress, content) as response:
                return HttpReply(
                    status=response.status_code,
                    media_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                    body=await self._read(response),
                    location=response.headers.get("Location", ""),
                    key=response.headers.get("Idempotency-Key"),
                )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            unsent = not progress.sent or isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout)
            error = self._translate_unsent(exc, progress) if unsent else self._translate(exc)
        # Raised outside the handler, so that it is not chained to an exception that holds the address.
        raise error

    @asynccontextmanager
    async def get(self, address: str, headers: Mapping[str, str]) -> AsyncIterator[Download]:
        """Send one GET request, and yield the response while it is open. Its body is not read.

        Raises:
            B24Error: there was no HTTP response, or the connection broke while the body was read.
        """
        progress = _Progress(None)
        # Compressed bytes cannot be continued after a broken connection.
        sent = _HEADERS | {"Accept": "*/*", "Accept-Language": "en", **headers, "Accept-Encoding": "identity"}
        error: B24Error | None = None
        try:
            async with self._response("GET", address, sent, progress) as response:
                yield Download(response.status_code, response.headers, response.aiter_raw)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            unsent = not progress.sent or isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout)
            error = self._translate_unsent(exc, progress) if unsent else self._translate(exc)
        # Raised outside the handler, so that it is not chained to an exception that holds the address.
        if error is not None:
            raise error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._network.aclose()

    @asynccontextmanager
    async def _response(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        progress: _Progress,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send one request, and yield its response before the body is read.

        A client of `httpx` is not needed: requests are not redirected, have no cookies, and take no settings from it.
        """
        if self._in_process:
            progress.sending()
        extensions = {"timeout": self._timeout, "trace": progress.trace}
        request = httpx.Request(method, self._url(address), headers=headers, content=content, extensions=extensions)
        response = await self._network.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        """Return the body, read piece by piece and not beyond its largest size.

        Raises:
            B24Error: `B24MCP_TOO_LARGE` or `B24MCP_BAD_ANSWER`; the connection is closed.
        """
        largest = self._largest_answer
        encoding = response.headers.get("Content-Encoding")
        try:
            if encoding:
                decompressor = Decompressor(encoding, largest)
                async for piece in response.aiter_raw():
                    decompressor.feed(piece)
                return decompressor.finish()
            pieces: list[bytes] = []
            size = 0
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > largest:
                    raise TooLargeError
                pieces.append(piece)
            return b"".join(pieces)
        except DecompressionError as exc:
            error = our_error("B24MCP_BAD_ANSWER", str(exc), status=response.status_code)
        except TooLargeError:
            megabytes = largest / (1 << 20)
            error = our_error(
                "B24MCP_TOO_LARGE",
                f"The answer is larger than {megabytes:g} MB and was not read to its end.",
                status=response.status_code,
            )
        raise error

    def _translate_unsent(self, exc: Exception, progress: _Progress) -> B24Error:
        """Return the error for a request of which no byte was sent."""
        proxy = self._proxy
        if proxy is not None and not progress.tunnelled and not isinstance(exc, httpx.InvalidURL):
            why = _proxy_reason(exc)
            return our_error("B24MCP_PROXY", f"The proxy {proxy.shown} (from {proxy.variable}) {why}.")
        if _is_certificate_failure(exc):
            return our_error("B24MCP_TLS", f"{self._peer}'s certificate could not be verified.")
        if isinstance(exc, httpx.UnsupportedProtocol | httpx.InvalidURL):
            return our_error("B24MCP_WEBHOOK", "B24_WEBHOOK_URL is not a valid address.")
        if isinstance(exc, httpx.TimeoutException):
            return our_error("B24MCP_NO_CONNECTION", f"{self._peer} did not accept the connection in time.")
        return our_error("B24MCP_NO_CONNECTION", f"{self._peer} cannot be reached: {_reason(exc)}.")

    def _translate(self, exc: Exception) -> B24Error:
        """Return the error for a request that was sent, at least in part."""
        if isinstance(exc, httpx.TimeoutException):
            return our_error("B24MCP_TIMEOUT", f"{self._peer} did not answer within {self._seconds:g} seconds.")
        if "informational status" in str(exc):
            return our_error("B24MCP_BAD_ANSWER", f"{self._peer} sent {exc} instead of an answer.")
        return our_error("B24MCP_CONNECTION_LOST", "The connection broke before the answer was complete.")


@dataclass(frozen=True, slots=True)
class Download:
    """An open response to a GET request. `pieces` yields its body."""

    status: int
    headers: Mapping[str, str]
    pieces: Callable[[], AsyncIterator[bytes]]


class _Progress:
    """The progress of one request, as the trace of `httpcore` reports it."""

    def __init__(self, on_sent: Callable[[], None] | None) -> None:
        self._on_sent = on_sent
        self.sent = False
        self.tunnelled = False

    def sending(self) -> None:
        """Note that the first byte of the request is about to be sent."""
        if not self.sent and self._on_sent is not None:
            self._on_sent()
        self.sent = True

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Record one event. The CONNECT request for a tunnel through a proxy has events of the same names."""
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.sending()
        elif event == "proxy.start_tls.started" or event == "socks.start_tls.started":
            self.tunnelled = True


def _chosen_proxy(host: str) -> ProxyChoice | None:
    try:
        return proxy_for(host)
    except ValueError as exc:
        variable = str(exc)
    raise our_error("B24MCP_PROXY", f"The proxy named in {variable} is not the address of a proxy.")


def _network(context: ssl.SSLContext, proxy: ProxyChoice | None) -> httpx.AsyncBaseTransport:
    try:
        return NetworkTransport(context, proxy)
    except ImportError:
        assert proxy is not None
        raise our_error(
            "B24MCP_PROXY",
            f"The proxy {proxy.shown} (from {proxy.variable}) is a SOCKS proxy, and the extra socks is not installed. "
            "Install b24-mcp[socks], name an HTTP proxy in HTTPS_PROXY, or list the portal in NO_PROXY.",
        ) from None
    except (ValueError, httpx.InvalidURL):  # only the proxy comes from outside
        named = "" if proxy is None else f" {proxy.shown} (from {proxy.variable})"
    raise our_error("B24MCP_PROXY", f"The proxy{named} is of a kind that is not supported.")


def _proxy_reason(exc: Exception) -> str:
    if isinstance(exc, httpx.ProxyError):
        status = str(exc)[:3]
        if status == "407":
            return "requires a user name and password (HTTP 407)"
        return f"refused the connection (HTTP {status})" if status.isdecimal() else "refused the connection"
    if isinstance(exc, httpx.ConnectError):
        return f"cannot be reached: {_reason(exc)}"
    if isinstance(exc, httpx.TimeoutException):
        return "did not answer in time"
    return "closed the connection before it was established"


def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates of the operating system, and those in a file.

    Verification cannot be switched off.

    Raises:
        B24Error: `B24MCP_SETTINGS`: the file cannot be used.
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
    """Return the reason why a connection failed, in plain words. The text of the library is not repeated."""
    text = str(exc).lower()
    for sign, reason in (
        ("refused", "nothing listens at this address"),
        ("name or service not known", "no host has this name"),
        ("nodename nor servname", "no host has this name"),
        ("getaddrinfo", "no host has this name"),
        ("no address associated", "no host has this name"),
        ("temporary failure in name resolution", "host names cannot be resolved on this computer"),
        ("unreachable", "there is no route to it"),
        ("all connection attempts failed", "nothing answers at this address"),
        ("ssl", "it does not use TLS on this port"),
        ("tls", "it does not use TLS on this port"),
    ):
        if sign in text:
            return reason
    return "the connection failed"
