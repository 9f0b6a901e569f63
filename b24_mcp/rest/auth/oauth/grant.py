"""Parses tokens: in a response of the authorization server, or in an installation event."""

from __future__ import annotations

from collections.abc import Mapping

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.auth.address import PortalAddress, split_address
from b24_mcp.rest.auth.oauth.application import Application, authorization_server
from b24_mcp.rest.wire.answer import integer, number
from b24_mcp.state import Tokens

_USUAL_SECONDS = 3600.0
# An access token is renewed a little early, so that it does not expire during a request.
_MARGIN, _LONGEST_MARGIN = 0.05, 30.0


def read_grant(
    body: Mapping[str, object], portal: PortalAddress, application: Application, asked: str | None, now: float
) -> Tokens:
    """Return the tokens in a response of the authorization server, or in the `auth` part of an event.

    `asked` is the server that responded, None for an event. `now` is the Unix time of this computer. The server's clock
    may differ, so the lifetime is used when the response has it.

    Raises:
        B24Error: `B24MCP_OAUTH_SERVER` when it has no pair of tokens, `B24MCP_SETTINGS` for a server that is not
            accepted.
    """
    access, refresh, member = (_text(body.get(name)) for name in ("access_token", "refresh_token", "member_id"))
    if not access or not refresh or not member:
        raise our_error(
            "B24MCP_OAUTH_SERVER",
            "The response has no access_token, refresh_token or member_id.",
            hint="Nothing was executed. A person has to run b24-mcp login.",
        )
    seconds = number(body.get("expires_in"))
    if seconds is None:
        ends = number(body.get("expires"))
        seconds = _USUAL_SECONDS if ends is None else ends - now
    named = _text(body.get("server_endpoint"))
    return Tokens(
        client_id=application.client_id,
        member_id=member,
        access_token=access,
        refresh_token=refresh,
        expires=now + seconds - min(_LONGEST_MARGIN, max(0.0, seconds) * _MARGIN),
        endpoint=_endpoint(_text(body.get("client_endpoint")), portal),
        server=_server(named, portal, application, asked),
        scope=_text(body.get("scope")),
        user_id=integer(body.get("user_id")),
        renewed_at=now,
    )


def _server(named: str, portal: PortalAddress, application: Application, asked: str | None) -> str:
    """Return the server for renewals: the one that the response names if accepted, else the one that responded."""
    try:
        return authorization_server(portal, _origin(named) or asked, application)
    except B24Error:
        if asked is None:
            raise
        return asked


def _endpoint(text: str, portal: PortalAddress) -> str:
    """Return the portal's present origin. The configured one stays when the new one would be less secure."""
    origin = _origin(text)
    if not origin or origin.startswith("https:") != portal.is_https:
        return portal.origin
    return origin if portal.is_https or PortalAddress(origin).is_loopback else portal.origin


def _origin(text: str) -> str:
    try:
        return split_address(text)[1] if text else ""
    except ValueError:
        return ""


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
