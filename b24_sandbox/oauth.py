"""The authorization server on the portal's own host: authorization codes, tokens and their renewal.

Documentation: settings/oauth (index, auto-renewal, error-codes); `app.info` has the shape that official clients read.
The sandbox itself consents, for the user who is logged in at the portal: the one that the cookie `SANDBOX_USER` of the
browser names, else `OAuthServer.consenting`. Authorization errors are pages of the portal, without a redirect.

`domain` in an answer is the authorization server, `client_endpoint` the portal. Both are the same host, unless the
server has its own name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from b24_sandbox import dates, errors, php
from b24_sandbox.answer import Timing
from b24_sandbox.callers import RegisteredApplication, access_token_of
from b24_sandbox.entities.access import OAUTH_TOKEN
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.messages import HTML, JSON, HttpRequest, Response
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.storage import Storage

CODE_SECONDS = 30.0
ACCESS_SECONDS = 3600.0
REFRESH_SECONDS = 180 * 86400.0
USER_COOKIE = "SANDBOX_USER"
"""The cookie that names the user who is logged in at the portal, by the id. Any other value: a user who declines."""
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Granted:
    """The grant of a token. `scopes` `None`: all scopes of the application. `expires` is in Unix seconds."""

    user: int
    scopes: frozenset[str] | None
    expires: float


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A new pair of tokens. `expires` (Unix seconds) and `expires_in` (seconds) apply to the access token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    user: int
    scopes: frozenset[str] | None
    expires: float
    expires_in: int


class OAuthServer:
    """The authorization server. Its tokens are stored in the portal's database.

    `lifetime` of access tokens is in seconds. `everything` returns the portal's scopes; an application without a list
    of scopes has all of them. `name` is a host name of the server. Under this name only the authorization server
    answers, not the portal.
    """

    def __init__(
        self,
        storage: Storage,
        application: RegisteredApplication,
        everything: Callable[[], frozenset[str]],
        clock: Callable[[], float],
        lifetime: float = ACCESS_SECONDS,
        name: str | None = None,
    ) -> None:
        self.application = application
        self.name = name
        self.consenting: int | None = 1
        """The user who is logged in at the portal in browsers without the cookie; `None`: a user who declines."""
        self._storage = storage
        self._everything = everything
        self._clock = clock
        self._lifetime = lifetime

    def issue(self, user: int = 1, scopes: frozenset[str] | None = None, lifetime: float | None = None) -> IssuedTokens:
        """Issue a new pair of tokens for `user`. `scopes` narrows the scopes of the application; `lifetime` is in
        seconds.

        A negative lifetime creates an access token that has already expired.
        """
        seconds = self._lifetime if lifetime is None else lifetime
        now = self._clock()
        access = self._keep("access", user, scopes, now + seconds)
        refresh = self._keep("refresh", user, scopes, now + REFRESH_SECONDS)
        return IssuedTokens(access, refresh, user, scopes, now + seconds, int(seconds))

    def granted(self, token: str) -> Granted:
        """The grant of an access token.

        Raises:
            PortalError: 401 `invalid_token` or `expired_token`.
        """
        granted = self._find("access", token)
        if granted is None:
            raise errors.unknown_token()
        if granted.expires <= self._clock():
            raise errors.expired_token()
        own = self.application.scopes
        if own is None or granted.scopes is None:
            return Granted(granted.user, own if granted.scopes is None else granted.scopes, granted.expires)
        return Granted(granted.user, granted.scopes & own, granted.expires)

    def answer(self, request: HttpRequest) -> Response | None:
        """Answer `/oauth/authorize/`, `/oauth/token/` and, under the server's own name, `/rest/app.info`.

        Return `None` for any other address.
        """
        path = request.path.rstrip("/").removesuffix(".json")
        params = php.parse_query(request.query)
        if request.verb == "POST":
            params.update(_sent(request))
        if path == "/oauth/authorize":
            return self._authorize(params, request.base, self._consenting(request))
        answers = {"/oauth/token": self._token}
        if self.is_asked(request):
            answers["/rest/app.info"] = self._app_info
        if path not in answers:
            return None
        try:
            return _json(200, answers[path](params, request.base))
        except PortalError as refusal:
            return _json(refusal.status, refusal.body())

    def is_asked(self, request: HttpRequest) -> bool:
        """Whether a request is addressed to the authorization server under its own name."""
        host = request.headers.get("host", "")
        return self.name is not None and host.partition(":")[0].lower() == self.name.lower()

    def installation(self, token: str, base: str) -> Map:
        """The installation of the application for a `token`, as the authorization server describes it."""
        granted, application = self.granted(token), self.application
        scope = self._scope_text(granted.scopes)
        return {
            "client_id": application.client_id,
            "scope": scope,
            "expires": dates.iso(granted.expires),
            "install": {
                "installed": True,
                "version": str(application.version),
                "status": application.status,
                "scope": scope,
                "domain": _host(self._portal(base)),
                "uri": application.handler,
                "client_endpoint": f"{self._portal(base)}/rest/",
                "member_id": application.member_id,
                "member_type": "B24",
            },
            "user_id": granted.user,
        }

    def _app_info(self, params: Map, base: str) -> Map:
        token = access_token_of("", params)
        if not token:
            raise errors.no_credentials()
        return {"result": self.installation(token, base), "time": Timing(self._clock(), 0.0).block()}

    def _server(self, base: str) -> str:
        """The base address of the authorization server."""
        return base if self.name is None else _under(base, self.name)

    def _portal(self, base: str) -> str:
        """The base address of the portal, also for requests to the authorization server."""
        return _under(base, "127.0.0.1") if self.name and self._server(base) == base else base

    def _consenting(self, request: HttpRequest) -> int | None:
        """The id of the user who is logged in at the portal in the browser of a request; `None` if they decline."""
        for cookie in request.headers.get("cookie", "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == USER_COOKIE:
                return int(value) if value.isdecimal() else None
        return self.consenting

    def _authorize(self, params: Map, base: str, user: int | None) -> Response:
        """Consent and redirect to the application. Errors are shown to the user, not sent to the application."""
        if php.text(params.get("client_id")) != self.application.client_id:
            return _error_page("Application not found")
        if user is None:
            return _error_page("Access was not granted")
        person = self._storage.row(USER, user)
        if person is None or not person["ACTIVE"]:
            return _error_page("The user is not active")
        scopes = self._requested(php.text(params.get("scope")))
        back = {
            "code": self._keep("code", user, scopes, self._clock() + CODE_SECONDS),
            "state": php.text(params.get("state")),
            "domain": _host(self._portal(base)),
            "member_id": self.application.member_id,
            "scope": self._scope_text(scopes),
            "server_domain": _host(self._server(base)),
        }
        handler = php.text(params.get("redirect_uri")) or self.application.handler
        joint = "&" if "?" in handler else "?"
        return Response(302, HTML, b"", (("Location", f"{handler}{joint}{urlencode(back)}"),))

    def _requested(self, scope: str) -> frozenset[str] | None:
        """The requested scopes that the application has; `None` (all) when none are named."""
        names = frozenset(scope.replace(" ", ",").split(",")) - {""}
        return names & (self.application.scopes or self._everything()) if names else None

    def _token(self, params: Map, base: str) -> Map:
        grant, application = php.text(params.get("grant_type")), self.application
        client, secret = php.text(params.get("client_id")), php.text(params.get("client_secret"))
        kinds = {"authorization_code": ("code", "code"), "refresh_token": ("refresh", "refresh_token")}
        if grant not in kinds or not client:
            raise PortalError("invalid_request", "Wrong or missing request parameters")
        if client != application.client_id:
            raise PortalError("WRONG_CLIENT", "Wrong client", 200)
        if secret != application.client_secret:
            raise PortalError("invalid_client", "Client authentication failed")
        kind, name = kinds[grant]
        shown = php.text(params.get(name))
        if not shown:
            raise PortalError("invalid_request", f"Missing parameter: {name}")
        granted = self._find(kind, shown)
        self._forget(kind, shown)
        if granted is None or granted.expires <= self._clock():
            raise PortalError("invalid_grant", "Invalid or expired authorization data")
        return self.described(self.issue(granted.user, granted.scopes), base)

    def described(self, tokens: IssuedTokens, base: str) -> Map:
        """A pair of tokens as the authorization server writes it. Events contain the same block."""
        return {
            "access_token": tokens.access_token,
            "client_endpoint": f"{self._portal(base)}/rest/",
            "domain": _host(self._server(base)),
            "expires": int(tokens.expires),
            "expires_in": tokens.expires_in,
            "member_id": self.application.member_id,
            "refresh_token": tokens.refresh_token,
            "scope": self._scope_text(tokens.scopes),
            "server_endpoint": f"{self._server(base)}/rest/",
            "status": self.application.status,
            "user_id": tokens.user,
        }

    def _scope_text(self, scopes: frozenset[str] | None) -> str:
        return ",".join(sorted(scopes if scopes is not None else self.application.scopes or self._everything()))

    def _keep(self, kind: str, user: int, scopes: frozenset[str] | None, expires: float) -> str:
        import secrets  # needed only to create tokens

        token = secrets.token_hex(35)
        scope = None if scopes is None else ",".join(sorted(scopes))
        self._storage.insert(
            OAUTH_TOKEN, {"KIND": kind, "TOKEN": token, "USER_ID": user, "SCOPE": scope, "EXPIRES": expires}
        )
        return token

    def _find(self, kind: str, token: str) -> Granted | None:
        for row in self._rows(kind, token):
            scope = row["SCOPE"]
            scopes = None if scope is None else frozenset(php.text(scope).split(",")) - {""}
            return Granted(row.integer("USER_ID"), scopes, float(row.text("EXPIRES")))
        return None

    def _forget(self, kind: str, token: str) -> None:
        for row in self._rows(kind, token):
            self._storage.delete(OAUTH_TOKEN, row.id)

    def _rows(self, kind: str, token: str) -> list[Row]:
        columns = ["ID", "USER_ID", "SCOPE", "EXPIRES"]
        return self._storage.rows(OAUTH_TOKEN, columns, "KIND = ? and TOKEN = ?", [kind, token])


def _error_page(title: str) -> Response:
    return Response(400, HTML, f"<html><body><h1>{title}</h1></body></html>".encode())


def _under(base: str, name: str) -> str:
    """Replace the host name of `base`. The port stays."""
    scheme, _, host = base.partition("://")
    _, colon, port = host.rpartition(":")
    return f"{scheme}://{name}:{port}" if colon and port.isdigit() else f"{scheme}://{name}"


def _sent(request: HttpRequest) -> Map:
    """The parameters of a body: a form or a JSON object. Anything else has none."""
    kind = request.headers.get("content-type", _FORM).lower()
    if kind.startswith(_FORM):
        return php.parse_query(request.body.decode("utf-8", "replace"))
    if kind.startswith("application/json"):
        import json  # already loaded by the portal

        try:
            return php.as_map(json.loads(request.body))
        except (ValueError, RecursionError):
            return {}
    return {}


def _host(base: str) -> str:
    return base.partition("://")[2]


def _json(status: int, body: Map) -> Response:
    return Response(status, JSON, php.json_text(body).encode())
