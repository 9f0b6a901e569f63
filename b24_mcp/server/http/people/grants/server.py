"""The authorization server for MCP clients, put together: metadata, routes, and the verifier of its tokens."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from mcp.server.auth.handlers.metadata import MetadataHandler, ProtectedResourceMetadataHandler
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp

from b24_mcp.access import Level
from b24_mcp.access.caller import LEVEL_SCOPES
from b24_mcp.server.http.limits import BodyMemory, BufferedBody
from b24_mcp.server.http.people import BrowserLogin, ClientGrants
from b24_mcp.server.http.people.grants.authorization import AUTHORIZE_PATH, AuthorizationPages
from b24_mcp.server.http.people.grants.clients import AUTH_METHODS, RegisteredClients
from b24_mcp.server.http.people.grants.consent import CONSENT_PATH, language_of, problem_page
from b24_mcp.server.http.people.grants.documents import ClientDocuments
from b24_mcp.server.http.people.grants.fetching import GuardedFetcher
from b24_mcp.server.http.people.grants.store import GrantStore
from b24_mcp.server.http.people.grants.token_endpoint import ClientEndpoints, guarded
from b24_mcp.server.http.people.grants.verifier import CurrentPeople, GrantedTokens, SharedGrants
from b24_mcp.state import SharedState

_MAX_BODY = 65_536
_BODIES = BodyMemory(64 * _MAX_BODY)
_URL = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))
_Handler = Callable[[Request], Awaitable[Response]]


class GrantServer:
    """The authorization server of the MCP endpoint at `resource`, for the people that `login` knows.

    `highest` is the level that the settings allow, and `receive` the seconds in which a request must arrive. Without
    `with_documents` clients have to register.
    """

    def __init__(
        self,
        resource: str,
        state: SharedState,
        login: BrowserLogin,
        highest: Level = "full",
        *,
        receive: float = 30.0,
        with_documents: bool = True,
        fetcher: GuardedFetcher | None = None,
        ca_bundle: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        store = GrantStore(state, clock)
        clients = RegisteredClients(state, clock)
        documents = ClientDocuments(state, clock, fetcher or GuardedFetcher(ca_bundle)) if with_documents else None
        people = CurrentPeople(login, clock)
        self.issuer = issuer_of(resource)
        self.resource = resource
        self.verifier = GrantedTokens(store, people, self.issuer, resource)
        self.grants: ClientGrants = SharedGrants(store)
        self._endpoints = ClientEndpoints(clients, store, people, resource)
        self._pages = AuthorizationPages(login, clients, documents, store, self.issuer, resource, highest)
        self._receive = receive
        self._with_documents = with_documents

    def routes(self) -> list[Route]:
        """Return the routes of the server."""
        endpoints, pages = self._endpoints, self._pages
        return [
            *self._metadata_routes(),
            Route(AUTHORIZE_PATH, _for_people(pages.authorize), methods=["GET"]),
            Route(CONSENT_PATH, self._limited(request_response(_for_people(pages.answer))), methods=["POST"]),
            self._client_route("/oauth/register", endpoints.register),
            self._client_route("/oauth/token", endpoints.token),
            self._client_route("/oauth/revoke", endpoints.revoke),
        ]

    def _metadata_routes(self) -> list[Route]:
        """Return the routes of RFC 8414 and RFC 9728, each also at the place where older clients look."""
        server = MetadataHandler(_server_metadata(self.issuer, self._with_documents)).handle
        resource = ProtectedResourceMetadataHandler(_resource_metadata(self.resource, self.issuer)).handle
        own = urlsplit(str(build_resource_metadata_url(_URL.validate_python(self.resource)))).path
        server_path, resource_path = "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"
        below = urlsplit(self.issuer).path
        return [
            *(_public_route(path, server) for path in dict.fromkeys((server_path + below, server_path))),
            *(_public_route(path, resource) for path in dict.fromkeys((own, f"{resource_path}/mcp", resource_path))),
        ]

    def _client_route(self, path: str, handler: _Handler) -> Route:
        """Return a route for clients, also for those in the page of another web site. It uses no cookie."""
        app = _cross_origin(self._limited(request_response(guarded(handler))), "POST")
        return Route(path, app, methods=["POST", "OPTIONS"])

    def _limited(self, app: ASGIApp) -> ASGIApp:
        return BufferedBody(app, _MAX_BODY, self._receive, _BODIES)


def issuer_of(resource: str) -> str:
    """Return the name of the issuer: the address of the MCP endpoint without its path, and without a slash."""
    return resource.rstrip("/").removesuffix("/mcp")


def _server_metadata(issuer: str, with_documents: bool) -> OAuthMetadata:
    return OAuthMetadata(
        issuer=_URL.validate_python(issuer),
        authorization_endpoint=_URL.validate_python(issuer + AUTHORIZE_PATH),
        token_endpoint=_URL.validate_python(f"{issuer}/oauth/token"),
        registration_endpoint=_URL.validate_python(f"{issuer}/oauth/register"),
        revocation_endpoint=_URL.validate_python(f"{issuer}/oauth/revoke"),
        scopes_supported=list(LEVEL_SCOPES),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported=list(AUTH_METHODS),
        revocation_endpoint_auth_methods_supported=list(AUTH_METHODS),
        code_challenge_methods_supported=["S256"],
        client_id_metadata_document_supported=with_documents,
        authorization_response_iss_parameter_supported=True,
        ui_locales_supported=["en", "ru"],
    )


def _resource_metadata(resource: str, issuer: str) -> ProtectedResourceMetadata:
    return ProtectedResourceMetadata(
        resource=_URL.validate_python(resource),
        authorization_servers=[_URL.validate_python(issuer)],
        # Clients that are not told otherwise ask for these. `b24:full` has to be chosen.
        scopes_supported=list(LEVEL_SCOPES[:2]),
        resource_name="Bitrix24",
    )


def _public_route(path: str, handler: _Handler) -> Route:
    return Route(path, _cross_origin(request_response(handler), "GET"), methods=["GET", "OPTIONS"])


def _cross_origin(app: ASGIApp, method: str) -> ASGIApp:
    return CORSMiddleware(app, allow_origins=["*"], allow_methods=[method], allow_headers=["*"])


def _for_people(handler: _Handler) -> _Handler:
    """Return the handler with a page when the shared state cannot be used."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except OSError:
            return problem_page(language_of(request), "unavailable", status=503)

    return handle
