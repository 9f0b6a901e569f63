"""The client of the authorization server, which issues a pair of tokens for a code or for a refresh token.

Source: documentation, settings/oauth (index, auto-renewal, error-codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import anyio

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.oauth.application import Application
from b24_mcp.rest.wire.answer import HttpReply
from b24_mcp.rest.wire.json_object import find_object
from b24_mcp.rest.wire.portal_errors import is_error, portal_error

_SECONDS = 20.0
_SECONDS_IN_ALL = 30.0
_LARGEST = 1 << 20
# These codes have another meaning when the portal uses them.
_HINTS = {
    "invalid_request": "Nothing was executed. The authorization server did not understand the request.",
    "payment_required": "Nothing was executed. The paid or trial time of the application has ended.",
}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Requests tokens. `app` is an ASGI application that stands in for the server in this process.

    The methods return the response body. No request here executes a REST method, and every error says so.
    """

    application: Application
    ca_bundle: Path | None = None
    app: object = None

    async def exchange(self, server: str, code: str) -> Mapping[str, object]:
        """Return the tokens for an authorization code. A code is valid for 30 seconds and only once.

        Raises:
            B24Error: with the refusal of the server, or `B24MCP_OAUTH_SERVER`.
        """
        return await self._request(server, {"grant_type": "authorization_code", "code": code})

    async def refresh(self, server: str, refresh_token: str) -> Mapping[str, object]:
        """Return a new pair of tokens for a refresh token, which is used up.

        Raises:
            B24Error: with the refusal of the server, or `B24MCP_OAUTH_SERVER`, after which the token may be used up.
        """
        return await self._request(server, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _request(self, server: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
        from b24_mcp.rest.wire.transport import Transport

        own = {"client_id": self.application.client_id, "client_secret": self.application.client_secret}
        address = PortalAddress(server)
        # One connection for one request: the next request is an hour away.
        transport = Transport(
            seconds=_SECONDS,
            largest_answer=_LARGEST,
            ca_bundle=self.ca_bundle,
            https=address.is_https,
            host=None if address.is_loopback else address.hostname,
            app=self.app,
            peer="The authorization server",
        )
        # In the body: proxies and servers write addresses to their logs.
        content = urlencode({**own, **parameters}).encode()
        reason = "The authorization server did not answer in time."
        reply = None
        try:
            with anyio.move_on_after(_SECONDS_IN_ALL):
                reply = await transport.post(f"{server}/oauth/token/", content, "json", None, _FORM)
        except B24Error as exc:
            if exc.fault.code in ("B24MCP_TLS", "B24MCP_PROXY"):
                raise
            reason = exc.fault.message
        finally:
            await transport.aclose()
        if reply is None:
            raise _no_answer(reason)
        return _read(reply)


def _read(reply: HttpReply) -> Mapping[str, object]:
    """Return the response body, and raise the error in it. `WRONG_CLIENT` has status 200."""
    found = find_object(reply.body)
    if found is None:
        raise _no_answer(f"The authorization server responded with HTTP {reply.status} and no data.", reply.status)
    body = found.value
    if reply.status >= 500 or reply.status == 429:
        raise _no_answer(f"The authorization server is unavailable (HTTP {reply.status}).", reply.status)
    if is_error(body):
        raise _refusal(portal_error(body, method="", status=reply.status))
    if not 200 <= reply.status < 300:
        raise _no_answer(f"The authorization server responded with HTTP {reply.status} and no reason.", reply.status)
    return body


def _refusal(error: B24Error) -> B24Error:
    """Return the refusal as an error of the login, whatever the same code means when the portal uses it."""
    fault = replace(error.fault, executed="no", retryable=False)
    fault = replace(fault, hint=_HINTS.get(fault.code.lower(), fault.hint))
    if fault.kind not in ("auth", "permission", "plan"):
        fault = replace(fault, kind="auth")
    return B24Error(replace(fault, message=fault.message or "The authorization server refused the request."))


def _no_answer(reason: str, status: int | None = None) -> B24Error:
    return our_error("B24MCP_OAUTH_SERVER", reason, status=status)
