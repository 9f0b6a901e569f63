"""The credentials of the portal and their check: incoming webhooks and one OAuth application.

Documentation: local-integrations/local-webhooks, settings/oauth. The statuses are measured behaviour of the portal
(every failure of authentication is 401).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from b24_sandbox import errors
from b24_sandbox.callers import InboundWebhook, Kind, PortalCaller
from b24_sandbox.entities.staff import USER

if TYPE_CHECKING:
    from b24_sandbox.oauth import OAuthServer
    from b24_sandbox.storage import Storage

ADMINISTRATORS = frozenset((1,))
"""The ids of users with administrator rights."""


class Credentials:
    """All credentials of a portal.

    `oauth` returns the authorization server, `everything` the current scopes of the portal. `allow_http` accepts
    webhooks over plain HTTP (`REST_APAUTH_ALLOW_HTTP` of a self-hosted portal).
    """

    def __init__(
        self,
        storage: Storage,
        webhooks: Iterable[InboundWebhook],
        oauth: Callable[[], OAuthServer],
        everything: Callable[[], frozenset[str]],
        *,
        allow_http: bool = False,
    ) -> None:
        self.webhooks = list(webhooks)
        self._oauth = oauth
        self._storage = storage
        self._everything = everything
        self._allow_http = allow_http

    def identify(self, login: str, secret: str, token: str, *, secure: bool = True) -> PortalCaller:
        """Return the caller for a webhook's `login` and `secret`, or for an access `token`.

        The webhook is tried first when both of its parts are present. `secure`: the request came over TLS or from this
        machine.

        Raises:
            PortalError: 401 `INVALID_CREDENTIALS`, `INVALID_REQUEST` (plain HTTP), `invalid_token`, `expired_token`,
                `authorization_error` (the webhook's owner was dismissed), `user_access_error` (the token's user was
                dismissed), or `NO_AUTH_FOUND`.
        """
        if login and secret:
            return self._by_webhook(login, secret, secure)
        if token:
            return self._by_token(token)
        raise errors.no_credentials()

    def _by_webhook(self, login: str, secret: str, secure: bool) -> PortalCaller:
        if not secure and not self._allow_http:
            raise errors.https_required()
        for webhook in self.webhooks:
            if webhook.secret == secret:
                person = self._storage.row(USER, webhook.user)
                if person is not None and login in (str(webhook.user), person.text("EMAIL")):
                    if not person["ACTIVE"]:
                        raise errors.dismissed("authorization_error", "Unable to authorize user")
                    credential = f"webhook/{self.webhooks.index(webhook)}"
                    return self._caller(webhook.user, "webhook", webhook.scopes, credential, secret)
        raise errors.wrong_webhook()

    def _by_token(self, token: str) -> PortalCaller:
        oauth = self._oauth()
        granted = oauth.granted(token)
        person = self._storage.row(USER, granted.user)
        if person is None or not person["ACTIVE"]:
            raise errors.dismissed("user_access_error", "The user does not have access to the application.")
        application = oauth.application
        caller = self._caller(granted.user, "oauth", granted.scopes, application.client_id, token)
        return PortalCaller(
            caller.user, caller.admin, "oauth", caller.scopes, application.client_id, application, caller.secret
        )

    def _caller(
        self, user: int, kind: Kind, scopes: frozenset[str] | None, credential: str, secret: str
    ) -> PortalCaller:
        everything = self._everything()
        allowed = everything if scopes is None else scopes & everything
        return PortalCaller(user, user in ADMINISTRATORS, kind, allowed, credential, None, secret)
