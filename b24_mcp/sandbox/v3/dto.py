"""Descriptions of the objects of REST 3.0: one table of text a DTO, read into properties.

One line a property::

    status  enum:status  sed  STATUS

name, type, flags, column. Types: `int`, `float`, `string`, `bool`, `date`, `datetime`, `utc` (a moment
shown as text in UTC), `array:int` and `array:string` (lists), `enum:name` (words for stored values, see
`Dto.enums`), `one:UserDto` and `many:UserDto` (relations through the column that holds ids), `object`. Flags:
`f` filterable, `s` sortable, `e` editable, `a` may be sent to an add only, `q` required on an add, `d`
shown when nothing is selected, `x` kept in the DTO's table of extras; `-` is none. A column `-` means that the
value is computed (`Dto.computed`).

Documentation: api-reference/rest-v3 and the `*.field.list` pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from b24_mcp.sandbox.fields import Entity
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.v3.context import Context
from b24_mcp.sandbox.v3.errors import REQUEST

PHP_TYPES = {"utc": "string", "enum": "string", "datetime": "DateTime", "date": "Date", "one": "object"}
_SHOWN_TYPES = {"DateTime": "object", "Date": "object", "many": "array"}


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a DTO. `detail` is what follows the colon of the type; see the module for the rest."""

    name: str
    type: str
    detail: str
    flags: str
    column: str

    @property
    def filterable(self) -> bool:
        """Whether a filter may name it."""
        return "f" in self.flags

    @property
    def sortable(self) -> bool:
        """Whether an order may name it."""
        return "s" in self.flags

    @property
    def editable(self) -> bool:
        """Whether an update may write it."""
        return "e" in self.flags

    @property
    def addable(self) -> bool:
        """Whether an add may write it."""
        return bool(set(self.flags) & set("eaq"))

    @property
    def required(self) -> bool:
        """Whether an add must carry it."""
        return "q" in self.flags

    @property
    def default(self) -> bool:
        """Whether it is shown when nothing is selected."""
        return "d" in self.flags

    @property
    def extra(self) -> bool:
        """Whether it is kept in the table of extras."""
        return "x" in self.flags

    @property
    def relation(self) -> bool:
        """Whether it leads to another object."""
        return self.type in ("one", "many")

    @property
    def multiple(self) -> bool:
        """Whether it is a list of objects or values; field descriptions of real portals say `false` for both."""
        return False

    @property
    def php_type(self) -> str:
        """The type as validation messages name it."""
        return PHP_TYPES.get(self.type, self.type)

    @property
    def shown_type(self) -> str:
        """The type as `*.field.list` names it: moments and relations are objects."""
        return _SHOWN_TYPES.get(self.php_type, self.php_type)

    @property
    def element(self) -> str | None:
        """The type of one element of a list."""
        return self.detail if self.type in ("array", "many") and self.detail else None


Computed = Callable[[Context, Map], Value]
"""The value of a property without a column, from the stored row."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Which rows exist for a call: SQL over columns of the table and what is bound in it."""

    sql: str = "1"
    bound: tuple[Value, ...] = ()


def _everything(context: Context) -> Visible:
    return Visible()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dto:
    """A described object: its name on the wire, its table (`None`: nothing is stored), its properties.

    `strict_select`: an unknown own name in `select` is refused instead of left out. `missing_kind` and
    `type_kind` are the validation codes of `fields`. `max_limit` is the largest page. `related` finds the DTO
    of a relation by name.
    """

    name: str
    entity: Entity | None
    properties: dict[str, Property]
    enums: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    computed: Mapping[str, Computed] = field(default_factory=dict)
    visible: Callable[[Context], Visible] = _everything
    extras: Entity | None = None
    strict_select: bool = False
    missing_kind: str = REQUEST
    type_kind: str = REQUEST
    max_limit: int = 1000
    list_default: tuple[str, ...] = ()
    related: dict[str, Dto] = field(default_factory=dict)

    @property
    def default(self) -> list[str]:
        """What is shown when nothing is selected."""
        return [prop.name for prop in self.properties.values() if prop.default]


def parse_properties(table: str) -> dict[str, Property]:
    """Read a table of properties (see the module's own text) into name -> property, in order."""
    properties: dict[str, Property] = {}
    for line in filter(None, map(str.strip, table.splitlines())):
        name, kind, flags, column = line.split()
        kind, _, detail = kind.partition(":")
        properties[name] = Property(name, kind, detail, "" if flags == "-" else flags, "" if column == "-" else column)
    return properties
