"""Families of plain records that are declared as data: the reader of `families/*.toml`.

A file has the `scope` of its families, the `style` they share (a table of `families/styles.toml`) and one `[[family]]`
for each kind of record. The keys of a family override those of its style: `b24_sandbox.declaration.Declared` has them;
beside these a family has the keys of an entity (`b24_sandbox.tables`). A family without `fields` has the records of an
entity of `b24_sandbox.entities`, which `table` names. The methods are built in `b24_sandbox.methods.declared`.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from b24_sandbox import php, tables
from b24_sandbox.declaration import Declared, FieldRule, Refusal
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map, Value
from b24_sandbox.tables import count_of, row_of

if TYPE_CHECKING:
    from b24_sandbox.storage import Storage

__all__ = ["by_name", "count_of", "declared", "entities", "family", "fill", "row_of"]

FOLDER = Path(__file__).parent / "families"


_REFUSALS = {"required", "bad_id", "no_values", "unknown", "not_array", "read_only", "immutable", "unknown_value"}
_NAMES = {"select_needs", "filter_needs", "hidden", "requires", "owns", "free"}


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
        tables.words(table.get("unique")),
        php.text(table.get("reference")),
        php.text(table.get("table")),
        php.text(table.get("allowed")),
        tables.words(table.get("values")),
        tables.words(table.get("unused")),
        tables.words(table.get("reserved")),
        bool(table.get("new")),
    )


def _entity(data: Map) -> Entity:
    if "fields" not in data:
        return Entity(php.text(data["table"]), {})
    return tables.keep(tables.build(data))


def family(data: Map) -> Declared:
    """Read one family from its keys, those of its style included.

    Raises:
        ValueError: a key that no family has.
    """
    known = {each.name for each in fields(Declared)} - {"entity"}
    if unknown := set(data) - known - tables.KEYS:
        raise ValueError(f"{data.get('name')}: unknown keys {', '.join(sorted(unknown))}")
    options: dict[str, object] = {}
    for key, value in data.items():
        if key in _REFUSALS:
            options[key] = _refusal(value)
        elif key in _NAMES:
            options[key] = tables.words(value)
        elif key in ("missing", "denied"):
            options[key] = _refusals(value)
        elif key == "rules":
            options[key] = tuple(_rule(item) for item in php.as_list(value))
        elif key == "rows":
            defaults = php.as_map(data.get("defaults"))
            options[key] = tuple(tables.columns({**defaults, **php.as_map(row)}) for row in php.as_list(value))
        elif key == "actions":
            options[key] = _actions(value)
        elif key not in tables.KEYS:
            options[key] = value
    return Declared(entity=_entity(data), **options)  # type: ignore[arg-type]  # the keys are checked above


def _actions(value: Value) -> dict[str, str]:
    """Read `["add", "fields:getFields"]`: actions, with the last part of the method's name where it differs."""
    pairs = (word.partition(":") for word in tables.words(value))
    return {action: method or action for action, _, method in pairs}


@cache
def declared() -> tuple[Declared, ...]:
    """All declared families."""
    styles = tables.load(FOLDER / "styles.toml")
    found: list[Declared] = []
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name == "styles.toml":
            continue
        data = tables.load(path)
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
