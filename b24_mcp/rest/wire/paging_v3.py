"""The page after this one in a list of REST 3.0, whose answers hardly ever say whether there is one.

A full page may be followed by another. How many rows make a full page is the portal's to say: 50 when not asked
otherwise, never more than 1,000, and lists of tasks give 50 whatever is asked. Source: documentation,
api-reference/rest-v3; measured behaviour for the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24_mcp.catalog import known_methods

DEFAULT_PAGE = 50
LARGEST_PAGE = 1_000


def next_page(method: str, params: Mapping[str, Any], result: object) -> dict[str, Any] | None:
    """Return the parameter for the next page, `{"pagination": …}` or `{"cursor": …}`; None after the last one.

    `params` and `result` are those of the page at hand. A last page that happens to be full is followed by an empty
    one.
    """
    rows = _rows_in(result)
    if not isinstance(result, Mapping) or not rows:
        return None
    match _paging(method, params):
        case "pagination":
            following = _after_offset(_asked(params, "pagination"), len(rows))
            return None if following is None else {"pagination": following}
        case "cursor":
            mark = result.get("afterCursor", result.get("nextCursor"))
            if mark is None or result.get("hasMore") is False:
                return None
            return {"pagination": _asked(params, "pagination") | {"afterCursor": mark}}
        case "tail":
            following = _after_value(_asked(params, "cursor"), rows)
            return None if following is None else {"cursor": following}
        case _:
            return None


def is_full(rows: int, limit: object) -> bool:
    """Whether a page of so many rows may be followed by another, when `limit` rows were asked for."""
    wanted = limit if isinstance(limit, int) else DEFAULT_PAGE
    return rows >= min(wanted, LARGEST_PAGE) or rows == DEFAULT_PAGE


def _rows_in(result: object) -> list[Any]:
    """The rows under `items`, which PHP writes as an object when their indexes have gaps."""
    items = result.get("items") if isinstance(result, Mapping) else None
    if isinstance(items, Mapping):
        return list(items.values())
    return items if isinstance(items, list) else []


def _paging(method: str, params: Mapping[str, Any]) -> str | None:
    """How a method gives its pages; what is asked for tells it of a method that is not catalogued."""
    known = known_methods().method(method, "v3")
    if known is None:
        return "tail" if "cursor" in params else "pagination" if "pagination" in params else None
    fields = {field.name for parameter in known.facts.params for field in parameter.fields if not parameter.pattern}
    if known.facts.paging == "pagination" and "offset" not in fields:
        return None
    return known.facts.paging


def _asked(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    asked = params.get(name)
    return dict(asked) if isinstance(asked, Mapping) else {}


def _after_offset(asked: dict[str, Any], rows: int) -> dict[str, Any] | None:
    page, offset = asked.get("page"), asked.get("offset", 0)
    if not is_full(rows, asked.get("limit")):
        return None
    limit = {"limit": asked["limit"]} if "limit" in asked else {}
    if isinstance(page, int):
        return limit | {"page": page + 1}
    return limit | {"offset": offset + rows} if isinstance(offset, int) else None


def _after_value(asked: dict[str, Any], rows: list[Any]) -> dict[str, Any] | None:
    field = asked.get("field", "id")
    value = rows[-1].get(field) if isinstance(rows[-1], Mapping) else None
    return (
        asked | {"field": field, "value": value}
        if value is not None and is_full(len(rows), asked.get("limit"))
        else None
    )
