"""Entities, and the world in which their hooks run.

An entity names hooks that run around its writes; a hook receives the world. The world is all that rules about records
may use of a portal: records, live entities, changes, clock, stages. `b24_sandbox.portal.SandboxPortal` implements it.
Code below the portal names this protocol and not the class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.changes import Changes
    from b24_sandbox.field import Field
    from b24_sandbox.storage import Storage

Shown = TypeVar("Shown")

Settle = Callable[["World", int, Map, Row | None, int], None]
"""Runs after a write: world, id, written values, previous values for an update, acting user."""

Cascade = Callable[["World", int], None]
"""Deletes everything that belongs to a deleted record: world, id."""


def _nothing_to_settle(portal: World, record: int, values: Map, stored: Row | None, user: int) -> None:
    return None


def _nothing_to_remove(portal: World, record: int) -> None:
    return None


Prepare = Callable[["World", Map, Row | None, int], None]
"""Fills derived columns in place: world, new values, stored values for an update, acting user."""


def _nothing_to_prepare(portal: World, values: Map, stored: Row | None, user: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record: its table, its fields and the values the portal fills in.

    `indexes` are columns that are often filtered. `owner` is the name of the entity in multi-field rows. `user_fields`
    is the object of its user fields (`CRM_DEAL`, `USER`, `TASKS_TASK`; empty: no user fields), see
    `b24_sandbox.schema`. `settle` runs after every add and update, `cascade` after every delete.
    """

    name: str
    fields: dict[str, Field]
    prepare: Prepare = _nothing_to_prepare
    indexes: tuple[str, ...] = ()
    owner: str = ""
    user_fields: str = ""
    settle: Settle = _nothing_to_settle
    cascade: Cascade = _nothing_to_remove
    columns: tuple[Field, ...] = field(init=False)
    multifields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        columns = tuple(f for f in self.fields.values() if not f.is_multifield and not f.is_virtual)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "multifields", tuple(f.name for f in self.fields.values() if f.is_multifield))


class LiveEntities(Protocol):
    """The entities of one portal with the fields its users added. `b24_sandbox.schema.Schema` implements it."""

    @property
    def kept(self) -> dict[str, Value]:
        """Values derived from the entities. They are removed when fields change."""

    def forget(self) -> None:
        """Clear the cache after a change of a user field, a type or a relation."""

    def entity(self, base: Entity) -> Entity:
        """Return `base` with its parent fields and its user fields."""

    def face(self, build: Callable[[Entity], Shown], base: Entity) -> Shown:
        """Return what `build` creates from the live entity. It is kept under `build` until fields change."""

    def user_fields(self, entity_id: str) -> list[Row]:
        """The stored user fields of an object (`CRM_DEAL`), in their order."""

    def enum_values(self, user_field: int) -> list[Row]:
        """The items of a list field, in their order."""


class World(Protocol):
    """What rules about records may use of a portal."""

    @property
    def storage(self) -> Storage:
        """The records."""

    @property
    def schema(self) -> LiveEntities:
        """The entities as they are now."""

    @property
    def changes(self) -> Changes:
        """The listeners for changes of records."""

    @property
    def currency(self) -> str:
        """The base currency."""

    def clock(self) -> float:
        """The time in Unix seconds."""

    def crm_entities(self) -> list[Entity]:
        """The entities of all CRM types without user fields, those of smart processes included."""

    def stages(self, directory: str) -> dict[str, str]:
        """The stages of a directory in order: code -> `P` (in work), `S` (success) or `F` (failure)."""

    def stages_changed(self) -> None:
        """Clear the cached stages after one was added, changed or removed."""

    def category_ids(self) -> list[int]:
        """The ids of deal pipelines."""

    def deal_directory(self, category: int) -> str:
        """The name of the directory with a pipeline's stages."""
