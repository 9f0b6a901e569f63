"""The caller of a request: the user of this computer over stdio, the subject of the verified token over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import Context

from b24_mcp.access.caller import LEVELS, Caller, level_of, os_user, portals_of
from b24_mcp.access.person import person_of
from b24_mcp.app.app import App
from b24_mcp.config.portals import SANDBOX
from b24_mcp.errors import our_error
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
    if "person" in (token.claims or {}):
        return _caller_of_person(token)
    return Caller(
        name=token.subject or token.client_id,
        client=token.client_id if token.subject else _client_of(ctx),
        level=level_of(token.scopes) or "read",
        portals=portals_of(token.scopes),
        # The shared token of all clients has no issuer.
        is_identified=token.subject is not None or "iss" in (token.claims or {}),
        is_program=token.subject is None,
    )


def _caller_of_person(token: AccessToken) -> Caller:
    """Return the caller of a token that a person of the portal granted to a client.

    Raises:
        B24Error: `B24MCP_LOGIN_ENDED` when the token does not say who the person is. No other credential is used then.
    """
    person = person_of((token.claims or {}).get("person"))
    if person is None or person.key != token.subject:
        import b24_mcp.rest  # noqa: F401  # it registers the code, and is not needed to start

        raise our_error("B24MCP_LOGIN_ENDED", "The token of this client belongs to no person.")
    # Another portal of the settings has a credential of somebody else. The sandbox holds no data of people.
    own = frozenset((person.portal, SANDBOX))
    granted = portals_of(token.scopes)
    return Caller(
        name=person.key,
        client=_granted_client(token),
        level=min(level_of(token.scopes) or "read", person.level, key=LEVELS.index),
        portals=own if granted is None else own & granted,
        is_identified=True,
        person=person,
        grant=str((token.claims or {}).get("grant") or ""),
    )


def rights_of_token() -> Offer:
    """Return the rights that the verified token of the running request has; everything without a token."""
    token = get_access_token()
    if token is None:
        return EVERYTHING
    if "person" in (token.claims or {}):
        caller = _caller_of_person(token)
        return Offer(caller.level or "read", tuple(sorted(caller.portals or ())))
    portals = portals_of(token.scopes)
    return Offer(level_of(token.scopes) or "read", None if portals is None else tuple(sorted(portals)))


def _granted_client(token: AccessToken) -> str:
    """Return the name of the client that a person gave a token, or its id when it has no name."""
    name = (token.claims or {}).get("client_name")
    return (_shown(name) if isinstance(name, str) else "") or token.client_id


def _client_of(ctx: Context[App]) -> str:
    """Return the name and version of the client; empty if it sends none, as older clients without a session."""
    params = ctx.session.client_params
    return "" if params is None else _shown(f"{params.client_info.name} {params.client_info.version}")


def _shown(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_CLIENT]


def key_of_person() -> str:
    """Return the key of the person for whom the token of this request is; empty for any other token."""
    token = get_access_token()
    return (token.subject or "") if token is not None and "person" in (token.claims or {}) else ""
