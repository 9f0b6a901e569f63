"""The endpoints that clients call themselves: registration, tokens, revocation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24_mcp.access.caller import with_included
from b24_mcp.server.http.people.grants.clients import (
    OAuthClient,
    RegisteredClients,
    RegistrationError,
    RegistrationFloodError,
    read_description,
)
from b24_mcp.server.http.people.grants.json_objects import read_object
from b24_mcp.server.http.people.grants.parameters import (
    NOT_STORED,
    OAuthError,
    asked_level,
    check_resource,
    read_form,
)
from b24_mcp.server.http.people.grants.parties import ProvenClient, authenticate
from b24_mcp.server.http.people.grants.records import ACCESS_SECONDS, Grant, IssuedCode
from b24_mcp.server.http.people.grants.store import GrantStore, TokenPair
from b24_mcp.server.http.people.grants.verifier import CurrentPeople, narrower

_LOG = logging.getLogger(__name__)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_NOT_VALID = "The token is not valid any more. The person has to log in again."


class ClientEndpoints:
    """The endpoints of clients. Their answers are JSON."""

    def __init__(self, clients: RegisteredClients, store: GrantStore, people: CurrentPeople, resource: str) -> None:
        self._clients = clients
        self._store = store
        self._people = people
        self._resource = resource

    async def register(self, request: Request) -> Response:
        """Register a client (RFC 7591)."""
        try:
            description = read_description(read_object(await request.body()))
        except ValueError as exc:
            return _registration_error("invalid_client_metadata", f"The body cannot be used: {exc}.")
        except RegistrationError as exc:
            return _registration_error(exc.code, f"{exc}.")
        try:
            client, secret = await self._clients.register(description, _address(request))
        except RegistrationFloodError as exc:
            error = OAuthError("temporarily_unavailable", "Too many clients register. Try again later.", 429)
            return error.response({"retry-after": str(int(exc.wait) + 1)})
        return JSONResponse(_registered(client, secret, self._clients.now()), 201, NOT_STORED)

    async def token(self, request: Request) -> Response:
        """Return tokens for an authorization code or for a refresh token."""
        form = await read_form(request)
        client = await authenticate(request, form, self._clients)
        check_resource(form.get("resource"), self._resource)
        match form.get("grant_type"):
            case "authorization_code":
                return await self._first_tokens(client, form)
            case "refresh_token":
                return await self._renewed_tokens(client, form)
            case None:
                raise OAuthError("invalid_request", "grant_type is missing.")
            case _:
                raise OAuthError("unsupported_grant_type", "Only authorization_code and refresh_token are supported.")

    async def revoke(self, request: Request) -> Response:
        """End the grant of a token (RFC 7009). An unknown token, or one of another client, gets the same answer."""
        form = await read_form(request)
        client = await authenticate(request, form, self._clients)
        if "token" not in form:
            raise OAuthError("invalid_request", "token is missing.")
        grant = await self._store.grant_of(form["token"])
        if grant is not None and grant.client_id == client.id:
            await self._store.end(grant.id)
        return Response(status_code=200, headers=NOT_STORED)

    async def _first_tokens(self, client: ProvenClient, form: Mapping[str, str]) -> Response:
        for name in ("code", "code_verifier"):
            if name not in form:
                raise OAuthError("invalid_request", f"{name} is missing.")
        issued = await self._store.redeem(form["code"])
        grant = None if issued is None else await self._store.read_grant(issued.grant)
        if issued is None or grant is None or not _is_proven(issued, client, form):
            raise OAuthError("invalid_grant", "The code is not valid for this client, this address and this verifier.")
        return await self._answer(grant, None, lambda level: self._store.issue(grant, form["code"], level))

    async def _renewed_tokens(self, client: ProvenClient, form: Mapping[str, str]) -> Response:
        token = form.get("refresh_token")
        if token is None:
            raise OAuthError("invalid_request", "refresh_token is missing.")
        grant = await self._store.renewable(token)
        if grant is None or grant.client_id != client.id:
            raise OAuthError("invalid_grant", _NOT_VALID)
        return await self._answer(grant, form.get("scope"), lambda level: self._store.renew(token, grant, level))

    async def _answer(
        self, grant: Grant, scope: str | None, issue: Callable[..., Awaitable[TokenPair | None]]
    ) -> Response:
        """Return new tokens with the rights that the grant and the person have now, or fewer if `scope` says so."""
        person = await self._people.find(grant.person)
        if person is None:
            raise OAuthError("invalid_grant", "The person has no access any more, or logged out.")
        asked = asked_level(scope, person.portal)
        if asked is not None and narrower(asked, grant.level) != asked:
            raise OAuthError("invalid_scope", "The person did not allow this scope.")
        pair = await issue(asked or grant.level)
        if pair is None:
            raise OAuthError("invalid_grant", _NOT_VALID)
        answer = {
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "refresh_token": pair.refresh,
            "scope": " ".join(with_included([f"b24:{narrower(asked or grant.level, person.level)}"])),
        }
        return JSONResponse(answer, headers=NOT_STORED)


def guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler with errors as OAuth answers."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except OAuthError as exc:
            by_header = exc.status == 401 and "authorization" in request.headers
            return exc.response({"www-authenticate": 'Basic realm="b24-mcp"'} if by_header else None)
        except OSError as exc:
            _LOG.warning("A login could not be handled: %s", exc)
            error = OAuthError("temporarily_unavailable", "The state of logins is not available. Try again later.", 503)
            return error.response({"retry-after": "5"})

    return handle


def _is_proven(issued: IssuedCode, client: ProvenClient, form: Mapping[str, str]) -> bool:
    """Whether the sender of a code is the client that asked for it (PKCE, RFC 7636)."""
    verifier = form["code_verifier"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("utf-8", "replace")).digest()).rstrip(b"=")
    return (
        issued.client_id == client.id
        and form.get("redirect_uri", issued.redirect_uri) == issued.redirect_uri
        and _VERIFIER.fullmatch(verifier) is not None
        and hmac.compare_digest(digest, issued.challenge.encode())
    )


def _registered(client: OAuthClient, secret: str | None, now: float) -> dict[str, object]:
    """Return the answer to a registration: what was understood of it (RFC 7591, 3.2.1)."""
    proof = {} if secret is None else {"client_secret": secret, "client_secret_expires_at": 0}
    return {
        "client_id": client.id,
        "client_id_issued_at": int(now),
        **proof,
        **({"client_name": client.name} if client.name else {}),
        "redirect_uris": list(client.redirects),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": client.method,
    }


def _registration_error(code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": code, "error_description": message}, 400, NOT_STORED)


def _address(request: Request) -> str:
    """Return the address of the computer that sent a request, for rate limits only.

    Behind a proxy that `B24_HTTP_PROXIES` names it is the one that the proxy added. IPv6 addresses count by their
    network, of which a computer can use every address.
    """
    peer = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
