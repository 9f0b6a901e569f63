"""Records for methods without a face: written with the rules of their entity, shown as text, listed by page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from b24_sandbox import paging, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.fields import Entity
from b24_sandbox.filters import FilterCondition
from b24_sandbox.php import Map
from b24_sandbox.row import Row


def add(call: Call, entity: Entity, columns: Map) -> int:
    """Add a record and return its id. Missing columns get what the entity prepares."""
    entity.prepare(call.portal, columns, None, call.user)
    return call.storage.insert(entity, columns)


def change(call: Call, entity: Entity, row: Row, columns: Map) -> None:
    """Update a record."""
    entity.prepare(call.portal, columns, row, call.user)
    call.storage.update(entity, row.id, columns)


def texts(entity: Entity, row: Map, hidden: Collection[str] = ()) -> Map:
    """The values of a record with every number as text, without the `hidden` ones."""
    return {
        name: values.show_text(field, row[name])
        for name, field in entity.fields.items()
        if name in row and name not in hidden
    }


def page(
    call: Call,
    entity: Entity,
    where: FilterCondition,
    order: str,
    show: Callable[[list[Row]], Sequence[object]],
    family: paging.Family = paging.family_a,
) -> RowPage:
    """The page of a list that a call asks for."""
    return paging.stored_page(call.storage, entity, where, order, (family, call.offset), show)
