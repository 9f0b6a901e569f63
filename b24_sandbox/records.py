"""Stored records that are written with the rules of their entity, for methods without a face."""

from __future__ import annotations

from b24_sandbox.call import Call
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map
from b24_sandbox.row import Row


def add(call: Call, entity: Entity, columns: Map) -> int:
    """Add a record and return its id. Missing columns get what the entity prepares."""
    entity.prepare(call.portal, columns, None, call.user)
    return call.portal.storage.insert(entity, columns)


def change(call: Call, entity: Entity, row: Row, columns: Map) -> None:
    """Update a record."""
    entity.prepare(call.portal, columns, row, call.user)
    call.portal.storage.update(entity, row.id, columns)
