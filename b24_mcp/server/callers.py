"""Who calls a tool, whichever way the call came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import Context

from b24_mcp.access import Caller, os_user
from b24_mcp.access.caller import level_of, portals_of
from b24_mcp.app.app import App

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken

LOCAL_CALLER = "local"
"""The name of whoever reaches a server on loopback that asks for no token."""
_LONGEST_CLIENT = 80


def caller_of(ctx: Context[App]) -> Caller:
    """Tell who calls. Over HTTP only what the verified token says counts; headers are the client's own words."""
    token = get_access_token()
    if token is not None:
        return _caller_of_token(token, ctx)
    over_http = ctx.headers is not None
    return Caller(LOCAL_CALLER if over_http else os_user(), _client_of(ctx))


def _caller_of_token(token: AccessToken, ctx: Context[App]) -> Caller:
    return Caller(
        name=token.subject or token.client_id,
        client=token.client_id if token.subject else _client_of(ctx),
        level=level_of(token.scopes) or "read",
        portals=portals_of(token.scopes),
    )


def _client_of(ctx: Context[App]) -> str:
    """Name and version as the client gives them; "" when it does not, as older clients without a session."""
    params = ctx.session.client_params
    if params is None:
        return ""
    said = f"{params.client_info.name} {params.client_info.version}"
    return "".join(letter for letter in said if letter.isprintable()).strip()[:_LONGEST_CLIENT]
