"""The portal's own tables: what the portal says of itself, as tables that a query may name beside data sets.

They are no data sets: they have reserved names, exist only while a statement that names them runs, and are not listed
among the data sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24_mcp.records.columns import SQL_TYPES, Cell, Kind
from b24_mcp.records.sql_tokens import identifiers

_BEGINNING = "portal_"
_LONGEST_STATEMENT = 100_000  # a longer one is not run

PORTAL_TABLES: Mapping[str, Mapping[str, Kind]] = {
    "portal_users": {
        "id": "integer",
        "name": "text",
        "active": "boolean",
        "email": "text",
        "position": "text",
        "departments": "json",
    },
    "portal_departments": {"id": "integer", "name": "text", "parent_id": "integer", "head_id": "integer"},
    "portal_stages": {
        "entity": "text",
        "pipeline_id": "integer",
        "pipeline": "text",
        "stage_id": "text",
        "name": "text",
        "position": "integer",
        "semantics": "text",
    },
    "portal_options": {"entity": "text", "field": "text", "directory": "text", "id": "text", "label": "text"},
    "portal_fields": {
        "entity": "text",
        "name": "text",
        "label": "text",
        "type": "text",
        "required": "boolean",
        "read_only": "boolean",
        "multiple": "boolean",
        "custom": "boolean",
        "directory": "text",
    },
    "portal_notes": {"kind": "text", "name": "text", "text": "text"},
}
"""The columns of each table.

`entity` is a kind of record, such as `deal` or `dynamic:1030`. `semantics` is `S` for success, `F` for failure and `P`
for a stage in work. An option is of a field of an entity, or of a directory of the CRM. `portal_notes` is what a person
wrote about the portal: a `word` with its meaning, a `query` with its SQL, or a `note`.
"""


@dataclass(frozen=True, slots=True)
class PortalTable:
    """The rows of one of `PORTAL_TABLES`, in the order of its columns. `notes` say what is missing in them."""

    name: str
    rows: Sequence[Sequence[Cell]]
    notes: tuple[str, ...] = ()

    def for_process(self) -> dict[str, object]:
        """Return the table as the request of a query process holds it."""
        columns = [[name, SQL_TYPES[kind]] for name, kind in PORTAL_TABLES[self.name].items()]
        return {"name": self.name, "columns": columns, "rows": self.rows}


def portal_tables_in(sql: str) -> list[str]:
    """Return the names of the portal's own tables that a statement has as identifiers, in the order of the tables."""
    sql = sql[:_LONGEST_STATEMENT].lower()
    if _BEGINNING not in sql:
        return []
    named = identifiers(sql)
    return [name for name in PORTAL_TABLES if name in named]
