"""The ASGI application: the MCP endpoint with its middleware, OAuth metadata, health and readiness."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.applications import Starlette
from starlette.authentication import AuthenticationError
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from b24_mcp.access.caller import LEVEL_SCOPES
from b24_mcp.app.app import App
from b24_mcp.app.approval import APPROVAL_PAGE
from b24_mcp.app.files.exchange import EXCHANGE, FileExchange
from b24_mcp.config import ConfigurationOverview
from b24_mcp.server.http.access_log import AccessLog
from b24_mcp.server.http.addresses import NarrowingAddress, OfferPage
from b24_mcp.server.http.cancellation import CancellableRequests
from b24_mcp.server.http.files import file_routes
from b24_mcp.server.http.headers import SingleHeaders
from b24_mcp.server.http.health import Readiness, health_routes
from b24_mcp.server.http.keys import IssuerKeys
from b24_mcp.server.http.limits import BufferedBody, ConcurrencyLimit, refusal
from b24_mcp.server.http.negotiation import HelpfulRefusals, JsonAnswers
from b24_mcp.server.http.options import PATH, HttpOptions, Issuer
from b24_mcp.server.http.people.paths import APPROVE, OwnAddress
from b24_mcp.server.http.slow_answers import StreamsWhenSlow
from b24_mcp.server.http.tokens import SharedToken, SignedTokens
from b24_mcp.server.offer import Offer
from b24_mcp.state import SharedState

if TYPE_CHECKING:
    from b24_mcp.server.http.people.grants import GrantServer

_T = TypeVar("_T")
_MAX_SESSIONS = 4_000
"""Sessions kept at the same time, at 40 kB each. A session expires half an hour after its last request."""
# Issuers are compared as strings, so no slash may be added to the name of one.
_URL = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


def http_application(
    server: MCPServer[App],
    options: HttpOptions,
    state: SharedState,
    ca_bundle: Path | None = None,
    overview: ConfigurationOverview | None = None,
    grants: GrantServer | None = None,
    pages: Sequence[Route] = (),
) -> tuple[Starlette, CancellableRequests]:
    """Return the application, and the object that cancels its running requests when the process has to end.

    Without `options.sessions` the application is stateless: any server behind a balancer can handle any request.
    Clients of older protocols need a session to be asked something during a call. `grants` gives clients their tokens
    with `options.login`, and `pages` are the routes for the browsers of people.
    """
    managers = [_session_manager(server, options)]
    in_events = StreamableHTTPASGIApp(managers[0])
    answers: ASGIApp = in_events
    if not options.sessions:
        managers.append(_session_manager(server, options, in_json=True))
        answers = StreamsWhenSlow(StreamableHTTPASGIApp(managers[1]), in_events)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for manager in managers:
                await stack.enter_async_context(manager.run())
            yield
        await state.aclose()

    requests = CancellableRequests(HelpfulRefusals(JsonAnswers(answers, in_events)))
    body = BufferedBody(ConcurrencyLimit(requests, options.calls), options.body, options.connections.receive)
    overview = overview or ConfigurationOverview()
    offer = Offer(overview.level, tools=frozenset(overview.tools) or None)
    page = OfferPage(server, offer, overview.portals)

    verifier = grants.verifier if grants else _verifier(options, ca_bundle)
    address = options.exchange_address
    exchange = None if address is None else FileExchange(address, state, options.upload)
    approvals = OwnAddress.of(options.url).to(APPROVE) if options.login and options.url is not None else None

    def protected(app: ASGIApp, *methods: str) -> ASGIApp:
        endpoint = _with_value(_with_value(app, EXCHANGE, exchange), APPROVAL_PAGE, approvals)
        narrowing = NarrowingAddress(endpoint, overview.portals)
        return _for_browsers(_authenticated(narrowing, options, verifier), options, methods)

    # There is no GET: every message belongs to a call and is sent with its answer. DELETE ends a session.
    methods = ["POST", "DELETE"] if options.sessions else ["POST"]
    paths = (PATH, f"{PATH}/")  # some clients append a slash
    routes = [Route(path, protected(body, "POST", "DELETE"), methods=[*methods, "OPTIONS"]) for path in paths]
    routes.append(Route(f"{PATH}/offer", protected(page, "GET"), methods=["GET", "OPTIONS"]))
    routes += health_routes(Readiness(state))
    routes += [] if exchange is None else file_routes(exchange)
    if options.issuer is not None:
        routes += _metadata(options, options.issuer)
    routes += grants.routes() if grants else []
    routes += pages
    middleware = [Middleware(AccessLog), Middleware(SingleHeaders)]
    application = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    application.router.redirect_slashes = False  # a redirect would contain the header Host
    return application, requests


def _session_manager(
    server: MCPServer[App], options: HttpOptions, *, in_json: bool = False
) -> StreamableHTTPSessionManager:
    """Return a transport of the server. With `in_json`, it answers each request with one JSON object."""
    # The routes of this application are not used. They are defined above, with their middleware in a fixed order.
    server.streamable_http_app(
        stateless_http=not options.sessions,
        json_response=in_json,
        max_sessions=_MAX_SESSIONS,
        max_request_body_size=options.body,
        transport_security=TransportSecuritySettings(allowed_hosts=options.hosts(), allowed_origins=options.origins()),
    )
    return server.session_manager


def _with_value(app: ASGIApp, variable: ContextVar[_T], value: _T) -> ASGIApp:
    """Return the application whose requests have this value of a context variable."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        token = variable.set(value)
        try:
            await app(scope, receive, send)
        finally:
            variable.reset(token)

    return handle


