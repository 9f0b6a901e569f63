"""A person of the portal who logged in to this server through Bitrix24."""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.access.caller import Level


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
