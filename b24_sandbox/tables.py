"""Entities that are described as data: the reader of `entities/*.toml` and of the tables of declared families.

An `[[entity]]` has these keys:

- `table`, and `fields` in the form of `b24_sandbox.fields`. A line `@NAME` stands for a group of
  `entities/shared.toml`. The field `ID` comes first when it is not described.
- `indexes`, `owner` and `user_fields` as in `b24_sandbox.world.Entity`.
- `defaults` (column -> value), `created`, `edited` and `updated` (column -> word of `STAMPS`): what a new record gets
  unless it was sent, what every update and what every write sets.
- `copied` (column -> `COLUMN.table.SOURCE`): values of a new record from the record that its `COLUMN` refers to.
- `named` (column -> text with `{id}`): texts of a new record that were not sent.
- `numbered`: the `column` of a new record becomes its id, or its number in the record that the column `within` names.
- `owns` (`table.COLUMN`): records that are deleted with this one, and what belongs to them.

Rules that decide something are hooks in code, which `entity` attaches. They run after what the data says.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from b24_sandbox import dates, php
from b24_sandbox.fields import Cascade, Entity, Field, Prepare, Settle, parse_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

FOLDER = Path(__file__).parent / "entities"
KEYS = {
    *("table", "fields", "indexes", "owner", "user_fields", "defaults", "created", "edited", "updated"),
    *("copied", "named", "numbered", "owns"),
}
"""The keys of an entity, which a declared family has beside its own."""
STAMPS: dict[str, Callable[[World, int], Value]] = {
    "now": lambda portal, user: dates.iso(portal.clock()),
    "user": lambda portal, user: user,
    "currency": lambda portal, user: portal.currency,
    "today": lambda portal, user: dates.stored_date("today", portal.clock()),
    "next_week": lambda portal, user: dates.stored_date(dates.iso(portal.clock() + 7 * 86400), portal.clock()),
}
"""Values that depend on the moment and on the acting user."""

_NOT_ENTITIES = frozenset(("shared.toml", "items.toml"))
_made: dict[str, Entity] = {}


def load(path: Path) -> Map:
    """Read a TOML file."""
    loaded: Map = tomllib.loads(path.read_text("utf-8"))
    return loaded


def words(value: Value) -> tuple[str, ...]:
    """A list of declared texts."""
    return tuple(php.text(item) for item in php.as_list(value))


def columns(sent: Map) -> Map:
    """Declared values as columns hold them: lists and objects as JSON."""
    return {name: json.dumps(value) if php.is_array(value) else value for name, value in sent.items()}


def entity(
    table: str, *, prepare: Prepare | None = None, settle: Settle | None = None, cascade: Cascade | None = None
) -> Entity:
    """The entity of a table that `entities/*.toml` describes. The module of an entity attaches its hooks here.

    Raises:
        ValueError: the entity is in use already, without these hooks.
    """
    if table in _made:
        if prepare or settle or cascade:
            raise ValueError(
                f"{table} is in use already: `b24_sandbox.entities` has to import the module with its hooks"
            )
        return _made[table]
    return keep(build(_described()[table], prepare, settle, cascade))


def entities(file: str = "") -> list[Entity]:
    """The entities of one file of `entities/`, or of all of them."""
    return [entity(table) for table, data in _described().items() if file in ("", data["file"])]


def defaults(table: str) -> Map:
    """The values that new records of a table get unless they were sent, as columns hold them."""
    return columns(php.as_map(_described()[table].get("defaults")))


def build(
    data: Map, prepare: Prepare | None = None, settle: Settle | None = None, cascade: Cascade | None = None
) -> Entity:
    """The entity of a description, with the hooks of its module."""
    return Entity(
        php.text(data["table"]),
        _fields(php.text(data["fields"])),
        _prepare(data, prepare),
        words(data.get("indexes")),
        php.text(data.get("owner")),
        php.text(data.get("user_fields")),
        _settle(data, settle),
        cascade_of(words(data.get("owns")), cascade),
    )


def keep(made: Entity) -> Entity:
    """Make an entity known to the cascades of others."""
    _made[made.name] = made
    return made


def row_of(portal: World, table: str, record: int) -> Row | None:
    """Return a record of any table."""
    return portal.storage.row(_bare(table), record)


def count_of(portal: World, path: str, value: Value) -> int:
    """Count the records with a value in a column: `table.COLUMN`."""
    table, _, column = path.partition(".")
    return portal.storage.count(_bare(table), f'"{column}" = ?', [value])


def remove_where(portal: World, owned: Entity, where: str, bound: Sequence[Value]) -> None:
    """Delete every record that matches a condition, and what belongs to it."""
    for row in portal.storage.rows(owned, ["ID"], where, bound):
        portal.storage.delete(owned, row.id)
        owned.cascade(portal, row.id)


@cache
def _described() -> dict[str, Map]:
    """Table -> its description, with the name of the `file`.

    Raises:
        ValueError: a key that no entity has.
    """
    found: dict[str, Map] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name in _NOT_ENTITIES:
            continue
        for each in php.as_list(load(path)["entity"]):
            data = php.as_map(each)
            table = php.text(data["table"])
            if unknown := data.keys() - KEYS:
                raise ValueError(f"{table}: unknown keys {', '.join(sorted(unknown))}")
            found[table] = {**data, "file": path.stem}
    return found


@cache
def _bare(table: str) -> Entity:
    """An entity for reading any table."""
    return Entity(table, parse_fields("ID integer r | ID"))


@cache
def _fields(text: str) -> dict[str, Field]:
    described = text if text.startswith("ID ") else f"ID integer r | ID\n{text}"
    if "@" in described:
        groups = load(FOLDER / "shared.toml")
        lines = (php.text(groups[line[1:]]) if line.startswith("@") else line for line in described.splitlines())
        described = "\n".join(lines)
    return parse_fields(described)


def _prepare(data: Map, hook: Prepare | None) -> Prepare:
    """Fill defaults, stamps and values copied from a referenced record."""
    defaults = columns(php.as_map(data.get("defaults")))
    created, edited, updated = (_stamps(data.get(key)) for key in ("created", "edited", "updated"))
    copied = {name: php.text(path).split(".") for name, path in php.as_map(data.get("copied")).items()}

    def prepare(portal: World, values: Map, stored: Row | None, user: int) -> None:
        if stored is None:
            for name, default in defaults.items():
                values.setdefault(name, default)
            for name, stamp in created.items():
                values.setdefault(name, stamp(portal, user))
            for name, (column, table, source) in copied.items():
                row = row_of(portal, table, php.integer(values.get(column))) or Row()
                values.setdefault(name, row.get(source))
        else:
            values.update({name: stamp(portal, user) for name, stamp in edited.items()})
        values.update({name: stamp(portal, user) for name, stamp in updated.items()})
        if hook is not None:
            hook(portal, values, stored, user)

    return prepare


def _stamps(value: Value) -> dict[str, Callable[[World, int], Value]]:
    return {name: STAMPS[php.text(word)] for name, word in php.as_map(value).items()}


def _settle(data: Map, hook: Settle | None) -> Settle:
    """Name and number new records."""
    table = php.text(data["table"])
    named = {name: php.text(text) for name, text in php.as_map(data.get("named")).items()}
    column, within = (php.text(php.as_map(data.get("numbered")).get(key)) for key in ("column", "within"))

    def settle(portal: World, record: int, values: Map, stored: Row | None, user: int) -> None:
        if stored is None:
            given: Map = {name: text.format(id=record) for name, text in named.items() if not values.get(name)}
            if column:
                given[column] = str(record)
            if within:
                place = portal.storage.count(_bare(table), f'"{within}" = ? and ID <= ?', [values[within], record])
                given[column] = f"{php.text(values[within])}/{place}"
            portal.storage.update(_bare(table), record, given)
        if hook is not None:
            hook(portal, record, values, stored, user)

    return settle


def cascade_of(owns: Sequence[str], hook: Cascade | None = None) -> Cascade:
    """Delete the records of other tables (`table.COLUMN`) that belong to a deleted one, and what belongs to them."""
    owned = [path.partition(".") for path in owns]

    def cascade(portal: World, record: int) -> None:
        for table, _, column in owned:
            remove_where(portal, _made.get(table) or _bare(table), f'"{column}" = ?', [record])
        if hook is not None:
            hook(portal, record)

    return cascade
