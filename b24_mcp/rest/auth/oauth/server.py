"""The authorization server: it gives a pair of tokens for a code, and a new pair for a refresh token.

Source: documentation, settings/oauth (index, auto-renewal, error-codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio

from b24_mcp.errors import B24Error, our_error
from b24_mcp.errors.error import is_error, portal_error
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.oauth.application import Application
from b24_mcp.rest.wire.answer import Reply
from b24_mcp.rest.wire.json_object import find_object

_SECONDS = 20.0
_SECONDS_IN_ALL = 30.0
_LARGEST = 1 << 20
# Codes that mean something else when a portal says them.
_HINTS = {
    "invalid_request": "Nothing was executed. The authorization server did not understand the question.",
    "payment_required": "Nothing was executed. The paid or trial time of the application has ended.",
}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Asks for tokens. `app` is an ASGI application that plays the server inside this process.

    What it gives back is the answer as it came. Nothing asked here executes a method, and every error says so.
    """

    application: Application
    ca_bundle: Path | None = None
    app: Any = None

    async def exchange(self, server: str, code: str) -> Mapping[str, Any]:
        """Tokens for the code that came back from the portal; it lives 30 seconds and works once.

        Raises:
            B24Error: what the server refused, or `B24MCP_OAUTH_SERVER`.
        """
        return await self._ask(server, {"grant_type": "authorization_code", "code": code})

    async def refresh(self, server: str, refresh_token: str) -> Mapping[str, Any]:
        """A new pair for a refresh token, which is used up by it.

        Raises:
            B24Error: what the server refused, or `B24MCP_OAUTH_SERVER`, after which the token may be used up or not.
        """
        return await self._ask(server, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _ask(self, server: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        from b24_mcp.rest.wire.transport import Transport

        own = {"client_id": self.application.client_id, "client_secret": self.application.client_secret}
        address = PortalAddress(server)
        # Opened for one question: the next is an hour away.
        transport = Transport(
            seconds=_SECONDS,
            largest_answer=_LARGEST,
            ca_bundle=self.ca_bundle,
            https=address.is_https,
            host=None if address.is_loopback else address.hostname,
            app=self.app,
            peer="The authorization server",
        )
        # In the body: what stands in an address is written into logs on the way.
        content = urlencode({**own, **asked}).encode()
        why = "The authorization server did not answer in time."
        reply = None
        try:
            with anyio.move_on_after(_SECONDS_IN_ALL):
                reply = await transport.post(f"{server}/oauth/token/", content, "json", None, _FORM)
        except B24Error as exc:
            if exc.fault.code in ("B24MCP_TLS", "B24MCP_PROXY"):
                raise
            why = exc.fault.message
        finally:
            await transport.aclose()
        if reply is None:
            raise _no_answer(why)
        return _read(reply)


def _read(reply: Reply) -> Mapping[str, Any]:
    """The answer as an object, errors raised. `WRONG_CLIENT` comes with status 200."""
    found = find_object(reply.body)
    if found is None:
        raise _no_answer(f"The authorization server answered HTTP {reply.status} without data.", reply.status)
    body = found.value
    if reply.status >= 500 or reply.status == 429:
        raise _no_answer(f"The authorization server is in trouble (HTTP {reply.status}).", reply.status)
    if is_error(body):
        raise _refusal(portal_error(body, method="", status=reply.status))
    if not 200 <= reply.status < 300:
        raise _no_answer(f"The authorization server answered HTTP {reply.status} without saying why.", reply.status)
    return body


def _refusal(error: B24Error) -> B24Error:
    """What the server refuses is about the login, whatever the same code means when a portal says it."""
    fault = replace(error.fault, executed="no", retryable=False)
    fault = replace(fault, hint=_HINTS.get(fault.code.lower(), fault.hint))
    if fault.kind not in ("auth", "permission", "plan"):
        fault = replace(fault, kind="auth")
    return B24Error(replace(fault, message=fault.message or "The authorization server refused."))


def _no_answer(why: str, status: int | None = None) -> B24Error:
    return our_error("B24MCP_OAUTH_SERVER", why, status=status)
