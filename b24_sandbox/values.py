"""Conversion of values between the wire and the database.

Stored: whole numbers as INTEGER, amounts as REAL, dates and date-times as ISO 8601 text in the portal's time zone,
`Y`/`N` and text as TEXT, lists as JSON text, empty values as NULL. One table says by type of field how a value is
stored and compared. How it is shown depends on the family of methods; the dialects are data as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from b24_sandbox import dates, php
from b24_sandbox.field import INTEGER_TYPES
from b24_sandbox.fields import Field
from b24_sandbox.php import Value

Show = Callable[[Field, Value], Value]

_SQLITE_INTEGER_LIMIT = 2**63
_LEADING_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_MOMENT_TYPES = frozenset(("datetime", "stamp_ru", "stamp_sql"))


def bounded(value: int) -> int:
    """Limit `value` to the range of SQLite integers."""
    return max(-_SQLITE_INTEGER_LIMIT, min(value, _SQLITE_INTEGER_LIMIT - 1))


def number(value: Value) -> float:
    """PHP's `floatval`: a leading number counts (`"5 pcs"` is 5, `"1,5"` is 1), anything else is 0; never fails."""
    match = _LEADING_NUMBER.match(php.text(value))
    result = float(match.group(1)) if match else 0.0
    return result if abs(result) < 1e18 else 0.0


@dataclass(frozen=True, slots=True)
class _Conversion:
    """How values of a type are stored, and how they are compared with a column. Both get the value and the time."""

    stored: Callable[[Value, float], Value]
    compared: Callable[[Value, float], Value]


def _flag(value: Value, now: float) -> Value:
    return int(php.truthy(value) and value not in ("N", "false"))


def _mark(value: Value, now: float) -> Value:
    return "Y" if value in (True, "Y", "y", "1", 1) else "N"


def _compared_mark(value: Value, now: float) -> Value:
    return _mark(value, now) if isinstance(value, bool) else php.text(value)


def _compared_number(value: Value, now: float) -> Value:
    sent = php.text(value)
    return number(value) if sent and sent.strip()[:1] in "+-.0123456789" else sent


def _text(value: Value, now: float) -> Value:
    return php.text(value)


def _dated(convert: Callable[[str, float], str | None]) -> _Conversion:
    return _Conversion(
        lambda value, now: convert(php.text(value), now),
        lambda value, now: convert(php.text(value), now) or php.text(value),
    )


_TEXT = _Conversion(_text, _text)
_CONVERSIONS: Mapping[str, _Conversion] = {
    **dict.fromkeys(
        INTEGER_TYPES,
        _Conversion(lambda value, now: None if value == "" else bounded(php.integer(value)), _compared_number),
    ),
    **dict.fromkeys(("bool", "boolean"), _Conversion(_flag, _flag)),
    "double": _Conversion(lambda value, now: None if value == "" else number(value), _compared_number),
    "char": _Conversion(_mark, _compared_mark),
    "date": _dated(dates.stored_date),
    **dict.fromkeys(_MOMENT_TYPES, _dated(dates.stored_moment)),
}
"""Types that are not stored as plain text."""


def stored(field: Field, value: Value, now: float) -> Value:
    """Convert a sent `value` to what the column of `field` stores. Lists become JSON text."""
    if field.type == "object":
        return json.dumps(value, ensure_ascii=False) if php.is_array(value) else "[]"
    if field.multiple:
        items = [_single(field, item, now) for item in php.as_list(value)]
        return json.dumps([item for item in items if item not in (None, "")], ensure_ascii=False)
    if php.is_array(value):
        value = next((item for item in php.as_list(value) if not php.is_array(item)), None)
    return _single(field, value, now)


def _single(field: Field, value: Value, now: float) -> Value:
    if value is None or php.is_array(value):
        return None
    return _CONVERSIONS.get(field.type, _TEXT).stored(value, now)


def is_unreadable_date(field: Field, value: Value, now: float) -> bool:
    """Whether `value` is text for a single date field but no date. Such a value changes nothing."""
    if field.multiple or (field.type != "date" and field.type not in _MOMENT_TYPES):
        return False
    text = php.text(value)
    return text.strip() != "" and dates.parse(text, now) is None


