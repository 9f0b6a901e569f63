"""Families of plain records that are declared as data: the reader of `families/*.toml`.

A file has the `scope` of its families, the `style` they share (a table of `families/styles.toml`) and one `[[family]]`
for each kind of record. The keys of a family override those of its style: `b24_sandbox.declaration.Declared` has them;
beside these a family has `table` and `fields` (`b24_sandbox.fields`), `defaults`, `created` and `updated` (columns with
`now` or `user`), `copied` (`COLUMN.table.SOURCE`), `owns` (`table.COLUMN`) and `numbered`. A family without `fields`
has the records of an entity of `b24_sandbox.entities`, which `table` names. The methods are built in
`b24_sandbox.methods.declared`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from b24_sandbox import dates, php
from b24_sandbox.declaration import Declared, FieldRule, Refusal
from b24_sandbox.fields import Cascade, Entity, Prepare, Settle, parse_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.storage import Storage
    from b24_sandbox.world import World

FOLDER = Path(__file__).parent / "families"


_ENTITY_KEYS = {"table", "fields", "defaults", "created", "updated", "copied", "numbered"}
_REFUSALS = {"required", "bad_id", "no_values", "unknown", "not_array", "read_only", "immutable", "unknown_value"}
_NAMES = {"select_needs", "filter_needs", "hidden", "requires", "owns"}


def _words(value: Value) -> tuple[str, ...]:
    return tuple(php.text(item) for item in php.as_list(value))


def _refusal(value: Value) -> Refusal:
    table = php.as_map(value)
    return Refusal(php.text(table.get("code")), php.text(table.get("text")), php.integer(table.get("status", 400)))


def _refusals(value: Value) -> dict[str, Refusal]:
    """Read one error for all actions (key ``), or a table with errors by action."""
    table = php.as_map(value)
    if "text" in table:
        return {"": _refusal(table)}
    return {action: _refusal(item) for action, item in table.items()}


def _rule(value: Value) -> FieldRule:
    table = php.as_map(value)
    return FieldRule(
        _refusal(table),
        _words(table.get("unique")),
        php.text(table.get("reference")),
        php.text(table.get("table")),
        php.text(table.get("allowed")),
        _words(table.get("values")),
        _words(table.get("unused")),
        _words(table.get("reserved")),
        bool(table.get("new")),
    )


def _columns(sent: Map) -> Map:
    """Declared values as columns hold them: lists and objects as JSON."""
    return {name: json.dumps(value) if php.is_array(value) else value for name, value in sent.items()}


def _prepare(data: Map) -> Prepare:
    """Fill defaults, stamps (`now`, `user`) and values copied from a referenced record (`COLUMN.table.SOURCE`)."""
    defaults = _columns(php.as_map(data.get("defaults")))
    created, updated = php.as_map(data.get("created")), php.as_map(data.get("updated"))
    copied = {name: php.text(path).split(".") for name, path in php.as_map(data.get("copied")).items()}

    def prepare(portal: World, values: Map, stored: Row | None, user: int) -> None:
        stamps: Map = {"now": dates.iso(portal.clock()), "user": user}
        if stored is None:
            for name, default in defaults.items():
                values.setdefault(name, default)
            for name, stamp in created.items():
                values.setdefault(name, stamps[php.text(stamp)])
            for name, (column, table, source) in copied.items():
                row = portal.storage.row(_bare(table), php.integer(values.get(column))) or Row()
                values.setdefault(name, row.get(source))
        values.update({name: stamps[php.text(stamp)] for name, stamp in updated.items()})

    return prepare


@cache
def _bare(table: str) -> Entity:
    """An entity for reading any table."""
    return Entity(table, parse_fields("ID integer r | ID"))


def row_of(portal: World, table: str, record: int) -> Row | None:
    """Return a record of any table."""
    return portal.storage.row(_bare(table), record)


def count_of(portal: World, path: str, value: Value) -> int:
    """Count the records with a value in a column: `table.COLUMN`."""
    table, _, column = path.partition(".")
    return portal.storage.count(_bare(table), f'"{column}" = ?', [value])


def cascade_of(owns: Sequence[str]) -> Cascade:
    """Delete the records of other tables that belong to a deleted one, and what belongs to them."""
    owned = [path.partition(".") for path in owns]

    def cascade(portal: World, record: int) -> None:
        for table, _, column in owned:
            entity = entities().get(table) or _bare(table)
            for row in portal.storage.rows(entity, ["ID"], f'"{column}" = ?', [record]):
                portal.storage.delete(entity, row.id)
                entity.cascade(portal, row.id)

    return cascade


def _settle(data: Map) -> Settle:
    """Number new records: `column` becomes the id, or the number within the record that the column `within` names."""
    column, within = (php.text(php.as_map(data.get("numbered")).get(key)) for key in ("column", "within"))

    def settle(portal: World, record: int, values: Map, stored: Row | None, user: int) -> None:
        if not column or stored is not None:
            return
        number = str(record)
        if within:
            entity = entities()[php.text(data["table"])]
            place = portal.storage.count(entity, f'"{within}" = ? and ID <= ?', [values[within], record])
            number = f"{php.text(values[within])}/{place}"
        portal.storage.update(_bare(php.text(data["table"])), record, {column: number})

    return settle


def _entity(data: Map) -> Entity:
    table = php.text(data["table"])
    if "fields" not in data:
        return Entity(table, {})
    described = f"ID integer r | ID\n{php.text(data['fields'])}"
    return Entity(
        table,
        parse_fields(described),
        _prepare(data),
        settle=_settle(data),
        cascade=cascade_of(_words(data.get("owns"))),
    )


def family(data: Map) -> Declared:
    """Read one family from its keys, those of its style included.

    Raises:
        ValueError: a key that no family has.
    """
    known = {each.name for each in fields(Declared)} - {"entity"}
    if unknown := set(data) - known - _ENTITY_KEYS:
        raise ValueError(f"{data.get('name')}: unknown keys {', '.join(sorted(unknown))}")
    options: dict[str, object] = {}
    for key, value in data.items():
        if key in _REFUSALS:
            options[key] = _refusal(value)
        elif key in _NAMES:
            options[key] = _words(value)
        elif key in ("missing", "denied"):
            options[key] = _refusals(value)
        elif key == "rules":
            options[key] = tuple(_rule(item) for item in php.as_list(value))
        elif key == "rows":
            defaults = php.as_map(data.get("defaults"))
            options[key] = tuple(_columns({**defaults, **php.as_map(row)}) for row in php.as_list(value))
        elif key == "actions":
            options[key] = _actions(value)
        elif key not in _ENTITY_KEYS:
            options[key] = value
    return Declared(entity=_entity(data), **options)  # type: ignore[arg-type]  # the keys are checked above


def _actions(value: Value) -> dict[str, str]:
    """Read `["add", "fields:getFields"]`: actions, with the last part of the method's name where it differs."""
    pairs = (word.partition(":") for word in _words(value))
    return {action: method or action for action, _, method in pairs}


@cache
def declared() -> tuple[Declared, ...]:
    """All declared families."""
    styles = load(FOLDER / "styles.toml")
    found: list[Declared] = []
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name == "styles.toml":
            continue
        data = load(path)
        style = php.text(data.pop("style"))
        shared = {**php.as_map(styles[style]), **{key: value for key, value in data.items() if key != "family"}}
        found.extend(family({**shared, **php.as_map(each)}) for each in php.as_list(data["family"]))
    return tuple(found)


def by_name(name: str) -> Declared:
    """The family of a prefix such as `sale.order`."""
    return next(each for each in declared() if each.name == name)


@cache
def entities() -> dict[str, Entity]:
    """The entities of the declared families by table."""
    return {each.entity.name: each.entity for each in declared() if each.entity.fields}


def fill(storage: Storage) -> None:
    """Insert the records that every portal has (`rows`) into a new database."""
    for each in declared():
        for row in each.rows:
            storage.insert(each.entity, row)


def load(path: Path) -> Map:
    """Read a file of data."""
    loaded: Map = tomllib.loads(path.read_text("utf-8"))
    return loaded
