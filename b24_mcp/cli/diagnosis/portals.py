"""The check of portals: whether each answers, for whom, and with which rights."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from b24_mcp.cli.advice import advice
from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config import SANDBOX, Configuration
from b24_mcp.config.login import login_portals
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.access import AccessRules
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.discovery import Portrait

_TOLERATED_SKEW = 30.0
_MOST_SCOPES = 6
# The scopes that most users need.
_COMMON_SCOPES = frozenset(
    ("crm", "task", "user", "department", "disk", "im", "calendar", "telephony", "lists", "catalog")
)


async def check_portals(configuration: Configuration, redactor: Redactor) -> AsyncIterator[Finding]:
    """Check each configured portal, or the sandbox when none is configured."""
    from b24_mcp.app.portals import Portals

    portals = Portals(redactor)
    names = [name for name in configuration.names if name != SANDBOX] or [SANDBOX]
    try:
        for name in names:
            about = f"portal {name}"
            if configuration.settings.http_login is not None and name in login_portals(configuration):
                yield Finding(about, "ok", "not checked: people log in to it over HTTP, each with their own rights")
                continue
            try:
                opened = await portals.get(name)
            except B24Error as exc:
                yield _failure(about, exc)
                continue
            async for finding in _portal(about, opened):
                yield finding
    finally:
        await portals.aclose()


async def _portal(about: str, opened: OpenPortal) -> AsyncIterator[Finding]:
    from b24_mcp.access import probing
    from b24_mcp.catalog import known_methods
    from b24_mcp.discovery import look_at

    with probing():
        portrait = await look_at(opened.portal, known_methods())
    if portrait.trouble is not None:
        fault = portrait.trouble.fault
        if fault.kind == "policy":
            yield Finding(about, "note", f"not checked: {fault.message}", advice(fault))
        else:
            yield _failure(about, portrait.trouble)
        return
    for finding in _answers(about, portrait):
        yield finding
    yield _access(about, opened.gate.rules)
    free = await opened.portal.requests_free()
    left = "no limit is kept" if free is None else f"{free} requests can be sent at once"
    yield Finding(about, "ok", f"limits: plan {opened.portal.plan}, {left}")


def _answers(about: str, portrait: Portrait) -> Iterator[Finding]:
    """Report what the portal answered."""
    from b24_mcp.catalog.probes import V3_PROBE

    unchecked = portrait.not_checked
    if "profile" in unchecked:
        yield Finding(about, "note", f"the user was not checked: {unchecked['profile']}")
    else:
        user = portrait.user or f"user {portrait.user_id}"
        role = "administrator" if portrait.is_admin else "not an administrator"
        yield Finding(about, "ok", f"{portrait.host} answers: you are {user}, {role}")
    if "scope" in unchecked:
        yield Finding(about, "note", f"scopes were not checked: {unchecked['scope']}")
    else:
        yield _scopes(about, portrait)
    if V3_PROBE in unchecked:
        yield Finding(about, "ok", f"REST 3.0 was not checked: {unchecked[V3_PROBE]}")
    else:
        v3 = {True: "has REST 3.0", False: "has no REST 3.0", None: "does not say whether it has REST 3.0"}
        yield Finding(about, "ok", v3[portrait.has_v3])
    if portrait.skew is not None and abs(portrait.skew) > _TOLERATED_SKEW:
        ahead = "ahead of" if portrait.skew > 0 else "behind"
        yield Finding(
            about,
            "note",
            f"its clock is {abs(portrait.skew):.0f} s {ahead} this computer's",
            "Set the clock of this computer: limits and logins depend on it.",
        )


def _access(about: str, rules: AccessRules) -> Finding:
    said = [f"access: {rules.level}"]
    if rules.allow:
        said.append(f"only {', '.join(rules.allow)}")
    if rules.deny:
        said.append(f"never {', '.join(rules.deny)}")
    return Finding(about, "ok", "; ".join(said))


def _scopes(about: str, portrait: Portrait) -> Finding:
    if portrait.scopes is None:
        return Finding(about, "note", "it does not say which scopes are granted")
    granted = f"{len(portrait.scopes)} scopes granted"
    common = [scope for scope in portrait.missing if scope in _COMMON_SCOPES]
    if not common:
        others = [f"{scope} ({count})" for scope, count in portrait.missing.items()][:_MOST_SCOPES]
        return Finding(about, "ok", granted + (f"; not granted (methods): {', '.join(others)}, …" if others else ""))
    named = [f"{scope} ({portrait.missing[scope]})" for scope in common[:_MOST_SCOPES]]
    return Finding(
        about,
        "note",
        f"{granted}; not granted (methods): {', '.join(named)}",
        "If you need them, grant them to the webhook or application in Bitrix24.",
    )


def _failure(about: str, error: B24Error) -> Finding:
    fault = error.fault
    code = f"{fault.code}: " if fault.code and not fault.code.startswith("B24MCP_") else ""
    return Finding(about, "wrong", f"{code}{fault.message}", advice(fault))
