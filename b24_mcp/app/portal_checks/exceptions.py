"""Fields whose description by the portal says less than the documentation, or something else.

`catalog/data/field_exceptions.tsv` has a line for the fields of one entity (`*`: of any) in one use. `what` is `takes`
where the portal takes a name that it does not describe, `refuses` where it does not take a name that it describes (with
the advice in `instead`), `not` where a method of this style has no such field (what it has is in `instead`), and `any`
where it takes values that it does not list. Names are without letter case and underscores. Source: documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from b24_mcp.catalog.names import folded
from b24_mcp.catalog.tables import read_table


@dataclass(frozen=True, slots=True)
class FieldException:
    """What is different about one use of a field."""

    what: str
    instead: str = ""


@lru_cache(maxsize=2_000)
def exception_of(kind: str, use: str, name: str) -> FieldException | None:
    """Return what is different about a use of a field of an entity; None for nearly all."""
    found = load_exceptions()
    return found.get((kind, use, folded(name))) or found.get(("*", use, folded(name)))


@cache
def load_exceptions() -> dict[tuple[str, str, str], FieldException]:
    """Read the table, once."""
    return {
        (row["entity"], row["use"], folded(name)): FieldException(row["what"], row["instead"])
        for row in read_table("field_exceptions")
        for name in row["names"].split()
    }
