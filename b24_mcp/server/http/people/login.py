"""The login of people with their browser: to Bitrix24's own login and back, then a session.

The login is bound to the browser that began it: a sealed cookie holds the `state` that the redirect must return, and
where to go afterwards. So nobody can make another browser finish a login that they began, and requests without a login
store nothing on the server.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.people_logins import PeopleLogins
from b24_mcp.errors import B24Error
from b24_mcp.rest.auth.oauth import PendingLogin
from b24_mcp.server.http.people import SignedIn
from b24_mcp.server.http.people.html import PRIVATE
from b24_mcp.server.http.people.messages import choice_page, problem_page
from b24_mcp.server.http.people.paths import LOGIN, OwnAddress, language_of, own_path
from b24_mcp.server.http.people.sessions import LONGEST, Sessions, form_token
from b24_mcp.state.sealing import SealedTextError, SealedTexts

_LOG = logging.getLogger(__name__)
_SESSION = "b24-session"
_LOGIN = "b24-login-"
_LOGIN_SECONDS = 600.0
_MOST_LOGINS = 6
"""Logins that one browser may have begun at the same time, such as one for each client that was started."""
_LONGEST_QUERY = 4_000

_CAUSES = {
    "invalid_grant": "code",
    "b24mcp_other_portal": "other_portal",
    "b24mcp_portal": "no_access",
    "b24mcp_login_ended": "inactive",
    "b24mcp_oauth_server": "unreachable",
    "b24mcp_no_connection": "unreachable",
    "b24mcp_tls": "unreachable",
    "b24mcp_proxy": "unreachable",
    "b24mcp_timeout": "unreachable",
    "b24mcp_connection_lost": "unreachable",
    "b24mcp_deadline": "unreachable",
    "insufficient_scope": "scope",
    "invalid_client": "application",
    "wrong_client": "application",
    "b24mcp_settings": "application",
    "payment_required": "application",
}
"""The text that a person reads for an error code, in any letter case."""


@dataclass(frozen=True, slots=True)
class PortalLogin:
    """The `BrowserLogin` at the portals of `people`. `seals` seals the cookies of logins that have begun.

    `now` returns Unix time; tests replace it.
    """

    people: PeopleLogins
    sessions: Sessions
    address: OwnAddress
    seals: SealedTexts
    now: Callable[[], float] = time.time

    async def signed_in(self, request: Request) -> SignedIn | None:
        """Return the person whose session cookie a request has; see `BrowserLogin`."""
        session = self._session_id(request)
        key = await self.sessions.person(session)
        person = None if key is None else await self.people.current(key)
        return None if person is None else SignedIn(person, form_token(session))

    async def begin(self, request: Request, back_to: str) -> Response:
        """Return the redirect to Bitrix24's login, or the page to choose a portal; see `BrowserLogin`."""
        names = self.people.portal_names()
        if len(names) == 1:
            return await self.to_portal(request, names[0], back_to)
        hosts = {name: (await self._asked(name)).portal.host for name in names}
        links = {
            name: self.address.to(f"{LOGIN}?{urlencode({'portal': name, 'back_to': own_path(back_to)})}")
            for name in names
        }
        return choice_page({f"{name} ({hosts[name]})": links[name] for name in names}, language_of(request))

    async def current(self, key: str) -> LoggedInPerson | None:
        """Return the person with the rights that they have now; see `BrowserLogin`."""
        return await self.people.current(key)

    async def to_portal(self, request: Request, portal: str, back_to: str) -> Response:
        """Return the redirect to the login of a portal, and bind the login to the browser.

        Raises:
            B24Error: `B24MCP_PORTAL` for an unknown portal, `B24MCP_SETTINGS` when its settings cannot be used.
        """
        pending = await self._asked(portal)
        begun = {"portal": portal, "state": pending.state, "back_to": own_path(back_to), "at": self.now()}
        response = RedirectResponse(pending.address, 303, PRIVATE)
        name = _cookie_of(pending.state)
        self.address.set_cookie(response, name, self.seals.seal(json.dumps(begun), name), _LOGIN_SECONDS)
        for old in self._begun_logins(request)[: -_MOST_LOGINS + 1]:
            self.address.delete_cookie(response, old)
        return response

    async def finish(self, request: Request) -> Response:
        """Return the answer to the redirect of the portal: the way back with a new session, or a page about a problem.

        The session that the browser had before is ended.
        """
        language = language_of(request)
        query = request.url.query[:_LONGEST_QUERY]
        state = parse_qs(query).get("state", [""])[0]
        name = _cookie_of(state)
        begun = self._begun(request, name)
        if begun is None or not state or begun["state"] != state:
            return self._problem("not_begun", request)
        portal, back_to = str(begun["portal"]), str(begun["back_to"])
        if not parse_qs(query).get("code"):
            return self._without(name, self._problem("declined", request, back_to))
        try:
            pending = replace(await self._asked(portal), state=state)
            person = await self.people.complete(portal, pending, query)
            await self.sessions.end(self._session_id(request))
            session = await self.sessions.begin(person.key)
        except B24Error as exc:
            cause = _CAUSES.get(exc.fault.code.lower(), "other")
            _LOG.warning("A login at the portal %s failed: %s %s", portal, exc.fault.code, exc.fault.message)
            return self._without(name, self._problem(cause, request, back_to, portal))
        except OSError as exc:
            _LOG.error("A login cannot be stored: %s", exc)
            return problem_page("state", language, self.address.to("/"), status=503)
        _LOG.info("%s logged in at the portal %s", person.key, portal)
        response = RedirectResponse(self.address.to(own_path(back_to)), 303, PRIVATE)
        self.address.set_cookie(response, _SESSION, session, LONGEST)
        return self._without(name, response)

    async def leave(self, request: Request, person: LoggedInPerson | None = None) -> Response:
        """End the session of a browser, or all sessions of a person and their access to the portal. Return to `/`."""
        await self.sessions.end(self._session_id(request))
        if person is not None:
            await self.sessions.end_all(person.key)
            await self.people.forget(person.key)
        response = RedirectResponse(self.address.to("/"), 303, PRIVATE)
        self.address.delete_cookie(response, _SESSION)
        return response

    async def host_of(self, person: LoggedInPerson) -> str:
        """Return the host of the portal of a person; its name when it is not configured any more."""
        try:
            return (await self._asked(person.portal)).portal.host
        except B24Error:
            return person.portal

    async def frames(self) -> Sequence[str]:
        """Return the origins of the portals, which may show the application in a frame."""
        return [(await self._asked(name)).portal.origin for name in self.people.portal_names()]

    async def _asked(self, portal: str) -> PendingLogin:
        """Return a request for consent. In a thread, because the secret of the application may be in a file."""
        return await run_sync(self.people.begin, portal)

    def _session_id(self, request: Request) -> str:
        return request.cookies.get(self.address.cookie_name(_SESSION), "")

    def _begun(self, request: Request, name: str) -> dict[str, object] | None:
        """Return the login that a browser began under the name of a cookie, if it is not too old."""
        sealed = request.cookies.get(self.address.cookie_name(name), "")
        try:
            found = json.loads(self.seals.open(sealed, name))
        except (SealedTextError, ValueError):
            return None
        is_fresh = isinstance(found, dict) and 0 <= self.now() - found["at"] < _LOGIN_SECONDS
        return found if is_fresh else None

    def _begun_logins(self, request: Request) -> list[str]:
        prefix = self.address.cookie_name(_LOGIN)
        return [_LOGIN + name.removeprefix(prefix) for name in request.cookies if name.startswith(prefix)]

    def _without(self, name: str, response: Response) -> Response:
        """Return a response that deletes the cookie of a login: it is of use once."""
        self.address.delete_cookie(response, name)
        return response

    def _problem(self, cause: str, request: Request, back_to: str = "/", portal: str = "") -> Response:
        again = {"back_to": own_path(back_to)} | ({"portal": portal} if portal else {})
        return problem_page(
            cause,
            language_of(request),
            self.address.to(f"{LOGIN}?{urlencode(again)}"),
            status=503 if cause == "unreachable" else 403 if cause in ("no_access", "inactive") else 400,
        )


def browser_login(url: str, keys: Sequence[str], sessions: Sessions, people: PeopleLogins) -> PortalLogin:
    """Return the login of a server whose clients use `url`. `keys` are those of `B24_HTTP_KEY`."""
    return PortalLogin(people, sessions, OwnAddress.of(url), SealedTexts(keys, "logins of browsers"), sessions.now)


def _cookie_of(state: str) -> str:
    """Return the name of the cookie of a login. Each has its own, so that several can be begun at the same time."""
    return _LOGIN + hashlib.sha256(state.encode()).hexdigest()[:12]
