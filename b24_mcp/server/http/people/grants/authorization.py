"""The authorization endpoint: from the request of a client, over the consent of the person, to the code.

Source: OAuth 2.1, RFC 7636 (PKCE), RFC 8707 (resource), RFC 9207 (issuer in the answer), RFC 9700 (security).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from b24_mcp.access import LEVELS, Level
from b24_mcp.server.http.people import BrowserLogin, SignedIn
from b24_mcp.server.http.people.grants.clients import OAuthClient, RegisteredClients, hashed
from b24_mcp.server.http.people.grants.consent import consent_page, language_of, opened_by_others, problem_page
from b24_mcp.server.http.people.grants.documents import ClientDocuments, DocumentError
from b24_mcp.server.http.people.grants.parameters import (
    NOT_STORED,
    Code,
    OAuthError,
    asked_level,
    check_resource,
    read_form,
    read_query,
)
from b24_mcp.server.http.people.grants.parties import DOCUMENT
from b24_mcp.server.http.people.grants.records import PendingConsent
from b24_mcp.server.http.people.grants.redirects import destination_of, is_loopback, is_registered, with_parameters
from b24_mcp.server.http.people.grants.store import GrantStore
from b24_mcp.server.http.people.grants.verifier import narrower

_LOG = logging.getLogger(__name__)
AUTHORIZE_PATH = "/oauth/authorize"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_DEFAULT: Level = "write"
_LONGEST_STATE = 2_048
_LONGEST_TO_KEEP = 2_400
"""Characters of a request that a browser can keep in a cookie during the login."""
_MAX_ID = 500


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose client and redirect address are known, so that it can be answered there."""

    client: OAuthClient
    redirect_uri: str
    state: str | None


