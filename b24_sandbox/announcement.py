"""The connection data of a served sandbox as one map: addresses, credentials and the authority to trust."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from b24_sandbox.app import SCOPE_USER_WEBHOOK, USER_WEBHOOK, Sandbox
from b24_sandbox.entities.staff import USER
from b24_sandbox.messages import shown_host
from b24_sandbox.php import Map

if TYPE_CHECKING:
    from b24_sandbox.oauth import IssuedTokens


class Announcement:
    """The connection data of one sandbox. Tokens are issued when it is created, before the first call.

    `tokens` belong to the administrator. The ordinary user exists only in the demonstration company.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        oauth, storage = sandbox.portal.oauth, sandbox.portal.storage
        self._user = int(USER_WEBHOOK.partition("/")[0])
        self._has_user = storage.row(USER, self._user) is not None
        self.tokens: IssuedTokens = oauth.issue()
        self._expired = oauth.issue(lifetime=-1.0).access_token
        self._of_user = oauth.issue(self._user).access_token if self._has_user else None

    def of(self, listening: str) -> Map:
        """Build the map for a portal that listens at `listening` (scheme, host, port).

        `url` contains the portal's configured name, if it has one. When the portal listens on all addresses of this
        machine, `url` contains a local address.
        """
        sandbox = self._sandbox
        parts = urlsplit(listening)
        host = sandbox.name or {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(parts.hostname or "")  # noqa: S104
        port = "" if parts.port is None else f":{parts.port}"
        base = f"{parts.scheme}://{shown_host(parts.scheme, parts.netloc if host is None else f'{host}{port}')}"
        application = sandbox.application
        oauth_name = sandbox.portal.settings.oauth_name
        oauth = base if oauth_name is None else f"{parts.scheme}://{shown_host(parts.scheme, f'{oauth_name}{port}')}"
        return {
            "url": base,
            "webhook": sandbox.webhook_url(base),
            "webhook_user": sandbox.webhook_url(base, USER_WEBHOOK) if self._has_user else None,
            "webhook_scope_user": sandbox.webhook_url(base, SCOPE_USER_WEBHOOK),
            "rest_url": f"{base}/rest/",
            "rest_v3_url": f"{base}/rest/api/",
            "client_id": application.client_id,
            "client_secret": application.client_secret,
            "access_token": self.tokens.access_token,
            "refresh_token": self.tokens.refresh_token,
            "expires": int(self.tokens.expires),
            "expired_token": self._expired,
            "access_token_user": self._of_user,
            "member_id": application.member_id,
            "application_token": application.application_token,
            "domain": urlsplit(base).netloc,
            "oauth_url": f"{oauth}/oauth/",
            "authorize_url": f"{base}/oauth/authorize/",
            "token_url": f"{oauth}/oauth/token/",
            "server_endpoint": f"{oauth}/rest/",
            "handler": application.handler,
            "listening": listening,
            "ca": None if sandbox.ca is None else str(sandbox.ca),
        }
