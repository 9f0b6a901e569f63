"""How a list is paged: by the family of the method where it is known, otherwise by the parameters of its page.

`data/paging.tsv` has the families: patterns of lower-case names, of which the first that fits decides. A: an offset is
rounded down to a page, and past the end the first page comes again. B: past the end the list is empty. C: an exact
offset. D: old tasks, by `NAV_PARAMS` or `start`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from b24_mcp.catalog.tables import read_table

_BY_NAME = frozenset({"LAST_ID", "LIMIT/OFFSET", "limit/offset", "cursor", "pop", "page", "NAV_PARAMS", "D"})
"""Kinds of paging that a method has whether or not its result is known to be a list."""


def paging_of(method: str, version: str, params: Iterable[str], *, is_list: bool) -> str | None:
    """Return the kind of paging of a method; None when it returns no list."""
    names = set(params)
    key = method.lower()
    if version == "v3":
        if key.endswith(".tail"):
            return "tail"
        if names & {"nextCursor", "afterCursor"}:
            return "cursor"
        if "pagination" in names:
            return "pagination"
        return "none" if is_list else None
    lower = {name.lower() for name in names}
    for pattern, kind in _families():
        if pattern.fullmatch(key):
            return kind if kind in _BY_NAME or is_list or "start" in lower else None
    if "start" in lower:
        return "A"
    if {"LIMIT", "OFFSET"} <= names:
        return "LIMIT/OFFSET"
    if {"limit", "offset"} <= names:
        return "limit/offset"
    return "none" if is_list else None


@cache
def _families() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(row["pattern"]), row["paging"]) for row in read_table("paging")]
