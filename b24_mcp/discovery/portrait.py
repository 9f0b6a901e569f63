"""A summary of a portal, read with two requests: the user, the granted scopes, and the difference of the clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from anyio.to_thread import run_sync

from b24_mcp.catalog import Catalogue
from b24_mcp.catalog.probes import PROBES, V3_PROBE
from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer, BatchAnswer, Clock, Failed, Portal, Succeeded, SystemClock


@dataclass(frozen=True, slots=True)
class Portrait:
    """A summary of a portal. What the portal did not answer is None. `skew` is how many seconds its clock is ahead.

    `trouble` is the error when the portal could not be reached; nothing else is known then. `not_checked` has the
    methods that the access rules forbid, each with the reason.
    """

    host: str
    user_id: str | None = None
    user: str | None = None
    is_admin: bool | None = None
    scopes: tuple[str, ...] | None = None
    licence: str | None = None
    skew: float | None = None
    has_v3: bool | None = None
    trouble: B24Error | None = None
    missing: Mapping[str, int] = field(default_factory=dict)
    """The scopes that are not granted, each with the number of documented methods that need it, most first."""
    not_checked: Mapping[str, str] = field(default_factory=dict)


class _Who(TypedDict):
    user_id: str | None
    user: str | None
    is_admin: bool | None


async def look_at(portal: Portal, catalogue: Catalogue, clock: Clock | None = None) -> Portrait:
    """Read the summary of a portal. Never raises."""
    asked, not_checked = list(PROBES), dict[str, str]()
    answer = None
    while answer is None:
        try:
            answer = await portal.batch({name: {"method": name} for name in asked})
        except B24Error as exc:
            if exc.fault.kind != "policy" or asked == [exc.method] or exc.method not in asked:
                return Portrait(portal.host, trouble=exc)
            # Nothing was sent. The other methods are called without this one.
            asked.remove(exc.method)
            not_checked[exc.method] = exc.fault.message.removeprefix(f"Command {exc.method!r}: ")
    answered_at = (clock or SystemClock()).now()
    trouble = _why_nothing(answer)
    if trouble is not None:
        return Portrait(portal.host, trouble=trouble)
    has_v3 = await _has_v3(portal, not_checked)
    profile = _result(answer, "profile")
    scopes = _result(answer, "scope")
    info = _result(answer, "app.info")
    granted = tuple(sorted(map(str, scopes))) if isinstance(scopes, list) else None
    return Portrait(
        host=portal.host,
        **_who(profile),
        scopes=granted,
        licence=str(info["LICENSE"]) if isinstance(info, dict) and info.get("LICENSE") else None,
        skew=_skew(_result(answer, "server.time"), answered_at),
        has_v3=has_v3,
        missing={} if granted is None else await run_sync(_missing, catalogue, granted),
        not_checked=not_checked,
    )


def _who(profile: object) -> _Who:
    if not isinstance(profile, dict):
        return {"user_id": None, "user": None, "is_admin": None}
    name = " ".join(str(profile[part]) for part in ("NAME", "LAST_NAME") if profile.get(part))
    admin = profile.get("ADMIN")
    return {
        "user_id": str(profile.get("ID", "")) or None,
        "user": name or None,
        "is_admin": admin if isinstance(admin, bool) else None,
    }


def _skew(said: object, now: float) -> float | None:
    try:
        return round(datetime.fromisoformat(str(said)).timestamp() - now, 1)
    except (ValueError, OverflowError):
        return None


async def _has_v3(portal: Portal, not_checked: dict[str, str]) -> bool | None:
    try:
        answer: Answer = await portal.call(V3_PROBE, version="v3")
    except B24Error as exc:
        if exc.fault.kind == "policy":
            not_checked[V3_PROBE] = exc.fault.message
        return False if exc.fault.kind == "unknown_method" else None
    return isinstance(answer.result, dict | list)


def _missing(catalogue: Catalogue, granted: tuple[str, ...]) -> dict[str, int]:
    """Count the methods of each scope that is not granted. The scope `user` includes its narrower forms."""
    held = set(granted) | ({"user_basic", "user_brief"} if "user" in granted else set())
    return {scope: count for scope, count in catalogue.scopes.most_common() if scope not in held}


def _why_nothing(answer: BatchAnswer) -> B24Error | None:
    """Return the error of the whole request, or the first one when every command failed."""
    if answer.error is not None:
        return answer.error
    failures = [outcome.error for outcome in answer.outcomes.values() if isinstance(outcome, Failed)]
    return failures[0] if len(failures) == len(answer.outcomes) else None


def _result(answer: BatchAnswer, name: str) -> object:
    outcome = answer.outcomes.get(name)
    return outcome.answer.result if isinstance(outcome, Succeeded) else None
