"""The columns of a data set: what type each has, and how a value of the portal is written into it.

No value is lost to a type. What does not fit its column is kept as it came and counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from b24_mcp.rest import finite, to_json

Kind = Literal["integer", "number", "boolean", "date", "datetime", "json", "text"]
Stored = str | int | float | bytes | None

# What SQLite calls the types. Numbers compare as numbers then, also with a quoted '5' or with a column of texts.
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
_LOOKS_NUMERIC = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
# A day is written as the portal's midnight, or as the midnight of UTC in the portal's time.
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)T(?:00:00:00|(\d\d:\d\d):00\+\2)(?:[+-]\d\d:\d\d)?", re.ASCII)
_LARGEST = 2**63
_EXACT_DIGITS = 15
_FLAGS = {"Y": 1, "N": 0, "1": 1, "0": 0}


class MisfitError(Exception):
    """A value is not of the type of its column."""


@dataclass(slots=True)
class Column:
    """One column. `field` is the key in the portal's rows, `name` the column's. `misfits` counts the values that were
    kept although they are of another type.
    """

    field: str
    name: str
    kind: Kind
    misfits: int = 0

    def store(self, value: Any) -> Stored:
        """Write a value as SQLite takes it, such that reading gives the same value back."""
        if value is None:
            return None
        if isinstance(value, float):
            value = finite(value)  # SQLite makes NULL of NaN
        try:
            return _WRITERS[self.kind](value)
        except MisfitError:
            if self.kind in ("text", "json") and not isinstance(value, str):
                return _as_text(value)
            self.misfits += 1
            if self.kind in ("date", "datetime"):
                return _as_text(value)
            return value if self.kind != "number" and _is_small_number(value) else _unchanged(value)

    def watch(self, value: Any) -> None:
        """Let a column that turns out to hold lists or objects, or fractions, be called what it is."""
        if self.kind == "text" and isinstance(value, dict | list):
            self.kind = "json"
        elif self.kind == "integer" and isinstance(value, float) and not value.is_integer():
            self.kind = "number"


def kind_of(values: Iterable[Any], documented: Kind | None, *, is_key: bool = False) -> Kind | None:
    """Tell the type of a field from what is documented and from values of it; None while all are empty.

    A documented type that the values contradict does not count. Without one, texts stay texts, but for those that are
    all moments or days, and for the field that identifies a row.
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


def _kind_of_texts(values: list[Any], *, is_key: bool) -> Kind:
    if not all(isinstance(value, str) for value in values):
        return "text"
    if is_key and _all_fit("integer", values):
        return "integer"
    if all(_DATE.fullmatch(value) for value in values):
        return "date"
    return "datetime" if all(_DATETIME.fullmatch(value) for value in values) else "text"


def _all_fit(kind: Kind, values: list[Any]) -> bool:
    try:
        for value in values:
            _WRITERS[kind](value)
    except MisfitError:
        return False
    return True


def _integer(value: Any) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _PLAIN_INTEGER.fullmatch(value) and -_LARGEST <= int(value) < _LARGEST:
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST:
        return value
    raise MisfitError


def _number(value: Any) -> Stored:
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
    """Whether a float holds the number that is written."""
    if len(text) <= _EXACT_DIGITS:
        return True
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except (InvalidOperation, OverflowError, ValueError):
        return False


def _has_leading_zero(text: str) -> bool:
    digits = text.lstrip("-")
    return len(digits) > 1 and digits[0] == "0" and digits[1] != "."


def _boolean(value: Any) -> Stored:
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


def _date(value: Any) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _DATE.fullmatch(value):
            return value
        day = _DAY.fullmatch(value)
        if day:
            return day[1]
    raise MisfitError


def _datetime(value: Any) -> Stored:
    if isinstance(value, str):
        if value == "":
            return None
        if _DATETIME.fullmatch(value):
            return value
    raise MisfitError


def _text(value: Any) -> Stored:
    if isinstance(value, str):
        return value
    raise MisfitError


def _json(value: Any) -> Stored:
    # Nothing in a field of several values is often an empty text, on which the JSON functions of SQL would fail.
    return None if value == "" else _text(value)


_WRITERS: Mapping[Kind, Callable[[Any], Stored]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "json": _json,
    "text": _text,
}


def _is_small_number(value: Any) -> bool:
    """Whether a column of whole numbers keeps it as it is."""
    if isinstance(value, float):
        return abs(value) <= 2**53  # SQLite writes larger ones out to more digits than were given
    return isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST


def _unchanged(value: Any) -> Stored:
    """Keep a value in a column of numbers such that SQLite does not make a number of it."""
    text = _as_text(value)
    return text.encode() if _LOOKS_NUMERIC.fullmatch(text) else text


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)
