"""Network connections that are reused only after exactly one complete response.

An `httpx` transport over `httpcore` with a network backend that checks what arrives; `response_bounds` says why.
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from importlib.util import find_spec

import anyio
import httpcore
import httpx

from b24_mcp.rest.wire.pool import ConnectionPool
from b24_mcp.rest.wire.proxies import ProxyChoice
from b24_mcp.rest.wire.response_bounds import InvalidResponseError, ResponseBounds

_MOST_CONNECTIONS = 20
# Servers close idle connections after 5 s or more (Apache: 5 s). With a shorter time here, a request is seldom sent on
# a connection that is being closed.
_IDLE_SECONDS = 4.0
_SOCKS_SECONDS = 10.0
_PIECE = 1 << 20

_Option = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class WatchedStream(httpcore.AsyncNetworkStream):
    """A connection that tracks the responses read from it. `bounds` belongs to the last one."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket: socket.socket | None = None
        self._tls: object = None
        self.bounds = ResponseBounds()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a piece of a response; empty at the end of the connection."""
        while True:
            # Everything that has arrived is read, so that bytes after a response are seen with it.
            data = await self._stream.read(max(max_bytes, _PIECE), timeout)
            if data:
                data += self._decrypted()
            try:
                passed = self.bounds.feed(data)
            except InvalidResponseError as exc:
                raise httpcore.RemoteProtocolError(str(exc)) from None
            if passed or not data:
                return passed

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a piece of a request."""
        if self.bounds.begun:
            self.bounds = ResponseBounds()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection as an encrypted one."""
        return WatchedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        """Return a property of the connection. The pool closes an idle connection that `is_readable`."""
        return self._is_readable() if info == "is_readable" else self._stream.get_extra_info(info)

    def _is_readable(self) -> bool:
        """Whether something arrived after the response, or the connection has ended.

        The pool asks this at each request. The library reads all properties of a connection to return one, so the two
        that are needed are kept.
        """
        if self.bounds.begun and not self.bounds.clean:
            return True
        self._find_properties()
        return _holds_decrypted_bytes(self._tls) or _has_input(self._socket)

    def _decrypted(self) -> bytes:
        """Return the TLS records that were received with the last one. One read of the library returns only 16 KB."""
        self._find_properties()
        pieces: list[bytes] = []
        if isinstance(self._tls, ssl.SSLObject):
            with suppress(ssl.SSLError, OSError):  # no further record, or what the next read reports
                while piece := self._tls.read(_PIECE):
                    pieces.append(piece)
        return b"".join(pieces)

    def _find_properties(self) -> None:
        if self._socket is None:
            self._socket = self._stream.get_extra_info("socket")
            self._tls = self._stream.get_extra_info("ssl_object")


def _holds_decrypted_bytes(tls: object) -> bool:
    """Whether TLS records after the response were already received, so that the socket no longer shows them."""
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except (ssl.SSLError, OSError):
        return True
    return True


def _has_input(connection: socket.socket | None) -> bool:
    """Whether a socket has bytes to read, or was closed by either side."""
    number = -1 if connection is None else connection.fileno()
    if number < 0:
        return True
    if sys.platform == "win32":
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


_handshakes: ContextVar[list[WatchedStream] | None] = ContextVar("handshakes", default=None)
"""The connections to a SOCKS proxy that the current request has opened. `httpcore` leaves them open after a failure."""


class _SocksStream(WatchedStream):
    """A connection to a SOCKS proxy: its messages are no responses of HTTP. After `start_tls` responses are tracked."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        super().__init__(stream)
        if (begun := _handshakes.get()) is not None:
            begun.append(self)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a message of the proxy. `httpcore` sets no timeout for it."""
        return await self._stream.read(max_bytes, _SOCKS_SECONDS if timeout is None else timeout)


class _WatchedNetwork(httpcore.AsyncNetworkBackend):
    """A network backend that opens connections of the class `stream`."""

    def __init__(self, stream: type[WatchedStream]) -> None:
        self._network = httpcore.AnyIOBackend()
        self._stream = stream

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_Option] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a TCP connection."""
        return self._stream(await self._network.connect_tcp(host, port, timeout, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


class NetworkTransport(httpx.AsyncBaseTransport):
    """An `httpx` transport over the network, through a proxy if there is one.

    Raises:
        ValueError, ImportError: the proxy is of a kind that is not supported.
    """

    def __init__(self, context: ssl.SSLContext, proxy: ProxyChoice | None) -> None:
        is_socks = proxy is not None and proxy.url.startswith("socks")
        library = httpcore.AsyncConnectionPool(
            ssl_context=context,
            proxy=None if proxy is None else _httpcore_proxy(proxy.url),
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_WatchedNetwork(_SocksStream if is_socks else WatchedStream),
        )
        self._pool = ConnectionPool(library.create_connection, _MOST_CONNECTIONS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its response before the body is read."""
        if not isinstance(request.stream, httpx.AsyncByteStream):
            raise TypeError("the body of a request has to be asynchronous")
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol("neither http nor https")
        wire = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        connection = await self._pool.acquire(wire.url.origin)
        token = _handshakes.set([])
        try:
            with _errors_of_httpx():
                response = await connection.handle_async_request(wire)
        except BaseException:
            for stream in _handshakes.get() or ():
                with anyio.CancelScope(shield=True, deadline=anyio.current_time() + 1):
                    await stream.aclose()
            await self._pool.release(connection)
            raise
        finally:
            _handshakes.reset(token)
        return httpx.Response(
            status_code=_status(response),
            headers=response.headers,
            stream=_Body(response, partial(self._pool.release, connection)),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        with _errors_of_httpx():
            await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response as it arrives. `release` is called once when it is closed."""

    def __init__(self, response: httpcore.Response, release: Callable[[], Awaitable[None]]) -> None:
        self._response = response
        self._release: Callable[[], Awaitable[None]] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of_httpx():
            async for piece in self._response.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        release, self._release = self._release, None
        if release is None:
            return
        with anyio.CancelScope(shield=True):
            try:
                await self._response.aclose()
            finally:
                await release()


def _status(response: httpcore.Response) -> int:
    """Return the status as the server sent it; see `ResponseBounds.feed`."""
    stream = response.extensions.get("network_stream")
    sent = stream.bounds.status if isinstance(stream, WatchedStream) else None
    return response.status if sent is None else sent


def _httpcore_proxy(url: str) -> httpcore.Proxy:
    named = httpx.Proxy(url)
    if named.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ImportError("socksio")  # here, and not at the first request
    return httpcore.Proxy(
        httpcore.URL(
            scheme=named.url.raw_scheme,
            host=named.url.raw_host,
            port=named.url.port,
            target=named.url.raw_path,
        ),
        auth=named.raw_auth,
        headers=named.headers.raw,
    )


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """Raise errors of `httpcore` as the errors of `httpx` with the same names."""
    try:
        yield
    except Exception as exc:
        if type(exc).__module__.startswith("socksio") or isinstance(exc, AssertionError):
            raise httpx.ProxyError("the proxy does not speak SOCKS 5") from exc
        known = getattr(httpx, type(exc).__name__, None) if type(exc).__module__.startswith("httpcore") else None
        if known is None:
            raise
        raise known(str(exc)) from exc
