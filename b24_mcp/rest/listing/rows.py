"""Finding the rows in an answer, and what identifies a row.

Most lists are `result` itself or stand under a key of it; some are maps keyed by the id of the row, which PHP writes
as a list when the ids happen to be 0, 1, 2 …, and as `[]` when there is none. Any list whose indexes have gaps is
written as an object with these indexes as keys. Source: documentation, api-reference; measured answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from b24_mcp.errors import our_error

_BLOCK = 12
_CHUNK = 256
_KEYS = ("ID", "id", "Id")
MAP_KEY = "key"
"""Under this name a row of a map carries the key it had there, where the row itself does not say it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the catalogue expects the rows: under `list_key` of the result, or in the result itself."""

    method: str
    list_key: str | None = None
    is_map: bool = False

    def locate(self, result: Any) -> tuple[tuple[str, ...], list[Any]]:
        """Return the path below `result` and the rows there.

        Raises:
            B24Error: `B24MCP_LIST_SHAPE` when there is no list.
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
        result = holder
        if result is None or result == "":
            return path, []
        raise our_error(
            "B24MCP_LIST_SHAPE",
            f"The answer holds no list where the documentation of {self.method} has one.",
            method=self.method,
        )

    def rows(self, result: Any) -> list[Any]:
        """Return the rows in a result; raises as `locate`."""
        return self.locate(result)[1]

    def is_numbered(self, result: Any) -> bool:
        """Whether the rows stand at the indexes 0, 1, 2 …, where a reference of a batch finds them."""
        return isinstance(self._find(result)[1], list)

    def _find(self, result: Any) -> tuple[tuple[str, ...], Any]:
        """Return the path below `result` and what should hold the rows."""
        if not isinstance(result, dict) or (self.list_key is None and (self.is_map or _is_list_with_gaps(result))):
            return (), result
        key = self.list_key if self.list_key in result else _only_list_in(result)
        return ((), result) if key is None else ((key,), result[key])


def key_of(rows: Sequence[Any]) -> str | None:
    """Name the field that identifies these rows: it is in all of them and never the same twice."""
    for key in (*_KEYS, MAP_KEY):
        found = [row[key] for row in rows if isinstance(row, dict) and isinstance(row.get(key), int | str)]
        if found and len(found) == len(rows) and len(set(map(str, found))) == len(rows):
            return key
    return None


def whole_number(value: Any) -> int | None:
    """Read an id that is a whole number, as number or as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None


class Seen:
    """The rows handed out so far, in little memory: numbers as bits, everything else as a digest."""

    def __init__(self) -> None:
        self._bits: dict[int, int] = {}
        self._others: set[bytes] = set()
        self.count = 0

    def add(self, value: Any) -> bool:
        """Note a row's id, or a whole row; tell whether it is new."""
        number = whole_number(value)
        if number is None:
            digest = fingerprint(value)
            new = digest not in self._others
            self._others.add(digest)
        else:
            block, bit = number >> _BLOCK, 1 << (number & ((1 << _BLOCK) - 1))
            known = self._bits.get(block, 0)
            new = not known & bit
            self._bits[block] = known | bit
        self.count += new
        return new

    def has(self, value: Any) -> bool:
        """Whether a row's id, or a whole row, was noted."""
        number = whole_number(value)
        if number is None:
            return fingerprint(value) in self._others
        return bool(self._bits.get(number >> _BLOCK, 0) >> (number & ((1 << _BLOCK) - 1)) & 1)

    def ranges(self, most: int, last: int | None) -> list[tuple[int, int]] | None:
        """Divide the numbers into up to `most` ranges of about as many, as `(upper bound, how many are in it)`.

        With `last` one range more follows, for the numbers above it. None when not every row is a number.
        """
        if self._others:
            return None
        chunks = [
            ((block << _BLOCK) + begin + _CHUNK - 1, (bits >> begin & (1 << _CHUNK) - 1).bit_count())
            for block, bits in sorted(self._bits.items())
            for begin in range(0, 1 << _BLOCK, _CHUNK)
        ]
        above = 0 if last is None else self.above(last)
        ranges: list[tuple[int, int]] = []
        held = 0
        for until, count in chunks:
            held += count
            if last is not None and until >= last:
                break
            if held * most >= self.count:
                ranges.append((until, held))
                held = 0
        if last is None:
            return [*ranges, (chunks[-1][0], held)] if chunks else []
        ranges.append((last, self.count - above - sum(count for _, count in ranges)))
        return [*ranges, (last, above)]

    def above(self, last: int) -> int:
        """How many numbers are above one."""
        top = last >> _BLOCK
        inside = self._bits.get(top, 0) >> (last & ((1 << _BLOCK) - 1)) + 1
        return inside.bit_count() + sum(bits.bit_count() for block, bits in self._bits.items() if block > top)


def fingerprint(value: Any) -> bytes:
    """Tell values apart without keeping them."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=12).digest()


def _only_list_in(result: dict[str, Any]) -> str | None:
    """The one list in an object; the documentation and the portal disagree about the names of a few."""
    lists = [key for key, value in result.items() if isinstance(value, list)]
    lists = lists or [key for key, value in result.items() if _is_list_with_gaps(value)]
    return lists[0] if len(lists) == 1 else None


def _is_list_with_gaps(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a list of rows as PHP writes one whose indexes are not 0, 1, 2 …"""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(key.isascii() and key.isdigit() and isinstance(row, dict) for key, row in value.items())
    )


def _with_key(key: str, row: Any) -> Any:
    if not isinstance(row, dict):
        return {MAP_KEY: key, "value": row}
    if any(str(row.get(name)) == key for name in _KEYS):
        return row
    return {MAP_KEY if MAP_KEY not in row else f"_{MAP_KEY}": key, **row}
