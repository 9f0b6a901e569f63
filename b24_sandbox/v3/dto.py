"""The objects of REST 3.0 and their properties. `b24_sandbox.v3.objects` reads them from files.

Documentation: api-reference/rest-v3 and the `*.field.list` pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from b24_sandbox import php, values
from b24_sandbox.field import Flag
from b24_sandbox.fields import Entity
from b24_sandbox.filters import FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import errors
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.errors import REQUEST

PHP_TYPES = {"utc": "string", "enum": "string", "datetime": "DateTime", "date": "Date", "one": "object"}
_SHOWN_TYPES = {"DateTime": "object", "Date": "object", "many": "array"}
_NO_TABLE = Entity("", {})


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a DTO. `detail` is the text after the colon of the type; see `b24_sandbox.v3.objects`."""

    name: str
    type: str
    detail: str
    flags: str
    column: str

    filterable = Flag("f")
    """Whether it may be used in a filter."""
    sortable = Flag("s")
    """Whether it may be used in an order."""
    editable = Flag("e")
    """Whether an update may write it."""
    required = Flag("q")
    """Whether an add requires it."""
    default = Flag("d")
    """Whether it is shown without a `select`."""
    extra = Flag("x")
    """Whether it is stored in the table of extras."""

    @property
    def addable(self) -> bool:
        """Whether an add may write it."""
        return bool(set(self.flags) & set("eaq"))

    @property
    def relation(self) -> bool:
        """Whether it is a relation to another object."""
        return self.type in ("one", "many")

    @property
    def multiple(self) -> bool:
        """Whether it contains a list of values or of ids."""
        return self.type in ("array", "many")

    @property
    def sql(self) -> str:
        """Its column in SQL, or the expression that it is sorted by."""
        return self.column if self.column.startswith("(") else f'"{self.column}"'

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
"""Computes the value of a property from the stored row."""

Check = Callable[[Context, Map, Row | None], None]
"""Checks and completes columns before they are written: call, columns, stored row for an update."""


@dataclass(slots=True, eq=False, repr=False)
class Dto:
    """A described object: its wire name, its table (without one nothing is stored) and its properties.

    `visible` is an SQL condition on the rows that exist for a user; each `?` is the id of the user. With
    `admin_sees_all` it does not apply to administrators. `defaults` are columns of a new record, `created` and
    `updated` columns with the time (`now`) or the acting `user`; a delete of an object with `deleted` writes these
    columns instead. `extras` is the table of properties without a column, `event` as in `b24_sandbox.records.Stored`.

    `strict_select`: an unknown own name in `select` is refused instead of ignored. `missing_kind` and `type_kind` are
    the validation codes of `fields`. `where` are conditions of a list by parameter, `order` is its order without an
    `order`, `page_size` and `max_limit` are the size of a page without a limit and the largest one. `related` returns
    the DTO of a relation by name. `computed` and `check` are the rules in code.
    """

    name: str
    properties: dict[str, Property]
    entity: Entity = _NO_TABLE
    enums: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    visible: str = "1"
    admin_sees_all: bool = False
    defaults: Mapping[str, Value] = field(default_factory=dict)
    created: Mapping[str, str] = field(default_factory=dict)
    updated: Mapping[str, str] = field(default_factory=dict)
    deleted: Mapping[str, Value] = field(default_factory=dict)
    extras: Entity | None = None
    event: str = ""
    event_fields: Mapping[str, Value] = field(default_factory=dict)
    strict_select: bool = False
    missing_kind: str = REQUEST
    type_kind: str = REQUEST
    where: Mapping[str, str] = field(default_factory=dict)
    order: str = "ID asc"
    page_size: int = 50
    max_limit: int = 1000
    list_default: tuple[str, ...] = ()
    related: dict[str, Dto] = field(default_factory=dict)
    computed: dict[str, Computed] = field(default_factory=dict)
    check: Check = lambda context, columns, row: None

    @property
    def default(self) -> list[str]:
        """The properties shown without a `select`."""
        return [prop.name for prop in self.properties.values() if prop.default]

    def usable(self, name: str, attribute: str) -> Property:
        """The property of a condition or an order. `attribute` is what it must be: `Filterable` or `Sortable`.

        Raises:
            ApiError: when it is unknown or is not.
        """
        prop = self.properties.get(name)
        if prop is None:
            raise errors.unknown_property(name, self.name)
        if not (prop.filterable if attribute == "Filterable" else prop.sortable) or not prop.column:
            raise errors.lacks(self.name, name, attribute)
        return prop

    def seen_by(self, context: Context) -> FilterCondition:
        """The condition on the rows that exist for a call."""
        if self.admin_sees_all and context.admin:
            return FilterCondition("1")
        return FilterCondition(self.visible, (context.user,) * self.visible.count("?"))

    def stored(self, prop: Property, value: Value) -> Value:
        """Convert an accepted value for the column of a property or for a comparison with it."""
        if value is None or prop.column not in self.entity.fields:
            return value
        if prop.type == "enum":
            value = self.enums[prop.detail].get(php.text(value))
        return values.stored(self.entity.fields[prop.column], value, 0)  # no date relative to now is accepted

    def shown(self, prop: Property, value: Value) -> Value:
        """Convert a stored value to its form on the wire."""
        if prop.type == "enum":
            return next((word for word, kept in self.enums[prop.detail].items() if kept == value), None)
        return values.REST_3.show(prop, value)
