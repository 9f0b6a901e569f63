"""The caller of a request: the user of this computer over stdio, the subject of the verified token over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import Context

from b24_mcp.access.caller import Caller, level_of, os_user, portals_of
from b24_mcp.app.app import App
from b24_mcp.server.offer import EVERYTHING, Offer
from b24_mcp.server.offering import address_offer

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken

LOCAL_CALLER = "local"
"""The name of the caller of an HTTP server on loopback that requires no token."""
_LONGEST_CLIENT = 80


def caller_of(ctx: Context[App]) -> Caller:
    """Return the caller. Over HTTP only the verified token counts, because clients choose their headers.

    The address of the request can narrow the rights of the caller.
    """
    token = get_access_token()
    if token is not None:
        caller = _caller_of_token(token, ctx)
    else:
        over_http = ctx.headers is not None
        caller = Caller(LOCAL_CALLER if over_http else os_user(), _client_of(ctx))
    return address_offer(ctx.request_context.request).caller(caller)


def _caller_of_token(token: AccessToken, ctx: Context[App]) -> Caller:
    return Caller(
        name=token.subject or token.client_id,
        client=token.client_id if token.subject else _client_of(ctx),
        level=level_of(token.scopes) or "read",
        portals=portals_of(token.scopes),
        # The shared token of all clients has no issuer.
        is_identified=token.subject is not None or "iss" in (token.claims or {}),
        is_program=token.subject is None,
    )


def rights_of_token() -> Offer:
    """Return the rights that the verified token of the running request has; everything without a token."""
    token = get_access_token()
    if token is None:
        return EVERYTHING
    portals = portals_of(token.scopes)
    return Offer(level_of(token.scopes) or "read", None if portals is None else tuple(sorted(portals)))


def _client_of(ctx: Context[App]) -> str:
    """Return the name and version of the client; empty if it sends none, as older clients without a session."""
    params = ctx.session.client_params
    if params is None:
        return ""
    said = f"{params.client_info.name} {params.client_info.version}"
    return "".join(letter for letter in said if letter.isprintable()).strip()[:_LONGEST_CLIENT]
