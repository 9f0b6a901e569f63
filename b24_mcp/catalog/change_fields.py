"""How changed rows of a list are recognized.

The data is in `data/change_fields.tsv`. Columns, empty where nothing is known:

| column | meaning |
|---|---|
| `method` | the list, of version v2 |
| `field` | the field with the time of the last change, as filters write it; every change and the creation set it |
| `ignored` | fields that change by themselves, such as the time of the last login |

Source: documentation, the pages of the methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """One line of the table. The names in `ignored` are as rows have them."""

    field: str | None = None
    ignored: frozenset[str] = frozenset()


def change_facts(method: str, version: str) -> ChangeFacts:
    """Return the line of a list; an empty one if the table has none."""
    return _table().get(method.lower(), ChangeFacts()) if version == "v2" else ChangeFacts()


@cache
def _table() -> dict[str, ChangeFacts]:
    lines = (Path(__file__).parent / "data" / "change_fields.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines[1:])
    return {
        method.lower(): ChangeFacts(field or None, frozenset(name for name in ignored.split(",") if name))
        for method, field, ignored in rows
    }
