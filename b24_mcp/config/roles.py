"""The roles of people who log in (`B24_HTTP_ROLES`): which access level a person of the portal has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from b24_mcp.config.settings import AccessLevel

_RoleLevel = Literal["none", "read", "write", "full"]
_LEVELS: tuple[_RoleLevel, ...] = ("none", "read", "write", "full")
_RULE = re.compile(
    r"(?P<role>\*|admin|(?P<kind>user|department):(?P<id>[1-9][0-9]{0,18}))=(?P<level>none|read|write|full)"
)
_FORM = "ROLE=LEVEL, where ROLE is admin, department:ID, user:ID or *, and LEVEL is none, read, write or full"
_NOTHING: Mapping[str, _RoleLevel] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Roles:
    """The rules of `B24_HTTP_ROLES`. Without any rule everybody has the highest level of the portal.

    The most specific rule decides: `user:ID`, then `department:ID`, then `admin`, then `*`. Of several departments with
    a rule, the one with the narrowest level decides. A person without a rule, or with the level `none`, has no access.
    """

    rules: Mapping[str, _RoleLevel] = field(default_factory=lambda: _NOTHING)

    @classmethod
    def parse(cls, text: str | None) -> Roles:
        """Return the rules in a text such as `admin=full,department:5=read,*=write`; no rules for None.

        Raises:
            ValueError: when the text is not a list of rules, or has two rules for one role.
        """
        if text is None:
            return cls()
        rules: dict[str, _RoleLevel] = {}
        for number, part in enumerate(text.split(","), 1):
            found = _RULE.fullmatch("".join(part.split()).lower())
            if found is None:
                raise ValueError(f"rule {number} must be {_FORM}")
            if found["role"] in rules:
                raise ValueError(f"there are two rules for {found['role']}")
            rules[found["role"]] = _as_level(found["level"])
        return cls(MappingProxyType(rules))

    def level_of(
        self, user_id: int, departments: tuple[int, ...], *, is_admin: bool, highest: AccessLevel
    ) -> AccessLevel | None:
        """Return the level of a person, at most `highest`; None for no access."""
        found = self._rule_for(user_id, departments, is_admin) if self.rules else highest
        narrowest = min(found, highest, key=_LEVELS.index)
        return None if narrowest == "none" else narrowest

    def _rule_for(self, user_id: int, departments: tuple[int, ...], is_admin: bool) -> _RoleLevel:
        if (own := self.rules.get(f"user:{user_id}")) is not None:
            return own
        of_departments = [self.rules[role] for one in departments if (role := f"department:{one}") in self.rules]
        if of_departments:
            return min(of_departments, key=_LEVELS.index)
        if is_admin and "admin" in self.rules:
            return self.rules["admin"]
        return self.rules.get("*", "none")


def _as_level(word: str) -> _RoleLevel:
    return next(level for level in _LEVELS if level == word)