def for_filter(field: Field, value: Value, now: float) -> Value:
    """Convert `value` for a comparison with `field`. Text that is not a number or a date stays text."""
    return _CONVERSIONS.get(field.type, _TEXT).compared(value, now)


def items(value: Value) -> list[Value]:
    """Decode a stored list."""
    if not isinstance(value, str):
        return []
    loaded: list[Value] = json.loads(value) if value else []
    return loaded


def decoded(value: Value) -> Value:
    """Decode a stored `object` (JSON text) as it was sent; an empty value is an empty list."""
    return json.loads(value) if isinstance(value, str) and value else []


class Shown(Protocol):
    """What is shown: a field of version 2 or a property of REST 3.0."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def multiple(self) -> bool:
        """Whether it contains a list."""


def _same(value: Value) -> Value:
    return value


def _moment(form: str) -> Callable[[Value], Value]:
    return lambda value: datetime.fromisoformat(str(value)).strftime(form)


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """How a family of methods shows stored values.

    `single` converts values and `empty` has what an empty value is, both by type of a field; the key `` is for all
    others. `item` converts an item of a list. `kinds` are fields, by name, that are shown as if of another type.
    """

    single: Mapping[str, Callable[[Value], Value]]
    empty: Mapping[str, Value] = field(default_factory=dict)
    item: Callable[[Value], Value] = _same
    kinds: Mapping[str, str] = field(default_factory=dict)

    def show(self, shown: Shown, value: Value) -> Value:
        """Return a stored value as the wire has it."""
        if shown.multiple:
            return [self.item(item) for item in items(value)]
        kind = self.kinds.get(shown.name, shown.type)
        if value is None:
            return self.empty.get(kind, self.empty.get(""))
        convert = self.single.get(kind) or self.single[""]
        return convert(value)


CLASSIC = Dialect(
    {"object": decoded, "double": lambda value: f"{value:.2f}", "": php.text},
    {"object": [], "date": "", "datetime": ""},
    php.text,
    {"LAST_ACTIVITY_TIME": "moment"},
)
"""Classic CRM: numbers as text, amounts with two decimals, an empty date as `""`, otherwise `null`."""
USER_FIELDS = Dialect(
    {"object": decoded, "": php.text},
    {"object": [], **dict.fromkeys(("date", "datetime", "string", "url", "money", "address"), "")},
    lambda value: value if isinstance(value, int) else php.text(value),
)
"""User fields of classic CRM: whole numbers of a list as numbers, flags as `1` and `0`, everything else as text."""
NATIVE = Dialect(
    {"object": decoded, "boolean": lambda value: "Y" if value else "N", "": _same}, {"object": [], "boolean": "N"}
)
"""Controllers: numbers as numbers, flags as `Y`/`N`, empty values as `null`."""
TEXT = Dialect({"": php.text}, item=php.text)
"""Task methods: every number as text, empty values as `null`."""
STAFF = Dialect(
    {
        "bool": bool,
        "stamp_ru": _moment("%d.%m.%Y %H:%M:%S"),
        "stamp_sql": _moment("%Y-%m-%d %H:%M:%S"),
        "number": _same,
        "": php.text,
    },
    {"bool": False, "": ""},
    kinds={"SORT": "number"},
)
"""Users and departments: ids as text, flags as booleans, lists as numbers, empty values as `""`."""


def show_classic(field: Field, value: Value) -> Value:
    """Show a value as classic CRM does."""
    return (USER_FIELDS if field.is_dynamic else CLASSIC).show(field, value)


show_native, show_text, show_staff = NATIVE.show, TEXT.show, STAFF.show


def _filled(convert: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """Empty text of a type other than text is `null`."""
    return lambda value: None if value == "" else convert(value)


def _utc(value: Value) -> Value:
    return datetime.fromisoformat(php.text(value)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


REST_3 = Dialect(
    {
        "string": _same,
        "bool": _filled(lambda value: value in (1, "Y", True)),
        "int": _filled(php.integer),
        "date": _filled(lambda value: php.text(value)[:10]),
        "utc": _filled(_utc),
        "": _filled(_same),
    }
)
"""REST 3.0: typed values, `null` where a value is empty."""
