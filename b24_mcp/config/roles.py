"""The access levels of people who log in over HTTP, by their roles on the portal (`B24_HTTP_ROLES`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

RoleLevel = Literal["none", "read", "write", "full"]
_LEVELS: tuple[RoleLevel, ...] = get_args(RoleLevel)
_ROLE = re.compile(r"(?P<word>admin|\*)|(?P<kind>user|department):(?P<id>[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class RoleRules:
    """The rules, from the most specific one: a user, a department, an administrator, everybody.

    `everybody` is the level of a person whom no other rule names. A level `none` means no access.
    """

    everybody: RoleLevel
    users: Mapping[int, RoleLevel]
    departments: Mapping[int, RoleLevel]
    admin: RoleLevel | None = None

    def level(self, user: int, *, is_admin: bool, departments: Collection[int] | None) -> RoleLevel:
        """Return the level of a person. Of several departments, the narrowest level applies.

        `departments` is None when the portal does not say in which the person is. Then the narrowest of all levels
        that the departments of the rules give is used, so that a rule that narrows is not lost.
        """
        if user in self.users:
            return self.users[user]
        usual = self.everybody if not is_admin or self.admin is None else self.admin
        if departments is None:
            return min((usual, *self.departments.values()), key=_LEVELS.index)
        own = [self.departments[one] for one in departments if one in self.departments]
        return min(own, key=_LEVELS.index) if own else usual


def parse_roles(text: str | None, usual: RoleLevel) -> RoleRules:
    """Parse rules such as `admin=full,department:5=read,user:12=full,*=write`.

    Without any rule everybody has the level `usual`. With rules but none for `*`, everybody else has no access.

    Raises:
        ValueError: for anything that is not a rule, and for two rules of one role. The message names it.
    """
    if text is None or not text.strip():
        return RoleRules(usual, {}, {})
    found: dict[str, RoleLevel] = {}
    for part in text.split(","):
        role, sign, level = (piece.strip().lower() for piece in part.partition("="))
        if not sign or _ROLE.fullmatch(role) is None:
            raise ValueError(
                f"{part.strip()[:60]!r} is not ROLE=LEVEL, where ROLE is user:ID, department:ID, admin or *"
            )
        chosen = next((one for one in _LEVELS if one == level), None)
        if chosen is None:
            raise ValueError(f"{level[:60]!r} is not a level for {role}: use {', '.join(_LEVELS)}")
        if role in found:
            raise ValueError(f"{role} has two rules")
        found[role] = chosen
    ids: dict[str, dict[int, RoleLevel]] = {"user": {}, "department": {}}
    for role, level in found.items():
        kind, _, number = role.partition(":")
        if number:
            ids[kind][int(number)] = level
    return RoleRules(found.get("*", "none"), ids["user"], ids["department"], found.get("admin"))
