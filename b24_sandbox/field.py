"""One field of an entity: its names, its type, and what may be done with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from b24_sandbox.php import Value

INTEGER_TYPES = frozenset(
    (
        "integer", "user", "crm_company", "crm_contact", "crm_lead", "crm_quote", "crm_category", "crm_entity",
        "department", "bool", "int", "crm_deal", "crm_enum_ownertype", "crm_enum_activitytype",
        "crm_enum_activitystatus", "crm_enum_activitypriority", "crm_enum_activitynotifytype", "crm_enum_contenttype",
        "crm_enum_activitydirection", "employee", "enumeration", "boolean", "iblock_element", "iblock_section",
    )
)  # fmt: skip
"""Types whose single value is a whole number. `bool` is 0 or 1, and its family decides how to show it; `boolean` is a
user field with 0 or 1.
"""
MULTIFIELD = "crm_multifield"
_WORD_BREAK = re.compile(r"_([a-z0-9])")


class Flagged(Protocol):
    """A description with flags: letters in one text."""

    @property
    def flags(self) -> str:
        """The letters."""


class Flag:
    """An attribute that says whether a description has a letter among its flags."""

    def __init__(self, letter: str) -> None:
        self._letter = letter

    def __get__(self, holder: Flagged, owner: type) -> bool:
        return self._letter in holder.flags


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity. `name` is also the column; `universal` is its name for `crm.item.*`.

    `details` are shown in a description beside the flags: labels, settings, items of a list.
    """

    name: str
    type: str
    title: str
    universal: str
    status_type: str = ""
    flags: str = ""
    details: Mapping[str, Value] = field(default_factory=dict)

    required = Flag("q")
    """Whether an add requires it."""
    read_only = Flag("r")
    """Whether only the portal writes it."""
    immutable = Flag("i")
    """Whether only an add may write it."""
    multiple = Flag("m")
    """Whether it contains a list."""
    is_virtual = Flag("v")
    """Whether it has no column, so that the face stores and shows it."""
    is_dynamic = Flag("D")
    """Whether it is a user field."""

    @property
    def is_multifield(self) -> bool:
        """Whether its values are rows of a separate table, such as phones and e-mails, instead of a column."""
        return self.type == MULTIFIELD

    @property
    def is_integer(self) -> bool:
        """Whether a single value is a whole number."""
        return self.type in INTEGER_TYPES

    @property
    def camel(self) -> str:
        """The camelCase spelling of controllers."""
        return camel(self.universal)


@lru_cache(4096)
def camel(name: str) -> str:
    """Convert `ASSIGNED_BY_ID` to `assignedById`."""
    return _WORD_BREAK.sub(lambda match: match.group(1).upper(), name.lower())
