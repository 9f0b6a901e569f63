"""A person of the portal who logged in to this server through Bitrix24."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from b24_mcp.access.levels import LEVELS, Level


@dataclass(frozen=True, slots=True)
class LoggedInPerson:
    """A person of the portal, as the portal described them at their login or at the last renewal of it.

    `portal` is the configured name of the portal, `member_id` the portal's own id, and `user_id` the id of the person
    there. `departments` are the ids of the departments. `level` is the highest access level that the roles of the
    person give. `language` is the language for texts that the person reads.
    """

    portal: str
    member_id: str
    user_id: int
    name: str
    is_admin: bool = False
    departments: tuple[int, ...] = ()
    level: Level = "write"
    language: str = "en"

    @property
    def key(self) -> str:
        """The key of what belongs to the person: `MEMBER_ID:USER_ID`. Names are not unique and can change."""
        return f"{self.member_id}:{self.user_id}"


def person_of(claim: object) -> LoggedInPerson | None:
    """Return the person in the claim `person` of a verified token; None when it holds no person."""
    if not isinstance(claim, Mapping):
        return None
    texts = [claim.get(name) for name in ("portal", "member_id", "name", "language")]
    user_id, level, departments = (claim.get(name) for name in ("user_id", "level", "departments"))
    is_whole = all(isinstance(text, str) for text in texts) and type(user_id) is int and level in LEVELS
    if not is_whole or not isinstance(departments, list | tuple) or not all(type(one) is int for one in departments):
        return None
    portal, member_id, name, language = cast("list[str]", texts)
    return LoggedInPerson(
        portal=portal,
        member_id=member_id,
        user_id=cast("int", user_id),
        name=name,
        is_admin=claim.get("is_admin") is True,
        departments=tuple(departments),
        level=cast("Level", level),
        language=language,
    )
