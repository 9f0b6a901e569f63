"""The checks of stored tokens. They are in a file or in Redis, to which others may have written.

Two things are checked before anything is sent. The configuration must allow the authorization server, because it
receives the client secret. The portal must be the configured one, or one that a login or a renewal of this
configuration named. A seal proves the latter: an HMAC with the client secret as its key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.auth.address import PortalAddress, split_address
from b24_mcp.rest.auth.oauth.application import Application, authorization_server
from b24_mcp.state import Tokens

_CHECK_SETTINGS = "Nothing was sent. A person has to check the settings and run b24-mcp login on this computer."


def sealed(tokens: Tokens, name: str, application: Application) -> Tokens:
    """Return the tokens with a seal over their portal and authorization server, for the login `name`."""
    return replace(tokens, seal=_seal(tokens, name, application))


def check_trusted(tokens: Tokens, name: str, portal: PortalAddress, application: Application) -> None:
    """Check stored tokens. `portal` is the configured one.

    Raises:
        B24Error: `B24MCP_SETTINGS` when they name an authorization server or a portal that is not allowed.
    """
    try:
        server = authorization_server(portal, tokens.server, application)
    except B24Error:
        server = ""
    if not tokens.server or server != tokens.server:
        raise our_error(
            "B24MCP_SETTINGS",
            f"The stored login to {portal.host} names {_host(tokens.server)} as its authorization server, which the "
            "settings do not allow. Either the stored tokens or B24_OAUTH_SERVER was changed.",
            hint=_CHECK_SETTINGS,
        )
    if tokens.endpoint == portal.origin or _is_sealed(tokens, name, application):
        return
    raise our_error(
        "B24MCP_SETTINGS",
        f"The stored login to {portal.host} names another portal, {_host(tokens.endpoint)}. Either the stored tokens "
        "were changed, or the portal has a new address. If so, correct the address in the settings.",
        hint=_CHECK_SETTINGS,
    )


def _is_sealed(tokens: Tokens, name: str, application: Application) -> bool:
    try:
        valid = split_address(tokens.endpoint)[1] == tokens.endpoint
    except ValueError:
        valid = False
    return valid and hmac.compare_digest(tokens.seal.encode(), _seal(tokens, name, application).encode())


def _seal(tokens: Tokens, name: str, application: Application) -> str:
    content = json.dumps([name.lower(), tokens.client_id, tokens.member_id, tokens.endpoint, tokens.server])
    return hmac.new(application.client_secret.encode(), content.encode(), hashlib.sha256).hexdigest()


def _host(address: str) -> str:
    try:
        return split_address(address)[0].netloc
    except ValueError:
        return "something that is not an address"