class AuthorizationPages:
    """The pages of a login. `highest` is the level that the settings of the server allow."""

    def __init__(
        self,
        login: BrowserLogin,
        clients: RegisteredClients,
        documents: ClientDocuments | None,
        store: GrantStore,
        issuer: str,
        resource: str,
        highest: Level,
    ) -> None:
        self._login = login
        self._clients = clients
        self._documents = documents
        self._store = store
        self._issuer = issuer
        self._resource = resource
        self._highest = highest

    async def authorize(self, request: Request) -> Response:
        """Ask the person for consent, after their login. Until the client and its address are known, and as long as
        the person has not answered, no request leads to another web site.
        """
        signed = await self._login.signed_in(request)
        language = language_of(request, signed.person if signed else None)
        try:
            given = read_query(request)
            # A document is fetched only for people who are logged in, so that strangers cannot make the server fetch.
            if signed is None and given.get("client_id", "").startswith(DOCUMENT):
                return await self._log_in(request)
            asked = await self._known(given, signed)
        except OAuthError as exc:
            return problem_page(language, "bad_request", reason=str(exc))
        except DocumentError as exc:
            return problem_page(language, "bad_document", address=given["client_id"], reason=str(exc))
        try:
            _check(given, self._resource)
            if signed is None:
                return await self._log_in(request)
            level = asked_level(given.get("scope"), signed.person.portal) or _DEFAULT
        except OAuthError as exc:
            return self._failed(request, signed, asked, exc)
        return await self._ask(signed, asked, given["code_challenge"], level)

    async def answer(self, request: Request) -> Response:
        """Handle the answer of the person: return to the client with a code, or with an error."""
        signed = await self._login.signed_in(request)
        language = language_of(request, signed.person if signed else None)
        try:
            form = await read_form(request)
        except OAuthError as exc:
            return problem_page(language, "bad_request", reason=str(exc))
        if signed is None:
            return problem_page(language, "login_ended", status=403)
        if not self._is_own_page(request) or not signed.accepts(form.get("form_token")):
            return problem_page(language, "foreign_form", status=403)
        person = await self._login.current(signed.person.key)
        if person is None:
            return problem_page(language, "login_ended", status=403)
        session = hashed(signed.form_token)
        pending = await self._store.take_asked(form.get("request", ""), person.key, session)
        if pending is None:
            return problem_page(language, "expired")
        asked = _Asked(OAuthClient(pending.client_id, "", ()), pending.redirect_uri, pending.state)
        if form.get("answer") == "decline":
            return self._back(asked, error="access_denied", error_description="The person declined.")
        levels = [level for level in pending.levels if level in self._levels(pending.asked, person.level)]
        chosen = next((level for level in levels if level == form.get("level")), None)
        if form.get("answer") != "allow" or chosen is None:
            return problem_page(language, "expired")
        if not pending.client_id.startswith(DOCUMENT):
            client = await self._clients.find(pending.client_id)
            if client is None:
                return problem_page(language, "unknown_client")
            await self._clients.keep(client)
        code = await self._store.grant(pending, chosen, destination_of(pending.redirect_uri).name)
        _LOG.info("%s lets client %s act with level %s", person.key, pending.client_id, chosen)
        return self._back(asked, code=code)

    async def _known(self, given: Mapping[str, str], signed: SignedIn | None) -> _Asked:
        """Return the client of a request, and where it wants the answer. Before that nothing can be sent there."""
        client_id, redirect_uri = given.get("client_id", ""), given.get("redirect_uri", "")
        if client_id.startswith(DOCUMENT):
            assert signed is not None
            if self._documents is None:
                raise OAuthError(
                    "invalid_client", "The client has to register: this server reads no client-id documents."
                )
            client: OAuthClient | None = await self._documents.find(client_id, signed.person.key)
        else:
            is_possible = client_id.isascii() and 0 < len(client_id) <= _MAX_ID
            client = await self._clients.find(client_id) if is_possible else None
        if client is None:
            raise OAuthError("invalid_client", "The client_id is unknown: the client has to register again.")
        if not is_registered(redirect_uri, client.redirects):
            raise OAuthError("invalid_request", "The redirect_uri is not registered for this client.")
        state = given.get("state")
        return _Asked(client, redirect_uri, state if state is None or len(state) <= _LONGEST_STATE else None)

    async def _log_in(self, request: Request) -> Response:
        query = request.scope["query_string"].decode("ascii")
        if len(query) > _LONGEST_TO_KEEP:
            return problem_page(language_of(request), "bad_request", reason="The request is too long.")
        return opened_by_others(await self._login.begin(request, f"{AUTHORIZE_PATH}?{query}"))

    async def _ask(self, signed: SignedIn, asked: _Asked, challenge: str, level: Level) -> Response:
        levels = self._levels(level, signed.person.level)
        pending = PendingConsent(
            client_id=asked.client.id,
            client_name=asked.client.name,
            redirect_uri=asked.redirect_uri,
            challenge=challenge,
            state=asked.state,
            asked=level,
            levels=levels,
            person=signed.person.key,
            session=hashed(signed.form_token),
        )
        request_id = await self._store.ask(pending)
        return consent_page(asked.client, asked.redirect_uri, signed, request_id, level, levels, self._issuer)

    def _levels(self, asked: Level, of_person: Level) -> tuple[Level, ...]:
        """Return the levels that a person can choose, up to what was asked and what they may do themselves."""
        return LEVELS[: LEVELS.index(narrower(asked, of_person, self._highest)) + 1]

    def _failed(self, request: Request, signed: SignedIn | None, asked: _Asked, exc: OAuthError) -> Response:
        """Return an error of a request to its client. The browser goes to a web site only if the person wants it,
        so that a client that nobody confirmed cannot use this address to send people to its own site.
        """
        if is_loopback(asked.redirect_uri):
            return self._back(asked, error=exc.code, error_description=str(exc))
        back = self._answered(asked, error=exc.code, error_description=str(exc))
        language = language_of(request, signed.person if signed else None)
        return problem_page(language, "bad_request", back=back, reason=str(exc))

    def _back(self, asked: _Asked, **parameters: str) -> Response:
        # 303: the browser must not send the form of the consent to the client.
        address = self._answered(asked, **parameters)
        response = RedirectResponse(address, 303, {**NOT_STORED, "referrer-policy": "no-referrer"})
        response.headers["location"] = address  # as the client registered it, without another way to write it
        return opened_by_others(response)

    def _answered(self, asked: _Asked, **parameters: str) -> str:
        return with_parameters(asked.redirect_uri, **parameters, state=asked.state, iss=self._issuer)

    def _is_own_page(self, request: Request) -> bool:
        """Whether a form comes from a page of this server, as far as the browser says so."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        ours = urlsplit(self._issuer)
        return site in ("same-origin", "none") and origin in (None, f"{ours.scheme}://{ours.netloc}")


def _check(given: Mapping[str, str], resource: str) -> None:
    """Check what is the same for all people.

    Raises:
        OAuthError: when a parameter cannot be used.
    """

    def fail(code: Code, message: str) -> None:
        raise OAuthError(code, message)

    if given.get("response_type") != "code":
        fail("unsupported_response_type", "response_type must be code.")
    if given.get("response_mode", "query") != "query":
        fail("invalid_request", "response_mode must be query.")
    if "request" in given or "request_uri" in given:
        fail("request_not_supported", "The parameters must be in the address.")
    if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
        fail("invalid_request", "PKCE is required: code_challenge with code_challenge_method S256.")
    if len(given.get("state", "")) > _LONGEST_STATE:
        fail("invalid_request", "state is too long.")
    check_resource(given.get("resource"), resource)
