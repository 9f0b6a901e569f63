"""What a declared family of plain records is made of: its options, its checks, its errors.

`b24_sandbox.declared` reads families from files, `b24_sandbox.declared_faces` builds their faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map, Value


@dataclass(frozen=True, slots=True)
class Refusal:
    """A declared error. `text` may name `{id}`, `{field}`, `{fields}` and `{method}`."""

    code: str = ""
    text: str = ""
    status: int = 400

    def error(self, method: str = "", record: Value = "", *names: str) -> PortalError:
        """The error for a record or for names of fields."""
        described = self.text.format(id=record, field=next(iter(names), ""), fields=", ".join(names), method=method)
        return PortalError(self.code, described, self.status)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A declared check, one of five kinds. With `new` it is made for new records only.

    `unique` are columns whose values together occur once. `reference` is a column with the id of a record of `table`,
    or with the value of another column of it (`table.COLUMN`). `allowed` is a column with one of `values`. `unused` are
    columns of other tables, `table.COLUMN`, that must not refer to a record that is deleted. `reserved` are values of
    the family's `key` that are never deleted.
    """

    refusal: Refusal
    unique: tuple[str, ...] = ()
    reference: str = ""
    table: str = ""
    allowed: str = ""
    values: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    new: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """A declared family.

    `actions` maps an action of the engine to the last part of a method's name. With `php_class` the methods are those
    of a controller. `lookup` is how parameters are found: `exact`, `classic` or `upper`. `values_in` is the parameter
    with the values of an add or update (empty: the parameters themselves are the values), `update_in` another one for
    an update, `id_in` the one with the id.
    `case` is the spelling of names in answers, `sent_case` in requests: `camel`, `upper` or `column`. `show` is how
    values are shown: `native`, `classic` or `text`; `shows` are other ways by action. `paging` is `a`, `b` or `all`,
    `page_in` a parameter with the number of a page. `one` and `many` are the keys of a record and of a list (empty:
    none). `added` and `changed` are the results of an add and update: `item`, `bare` (the item without its key), `id`,
    `key` (the id under its name) or `true`; `counted` adds `total` to them. `removed` is the result of a delete: `true`
    or `null`.
    `described` is the form of a field's description: `controller`, `named`, `classic`, `rows` or
    `titles`.

    `fixed` are values of the columns of every new record, `only` the conditions of every list. `select_needs` and
    `filter_needs` are names that a list has to select and to filter by. `written` is the key of a record in the answer
    to an add or update, when it is not `one`. `hidden` are columns that no answer shows.

    `key` is the column of an identifier that is text; a `keyless` record has no identifier. `requires` are the
    required fields (without it those with the flag `q`). With `partial` an update may omit them; without
    `clearable` it may not clear them, and an empty list is no value. `admin` names what an administrator alone may
    do: `` (nothing), `write` or `all`. With `app` only applications call the family, except for the methods
    in `free`. `event` is as in `b24_sandbox.faces.Face`; `events` is the first part of the names of changes that are
    announced with the answer (`CATALOG.PRICE.ON` for `CATALOG.PRICE.ON.ADD`).

    `operators` are those of filters: `all` or `classic`. `read_only`, `immutable` and `unknown_value` are the
    errors for written fields that cannot be written (without them: such values are ignored), `unknown` is the one
    for an unknown name in a filter or a selection, `not_array` for a filter or an order that is no map. `owns` are
    columns `table.COLUMN` of records that belong to a record and are deleted with it.
    """

    name: str
    scope: str
    entity: Entity
    actions: Mapping[str, str]
    php_class: str = ""
    lookup: str = "exact"
    values_in: str = "fields"
    update_in: str = ""
    id_in: str = "id"
    case: str = "camel"
    sent_case: str = "camel"
    show: str = "native"
    paging: str = "b"
    one: str = ""
    many: str = ""
    added: str = "item"
    changed: str = "item"
    counted: bool = False
    operators: str = "all"
    described: str = "controller"
    described_in: str = ""
    key: str = ""
    keyless: bool = False
    requires: tuple[str, ...] = ()
    partial: bool = False
    clearable: bool = True
    admin: str = ""
    order: str = "ID asc"
    removed: str = "true"
    shows: Mapping[str, str] = field(default_factory=dict)
    page_in: str = ""
    app: bool = False
    free: tuple[str, ...] = ()
    event: str = ""
    events: str = ""
    read_only: Refusal | None = None
    immutable: Refusal | None = None
    unknown_value: Refusal | None = None
    missing: Mapping[str, Refusal] = field(default_factory=dict)
    required: Refusal = Refusal()
    bad_id: Refusal = Refusal()
    no_values: Refusal = Refusal()
    unknown: Refusal | None = None
    not_array: Refusal | None = None
    denied: Mapping[str, Refusal] = field(default_factory=dict)
    rules: tuple[FieldRule, ...] = ()
    rows: tuple[Map, ...] = ()
    fixed: Mapping[str, Value] = field(default_factory=dict)
    only: Mapping[str, Value] = field(default_factory=dict)
    select_needs: tuple[str, ...] = ()
    filter_needs: tuple[str, ...] = ()
    written: str = ""
    hidden: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
