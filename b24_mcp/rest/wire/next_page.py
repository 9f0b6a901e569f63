"""The parameter for the next page of a list of REST 3.0, whose answers seldom say whether there is one.

A full page may be followed by another. A full page has 50 rows by default and at most 1,000; lists of tasks return 50
whatever limit is given. Source: documentation, api-reference/rest-v3; measured behaviour for the limits.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24_mcp.catalog import known_methods

DEFAULT_PAGE = 50
LARGEST_PAGE = 1_000


def next_page(method: str, params: Mapping[str, object], result: object) -> dict[str, object] | None:
    """Return the parameter for the next page, `{"pagination": …}` or `{"cursor": …}`; None after the last page.

    `params` and `result` belong to the current page. A last page that is full is followed by an empty page.
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
    """Whether another page may follow a page with this number of rows, when `limit` rows were requested."""
    wanted = limit if isinstance(limit, int) else DEFAULT_PAGE
    return rows >= min(wanted, LARGEST_PAGE) or rows == DEFAULT_PAGE


def _rows_in(result: object) -> list[object]:
    """Return the rows under `items`, which PHP writes as an object if their indexes have gaps."""
    items = result.get("items") if isinstance(result, Mapping) else None
    if isinstance(items, Mapping):
        return list(items.values())
    return items if isinstance(items, list) else []


def _paging(method: str, params: Mapping[str, object]) -> str | None:
    """Return the kind of paging of a method. For an unknown method, the parameters of the call decide."""
    known = known_methods().method(method, "v3")
    if known is None:
        return "tail" if "cursor" in params else "pagination" if "pagination" in params else None
    fields = {field.name for parameter in known.facts.params for field in parameter.fields if not parameter.pattern}
    if known.facts.paging == "pagination" and "offset" not in fields:
        return None
    return known.facts.paging


def _asked(params: Mapping[str, object], name: str) -> dict[str, object]:
    asked = params.get(name)
    return dict(asked) if isinstance(asked, Mapping) else {}


def _after_offset(asked: dict[str, object], rows: int) -> dict[str, object] | None:
    page, offset = asked.get("page"), asked.get("offset", 0)
    if not is_full(rows, asked.get("limit")):
        return None
    limit = {"limit": asked["limit"]} if "limit" in asked else {}
    if isinstance(page, int):
        return limit | {"page": page + 1}
    return limit | {"offset": offset + rows} if isinstance(offset, int) else None


def _after_value(asked: dict[str, object], rows: list[object]) -> dict[str, object] | None:
    field, last = asked.get("field", "id"), rows[-1]
    value = last.get(field) if isinstance(last, Mapping) else None
    if value is None or not is_full(len(rows), asked.get("limit")):
        return None
    return asked | {"field": field, "value": value}
