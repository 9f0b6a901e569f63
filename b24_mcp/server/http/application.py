"""The ASGI application: the MCP endpoint behind its checks, the metadata of OAuth, health and readiness."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.applications import Starlette
from starlette.authentication import AuthenticationError
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from b24_mcp.access.scopes import LEVEL_SCOPES
from b24_mcp.app.app import App
from b24_mcp.server.http.access_log import AccessLog
from b24_mcp.server.http.cancellation import CancellableRequests
from b24_mcp.server.http.headers import SingleHeaders
from b24_mcp.server.http.health import Readiness, health_routes
from b24_mcp.server.http.keys import IssuerKeys
from b24_mcp.server.http.limits import BufferedBody, ConcurrencyLimit, refusal
from b24_mcp.server.http.options import PATH, HttpOptions, Issuer
from b24_mcp.server.http.tokens import SharedToken, SignedTokens
from b24_mcp.state import LimitState

_MOST_SESSIONS = 4_000
"""Kept at the same time, at 40 kB each; one that nobody uses for half an hour is forgotten."""
# An issuer is compared letter by letter, so no slash may be added to its name.
_URL = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


def http_application(
    server: MCPServer[App], options: HttpOptions, state: LimitState, ca_bundle: Path | None = None
) -> tuple[Starlette, CancellableRequests]:
    """Put the application together. Unless told to, it keeps no sessions: any server behind a balancer can take any
    request. A session is what an older client needs to be asked something from inside a call.

    The second part breaks off what still runs when the process has to end.
    """
    # Made for its session manager; the routes are ours, because they carry the checks below in their order.
    server.streamable_http_app(
        stateless_http=not options.sessions,
        max_sessions=_MOST_SESSIONS,
        max_request_body_size=options.body,
        transport_security=TransportSecuritySettings(allowed_hosts=options.hosts(), allowed_origins=options.origins()),
    )
    manager = server.session_manager

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with manager.run():
            yield
        await state.aclose()

    requests = CancellableRequests(StreamableHTTPASGIApp(manager))
    body = BufferedBody(ConcurrencyLimit(requests, options.calls), options.body, options.connections.receive)
    endpoint = _checked(body, options, ca_bundle)
    # No GET: all that is said belongs to a call and comes with its answer. DELETE ends a session.
    methods = ["POST", "DELETE"] if options.sessions else ["POST"]
    routes = [Route(PATH, endpoint, methods=methods), *health_routes(Readiness(state))]
    if options.issuer is not None:
        routes += _metadata(options, options.issuer)
    middleware = [Middleware(AccessLog), Middleware(SingleHeaders)]
    application = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    application.router.redirect_slashes = False  # a redirect would be built from the header Host
    return application, requests


def _checked(app: ASGIApp, options: HttpOptions, ca_bundle: Path | None) -> ASGIApp:
    """Ask for a token before anything of the request is read, if one is wanted."""
    verifier: TokenVerifier
    if options.issuer is not None:
        keys = IssuerKeys(options.issuer.jwks, ca_bundle)
        verifier = SignedTokens(options.issuer.name, options.issuer.audience, keys)
        assert options.url is not None
        metadata = build_resource_metadata_url(_URL.validate_python(options.url))
        app = ConcurrencyLimit(app, options.calls_per_caller, each=True)
        app = RequireAuthMiddleware(app, [LEVEL_SCOPES[0]], metadata)
    elif options.token is not None:
        verifier = SharedToken(options.token)
        app = RequireAuthMiddleware(app, [], None)
    else:
        return app
    return AuthenticationMiddleware(AuthContextMiddleware(app), BearerAuthBackend(verifier), on_error=_cannot_tell)


def _cannot_tell(_: HTTPConnection, exc: AuthenticationError) -> Response:
    return refusal(503, f"{exc} Nothing was executed; try again soon.")


def _metadata(options: HttpOptions, issuer: Issuer) -> list[Route]:
    return create_protected_resource_routes(
        resource_url=_URL.validate_python(options.url),
        authorization_servers=[_URL.validate_python(issuer.name)],
        scopes_supported=list(LEVEL_SCOPES),
        resource_name="Bitrix24",
    )
