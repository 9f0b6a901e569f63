"""Lists of similar rows as tables, which name each column once instead of in every row."""

from __future__ import annotations

import json
from collections.abc import Iterable

# What a table adds to an answer: `"table":true,` and `{"columns":[],"rows":[]}`.
_OVERHEAD = 38


def as_table(result: object) -> dict[str, object]:
    """Return `{"result": …}`, with `"table": true` before it where a table is shorter.

    A list under the only key of an object, as in `{"items": […]}`, becomes a table at its place.
    """
    rows, key = result, None
    if isinstance(result, dict) and len(result) == 1:
        ((key, rows),) = result.items()
    if not isinstance(rows, list) or len(rows) < 2 or not isinstance(rows[0], dict):
        return {"result": result}
    columns = list(rows[0])
    # Characters that a table saves in each row: the names with their colons.
    saved = len(json.dumps(columns, ensure_ascii=False, separators=(",", ":"))) - 1
    if not columns or (len(rows) - 1) * saved <= _OVERHEAD + len(columns) or not _share(rows, columns):
        return {"result": result}
    table = {"columns": columns, "rows": [list(row.values()) for row in rows]}
    return {"table": True, "result": table if key is None else {key: table}}


def _share(rows: Iterable[object], columns: list[object]) -> bool:
    """Whether all rows are objects with these keys in this order."""
    return all(isinstance(row, dict) and list(row) == columns for row in rows)
