"""The columns of the rows to draw: which of them name something, which are times, and which are numbers."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from b24_mcp.records.columns import Cell

ColumnRole = Literal["number", "time", "period", "text", "id"]
"""`period` is a time that is not a date, such as a week: it has an order, but no place on a calendar."""
Precision = Literal["year", "month", "day", "minute"]

_ID = re.compile(r"(?:.*[_ .])?id", re.IGNORECASE)
_YEARS = range(1900, 2200)
_YEAR = re.compile(r"(?:.*[\W_])?(?:years?|год|года|yyyy)(?:[\W_].*)?", re.IGNORECASE)
_DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_MOMENT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d)?[\d.:+Z-]{0,14})?)?)?", re.ASCII)
_RUSSIAN_DAY = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})", re.ASCII)
_PERIOD = re.compile(r"\d{4}[ -]?(?:[WQwqкК]\s?)?\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """A column: its place, its name, what it is, and its values.

    The values of `number` are numbers. Those of other roles are texts. None is a missing value.
    """

    place: int
    name: str
    role: ColumnRole
    values: tuple[Cell, ...]
    precision: Precision | None = None

    @property
    def distinct(self) -> int:
        """The number of different values."""
        return len(set(self.values))


def read_column(place: int, name: str, values: Sequence[Cell]) -> ChartColumn | None:
    """Return a column of a result; None when all its values are missing."""
    present = [value for value in values if value is not None and value != ""]
    if not present:
        return None
    if all(isinstance(value, int | float) for value in present):
        return _of_numbers(place, name, values, present)
    texts = [value.strip() for value in present if isinstance(value, str)]
    if len(texts) < len(present):
        return ChartColumn(place, name, "text", tuple(map(_shown, values)))
    moments = [moment_of(text) for text in texts]
    if all(one is not None for one in moments):
        known = [one for one in moments if one is not None]
        finest = max((precision for _, precision in known), key=("year", "month", "day", "minute").index)
        if finest != "year" or _YEAR.fullmatch(name) or all(one.year in _YEARS for one, _ in known):
            return ChartColumn(place, name, "time", tuple(map(_shown, values)), finest)
    if all(map(_PERIOD.fullmatch, texts)) and any("-" in one or not one.isdigit() for one in texts):
        return ChartColumn(place, name, "period", tuple(map(_shown, values)))
    if all(map(_DECIMAL.fullmatch, texts)) and any("." in one for one in texts):
        return ChartColumn(place, name, "number", tuple(map(_number, values)))
    return ChartColumn(place, name, "text", tuple(map(_shown, values)))


def moment_of(text: str) -> tuple[datetime.datetime, Precision] | None:
    """Return the moment that a text names, in the local time of the portal, and how exact it is."""
    text = text.strip()
    russian = _RUSSIAN_DAY.fullmatch(text)
    found = russian or _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute = (found[3], found[2], found[1], None, None) if russian else found.groups()
    try:
        moment = datetime.datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), tzinfo=datetime.UTC
        )
    except ValueError:
        return None
    if hour and (moment.hour or moment.minute):
        return moment, "minute"
    return moment, "day" if day else "month" if month else "year"


def _of_numbers(place: int, name: str, values: Sequence[Cell], present: Sequence[Cell]) -> ChartColumn:
    if _YEAR.fullmatch(name) and all(value in _YEARS for value in present):
        return ChartColumn(place, name, "time", tuple(map(_shown, values)), "year")
    if _ID.fullmatch(name) and all(isinstance(value, int) for value in present):
        return ChartColumn(place, name, "id", tuple(map(_shown, values)))
    return ChartColumn(place, name, "number", tuple(map(_number, values)))


def _number(value: Cell) -> float | None:
    if value is None or value == "":
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _shown(value: Cell) -> str | None:
    """Return a value as a text on one line."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split()) or None
