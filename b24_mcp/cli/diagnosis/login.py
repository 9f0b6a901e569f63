"""The check of the login of people over HTTP: what is missing, and the addresses to use."""

from __future__ import annotations

from collections.abc import Iterator

from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config import Configuration
from b24_mcp.config.login import login_portals, login_problems, portal_problem

_ABOUT = "login of people"


def check_login(configuration: Configuration) -> Iterator[Finding]:
    """Yield the defects of the login of people; nothing when it is off."""
    settings = configuration.settings
    problems = list(login_problems(settings))
    if settings.http_login is not None and (problem := portal_problem(configuration)) is not None:
        problems.append(problem)
    for one in problems:
        yield Finding(_ABOUT, "wrong", f"{one}.", "Until then b24-mcp serve --http does not start.")
    if settings.http_login is not None and settings.http_url is not None and not problems:
        base = settings.http_url.rstrip("/").removesuffix("/mcp")
        portals = ", ".join(login_portals(configuration))
        yield Finding(
            _ABOUT,
            "ok",
            f"at {base}/, with the portals {portals}",
            f"The application in Bitrix24 needs the address {base}/login/callback",
        )
