"""The rows in an answer, and the field that identifies a row.

Most lists are the result itself or the value of one of its keys. Some are maps keyed by the id of the row. PHP writes
such a map as a list when the ids happen to be 0, 1, 2 …, and as `[]` when it is empty. PHP writes a list whose indexes
have gaps as an object with the indexes as keys. Source: documentation, api-reference; measured behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard, cast

from b24_mcp.errors import our_error

_KEYS = ("ID", "id", "Id")
MAP_KEY = "key"
"""The field that holds the key of a row in a map, where no field of the row holds it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the catalogue expects the rows: under `list_key` of the result, or in the result itself."""

    method: str
    list_key: str | None = None
    is_map: bool = False

    def locate(self, result: object) -> tuple[tuple[str, ...], list[object]]:
        """Return the path below `result` and the rows there.

        Raises:
            B24Error: `B24MCP_LIST_SHAPE` if there is no list.
        """
        path, holder = self._find(result)
        if isinstance(holder, list):
            return path, holder
        if isinstance(holder, dict) and self.is_map:
            return path, [_with_key(key, row) for key, row in holder.items()]
        if _is_list_with_gaps(holder):
            return path, list(holder.values())
        if path and isinstance(holder, dict) and holder and all(isinstance(row, dict) for row in holder.values()):
            return path, [_with_key(key, row) for key, row in holder.items()]
        if holder is None or holder == "":
            return path, []
        raise our_error(
            "B24MCP_LIST_SHAPE",
            f"The answer holds no list where the documentation of {self.method} has one.",
            method=self.method,
        )

    def rows(self, result: object) -> list[object]:
        """Return the rows in a result. Raises as `locate`."""
        return self.locate(result)[1]

    def is_numbered(self, result: object) -> bool:
        """Whether the rows have the indexes 0, 1, 2 …, so that a batch reference can name one."""
        return isinstance(self._find(result)[1], list)

    def _find(self, result: object) -> tuple[tuple[str, ...], object]:
        """Return the path below `result` and the value that should hold the rows."""
        if not isinstance(result, dict) or (self.list_key is None and (self.is_map or _is_list_with_gaps(result))):
            return (), result
        key = self.list_key if self.list_key in result else _only_list_in(result)
        return ((), result) if key is None else ((key,), result[key])


def key_of(rows: Sequence[object]) -> str | None:
    """Return the field that identifies these rows: every row has it, with a different value."""
    for key in (*_KEYS, MAP_KEY):
        found = [row[key] for row in rows if isinstance(row, dict) and isinstance(row.get(key), int | str)]
        if found and len(found) == len(rows) and len(set(map(str, found))) == len(rows):
            return key
    return None


def identity_of(row: object, key: str | None) -> object:
    """Return the value that identifies a row: the field `key` of an object, otherwise the row itself."""
    return row.get(key) if key is not None and isinstance(row, dict) else row


def whole_number(value: object) -> int | None:
    """Read a whole number, written as a number or as text; None for anything else."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.removeprefix("-").isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def whole_numbers(rows: Sequence[object], key: str | None) -> list[int] | None:
    """Return the whole numbers that the rows have under `key`; None if a row has none."""
    try:
        # Most rows have texts of digits, which are checked all at once.
        texts = [row[key] for row in cast("Sequence[dict[str | None, str]]", rows)]
        digits = "".join(texts)
        if digits.isascii() and digits.isdigit():
            return list(map(int, texts))
    except (TypeError, LookupError, ValueError):
        pass  # a row is no object, or a value is a number, missing or empty
    numbers = [whole_number(row.get(key)) if isinstance(row, dict) else None for row in rows]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(rows) else None


def _only_list_in(result: dict[str, object]) -> str | None:
    """Return the key of the only list in an object. The documentation and the portal name a few lists differently."""
    lists = [key for key, value in result.items() if isinstance(value, list)]
    lists = lists or [key for key, value in result.items() if _is_list_with_gaps(value)]
    return lists[0] if len(lists) == 1 else None


def _is_list_with_gaps(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a value is a list of rows as PHP writes one whose indexes are not 0, 1, 2 …"""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(key.isascii() and key.isdigit() and isinstance(row, dict) for key, row in value.items())
    )


def _with_key(key: str, row: object) -> object:
    if not isinstance(row, dict):
        return {MAP_KEY: key, "value": row}
    if any(str(row.get(name)) == key for name in _KEYS):
        return row
    return {MAP_KEY if MAP_KEY not in row else f"_{MAP_KEY}": key, **row}
