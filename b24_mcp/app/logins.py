"""Portals that are used through a login (OAuth 2.0): their settings and their credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_mcp.errors import our_error
from b24_mcp.rest import Clock
from b24_mcp.rest.auth.address import PortalAddress, parse_portal
from b24_mcp.rest.auth.oauth import Application, AuthorizationServer, Login
from b24_mcp.secrets import Redactor
from b24_mcp.state import open_tokens

if TYPE_CHECKING:
    from b24_mcp.config.settings import Settings


def configured_application(settings: Settings) -> tuple[PortalAddress, Application]:
    """Return the portal and the application that the environment names.

    Raises:
        B24Error: `B24MCP_SETTINGS` when a part is missing or wrong.
    """
    secret = settings.client_secret.get_secret_value() if settings.client_secret else None
    given = {"B24_PORTAL": settings.portal, "B24_CLIENT_ID": settings.client_id, "B24_CLIENT_SECRET": secret}
    missing = [name for name, value in given.items() if not value]
    if missing:
        message = f"{', '.join(given)} must be set together; {' and '.join(missing)} is not set."
        raise our_error("B24MCP_SETTINGS", message)
    assert settings.portal is not None
    assert settings.client_id is not None
    assert secret is not None
    return parse_portal(settings.portal), Application(settings.client_id, secret, settings.oauth_server)


def open_login(
    name: str,
    portal: PortalAddress,
    application: Application,
    settings: Settings,
    redactor: Redactor,
    clock: Clock | None = None,
) -> Login:
    """Return the login `name` as a credential. Nothing is read or connected before the first call.

    The name of the portal of the environment is its host.

    Raises:
        B24Error: `B24MCP_SETTINGS` when the store of tokens cannot be opened.
    """
    redactor.add(application.client_secret)
    try:
        store = open_tokens(settings.state)
    except ValueError as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
    server = AuthorizationServer(application, settings.ca_bundle)
    return Login(name, portal, server, store, redactor.add, clock)
