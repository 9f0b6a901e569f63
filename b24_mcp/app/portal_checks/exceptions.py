"""Fields whose description by the portal says less than the documentation, or something else.

`catalog/data/field_exceptions.tsv` has a line for the fields of one entity (`*`: of any, `deal classic`: with names in
this style only) in one use. `what` is `takes` where the portal takes a name that it does not describe, `refuses` where
it does not take a name that it describes (with the advice in `instead`), `omits` where it may leave it out of a list (a
warning), `not` where it has no field of this name (what it has is in `instead`), and `any` where it takes values that
it does not list. Names are without letter case and underscores. Source: documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from b24_mcp.catalog.names import folded
from b24_mcp.catalog.tables import read_table
from b24_mcp.discovery import PortalEntity


@dataclass(frozen=True, slots=True)
class FieldException:
    """What is different about one use of a field."""

    what: str
    instead: str = ""


@lru_cache(maxsize=2_000)
def exception_of(entity: PortalEntity, use: str, name: str) -> FieldException | None:
    """Return what is different about a use of a field of an entity; None for nearly all."""
    rows = (
        load_exceptions().get((of, use, folded(name))) for of in (f"{entity.kind} {entity.style}", entity.kind, "*")
    )
    return next((row for row in rows if row is not None), None)


@cache
def load_exceptions() -> dict[tuple[str, str, str], FieldException]:
    """Read the table, once."""
    return {
        (row["entity"], row["use"], folded(name)): FieldException(row["what"], row["instead"])
        for row in read_table("field_exceptions")
        for name in row["names"].split()
    }
