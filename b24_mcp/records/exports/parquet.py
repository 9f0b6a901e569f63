"""Writer of Parquet, in groups of up to ten thousand rows."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from b24_mcp.records.columns import Cell, Kind
from b24_mcp.records.exports.text import distinct

_ROWS_AT_ONCE = 10_000
_CHARACTERS_AT_ONCE = 16 << 20


class Survey:
    """Determines the types of the columns of a query, which Parquet needs before the first row is written."""

    def __init__(self, kinds: Sequence[Kind | None]) -> None:
        self._may = [set(_possible(kind)) for kind in kinds]

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Exclude the types that do not fit these rows."""
        for row in rows:
            for value, may in zip(row, self._may, strict=True):
                if value is not None and may:
                    may -= {name for name in may if not _FITS[name](value)}

    @property
    def types(self) -> list[str]:
        """The narrowest type that fits all values of each column."""
        return [next((name for name in _ORDER if name in may), "text") for may in self._may]


class ParquetWriter:
    """A Parquet file. A column has the type of its values if they all have one; otherwise it holds texts.

    Times are in UTC, because the format supports no other time zone.
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
        self._rows: list[Sequence[Cell]] = []
        self._characters = 0

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows."""
        self._rows.extend(rows)
        self._characters += sum(len(value) for row in rows for value in row if isinstance(value, str))
        if len(self._rows) >= _ROWS_AT_ONCE or self._characters >= _CHARACTERS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is buffered."""
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


def _is_integer(value: Cell) -> bool:
    return isinstance(value, int)


def _is_number(value: Cell) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) <= 2**53)


def _is_boolean(value: Cell) -> bool:
    return isinstance(value, int) and value in (0, 1)


def _is_date(value: Cell) -> bool:
    if not isinstance(value, str):
        return False
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_moment(value: Cell) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_ORDER = ("boolean", "integer", "number", "date", "datetime")
_FITS: dict[str, Callable[[Cell], bool]] = {
    "boolean": _is_boolean,
    "integer": _is_integer,
    "number": _is_number,
    "date": _is_date,
    "datetime": _is_moment,
}
_CONVERTED: dict[str, Callable[[Cell], object]] = {
    "boolean": lambda value: None if value is None else bool(value),
    "integer": lambda value: value,
    "number": lambda value: None if value is None else float(value),
    "date": lambda value: None if value is None else datetime.date.fromisoformat(str(value)),
    "datetime": lambda value: None if value is None else datetime.datetime.fromisoformat(str(value)),
    "text": lambda value: None if value is None else str(value),
}
