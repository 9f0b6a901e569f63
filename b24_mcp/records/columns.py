"""The columns of a data set: the type of each, and the conversion of the portal's values for SQLite.

No value is lost. A value that does not fit the type of its column is kept unchanged and counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeGuard

from b24_mcp.rest import finite, to_json

Kind = Literal["integer", "number", "boolean", "date", "datetime", "json", "text"]
Stored = str | int | float | bytes | None
"""A value as SQLite stores it."""
Cell = str | int | float | None
"""A value as a query returns it."""

# The types in SQLite. With them numbers compare as numbers, also with a quoted '5' or with a column of texts.
SQL_TYPES: Mapping[Kind, str] = {
    "integer": "INTEGER",
    "boolean": "INTEGER",
    "number": "REAL",
    "date": "TEXT",
    "datetime": "TEXT",
    "json": "TEXT",
    "text": "TEXT",
}
_PLAIN_INTEGER = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
# Portals write sums with two to four decimals. A whole number in a text may be a code or a phone number.
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{2,4}", re.ASCII)
_LOOKS_NUMERIC = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
# A date is written as midnight in the portal's time zone, or as midnight UTC converted to that time zone.
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)T(?:00:00:00|(\d\d:\d\d):00\+\2)(?:[+-]\d\d:\d\d)?", re.ASCII)
_LARGEST = 2**63
_EXACT_DIGITS = 15
_SIMPLE = {str, int, type(None)}
_FLAGS = {"Y": 1, "N": 0, "1": 1, "0": 0}


class MisfitError(Exception):
    """A value does not have the type of its column."""


@dataclass(slots=True)
class Column:
    """One column. `field` is the key in the portal's rows, `name` the name in SQL.

    `misfits` counts the values of another type, which were kept.
    """

    field: str
    name: str
    kind: Kind
    misfits: int = 0

    def store(self, value: object) -> Stored:
        """Convert a value for SQLite, so that reading returns the same value."""
        if value is None:
            return None
        if isinstance(value, float):
            value = finite(value)  # SQLite stores NaN as NULL
        try:
            return _WRITERS[self.kind](value)
        except MisfitError:
            if self.kind in ("text", "json") and not isinstance(value, str):
                return _as_text(value)
            self.misfits += 1
            if self.kind in ("date", "datetime"):
                return _as_text(value)
            if self.kind != "number" and _is_small_number(value):
                return value
            return _unchanged(value)

    def store_all(self, values: Sequence[object]) -> list[Stored]:
        """Convert the values of some rows as `watch` and `store` do one after another."""
        if _SIMPLE.issuperset(map(type, values)):  # these values do not change the type of the column
            write = _WRITERS[self.kind]
            try:
                return [None if value is None else write(value) for value in values]
            except MisfitError:
                pass
        stored = []
        for value in values:
            self.watch(value)
            stored.append(self.store(value))
        return stored

    def watch(self, value: object) -> None:
        """Change the type of the column if the value is a list or an object, or a fraction."""
        if self.kind == "text" and isinstance(value, dict | list):
            self.kind = "json"
        elif self.kind == "integer" and isinstance(value, float) and not value.is_integer():
            self.kind = "number"


def kind_of(values: Iterable[object], documented: Kind | None, *, is_key: bool = False) -> Kind | None:
    """Return the type of a field, from its documented type and from values of it; None while all are empty.

    A documented type that does not fit the values is ignored. Without one, texts stay texts, unless all of them are
    dates, times, or sums such as `1200.00`, or the field identifies a row.
    """
    present = [value for value in values if value is not None and value != ""]
    if not present:
        return documented
    if documented is not None and _all_fit(documented, present):
        return documented
    if any(isinstance(value, dict | list) for value in present):
        return "json"
    if all(isinstance(value, bool) for value in present):
        return "boolean"
    if any(isinstance(value, str | bool) for value in present):
        return _kind_of_texts(present, is_key=is_key)
    return "integer" if all(isinstance(value, int) for value in present) else "number"


def _kind_of_texts(values: list[object], *, is_key: bool) -> Kind:
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        return "text"
    if is_key and _all_fit("integer", values):
        return "integer"
    if all(map(_DECIMAL.fullmatch, texts)) and _all_fit("number", values):
        return "number"
    if all(map(_DATE.fullmatch, texts)):
        return "date"
    return "datetime" if all(map(_DATETIME.fullmatch, texts)) else "text"


def fits(kind: Kind, value: object) -> bool:
    """Whether a value is of a type."""
    try:
        _WRITERS[kind](value)
    except MisfitError:
        return False
    return True


def _all_fit(kind: Kind, values: list[object]) -> bool:
    return all(fits(kind, value) for value in values)


def _integer(value: object) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _PLAIN_INTEGER.fullmatch(value) and -_LARGEST <= int(value) < _LARGEST:
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST:
        return value
    raise MisfitError


def _number(value: object) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _PLAIN_NUMBER.fullmatch(value) and _is_exact(value) and not _has_leading_zero(value):
            return float(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) <= 2**53:
            return float(value)
    elif isinstance(value, float) and math.isfinite(value):
        return value
    raise MisfitError


def _is_exact(text: str) -> bool:
    """Whether a float represents this number exactly."""
    if len(text) <= _EXACT_DIGITS:
        return True
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except (InvalidOperation, OverflowError, ValueError):
        return False


def _has_leading_zero(text: str) -> bool:
    digits = text.lstrip("-")
    return len(digits) > 1 and digits[0] == "0" and digits[1] != "."


def _boolean(value: object) -> Stored:
    if value is True or value is False:
        return int(value)
    if isinstance(value, int) and value in (0, 1):
        return value
    if isinstance(value, str):
        if value == "":
            return None
        if value in _FLAGS:
            return _FLAGS[value]
    raise MisfitError


def _date(value: object) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _DATE.fullmatch(value):
            return value
        day = _DAY.fullmatch(value)
        if day:
            return day[1]
    raise MisfitError


def _datetime(value: object) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _DATETIME.fullmatch(value):
            return value
    raise MisfitError


def _text(value: object) -> Stored:
    if isinstance(value, str):
        return value
    raise MisfitError


def _json(value: object) -> Stored:
    # A field of several values is often an empty text if there are none; the JSON functions of SQL would fail on it.
    return None if value == "" else _text(value)


_WRITERS: Mapping[Kind, Callable[[object], Stored]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "json": _json,
    "text": _text,
}


def _is_small_number(value: object) -> TypeGuard[float]:
    """Whether a column of whole numbers keeps a number unchanged."""
    if isinstance(value, float):
        return abs(value) <= 2**53  # SQLite writes larger ones with more digits than were given
    return isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST


def _unchanged(value: object) -> Stored:
    """Return a value that SQLite does not convert to a number in a column of numbers."""
    text = _as_text(value)
    return text.encode() if _LOOKS_NUMERIC.fullmatch(text) else text


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else to_json(value)
