"""The routes for people: the page at `/`, the login, approvals, the end of the access of a client, and leaving."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from b24_mcp.access import Approvals, RecentWrites
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.catalog import known_methods
from b24_mcp.errors import B24Error
from b24_mcp.server.http.people import ClientGrants, GrantedClient, SignedIn
from b24_mcp.server.http.people.html import PRIVATE
from b24_mcp.server.http.people.login import PortalLogin
from b24_mcp.server.http.people.messages import in_frame_page, message_page, problem_page, welcome_page
from b24_mcp.server.http.people.page import NOTICES, REVOKE, PersonPage
from b24_mcp.server.http.people.paths import APPROVE, CALLBACK, LOGIN, LOGOUT, language_of, own_path, read_form
from b24_mcp.state import ExpiringStore
from b24_mcp.texts import Language
from b24_mcp.texts.catalogue import catalogue

_LOG = logging.getLogger(__name__)
_LONGEST_CODE = 20

Handler = Callable[[Request], Awaitable[Response]]


class NoClients:
    """The `ClientGrants` of a server that gives clients no access by itself."""

    async def of(self, person: LoggedInPerson) -> Sequence[GrantedClient]:
        """Return no clients."""
        return ()

    async def has(self, grant_id: str) -> bool:
        """Return False: no client has access."""
        return False

    async def revoke(self, person: LoggedInPerson, grant_id: str) -> bool:
        """Return False: there is no such grant."""
        return False


def people_routes(login: PortalLogin, grants: ClientGrants, state: ExpiringStore) -> list[Route]:
    """Return the routes for the browsers of people."""
    pages = PeoplePages(login, grants, Approvals(state, login.now), RecentWrites(state, login.now))
    return [
        Route("/", pages.guarded(pages.home)),
        Route(LOGIN, pages.guarded(pages.log_in)),
        Route(CALLBACK, pages.guarded(pages.callback), methods=["GET", "POST"]),
        Route(LOGOUT, pages.guarded(pages.log_out), methods=["GET", "POST"]),
        Route(f"{APPROVE}{{code}}", pages.guarded(pages.approve), methods=["GET", "POST"]),
        Route(REVOKE, pages.guarded(pages.revoke), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The handlers of the routes. Nothing changes by GET, and each form proves that it comes from a page of here."""

    login: PortalLogin
    grants: ClientGrants
    approvals: Approvals
    writes: RecentWrites

    def guarded(self, handler: Handler) -> Handler:
        """Return a handler that answers with a page when the shared state cannot be used."""

        async def handle(request: Request) -> Response:
            await run_sync(_read_data)
            try:
                return await handler(request)
            except OSError as exc:
                _LOG.error("A page for people cannot be shown: %s", exc)
                again = self.login.address.to("/")
                return problem_page("state", language_of(request), again, status=503)

        return handle

    async def home(self, request: Request) -> Response:
        """Return the page of the person, or the invitation to log in."""
        signed_in = await self.login.signed_in(request)
        if signed_in is None:
            return welcome_page(self.login.address.to(LOGIN), language_of(request))
        person = signed_in.person
        said = request.query_params.get("said", "")
        clients, waiting = await self.grants.of(person), await self.approvals.waiting_for(person.key)
        writes = await self.writes.of(person.key)
        # In a thread, because the catalogue says what each method does.
        page = await self._page(signed_in, request)
        return await run_sync(page.home, clients, waiting, writes, said if said in NOTICES else "")

    async def log_in(self, request: Request) -> Response:
        """Begin a login at the portal that the address names, or at the only one. Then go to `back_to`."""
        back_to, portal = own_path(request.query_params.get("back_to")), request.query_params.get("portal")
        if portal is None:
            return await self.login.begin(request, back_to)
        try:
            return await self.login.to_portal(request, portal, back_to)
        except B24Error as exc:
            _LOG.warning("A login cannot begin: %s", exc.fault.message)
            return message_page("no_portal", language_of(request), self.login.address.to(LOGIN), status=404)

    async def callback(self, request: Request) -> Response:
        """Finish a login. Bitrix24 sends a form here when a person opens the application in its menu."""
        if request.method == "POST":
            return in_frame_page(self.login.address.to("/"), language_of(request), await self.login.frames())
        return await self.login.finish(request)

    async def log_out(self, request: Request) -> Response:
        """Log out here or everywhere; GET asks first."""
        signed_in = await self.login.signed_in(request)
        if request.method != "POST":
            return (
                _to(self.login.address.to("/"))
                if signed_in is None
                else (await self._page(signed_in, request)).leaving()
            )
        form = await read_form(request)
        if signed_in is None or not self._is_ours(request, signed_in, form.get("form_token")):
            return self._refused(request, signed_in)
        if form.get("everywhere") != "1":
            return await self.login.leave(request)
        for client in await self.grants.of(signed_in.person):
            await self.grants.revoke(signed_in.person, client.id)
        return await self.login.leave(request, signed_in.person)

    async def approve(self, request: Request) -> Response:
        """Show a question that waits for the person, or take the answer to it."""
        signed_in = await self.login.signed_in(request)
        code = request.path_params["code"][:_LONGEST_CODE].upper()
        if signed_in is None and request.method != "POST":
            return await self.login.begin(request, f"{APPROVE}{code}" if code.isalnum() and code.isascii() else "/")
        form = await read_form(request) if request.method == "POST" else {}
        if signed_in is None or (
            request.method == "POST" and not self._is_ours(request, signed_in, form.get("form_token"))
        ):
            return self._refused(request, signed_in)
        waiting = await self.approvals.find(code)
        if waiting is None or waiting.user != signed_in.person.key:
            # The question of another person gets the same page, which does not reveal that it exists.
            return message_page(
                "nothing_waits", self._language(request, signed_in), self.login.address.to("/"), status=404
            )
        if request.method != "POST":
            return (await self._page(signed_in, request)).approval(code, waiting)
        return await self._answered(code, form.get("answer"), signed_in, request)

    async def revoke(self, request: Request) -> Response:
        """End the access of a client."""
        signed_in = await self.login.signed_in(request)
        form = await read_form(request)
        if signed_in is None or not self._is_ours(request, signed_in, form.get("form_token")):
            return self._refused(request, signed_in)
        done = await self.grants.revoke(signed_in.person, form.get("grant", ""))
        return self._home_saying("revoked" if done else "not_revoked")

    async def _answered(self, code: str, answer: str | None, signed_in: SignedIn, request: Request) -> Response:
        if answer == "approve":
            done = await self.approvals.approve(code)
        elif answer == "decline":
            done = await self.approvals.decline(code)
        else:
            return self._refused(request, signed_in)
        _LOG.info("%s answered the question %s: %s", signed_in.person.key, code, answer)
        return self._home_saying(("approved" if answer == "approve" else "declined") if done else "too_late")

    def _is_ours(self, request: Request, signed_in: SignedIn, token: str | None) -> bool:
        return self.login.address.sends(request) and signed_in.accepts(token)

    def _refused(self, request: Request, signed_in: SignedIn | None) -> Response:
        language = self._language(request, signed_in)
        return message_page("form_refused", language, self.login.address.to("/"), status=403)

    def _home_saying(self, said: str) -> Response:
        return _to(self.login.address.to(f"/?said={said}"))

    async def _page(self, signed_in: SignedIn, request: Request) -> PersonPage:
        portal = await self.login.host_of(signed_in.person)
        language = self._language(request, signed_in)
        return PersonPage(self.login.address, signed_in, portal, language, self.login.now())

    def _language(self, request: Request, signed_in: SignedIn | None) -> Language:
        return language_of(request, "en" if signed_in is None else signed_in.person.language)


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, PRIVATE)


def _read_data() -> None:
    """Read the texts and the catalogue of methods, which are in memory afterwards."""
    catalogue()
    known_methods().method("user.current")
