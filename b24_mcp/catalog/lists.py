"""How single methods give their lists, where the facts of the catalogue and the family of paging do not say it.

`data/lists.tsv` has a line for each such method. Columns, empty where a method does as its family does:

| column | meaning |
|---|---|
| `method`, `version` | the name in lower case, and the generation of the API |
| `by_id` | `no`: its rows have no number to filter and order by, or its pages leave out what a user may not see |
| `exact` | `yes`: it knows its parameters in one spelling only |
| `id` | the name of the id in filters and order |
| `filter`, `order`, `select` | what these parameters are called; `none`: there is no such parameter |
| `sort` | the parameter for the field of the order, where `order` holds the direction alone |
| `top` | the parameters that are no condition, where conditions stand at the top level too |
| `list_key` | the key in the answer under which the rows stand |
| `largest` | the most rows of a page, whatever limit is asked for |
| `argument` | the position of the argument that holds `NAV_PARAMS`, from 0 |
| `variant` | `bare`: `NAV_PARAMS` is the argument itself; `rising`: ids rise; `typed`: a last id has a type beside it |

Source: documentation, the pages of the methods; measured behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

Variant = Literal["bare", "rising", "typed"]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """One line of the table; None and empty where the method does as its family does."""

    by_id: bool = True
    exact: bool = False
    id: str | None = None
    filter: str | None = None
    order: str | None = None
    sort: str | None = None
    select: str | None = None
    top: frozenset[str] = frozenset()
    list_key: str | None = None
    largest: int | None = None
    argument: int | None = None
    variant: Variant | None = None

    @property
    def is_spelled(self) -> bool:
        """Whether the line says how a query by id is written."""
        return self.exact or any((self.id, self.filter, self.order, self.sort, self.select))


def list_facts(method: str, version: str) -> ListFacts:
    """Return what the table says of a method; an empty line for the others."""
    return _table().get((method.lower(), version), ListFacts())


@cache
def _table() -> dict[tuple[str, str], ListFacts]:
    lines = (Path(__file__).parent / "data" / "lists.tsv").read_text("utf-8").splitlines()
    names = lines[0].split("\t")
    rows = (dict(zip(names, line.split("\t"), strict=True)) for line in lines[1:])
    return {(row["method"], row["version"]): _read(row) for row in rows}


def _read(row: Mapping[str, str]) -> ListFacts:
    return ListFacts(
        by_id=row["by_id"] != "no",
        exact=row["exact"] == "yes",
        id=row["id"] or None,
        filter=row["filter"] or None,
        order=row["order"] or None,
        sort=row["sort"] or None,
        select=row["select"] or None,
        top=frozenset(filter(None, row["top"].split(","))),
        list_key=row["list_key"] or None,
        largest=int(row["largest"]) if row["largest"] else None,
        argument=int(row["argument"]) if row["argument"] else None,
        variant=cast("Variant | None", row["variant"] or None),
    )
