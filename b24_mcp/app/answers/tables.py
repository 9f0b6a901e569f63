"""Writing a list of like rows as a table, which names each column once instead of in every row."""

from __future__ import annotations

import json
from typing import Any

# What a table adds to an answer: `"table":true,` and `{"columns":[],"rows":[]}`.
_OVERHEAD = 38


def as_table(result: Any) -> dict[str, Any]:
    """Give `{"result": …}`, with `"table": true` before it where a table is shorter.

    A list under the only key of an object, as in `{"items": […]}`, becomes a table at its place.
    """
    rows, key = (next(iter(result.values())), next(iter(result))) if _is_wrapped(result) else (result, None)
    columns = _shared_columns(rows)
    if columns is None:
        return {"result": result}
    table = {"columns": columns, "rows": [list(row.values()) for row in rows]}
    return {"table": True, "result": table if key is None else {key: table}}


def _is_wrapped(result: Any) -> bool:
    return isinstance(result, dict) and len(result) == 1


def _shared_columns(rows: Any) -> list[str] | None:
    """The columns of a list whose rows all have the same keys in the same order, if a table of them is shorter."""
    if not isinstance(rows, list) or len(rows) < 2 or not isinstance(rows[0], dict):
        return None
    columns = list(rows[0])
    names = sum(len(json.dumps(column, ensure_ascii=False)) + 1 for column in columns)
    if (len(rows) - 1) * names <= _OVERHEAD + len(columns):
        return None
    return columns if all(isinstance(row, dict) and list(row) == columns for row in rows) else None
