"""The kinds of records of a portal, and which of them a parameter of a method is about.

The data is in `catalog/data/entities.tsv`, one line for the parameters of the methods that match a glob. Its column
`entity` is the name of a kind; `type:NAME` is the kind with the entity type id in the parameter NAME, and `list:NAME`
the universal list with the id in it. All names are of REST v2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Literal

from b24_mcp.catalog.tables import read_table

Style = Literal["classic", "item"]
"""How names of fields are written: `classic` is `UF_CRM_1`, `item` is `ufCrm1`."""

STYLES: tuple[Style, ...] = ("classic", "item")
"""Both styles."""

_ONLY_ITEM = ("invoice",)
_BOTH = ("lead", "deal", "contact", "company", "quote", "productrow")
_TYPE_IDS = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "old_invoice": 5, "quote": 7, "invoice": 31}
_KINDS = {number: kind for kind, number in _TYPE_IDS.items()}
_DYNAMIC = re.compile(r"dynamic:([0-9]{1,9})")
_LIST = re.compile(r"list:([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class PortalEntity:
    """A kind of records, such as `deal`, `dynamic:1030` or `list:15`, and the style of its names in a method."""

    kind: str
    style: Style = "classic"

    @property
    def type_id(self) -> int | None:
        """The CRM entity type id; None outside the CRM."""
        found = _DYNAMIC.fullmatch(self.kind)
        return int(found[1]) if found else _TYPE_IDS.get(self.kind)

    @property
    def list_id(self) -> int | None:
        """The id of a universal list; None for anything else."""
        found = _LIST.fullmatch(self.kind)
        return int(found[1]) if found else None

    def in_style(self, style: Style) -> PortalEntity:
        """Return the same kind with names of a style, or of the only style that its methods have."""
        if self.kind in _ONLY_ITEM or self.kind.startswith("dynamic:"):
            style = "item"
        elif self.kind not in _BOTH:
            style = "classic"
        return PortalEntity(self.kind, style)


def entity_of_type(type_id: object, style: Style = "item") -> PortalEntity | None:
    """Return the entity with a CRM entity type id, which may be a text of digits; None for any other value."""
    number = _number(type_id)
    if number is None:
        return None
    kind = _KINDS.get(number)
    if kind is None and number < 128:  # ids of smart processes begin at 128
        return None
    return PortalEntity(kind or f"dynamic:{number}", style)


def entity_of(method: str, params: object, parameter: str) -> PortalEntity | None:
    """Return the entity whose fields a parameter of a v2 method names; None when that is not known.

    `parameter` is the name of a top-level parameter, such as `fields` or `FILTER`.
    """
    row = _row_of(method.lower(), parameter.lower())
    return None if row is None else _resolved(*row, params)


def concerns_fields(method: str) -> bool:
    """Whether any parameter of a v2 method names fields of records."""
    return _has_row(method.lower())


def load() -> None:
    """Read the table."""
    _rows()


def _resolved(entity: str, style: Style, params: object) -> PortalEntity | None:
    kind, _, name = entity.partition(":")
    if not name:
        return PortalEntity(entity, style)
    value = _value(params, name)
    if kind == "type":
        return entity_of_type(value, style)
    number = _number(value)
    return None if number is None else PortalEntity(f"{kind}:{number}", style)


def _value(params: object, name: str) -> object:
    """Return the value of a parameter, by a name in any letter case."""
    if not isinstance(params, Mapping):
        return None
    return next((value for key, value in params.items() if str(key).lower() == name.lower()), None)


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


# Each call asks for its method several times, and a method is compared with every glob.
@lru_cache(maxsize=5_000)
def _has_row(method: str) -> bool:
    return any(fnmatchcase(method, pattern) for pattern, *_ in _rows())


@lru_cache(maxsize=5_000)
def _row_of(method: str, parameter: str) -> tuple[str, Style] | None:
    for pattern, names, entity, style in _rows():
        if parameter in names and fnmatchcase(method, pattern):
            return entity, style
    return None


@cache
def _rows() -> Sequence[tuple[str, frozenset[str], str, Style]]:
    return [
        (row["method"].lower(), frozenset(row["parameter"].split(",")), row["entity"], _style(row["style"]))
        for row in read_table("entities")
    ]


def _style(text: str) -> Style:
    return "item" if text == "item" else "classic"
