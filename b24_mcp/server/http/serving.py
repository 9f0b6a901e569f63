"""The process that serves over HTTP: it listens, says where, and stops without breaking off what runs."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from sse_starlette.sse import AppStatus

from b24_mcp.app.logs import configure_logging
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.secrets import Redactor
from b24_mcp.server.announcement import Announced
from b24_mcp.server.http.access_log import ACCESS
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.connections import Connections
from b24_mcp.server.http.listening import Listener
from b24_mcp.server.http.options import PATH, HttpOptions
from b24_mcp.server.http.protocol import Unreadable, protocol_class
from b24_mcp.server.http.stopping import Stoppable
from b24_mcp.server.http.tracing import start_tracing
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state

_LOG = logging.getLogger(__name__)

_BACKLOG = 1024
_TICKS_PER_SWEEP = 10
"""uvicorn ticks ten times a second."""
_OPEN_TO_ALL = "no token: every user and program of this computer can use it (B24_HTTP_TOKEN changes that)"
_BACKSTOP = 5
"""Seconds after which uvicorn ends what would not be broken off."""


def serve_http(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; then finish the running calls, refuse new ones, and leave.

    Raises:
        SettingsError: when it would not be safe, or a setting cannot be used.
        OSError: when the address is taken.
    """
    options = HttpOptions.of(settings, host, port)
    try:
        state = open_state(settings.state)
    except ValueError as exc:
        raise SettingsError(str(exc)) from None
    redactor = Redactor()
    for secret in (*settings.secrets(), *options.keys):
        redactor.add(secret)
    configure_logging(redactor)
    ACCESS.setLevel(logging.INFO)
    stop_tracing = start_tracing()
    if "://" in (settings.state or "") and not options.keys:
        _LOG.warning("B24_HTTP_KEY is not set: an answer to a question counts only at the server that asked it")
    if "://" in (settings.state or "") and options.sessions:
        _LOG.warning("B24_HTTP_SESSIONS is set: a balancer has to bring each session back to the server that keeps it")
    server = build_server(redactor, level=settings.access, portals=Announced().portals, keys=options.keys)
    application, stoppable = http_application(server, options, state, settings.ca_bundle)
    # The SDK streams to older clients through a library that would cut running calls off at the first signal.
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)  # uvicorn raises the signal again when it has stopped
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    connections = Connections(options.connections)
    logging.getLogger("uvicorn.error").addFilter(Unreadable(connections))
    with Listener(
        socket.create_server((options.host, options.port), family=family, backlog=_BACKLOG), connections
    ) as listener:
        config = uvicorn.Config(
            application,
            http=protocol_class(connections),
            loop="asyncio",
            backlog=_BACKLOG,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=options.grace + _BACKSTOP,
        )
        try:
            server_process = _Server(
                config, lambda: _announce(options, listener), stoppable, options.grace, connections
            )
            server_process.run(sockets=[listener])
        finally:
            stop_tracing()


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        stoppable: Stoppable,
        grace: float,
        connections: Connections,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stoppable = stoppable
        self._grace = grace
        self._connections = connections

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_SWEEP == 0:
            self._connections.sweep()
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        timer = asyncio.get_running_loop().call_later(self._grace, self._break_off)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()
            self._connections.report()

    def _break_off(self) -> None:
        if number := self._stoppable.break_off():
            _LOG.warning("Calls broken off, for not finishing in %g s: %d", self._grace, number)


def _announce(options: HttpOptions, listener: socket.socket) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    asked = "an access token" if options.issuer else "the bearer token" if options.token else _OPEN_TO_ALL
    url = f" as {options.url}" if options.url else ""
    sys.stderr.write(
        f"b24-mcp serves MCP at http://{host}:{listener.getsockname()[1]}{PATH}{url}, asking for {asked}\n"
    )
    sys.stderr.flush()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
