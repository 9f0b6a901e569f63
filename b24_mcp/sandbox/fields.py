"""Descriptions of entities: a field, a set of fields, an entity; read from a compact table of text.

One line a field, four columns::

    STAGE_ID>STAGE_ID  crm_status:DEAL_STAGE  qr  | Deal Stage

name (`CLASSIC>UNIVERSAL` where the universal `crm.item.*` methods know it by another name), type (with the
directory it takes values from), flags, title. Flags: `q` required, `r` read-only, `i` immutable, `m`
multiple, `x` deprecated, `h` not shown by classic get and list, `c` known only to the classic methods,
`u` known only to the universal ones, `v` virtual: described and written, but no column of its own (a face keeps
and shows it), `D` a user field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from b24_mcp.sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_mcp.sandbox.portal import SandboxPortal

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
"""Types whose single value is a whole number; `bool` is 0 or 1 and shown as such by its family, `boolean` is a
user field of that type, 0 or 1 too."""
MULTIFIELD = "crm_multifield"
_WORD_BREAK = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity. `name` is also the column; `universal` is its name for `crm.item.*`.

    `details` are what a description shows beside the flags: labels, settings, items of a list.
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
        """Whether an add must carry it."""
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
        """Whether it holds a list."""
        return "m" in self.flags

    @property
    def is_multifield(self) -> bool:
        """Phones, e-mails and the like: rows of a table of their own, no column."""
        return self.type == MULTIFIELD

    @property
    def is_virtual(self) -> bool:
        """Whether it has no column: the face keeps and shows it."""
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
        """The camelCase spelling controllers use."""
        return camel(self.universal)


def camel(name: str) -> str:
    """`ASSIGNED_BY_ID` as `assignedById`."""
    return _WORD_BREAK.sub(lambda match: match.group(1).upper(), name.lower())


def parse_fields(table: str) -> dict[str, Field]:
    """Read a table of fields (see the module's own text) into name -> field, in order."""
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
"""Follows a write: portal, id, written values, stored values when it was an update, acting user."""

Cascade = Callable[["SandboxPortal", int], None]
"""Removes what belongs to a record that was deleted: portal, id."""


def _nothing_to_settle(portal: SandboxPortal, record: int, values: Map, stored: Map | None, user: int) -> None:
    return None


def _nothing_to_remove(portal: SandboxPortal, record: int) -> None:
    return None


Prepare = Callable[["SandboxPortal", Map, Map | None, int], None]
"""Fills derived columns in place: portal, new values, stored values when updating, acting user."""


def _nothing_to_prepare(portal: SandboxPortal, values: Map, stored: Map | None, user: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record: its table, its fields and what the portal fills in by itself.

    `indexes` are columns often filtered by. `owner` is the word multi-field rows carry for it. `user_fields` is
    the object its user fields are registered under (`CRM_DEAL`, `USER`, `TASKS_TASK`; empty: it has none), see
    `b24_mcp.sandbox.schema`. `settle` runs after every add and update, `cascade` after every delete.
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
