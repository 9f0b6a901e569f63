"""Descriptions of entities, parsed from a compact table of text: a field, a set of fields, an entity.

One line per field, four columns:

    STAGE_ID>STAGE_ID  crm_status:DEAL_STAGE  qr  | Deal Stage

name (`CLASSIC>UNIVERSAL` where the universal `crm.item.*` methods use another name), type (with the directory of its
values), flags, title. Flags: `q` required, `r` read-only, `i` immutable, `m` multiple, `x` deprecated, `h` not shown by
classic get and list, `c` for the classic methods only, `u` for the universal methods only, `v` virtual: described and
written, but without a column (a face stores and shows it), `D` a user field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from b24_sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_sandbox.portal import SandboxPortal

INTEGER_TYPES = frozenset(
    (
        "integer",
        "user",
        "crm_company",
        "crm_contact",
        "crm_lead",
        "crm_quote",
        "crm_category",
        "crm_entity",
        "department",
        "bool",
        "int",
        "crm_deal",
        "crm_enum_ownertype",
        "crm_enum_activitytype",
        "crm_enum_activitystatus",
        "crm_enum_activitypriority",
        "crm_enum_activitynotifytype",
        "crm_enum_contenttype",
        "crm_enum_activitydirection",
        "employee",
        "enumeration",
        "boolean",
        "iblock_element",
        "iblock_section",
    )
)
"""Types whose single value is a whole number. `bool` is 0 or 1, and its family decides how to show it; `boolean` is a
user field with 0 or 1.
"""
MULTIFIELD = "crm_multifield"
_WORD_BREAK = re.compile(r"_([a-z0-9])")


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

    @property
    def required(self) -> bool:
        """Whether an add requires it."""
        return "q" in self.flags

    @property
    def read_only(self) -> bool:
        """Whether only the portal writes it."""
        return "r" in self.flags

    @property
    def immutable(self) -> bool:
        """Whether only an add may write it."""
        return "i" in self.flags

    @property
    def multiple(self) -> bool:
        """Whether it contains a list."""
        return "m" in self.flags

    @property
    def is_multifield(self) -> bool:
        """Whether its values are rows of a separate table, such as phones and e-mails, instead of a column."""
        return self.type == MULTIFIELD

    @property
    def is_virtual(self) -> bool:
        """Whether it has no column, so that the face stores and shows it."""
        return "v" in self.flags

    @property
    def is_dynamic(self) -> bool:
        """Whether it is a user field."""
        return "D" in self.flags

    @property
    def is_integer(self) -> bool:
        """Whether a single value is a whole number."""
        return self.type in INTEGER_TYPES

    @property
    def camel(self) -> str:
        """The camelCase spelling of controllers."""
        return camel(self.universal)


def camel(name: str) -> str:
    """Convert `ASSIGNED_BY_ID` to `assignedById`."""
    return _WORD_BREAK.sub(lambda match: match.group(1).upper(), name.lower())


def parse_fields(table: str) -> dict[str, Field]:
    """Parse a table of fields (see the module docstring) into name -> field, in order."""
    fields: dict[str, Field] = {}
    for line in filter(None, table.splitlines()):
        described, _, title = line.partition("|")
        name, kind, *flags = described.split()
        name, _, universal = name.partition(">")
        kind, _, status_type = kind.partition(":")
        fields[name] = Field(
            name, kind, title.strip() or name, universal or name, status_type, flags[0] if flags else ""
        )
    return fields


Settle = Callable[["SandboxPortal", int, Map, Map | None, int], None]
"""Runs after a write: portal, id, written values, previous values for an update, acting user."""

Cascade = Callable[["SandboxPortal", int], None]
"""Deletes everything that belongs to a deleted record: portal, id."""


def _nothing_to_settle(portal: SandboxPortal, record: int, values: Map, stored: Map | None, user: int) -> None:
    return None


def _nothing_to_remove(portal: SandboxPortal, record: int) -> None:
    return None


Prepare = Callable[["SandboxPortal", Map, Map | None, int], None]
"""Fills derived columns in place: portal, new values, stored values for an update, acting user."""


def _nothing_to_prepare(portal: SandboxPortal, values: Map, stored: Map | None, user: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record: its table, its fields and the values the portal fills in.

    `indexes` are columns that are often filtered. `owner` is the name of the entity in multi-field rows. `user_fields`
    is the object of its user fields (`CRM_DEAL`, `USER`, `TASKS_TASK`; empty: no user fields), see
    `b24_sandbox.schema`. `settle` runs after every add and update, `cascade` after every delete.
    """

    name: str
    fields: dict[str, Field]
    prepare: Prepare = _nothing_to_prepare
    indexes: tuple[str, ...] = ()
    owner: str = ""
    user_fields: str = ""
    settle: Settle = _nothing_to_settle
    cascade: Cascade = _nothing_to_remove
    columns: tuple[Field, ...] = field(init=False)
    multifields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        columns = tuple(f for f in self.fields.values() if not f.is_multifield and not f.is_virtual)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "multifields", tuple(f.name for f in self.fields.values() if f.is_multifield))