class _NoTokens:
    """The verifier of a server that gives no client access: it accepts no token."""

    async def verify_token(self, token: str) -> None:
        return None


def _verifier(options: HttpOptions, ca_bundle: Path | None) -> TokenVerifier | None:
    """Return the verifier of bearer tokens; None when no token is needed."""
    if options.issuer is not None:
        keys = IssuerKeys(options.issuer.jwks, ca_bundle)
        return SignedTokens(options.issuer.name, options.issuer.audience, keys)
    if options.login:
        return _NoTokens()
    return None if options.token is None else SharedToken(options.token)


def _authenticated(app: ASGIApp, options: HttpOptions, verifier: TokenVerifier | None) -> ASGIApp:
    """Return the application behind the check of bearer tokens, which comes before the body is read."""
    if verifier is None:
        return app
    if options.issuer is not None or options.login:
        assert options.url is not None
        metadata = build_resource_metadata_url(_URL.validate_python(options.url))
        app = ConcurrencyLimit(app, options.calls_per_caller, per_caller=True)
        app = RequireAuthMiddleware(app, [LEVEL_SCOPES[0]], metadata)
    else:
        app = RequireAuthMiddleware(app, [], None)
    return AuthenticationMiddleware(AuthContextMiddleware(app), BearerAuthBackend(verifier), on_error=_keys_unavailable)


def _for_browsers(app: ASGIApp, options: HttpOptions, methods: Sequence[str]) -> ASGIApp:
    """Return the application with answers to the preflight requests of browsers, for the accepted origins only.

    A preflight request has no token, so this comes before the check of tokens.
    """
    patterns = [re.escape(origin).replace(":\\*", ":[0-9]+") for origin in options.origins()]
    return CORSMiddleware(
        app,
        allow_origin_regex="|".join(patterns),
        allow_methods=methods,
        allow_headers=["*"],
        allow_private_network=True,
        expose_headers=["mcp-session-id", "mcp-protocol-version", "www-authenticate", "retry-after"],
    )


def _keys_unavailable(_: HTTPConnection, exc: AuthenticationError) -> Response:
    return refusal(503, f"{exc} Nothing was executed. Try again later.")


def _metadata(options: HttpOptions, issuer: Issuer) -> list[Route]:
    return create_protected_resource_routes(
        resource_url=_URL.validate_python(options.url),
        authorization_servers=[_URL.validate_python(issuer.name)],
        scopes_supported=list(LEVEL_SCOPES),
        resource_name="Bitrix24",
    )
