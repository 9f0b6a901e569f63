"""Reading and writing records: the operations that both dialects of the REST API share.

The methods of version 2 (`b24_sandbox.engine`) and of REST 3.0 (`b24_sandbox.v3.engine`) parse a request and shape its
answer. The records are read and written here: with a compiled condition and order, through the hooks of the entity
(`prepare`, `settle`, `cascade`), and each change is announced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from b24_sandbox.filters import FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.world import Entity, World


class Actor(Protocol):
    """A user who acts on a portal: a call of either version."""

    @property
    def portal(self) -> World:
        """The portal."""

    @property
    def user(self) -> int:
        """The id of the user."""


class Stored(Protocol):
    """A description of stored records: a face of version 2 or an object of REST 3.0.

    `event` is the name of the announced changes (`CRMDEAL` announces `ONCRMDEALADD`, `…UPDATE` and `…DELETE` with
    `FIELDS: {ID, **event_fields}`; empty: none).
    """

    @property
    def entity(self) -> Entity:
        """The table."""

    @property
    def event(self) -> str:
        """The name of the announced changes."""

    @property
    def event_fields(self) -> Mapping[str, Value]:
        """The data of an announced change beside the id."""


Parts = Callable[[int], None]
"""Writes what a record stores outside its table: id of the record."""


def _no_parts(record: int) -> None:
    return None


def read(
    stored: Stored,
    actor: Actor,
    where: FilterCondition,
    order: str = "ID asc",
    limit: int = -1,
    offset: int = 0,
    columns: Sequence[str] | None = None,
) -> list[Row]:
    """Return the records that match a condition; without `columns` with all columns of the table."""
    names = [field.name for field in stored.entity.columns] if columns is None else columns
    return actor.portal.storage.rows(stored.entity, names, where.sql, where.bound, order, limit, offset)


def count(stored: Stored, actor: Actor, where: FilterCondition) -> int:
    """Return the number of records that match a condition."""
    return actor.portal.storage.count(stored.entity, where.sql, where.bound)


def add(stored: Stored, actor: Actor, columns: Map, parts: Parts = _no_parts) -> int:
    """Add a record and return its id. `columns` is completed by the entity."""
    entity, portal = stored.entity, actor.portal
    entity.prepare(portal, columns, None, actor.user)
    record = portal.storage.insert(entity, columns)
    parts(record)
    entity.settle(portal, record, columns, None, actor.user)
    announce(stored, actor, "ADD", record)
    return record


def change(stored: Stored, actor: Actor, row: Row, columns: Map, parts: Parts = _no_parts) -> None:
    """Write columns of a record. `row` is the record before the change."""
    entity, portal = stored.entity, actor.portal
    entity.prepare(portal, columns, row, actor.user)
    portal.storage.update(entity, row.id, columns)
    parts(row.id)
    entity.settle(portal, row.id, columns, row, actor.user)
    announce(stored, actor, "UPDATE", row.id)


def remove(stored: Stored, actor: Actor, record: int) -> None:
    """Delete a record and everything that belongs to it."""
    actor.portal.storage.delete(stored.entity, record)
    stored.entity.cascade(actor.portal, record)
    announce(stored, actor, "DELETE", record)


def announce(stored: Stored, actor: Actor, verb: str, record: int) -> None:
    """Announce to listeners that a record was added, changed or removed (`verb`: `ADD`, `UPDATE`, `DELETE`)."""
    if stored.event:
        data: Map = {"FIELDS": {"ID": record, **stored.event_fields}}
        actor.portal.changes.announce(f"ON{stored.event}{verb}", data, actor.user)
