"""Descriptions of the objects of REST 3.0: one table of text per DTO, parsed into properties.

One line per property:

    status  enum:status  sed  STATUS

name, type, flags, column. Types: `int`, `float`, `string`, `bool`, `date`, `datetime`, `utc` (a date-time shown as text
in UTC), `array:int` and `array:string` (lists), `enum:name` (words for stored values, see `Dto.enums`), `one:UserDto`
and `many:UserDto` (relations through the column of ids), `object`. Flags: `f` filterable, `s` sortable, `e` editable,
`a` for an add only, `q` required on an add, `d` shown by default, `x` stored in the DTO's table of extras; `-` means no
flags. A column `-` means that the value is computed (`Dto.computed`).

Documentation: api-reference/rest-v3 and the `*.field.list` pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from b24_sandbox.fields import Entity
from b24_sandbox.php import Value
from b24_sandbox.row import Row
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.errors import REQUEST

PHP_TYPES = {"utc": "string", "enum": "string", "datetime": "DateTime", "date": "Date", "one": "object"}
_SHOWN_TYPES = {"DateTime": "object", "Date": "object", "many": "array"}


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a DTO. `detail` is the text after the colon of the type; the module docstring has the rest."""

    name: str
    type: str
    detail: str
    flags: str
    column: str

    @property
    def filterable(self) -> bool:
        """Whether it may be used in a filter."""
        return "f" in self.flags

    @property
    def sortable(self) -> bool:
        """Whether it may be used in an order."""
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
        """Whether an add requires it."""
        return "q" in self.flags

    @property
    def default(self) -> bool:
        """Whether it is shown without a `select`."""
        return "d" in self.flags

    @property
    def extra(self) -> bool:
        """Whether it is stored in the table of extras."""
        return "x" in self.flags

    @property
    def relation(self) -> bool:
        """Whether it is a relation to another object."""
        return self.type in ("one", "many")

    @property
    def multiple(self) -> bool:
        """Whether it is a list of objects or values. Field descriptions of real portals say `false` for both."""
        return False

    @property
    def php_type(self) -> str:
        """The type as validation messages name it."""
        return PHP_TYPES.get(self.type, self.type)

    @property
    def shown_type(self) -> str:
        """The type as `*.field.list` names it: date-times and relations are objects."""
        return _SHOWN_TYPES.get(self.php_type, self.php_type)

    @property
    def element(self) -> str | None:
        """The type of one element of a list."""
        return self.detail if self.type in ("array", "many") and self.detail else None


Computed = Callable[[Context, Row], Value]
"""Computes the value of a property without a column from the stored row."""


@dataclass(frozen=True, slots=True)
class Visible:
    """The rows that exist for a call: an SQL condition over columns of the table and its bound values."""

    sql: str = "1"
    bound: tuple[Value, ...] = ()


def _everything(context: Context) -> Visible:
    return Visible()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dto:
    """A described object: its wire name, its table (`None`: nothing is stored) and its properties.

    `strict_select`: an unknown own name in `select` is refused instead of ignored. `missing_kind` and `type_kind` are
    the validation codes of `fields`. `max_limit` is the largest page size. `related` returns the DTO of a relation by
    name.
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
        """The properties shown without a `select`."""
        return [prop.name for prop in self.properties.values() if prop.default]


def parse_properties(table: str) -> dict[str, Property]:
    """Parse a table of properties (see the module docstring) into name -> property, in order."""
    properties: dict[str, Property] = {}
    for line in filter(None, map(str.strip, table.splitlines())):
        name, kind, flags, column = line.split()
        kind, _, detail = kind.partition(":")
        properties[name] = Property(name, kind, detail, "" if flags == "-" else flags, "" if column == "-" else column)
    return properties
