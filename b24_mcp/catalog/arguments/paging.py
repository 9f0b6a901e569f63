"""Judge names by which other programs ask for a page of a list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from b24_mcp.catalog.arguments.problem import Problem

_NAMES = {
    *("page", "limit", "offset", "perpage", "pagesize", "size", "skip", "take", "pagenumber", "pageno", "start"),
    *("next", "cursor", "top", "count", "itemsperpage", "maxresults", "navparams", "ipage", "inumpage", "npagesize"),
    *("pagination", "nav"),
}
_BY_START = 'this list is read with "start": 0, 50, 100, …; a page has 50 rows'
_BY_CURSOR = 'this list is read with "pagination": {"limit": 50, "afterCursor": the nextCursor of the answer before}'
_RIGHT = {
    **dict.fromkeys(("A", "B", "C", "D"), _BY_START),
    "limit/offset": 'this list is read with "limit" and "offset"',
    "LIMIT/OFFSET": 'this list is read with "LIMIT" and "OFFSET"',
    "LAST_ID": 'this list is read with "LAST_ID" and "LIMIT"',
    "page": 'this list is read with "page": 1, 2, 3, …',
    "pagination": 'this list is read with "pagination": {"limit": 50, "offset": 0}',
    "cursor": 'this list is read with "offset" from the answer before and "limit"',
    "tail": 'this list is read with "cursor": {"field": "id", "value": 0, "order": "ASC", "limit": 50}',
    "NAV_PARAMS": 'this list is read with NAV_PARAMS: {"nPageSize": 50, "iNumPage": 1}',
}


def paging_problems(params: Mapping[str, object], documented: Collection[str], paging: str | None) -> Iterator[Problem]:
    """Yield a problem for each undocumented name that asks for a page. `documented` are names in lower case."""
    right = _RIGHT.get(paging or "")
    if right is None:
        return
    if paging == "cursor" and "pagination" in documented:
        right = _BY_CURSOR
    for name in params:
        if name.lower() in documented or name.lower().replace("_", "") not in _NAMES:
            continue
        if name.lower() == "start" and paging in ("A", "B", "C", "D", "NAV_PARAMS"):
            if name != "start":
                yield Problem(name, "is written start", True)
            continue
        yield Problem(name, f"is not a parameter of this method; {right}", True)
