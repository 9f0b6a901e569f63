"""The authorization code flow: the user consents in the browser, and the returned code is exchanged for tokens.

Source: documentation, settings/oauth/index and settings/app-installation/local-apps/installation-callback.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.oauth.application import Application, authorization_server
from b24_mcp.rest.auth.oauth.grant import read_grant
from b24_mcp.rest.auth.oauth.server import AuthorizationServer
from b24_mcp.state import Tokens, TokenStore

_BARE_CODE = re.compile(r"[A-Za-z0-9._~-]{8,200}")
_IN_BRACKETS = re.compile(r"auth\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class AuthorizationConsent:
    """The result of a consent. `code` is valid for 30 seconds; `server` and `member_id` may be empty."""

    code: str = field(repr=False)
    server: str = ""
    member_id: str = ""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A requested consent. The redirect must return its `state`."""

    portal: PortalAddress
    application: Application
    state: str = field(repr=False)

    @property
    def address(self) -> str:
        """The address at which the user consents. The redirect address is in the application's settings in Bitrix24."""
        query = urlencode({"client_id": self.application.client_id, "state": self.state})
        return f"{self.portal.origin}/oauth/authorize/?{query}"

    def read_redirect(self, query: str) -> AuthorizationConsent:
        """Parse the query of the redirect.

        Raises:
            B24Error: `B24MCP_CONSENT` when it does not belong to this login, or has no code.
        """
        found = dict(parse_qsl(query))
        if not hmac.compare_digest(found.get("state", "").encode(), self.state.encode()):
            raise our_error("B24MCP_CONSENT", "The redirect does not belong to this login: its state is different.")
        if not found.get("code"):
            raise our_error("B24MCP_CONSENT", "The redirect has no code.")
        return AuthorizationConsent(found["code"], found.get("server_domain", ""), found.get("member_id", ""))

    def read_pasted(self, text: str) -> AuthorizationConsent:
        """Parse the text that the user pasted: the address of the redirect, or the code alone.

        Raises:
            B24Error: `B24MCP_CONSENT` when it is neither, or belongs to another login.
        """
        text = text.strip()
        if _BARE_CODE.fullmatch(text):
            return AuthorizationConsent(text)
        query = urlsplit(text).query if "?" in text else text
        if "code=" not in query:
            raise our_error("B24MCP_CONSENT", "This is neither the address of the redirect nor a code.")
        return self.read_redirect(query)

    async def complete(self, consent: AuthorizationConsent, server: AuthorizationServer, now: float) -> Tokens:
        """Exchange the code for tokens.

        Raises:
            B24Error: with the refusal of the authorization server; `B24MCP_OTHER_PORTAL` for tokens of another portal.
        """
        asked = authorization_server(self.portal, consent.server, self.application)
        try:
            body = await server.exchange(asked, consent.code)
        except B24Error as exc:
            # A code is valid once and for seconds: after any failure a new one is needed.
            if exc.fault.code.lower() not in ("invalid_grant", "b24mcp_oauth_server"):
                raise
            hint = "Nothing was saved. Run b24-mcp login again. A code is valid for 30 seconds and only once."
            raise B24Error(replace(exc.fault, hint=hint)) from None
        tokens = read_grant(body, self.portal, self.application, asked, now)
        if consent.member_id and consent.member_id != tokens.member_id:
            raise our_error(
                "B24MCP_OTHER_PORTAL", "The tokens belong to another portal than the one that was requested."
            )
        return tokens


def begin_login(portal: PortalAddress, application: Application) -> PendingLogin:
    """Return a request for consent with a new state."""
    return PendingLogin(portal, application, secrets.token_urlsafe(32))


def read_install_event(text: str, portal: PortalAddress, application: Application, now: float) -> Tokens:
    """Return the tokens in the event ONAPPINSTALL, which the portal sends to an application without pages.

    `text` is JSON, or the form as it was received.

    Raises:
        B24Error: `B24MCP_CONSENT` when it has no tokens.
    """
    auth = _auth_of(text)
    if auth.get("expires"):
        auth.pop("expires_in", None)  # it counts from the moment at which the event was sent
    try:
        return read_grant(auth, portal, application, None, now)
    except B24Error as exc:
        if exc.fault.code != "B24MCP_OAUTH_SERVER":
            raise
        raise our_error("B24MCP_CONSENT", "The event has no access_token, refresh_token or member_id.") from None


async def save_login(store: TokenStore, name: str, tokens: Tokens) -> None:
    """Store the tokens of a new login under its name.

    Raises:
        B24Error: `B24MCP_OTHER_PORTAL` when the name belongs to another portal; the stored tokens are unchanged.
        OSError: when they cannot be stored.
    """
    async with store.alone(name) as lease:
        known = await lease.read()
        if known is not None and known.member_id != tokens.member_id:
            raise our_error("B24MCP_OTHER_PORTAL", f"The login {name} belongs to another portal than this one.")
        await lease.write(tokens)


def _auth_of(text: str) -> dict[str, object]:
    """Return the `auth` part of an event."""
    found: object
    try:
        found = json.loads(text)
    except ValueError:
        found = dict(parse_qsl(text.strip()))
    if not isinstance(found, Mapping):
        return {}
    inner = found.get("auth")
    if isinstance(inner, Mapping):
        return dict(inner)
    bracketed = {match[1]: value for name, value in found.items() if (match := _IN_BRACKETS.fullmatch(name))}
    return bracketed or dict(found)
