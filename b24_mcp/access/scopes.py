"""The scopes of a token, and what they allow: a level of access, and perhaps only certain portals."""

from __future__ import annotations

from collections.abc import Iterable

from b24_mcp.access.levels import LEVELS, Level

LEVEL_SCOPES = tuple(f"b24:{level}" for level in LEVELS)
"""`b24:read`, `b24:write` and `b24:full`, each of which includes those before it."""

_PORTAL = "b24:portal:"


def level_of(scopes: Iterable[str]) -> Level | None:
    """The widest level among the scopes, or None when they hold no level."""
    held = set(scopes)
    return next((level for level in reversed(LEVELS) if f"b24:{level}" in held), None)


def portals_of(scopes: Iterable[str]) -> frozenset[str] | None:
    """The portals named by scopes such as `b24:portal:sales`; None when none is named, which means all."""
    return frozenset(scope.removeprefix(_PORTAL) for scope in scopes if scope.startswith(_PORTAL)) or None


def with_included(scopes: Iterable[str]) -> list[str]:
    """The scopes together with those that the widest level includes, sorted."""
    held = set(scopes)
    level = level_of(held)
    return sorted(held | set(LEVEL_SCOPES[: LEVELS.index(level) + 1] if level else ()))
