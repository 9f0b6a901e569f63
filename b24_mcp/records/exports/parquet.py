"""Parquet, up to ten thousand rows at a time."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO

from b24_mcp.records.columns import Kind
from b24_mcp.records.exports.text import distinct

_ROWS_AT_ONCE = 10_000
_CHARACTERS_AT_ONCE = 16 << 20


class Survey:
    """What types the values of a query have: a file of columns has to know before its first row is written."""

    def __init__(self, kinds: Sequence[Kind | None]) -> None:
        self._may = [set(_possible(kind)) for kind in kinds]

    def look(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take note of rows."""
        for row in rows:
            for value, may in zip(row, self._may, strict=True):
                if value is not None and may:
                    may -= {name for name in may if not _FITS[name](value)}

    @property
    def types(self) -> list[str]:
        """The narrowest type each column's values all have."""
        return [next((name for name in _ORDER if name in may), "text") for may in self._may]


class ParquetWriter:
    """Whole numbers, fractions, truths, days and moments as such where all values of a column are; texts otherwise.

    Moments are of UTC, as the format has no others.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, columns: Sequence[str], types: Sequence[str]) -> None:
        import pyarrow  # an extra
        from pyarrow import parquet

        arrow = {
            "boolean": pyarrow.bool_(),
            "integer": pyarrow.int64(),
            "number": pyarrow.float64(),
            "date": pyarrow.date32(),
            "datetime": pyarrow.timestamp("us", tz="UTC"),
            "text": pyarrow.string(),
        }
        self._pyarrow = pyarrow
        self._types = types
        names = distinct(columns)
        self._schema = pyarrow.schema([(name, arrow[type]) for name, type in zip(names, types, strict=True)])
        self._writer = parquet.ParquetWriter(file, self._schema)
        self._rows: list[Sequence[Any]] = []
        self._characters = 0

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""
        self._rows.extend(rows)
        self._characters += sum(len(value) for row in rows for value in row if isinstance(value, str))
        if len(self._rows) >= _ROWS_AT_ONCE or self._characters >= _CHARACTERS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        rows, self._rows, self._characters = self._rows, [], 0
        arrays = [
            self._pyarrow.array([_CONVERTED[type](row[place]) for row in rows], self._schema.field(place).type)
            for place, type in enumerate(self._types)
        ]
        self._writer.write_batch(self._pyarrow.record_batch(arrays, schema=self._schema))


def _possible(kind: Kind | None) -> tuple[str, ...]:
    match kind:
        case "date" | "datetime":
            return (kind,)
        case "boolean":
            return ("boolean", "integer", "number")
        case "text" | "json":
            return ()
        case _:
            return ("integer", "number")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) <= 2**53)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, int) and value in (0, 1)


def _is_date(value: Any) -> bool:
    try:
        datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_moment(value: Any) -> bool:
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


_ORDER = ("boolean", "integer", "number", "date", "datetime")
_FITS: dict[str, Callable[[Any], bool]] = {
    "boolean": _is_boolean,
    "integer": _is_integer,
    "number": _is_number,
    "date": _is_date,
    "datetime": _is_moment,
}
_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda value: None if value is None else bool(value),
    "integer": lambda value: value,
    "number": lambda value: None if value is None else float(value),
    "date": lambda value: None if value is None else datetime.date.fromisoformat(value),
    "datetime": lambda value: None if value is None else datetime.datetime.fromisoformat(value),
    "text": lambda value: None if value is None else str(value),
}
