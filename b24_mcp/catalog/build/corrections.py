"""Facts that the pages of the documentation omit or state wrongly, checked by hand and kept as tables in `data`.

`corrections.tsv` has a line for each such method; a column is empty where the page is right:

| column | meaning |
|---|---|
| `method`, `version` | the name in lower case, and the version of the API |
| `result` | the kind of `result`, where samples mislead or are missing; `map` is an empty list when it is empty |
| `if_unknown` | `yes`: `result` counts only when the page has no sample |
| `list_key` | the key of the list in `result`, where the sample does not show it |
| `is_map` | `yes`: the list under `list_key` is keyed by ids |
| `batch` | `no`: a batch refuses the method |
| `no_values` | parameters whose values the page lists in a spelling that the portal does not accept |
| `context` | from where the method may be called, where the portal is freer than its page |

`pages.tsv` names the methods of pages whose title, samples or file name point to another method; `-` is a page that
looks like one method but describes several. `unpaged.tsv` has the methods that the documentation mentions without a
page, with their scopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import cast

from b24_mcp.catalog.facts import Context, MethodFacts, Version
from b24_mcp.catalog.tables import read_table

_NO_METHOD = "-"


@dataclass(frozen=True, slots=True)
class Correction:
    """One line of `corrections.tsv`; None and empty where the page is right."""

    result: str | None = None
    if_unknown: bool = False
    list_key: str | None = None
    is_map: bool = False
    batch: bool = True
    no_values: frozenset[str] = frozenset()
    context: Context | None = None


def correction_of(method: str, version: str) -> Correction:
    """Return the correction of a method; an empty one for the other methods."""
    return _corrections().get((method.lower(), version), Correction())


def method_of_page(page: str) -> str | None:
    """Return the method of a page whose text points to another one; None for the other pages."""
    method = _pages().get(page)
    return None if method == _NO_METHOD else method


def is_excluded(page: str) -> bool:
    """Whether a page looks like the page of one method but is not."""
    return _pages().get(page) == _NO_METHOD


def methods_without_page() -> list[MethodFacts]:
    """Return the methods that the documentation mentions without a page."""
    return [
        MethodFacts(
            row["method"],
            cast("Version", row["version"]),
            scope=tuple(filter(None, row["scope"].split(","))),
            batch=correction_of(row["method"], row["version"]).batch,
        )
        for row in read_table("unpaged")
    ]


@cache
def _pages() -> dict[str, str]:
    return {row["page"]: row["method"] for row in read_table("pages")}


@cache
def _corrections() -> dict[tuple[str, str], Correction]:
    return {
        (row["method"], row["version"]): Correction(
            result=row["result"] or None,
            if_unknown=row["if_unknown"] == "yes",
            list_key=row["list_key"] or None,
            is_map=row["is_map"] == "yes",
            batch=row["batch"] != "no",
            no_values=frozenset(filter(None, row["no_values"].split(","))),
            context=cast("Context", row["context"]) if row["context"] else None,
        )
        for row in read_table("corrections")
    }
