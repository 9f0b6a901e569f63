"""A face: how one family of methods shows an entity on the wire, as data for the engine.

One table can have several faces: `crm.deal.*` and `crm.item.*` read the same deal in different spellings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from b24_sandbox import filters, paging
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.values import Show


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ListQuery:
    """The parameters of a list call: conditions, order as field -> direction, names to select (`None`: the default)."""

    conditions: Map
    order: Map
    select: list[str] | None


Decorate = Callable[[Call, list[Row], list[Map]], None]
"""Adds values without a column to shown records in place: call, stored rows, shown rows (same length)."""


VirtualWrite = Callable[[Call, int, Map, bool], None]
"""Writes fields without a column: call, id of the record, field name -> sent value, whether the record is new."""

VirtualShow = Callable[[Call, list[Row], list[Map], frozenset[str]], None]
"""Shows selected fields without a column: call, stored rows, shown rows, field names."""

FileShow = Callable[[Call, Entity, Field, int, int], Value]
"""The value of a file in an answer: call, entity, field, id of the record, id of the file."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Face:
    """The rules of one face.

    `names` maps request names to fields and `shown` maps fields to answer names. `record_id` and `values` read the
    arguments of a call and raise the errors of the family. `added`, `changed`, `removed` and `single` shape the
    answers; `envelope` is the key of the list (empty: the bare list).

    `set_once` are read-only fields that a new record takes.

    `event` and `event_fields` are as in `b24_sandbox.records.Stored`. `absent` returns the error for a missing id on
    `get`, `update` or `delete` in families whose text depends on them; otherwise `missing` does. `file` shows fields of
    type `file` (without it the stored value is shown). `virtual_write` and `virtual_show` handle fields with the flag
    `v`.
    """

    entity: Entity
    names: Mapping[str, Field]
    shown: Mapping[str, str]
    show: Show
    family: paging.Family
    language: filters.Language
    query: Callable[[Call], ListQuery]
    record_id: Callable[[Call], int]
    values: Callable[[Call, bool], Map]
    missing: Callable[[], PortalError]
    describe: Callable[[Field], Value]
    set_once: frozenset[str] = frozenset()
    envelope: str = ""
    default_order: str = "ID asc"
    refuse_order: Callable[[str, str], PortalError] | None = None
    described_in: str = ""
    star: frozenset[str] = field(default_factory=frozenset)
    decorate_one: Decorate = lambda call, rows, shown: None
    decorate_list: Decorate = lambda call, rows, shown: None
    added: Callable[[Call, Face, int], Value] = lambda call, face, record: record
    changed: Callable[[Call, Face, int], Value] = lambda call, face, record: True
    single: Callable[[Map], Value] = lambda shown: shown
    removed: Value = True
    check: Callable[[Call, Map, Row | None], None] = lambda call, values, stored: None
    event: str = ""
    event_fields: Mapping[str, Value] = field(default_factory=dict)
    absent: Callable[[str, int], PortalError] | None = None
    file: FileShow | None = None
    virtual_write: VirtualWrite = lambda call, record, sent, new: None
    virtual_show: VirtualShow = lambda call, rows, shown, names: None
