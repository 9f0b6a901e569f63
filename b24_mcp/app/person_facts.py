"""The identity of a person on a portal: requested with the person's own login, and stored between calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Failed, Outcome, Portal, Succeeded
from b24_mcp.rest.auth.address import cloud_zone
from b24_mcp.rest.wire.answer import integer

_ASKED = {
    "profile": {"method": "profile"},
    "user": {"method": "user.current"},
    "app": {"method": "app.info"},
}
"""`profile` and `app.info` need no scope; `user.current` needs `user_brief`, `user_basic` or `user`.

Source: documentation, api-reference/common/users and api-reference/user.
"""
_RUSSIAN_ZONES = ("bitrix24.ru", "bitrix24.by", "bitrix24.kz")
_NOT_SAID = ("permission", "unknown_method", "policy", "plan")


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person as the portal described them at `read_at` (Unix time).

    `departments` is None when the application may not read them.
    """

    portal: str
    member_id: str
    user_id: int
    name: str
    is_admin: bool
    departments: tuple[int, ...] | None
    language: str
    read_at: float


def facts_to_text(facts: PersonFacts) -> str:
    """Return facts as JSON."""
    return json.dumps(asdict(facts), ensure_ascii=False)


def facts_from_text(text: str) -> PersonFacts | None:
    """Parse stored facts; None when another version stored them in another form."""
    try:
        found = json.loads(text)
        departments = found.pop("departments")
        return PersonFacts(**found, departments=None if departments is None else tuple(departments))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


async def ask_who(portal: Portal, name: str, member_id: str, now: float) -> PersonFacts | None:
    """Ask the portal `name` whose login this is, in one request. Return None for a person who was dismissed.

    Raises:
        B24Error: when the portal does not say.
    """
    answer = await portal.batch(_ASKED)
    if answer.error is not None:
        raise answer.error
    outcomes = answer.outcomes
    profile = _object(outcomes, "profile")
    if profile is None:
        return None  # the profile of an inactive person is empty
    user_id = integer(profile.get("ID"))
    if user_id is None:
        raise our_error("B24MCP_BAD_ANSWER", "The portal did not say whose login this is.")
    user = outcomes.get("user")
    described = None if _is_not_said(user) else _object(outcomes, "user")
    if described is not None and _is_no(described.get("ACTIVE")):
        return None
    names = (profile.get("NAME"), profile.get("LAST_NAME"))
    full_name = " ".join(one.strip() for one in names if isinstance(one, str) and one.strip())
    return PersonFacts(
        portal=name,
        member_id=member_id,
        user_id=user_id,
        name=full_name or f"user {user_id}",
        is_admin=profile.get("ADMIN") in (True, "true", "Y", 1, "1"),
        departments=None if described is None else _departments(described.get("UF_DEPARTMENT")),
        language=_language(outcomes.get("app"), portal.host),
        read_at=now,
    )


def _object(outcomes: Mapping[str, Outcome], name: str) -> Mapping[str, object] | None:
    """Return the result of a command; None when it is empty.

    Raises:
        B24Error: when the command failed.
    """
    outcome = outcomes.get(name)
    if isinstance(outcome, Failed):
        raise outcome.error
    if not isinstance(outcome, Succeeded):
        raise our_error("B24MCP_NO_CONNECTION", "The portal did not answer who this is.")
    result = outcome.answer.result
    return result if isinstance(result, Mapping) and result else None


def _is_not_said(outcome: Outcome | None) -> bool:
    """Whether an error means that the application may not read this, and is not a temporary failure."""
    return isinstance(outcome, Failed) and outcome.error.fault.kind in _NOT_SAID


def _is_no(value: object) -> bool:
    return value in (False, "N", "n", "false", "0", 0)


def _departments(value: object) -> tuple[int, ...]:
    """Return the ids of departments. A person of no department has `false` or an empty text."""
    found = value if isinstance(value, list) else [value]
    ids = [integer(one) for one in found if not isinstance(one, bool)]
    return tuple(dict.fromkeys(one for one in ids if one is not None and one > 0))


def _language(app: Outcome | None, host: str) -> str:
    said = app.answer.result if isinstance(app, Succeeded) else None
    known = said.get("LANGUAGE_ID") if isinstance(said, Mapping) else None
    if isinstance(known, str) and known:
        return "ru" if known.lower() in ("ru", "by", "kz") else "en"
    return "ru" if cloud_zone(host.partition(":")[0]) in _RUSSIAN_ZONES else "en"


def is_final(error: B24Error) -> bool:
    """Whether an error means that a login has ended for good."""
    return error.fault.code == "B24MCP_LOGIN_ENDED"
