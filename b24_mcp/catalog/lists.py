"""How single methods return their lists, where the other facts of the catalogue do not say it.

The data is in `data/lists.tsv`. A line describes one method. A method `*A`, `*B` or `*C` stands for the methods with
this paging, whose pages begin at `start`. The method `*` stands for every method of its version. Columns, empty where
nothing differs:

| column | meaning |
|---|---|
| `method`, `version` | the name in lower case, and the version of the API |
| `by_id` | `no`: the rows have no numeric id to filter and order by, or pages leave out what a user may not see |
| `exact` | `yes`: the method knows one spelling of its parameters only |
| `id` | the name of the id in filters and in the order |
| `filter`, `order`, `select` | the names of these parameters; `none`: there is no such parameter |
| `sort` | the parameter for the field to order by, where `order` holds the direction alone |
| `top` | the parameters that are no conditions, where conditions are allowed at the top level too |
| `list_key` | the key of the result that holds the rows |
| `largest` | the most rows of a page, whatever limit is requested |
| `argument` | the position of the argument that holds `NAV_PARAMS`, from 0 |
| `first_optional` | `yes`: the first argument may be omitted, which moves the others one position to the front |
| `bare` | `yes`: the argument is `NAV_PARAMS` itself |
| `rising` | `yes`: ids rise from page to page, whatever the order |
| `row_type` | the field of a row whose value is sent with the last id, and its values; any other counts as the last |
| `fields` | the methods that may describe the fields of the rows; `*` is the name without its last part |

Source: documentation, the pages of the methods; measured behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RowType:
    """A field of a row that has one of a few whole numbers as its value."""

    field: str
    values: tuple[int, ...]

    def of(self, value: int | None) -> int:
        """Return the value itself if it is listed, otherwise the last listed one."""
        return value if value in self.values else self.values[-1]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """One line of the table."""

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
    first_optional: bool = False
    bare: bool = False
    rising: bool = False
    row_type: RowType | None = None
    fields: tuple[str, ...] = ()

    @property
    def is_spelled(self) -> bool:
        """Whether the line says how a query by id is written."""
        return self.exact or any((self.id, self.filter, self.order, self.sort, self.select))


def list_facts(method: str, version: str) -> ListFacts:
    """Return the line of a method; an empty one if the table has none."""
    return _table().get((method.lower(), version), ListFacts())


def family_facts(paging: str | None) -> ListFacts | None:
    """Return the line of the methods whose pages begin at `start`; None for any other paging."""
    return _table().get((f"*{paging}", "v2"))


def fields_methods(method: str, version: str) -> list[str]:
    """Return the names under which a method may describe the fields of a list, best first. It may not exist."""
    patterns = list_facts(method, version).fields or list_facts("*", version).fields
    return [pattern.replace("*", method.rpartition(".")[0]) for pattern in patterns]


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
        top=frozenset(_names(row["top"])),
        list_key=row["list_key"] or None,
        largest=int(row["largest"]) if row["largest"] else None,
        argument=int(row["argument"]) if row["argument"] else None,
        first_optional=row["first_optional"] == "yes",
        bare=row["bare"] == "yes",
        rising=row["rising"] == "yes",
        row_type=_row_type(row["row_type"]) if row["row_type"] else None,
        fields=tuple(_names(row["fields"])),
    )


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _row_type(text: str) -> RowType:
    field, _, values = text.partition("=")
    return RowType(field, tuple(map(int, values.split("|"))))
