"""The HTTP server process: it listens, prints its address, and lets running calls finish when it stops."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.routing import Route
from starlette.types import ASGIApp

from b24_mcp.app.logs import configure_logging
from b24_mcp.config import SANDBOX, ConfigurationError, load_configuration, load_overview
from b24_mcp.config.login import portal_problem
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor
from b24_mcp.server.http.access_log import ACCESS
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.cancellation import CancellableRequests
from b24_mcp.server.http.connections import Connections
from b24_mcp.server.http.listener import Listener
from b24_mcp.server.http.metrics import start_metrics
from b24_mcp.server.http.options import PATH, HttpOptions
from b24_mcp.server.http.people.paths import CALLBACK, OwnAddress
from b24_mcp.server.http.protocol import InvalidRequestFilter, protocol_class
from b24_mcp.server.http.tracing import start_tracing
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import SharedState, open_state

if TYPE_CHECKING:
    from b24_mcp.app.people_logins import PeopleLogins
    from b24_mcp.server.http.people.grants import GrantServer

_LOG = logging.getLogger(__name__)

_BACKLOG = 1024
_TICKS_PER_SWEEP = 10
"""uvicorn ticks ten times a second."""
_UNPROTECTED = "without a token: every user and program of this computer can use it (set B24_HTTP_TOKEN to restrict it)"
_EXTRA_SECONDS = 5
"""Seconds after the grace period until uvicorn stops requests that could not be cancelled."""


def serve_http(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Then refuse new calls, let running ones finish, and exit.

    Raises:
        SettingsError: when the configuration is not safe, or a setting cannot be used.
        OSError: when the server cannot listen on the address.
    """
    options = HttpOptions.of(settings, host, port)
    try:
        state = open_state(settings.state)
    except ValueError as exc:
        raise SettingsError(str(exc)) from None
    redactor = Redactor()
    for secret in (*settings.secrets(), *options.keys):
        redactor.add(secret)
    configure_logging(redactor, as_json=settings.log == "json")
    ACCESS.setLevel(logging.INFO)
    stop_tracing, stop_metrics = start_tracing(), start_metrics()
    if "://" in (settings.state or "") and not options.keys:
        _LOG.warning("B24_HTTP_KEY is not set: only the server that asked a question accepts the answer to it")
    if "://" in (settings.state or "") and options.sessions:
        _LOG.warning(
            "B24_HTTP_SESSIONS is set: a balancer has to send the requests of a session to the server that keeps it"
        )
    overview = load_overview()
    people = None
    if settings.http_login is not None:
        people = open_people_logins(redactor)
        # Other portals have a credential of somebody else, and no person can reach them.
        overview = replace(overview, portals=[*people.portal_names(), SANDBOX])
    server = build_server(
        redactor,
        level=settings.access,
        portals=overview.portals,
        keys=options.keys,
        tools=settings.tools,
        dialect=settings.dialect,
        people=people,
    )
    server.load_tools()
    pages, grants = ([], None) if people is None else _pages(options, state, people, settings)
    application, requests = http_application(server, options, state, settings.ca_bundle, overview, grants, pages)
    # The SDK streams to older clients through a library that would cancel running calls at the first signal.
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)  # uvicorn raises the signal again when it has stopped
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    connections = Connections(options.connections)
    logging.getLogger("uvicorn.error").addFilter(InvalidRequestFilter(connections))
    with Listener(
        socket.create_server((options.host, options.port), family=family, backlog=_BACKLOG), connections
    ) as listener:
        config = uvicorn.Config(
            behind_proxies(application, options.proxies),
            http=protocol_class(connections),
            loop="asyncio",
            backlog=_BACKLOG,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=options.grace + _EXTRA_SECONDS,
        )
        try:
            server_process = _Server(
                config, lambda: _print_address(options, listener), requests, options.grace, connections
            )
            server_process.run(sockets=[listener])
        finally:
            stop_tracing()
            stop_metrics()


def behind_proxies(application: ASGIApp, proxies: Sequence[str]) -> ASGIApp:
    """Return the application that takes the address of a client from the header `X-Forwarded-For` of a known proxy.

    Without proxies the header is ignored, because any client can send it.
    """
    if not proxies:
        return application
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware  # only behind a proxy

    return cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", application), trusted_hosts=list(proxies)))


def open_people_logins(redactor: Redactor) -> PeopleLogins:
    """Return the logins of people, for a server with `B24_HTTP_LOGIN`.

    Raises:
        SettingsError: when there is no portal that they can log in to, or a setting cannot be used.
    """
    from b24_mcp.app.people_logins import PeopleLogins  # not needed on a server with one credential

    try:
        configuration = load_configuration()
        if (problem := portal_problem(configuration)) is not None:
            raise SettingsError(problem)
        return PeopleLogins(configuration, redactor)
    except ConfigurationError as exc:
        raise SettingsError(str(exc)) from None
    except B24Error as exc:
        raise SettingsError(exc.fault.message.rstrip(".")) from None


def _pages(
    options: HttpOptions, state: SharedState, logins: PeopleLogins, settings: Settings
) -> tuple[list[Route], GrantServer]:
    """Return the routes for the browsers of people, and the server that gives clients their tokens."""
    from b24_mcp.server.http.people.grants import GrantServer  # not needed on a server with one credential
    from b24_mcp.server.http.people.login import browser_login
    from b24_mcp.server.http.people.routes import people_routes
    from b24_mcp.server.http.people.sessions import Sessions

    assert options.url is not None
    login = browser_login(options.url, options.keys, Sessions(state), logins)
    grants = GrantServer(
        options.url,
        state,
        login,
        settings.access,
        receive=options.connections.receive,
        with_documents=settings.http_client_documents,
        ca_bundle=settings.ca_bundle,
    )
    logins.has_grant = grants.grants.has
    return people_routes(login, grants.grants, state), grants


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        requests: CancellableRequests,
        grace: float,
        connections: Connections,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stoppable = requests
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
        timer = asyncio.get_running_loop().call_later(self._grace, self._cancel_requests)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()
            self._connections.report()

    def _cancel_requests(self) -> None:
        if number := self._stoppable.cancel_all():
            _LOG.warning("Calls cancelled because they did not finish in %g s: %d", self._grace, number)


def _print_address(options: HttpOptions, listener: socket.socket) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    access = "with OAuth" if options.issuer else "with the bearer token" if options.token else _UNPROTECTED
    if options.login and options.url is not None:
        page = OwnAddress.of(options.url)
        access = (
            f"for people who log in through Bitrix24. Their page is {page.to('/')}, and the application in Bitrix24 "
            f"needs the address {page.to(CALLBACK)}"
        )
    url = f" as {options.url}" if options.url else ""
    sys.stderr.write(f"b24-mcp serves MCP at http://{host}:{listener.getsockname()[1]}{PATH}{url}, {access}\n")
    sys.stderr.flush()


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
