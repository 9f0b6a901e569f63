"""The login that a command means: its portal, its application, and the name its tokens are kept under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_mcp.config import Configuration, ConfigurationError
from b24_mcp.errors import our_error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.rest.auth.address import PortalAddress
    from b24_mcp.rest.auth.oauth import Application


@dataclass(frozen=True, slots=True)
class LoginTarget:
    """A portal and the application that logs in to it.

    The tokens are kept under `name`, where the server looks for them. `is_configured` is False for a portal and an
    application that only the command line names.
    """

    name: str
    portal: PortalAddress
    application: Application
    is_configured: bool


def login_target(
    configuration: Configuration,
    target: str | None,
    client_id: str | None,
    redactor: Redactor,
    ask_secret: Callable[[], str],
) -> LoginTarget:
    """Return the login that the name or address `target` means. `ask_secret` asks the user for a client secret.

    Raises:
        B24Error, ConfigurationError, SecretsError: when no login is meant, or a part of it is missing.
    """
    from b24_mcp.app.logins import configured_application
    from b24_mcp.rest.auth.address import parse_portal
    from b24_mcp.rest.auth.oauth import Application

    settings = configuration.settings
    name = login_name(configuration, target)
    if name in configuration.portals:
        return _named_target(configuration, name, redactor)
    own = None if settings.portal is None else parse_portal(settings.portal)
    is_own = own is not None and own.host == name
    if is_own and client_id in (None, settings.client_id) and settings.client_secret:
        portal, application = configured_application(settings)
        redactor.add(application.client_secret)
        return LoginTarget(name, portal, application, True)
    client = client_id or settings.client_id
    if client is None:
        raise our_error("B24MCP_SETTINGS", "No application is given: use --client-id or set B24_CLIENT_ID.")
    portal = own if own is not None and is_own else parse_portal(target or name)
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ask_secret()
    redactor.add(secret)
    return LoginTarget(name, portal, Application(client, secret, settings.oauth_server), False)


def login_name(configuration: Configuration, target: str | None) -> str:
    """Return the name a login is kept under: that of a portal in the file, otherwise the host.

    Raises:
        B24Error: `B24MCP_SETTINGS` when no portal is configured, or for an address that is wrong.
        ConfigurationError: when the file has no portal of this name.
    """
    from b24_mcp.rest.auth.address import parse_portal

    if target is None and configuration.settings.portal is not None:
        return parse_portal(configuration.settings.portal).host
    if target is None and configuration.default in configuration.portals:
        return configuration.default
    if target is None:
        raise our_error("B24MCP_SETTINGS", "No portal is configured: name the portal to log in to.")
    if target in configuration.portals:
        return target
    if "." not in target and "://" not in target:
        names = ", ".join(name for name, one in configuration.portals.items() if one.is_oauth) or "none"
        raise ConfigurationError(f"There is no portal {target!r} in {configuration.file}; those with a login: {names}")
    return parse_portal(target).host


def _named_target(configuration: Configuration, name: str, redactor: Redactor) -> LoginTarget:
    from b24_mcp.rest.auth.address import parse_portal
    from b24_mcp.rest.auth.oauth import Application

    entry = configuration.portals[name]
    if entry.address is None or entry.client_id is None:
        raise ConfigurationError(f"The portal {name} is opened by a webhook and needs no login")
    secret = configuration.client_secret(name, configuration.open_secrets())
    redactor.add(secret)
    application = Application(entry.client_id, secret, configuration.settings.oauth_server)
    return LoginTarget(name, parse_portal(entry.address), application, True)
