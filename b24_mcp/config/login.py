"""The settings of the login of people (`B24_HTTP_LOGIN`), and which settings need each other."""

from __future__ import annotations

from collections.abc import Iterator

from b24_mcp.config.configuration import Configuration
from b24_mcp.config.portals import ENVIRONMENT
from b24_mcp.config.roles import parse_roles
from b24_mcp.config.settings import Settings


def login_problems(settings: Settings) -> Iterator[str]:
    """Yield the defects in the settings of the login of people. Each sentence names the setting to change."""
    if settings.http_login is None:
        if settings.http_roles is not None:
            yield "B24_HTTP_ROLES needs B24_HTTP_LOGIN=bitrix24: only people who log in have roles"
        return
    others = {"B24_HTTP_TOKEN": settings.http_token, "B24_HTTP_ISSUER": settings.http_issuer}
    for name in [name for name, value in others.items() if value is not None]:
        yield f"B24_HTTP_LOGIN and {name} exclude each other: remove {name}, because clients get tokens at the login"
    if settings.http_url is None:
        yield "B24_HTTP_LOGIN needs B24_HTTP_URL, the address that clients and browsers use"
    if settings.http_key is None:
        yield "B24_HTTP_LOGIN needs B24_HTTP_KEY, which encrypts the logins; `openssl rand -hex 32` generates one"
    if settings.state == "memory":
        yield "B24_HTTP_LOGIN needs B24_STATE, a file or Redis: logins and approvals are stored there, not in memory"
    try:
        parse_roles(settings.http_roles, "read")
    except ValueError as exc:
        yield f"B24_HTTP_ROLES cannot be used: {exc}"


def login_portals(configuration: Configuration) -> tuple[str, ...]:
    """Return the names of the portals that people can log in to, the default first."""
    settings = configuration.settings
    has_own = bool(settings.portal and settings.client_id and settings.client_secret) and settings.webhook_url is None
    usable = {name for name, portal in configuration.portals.items() if portal.is_oauth} | (
        {ENVIRONMENT} if has_own else set()
    )
    return tuple(name for name in configuration.names if name in usable)


def portal_problem(configuration: Configuration) -> str | None:
    """Return what is missing for people to log in, or None when a portal with a login is configured."""
    if login_portals(configuration):
        return None
    return (
        "B24_HTTP_LOGIN needs a portal with a local application: set B24_PORTAL, B24_CLIENT_ID and B24_CLIENT_SECRET, "
        "or run b24-mcp portals add NAME --oauth ADDRESS --client-id ID"
    )
