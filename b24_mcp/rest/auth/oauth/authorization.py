"""Logging in: a person consents in the browser, and a code comes back that is exchanged for tokens.

Source: documentation, settings/oauth/index and settings/app-installation/local-apps/installation-callback.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
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
    """What came back from the portal. `code` lives 30 seconds; `server` and `member_id` may be empty."""

    code: str = field(repr=False)
    server: str = ""
    member_id: str = ""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A consent that was asked for. `state` is what must come back with it."""

    portal: PortalAddress
    application: Application
    state: str = field(repr=False)

    @property
    def address(self) -> str:
        """Where the person consents, in a browser. The way back stands in the application's settings in Bitrix24."""
        query = urlencode({"client_id": self.application.client_id, "state": self.state})
        return f"{self.portal.origin}/oauth/authorize/?{query}"

    def read_redirect(self, query: str) -> AuthorizationConsent:
        """Read the query of the address the browser was sent back to.

        Raises:
            B24Error: `B24MCP_CONSENT` when it does not belong to this login, or holds no code.
        """
        found = dict(parse_qsl(query))
        if not hmac.compare_digest(found.get("state", "").encode(), self.state.encode()):
            raise our_error("B24MCP_CONSENT", "What came back does not belong to this login: its state is another.")
        if not found.get("code"):
            raise our_error("B24MCP_CONSENT", "What came back holds no code.")
        return AuthorizationConsent(found["code"], found.get("server_domain", ""), found.get("member_id", ""))

    def read_pasted(self, text: str) -> AuthorizationConsent:
        """Read what a person pasted: the address the browser was sent back to, or the code alone.

        Raises:
            B24Error: `B24MCP_CONSENT` when it is neither, or belongs to another login.
        """
        text = text.strip()
        if _BARE_CODE.fullmatch(text):
            return AuthorizationConsent(text)
        query = urlsplit(text).query if "?" in text else text
        if "code=" not in query:
            raise our_error("B24MCP_CONSENT", "This is neither the address the browser was sent to nor a code.")
        return self.read_redirect(query)

    async def complete(self, consent: AuthorizationConsent, server: AuthorizationServer, now: float) -> Tokens:
        """Exchange the code.

        Raises:
            B24Error: what the authorization server refused; `B24MCP_OTHER_PORTAL` when it gave another portal's tokens.
        """
        asked = authorization_server(self.portal, consent.server, self.application)
        try:
            body = await server.exchange(asked, consent.code)
        except B24Error as exc:
            # A code works once and for seconds: whatever went wrong, only a new one helps.
            if exc.fault.code.lower() not in ("invalid_grant", "b24mcp_oauth_server"):
                raise
            again = "Nothing was kept. Run b24-mcp login again; a code lives for 30 seconds and works once."
            raise B24Error(replace(exc.fault, hint=again)) from None
        tokens = read_grant(body, self.portal, self.application, asked, now)
        if consent.member_id and consent.member_id != tokens.member_id:
            raise our_error("B24MCP_OTHER_PORTAL", "The tokens are of another portal than the one that was asked.")
        return tokens


def begin(portal: PortalAddress, application: Application) -> PendingLogin:
    """Ask for consent, with a new state."""
    return PendingLogin(portal, application, secrets.token_urlsafe(32))


def install_event(text: str, portal: PortalAddress, application: Application, now: float) -> Tokens:
    """The tokens in the event ONAPPINSTALL, which an application without pages is sent: JSON, or the form as it came.

    Raises:
        B24Error: `B24MCP_CONSENT` when there are none in it.
    """
    auth = _auth_of(text)
    if auth.get("expires"):
        auth.pop("expires_in", None)  # it tells of the moment at which the event was sent
    try:
        return read_grant(auth, portal, application, None, now)
    except B24Error as exc:
        if exc.fault.code != "B24MCP_OAUTH_SERVER":
            raise
        raise our_error("B24MCP_CONSENT", "The event holds no access_token, refresh_token or member_id.") from None


async def keep_login(store: TokenStore, name: str, tokens: Tokens) -> None:
    """Keep the tokens of a new login under its name.

    Raises:
        B24Error: `B24MCP_OTHER_PORTAL` when the name belongs to another portal; what was kept stays.
        OSError: when they cannot be kept.
    """
    async with store.alone(name) as lease:
        known = await lease.read()
        if known is not None and known.member_id != tokens.member_id:
            raise our_error("B24MCP_OTHER_PORTAL", f"The login {name} was to another portal than this one.")
        await lease.write(tokens)


def _auth_of(text: str) -> dict[str, Any]:
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
