"""Conversion of values between the wire and the database.

Stored: whole numbers as INTEGER, amounts as REAL, dates and date-times as ISO 8601 text in the portal's time zone,
`Y`/`N` and text as TEXT, lists as JSON text, empty values as NULL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime

from b24_sandbox import dates, php
from b24_sandbox.fields import Field
from b24_sandbox.php import Value

Show = Callable[[Field, Value], Value]

_SQLITE_INTEGER_LIMIT = 2**63
_LEADING_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_MOMENT_TYPES = frozenset(("datetime", "stamp_ru", "stamp_sql"))


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
    if field.type in ("bool", "boolean"):
        return int(php.truthy(value) and value not in ("N", "false"))
    if field.is_integer:
        return None if value == "" else bounded(php.integer(value))
    if field.type == "double":
        return None if value == "" else number(value)
    if field.type == "char":
        return "Y" if value in (True, "Y", "y", "1", 1) else "N"
    if field.type == "date":
        return dates.stored_date(php.text(value), now)
    if field.type in _MOMENT_TYPES:
        return dates.stored_moment(php.text(value), now)
    return php.text(value)


def is_unreadable_date(field: Field, value: Value, now: float) -> bool:
    """Whether `value` is text for a single date field but no date. Such a value changes nothing."""
    if field.multiple or (field.type != "date" and field.type not in _MOMENT_TYPES):
        return False
    text = php.text(value)
    return text.strip() != "" and dates.parse(text, now) is None


def bounded(value: int) -> int:
    """Limit `value` to the range of SQLite integers."""
    return max(-_SQLITE_INTEGER_LIMIT, min(value, _SQLITE_INTEGER_LIMIT - 1))


def number(value: Value) -> float:
    """PHP's `floatval`: a leading number counts (`"5 pcs"` is 5, `"1,5"` is 1), anything else is 0; never fails."""
    match = _LEADING_NUMBER.match(php.text(value))
    result = float(match.group(1)) if match else 0.0
    return result if abs(result) < 1e18 else 0.0


def for_filter(field: Field, value: Value, now: float) -> Value:
    """Convert `value` for a comparison with `field`. Text that is not a number or a date stays text."""
    sent = php.text(value)
    if field.type in ("bool", "boolean"):
        return int(php.truthy(value) and value not in ("N", "false"))
    if field.is_integer or field.type == "double":
        return number(value) if sent and sent.strip()[:1] in "+-.0123456789" else sent
    if field.type == "date":
        return dates.stored_date(sent, now) or sent
    if field.type in _MOMENT_TYPES:
        return dates.stored_moment(sent, now) or sent
    if field.type == "char" and isinstance(value, bool):
        return "Y" if value else "N"
    return sent


def items(value: Value) -> list[Value]:
    """Decode a stored list."""
    if not isinstance(value, str):
        return []
    loaded: list[Value] = json.loads(value)
    return loaded


def show_classic(field: Field, value: Value) -> Value:
    """Show a value as classic CRM does: numbers as text, amounts with two decimals, an empty date as `""`, otherwise
    `null`.
    """
    if field.type == "object":
        return decoded(value)
    if field.is_dynamic:
        return _show_user_field(field, value)
    if field.multiple:
        return [php.text(item) for item in items(value)]
    if value is None:
        return "" if field.type in ("date", "datetime") and field.name != "LAST_ACTIVITY_TIME" else None
    return f"{value:.2f}" if field.type == "double" else php.text(value)


def _show_user_field(field: Field, value: Value) -> Value:
    """Show a user field of classic CRM: whole numbers of a list as numbers, flags as `1` and `0`, everything else as
    text.
    """
    if field.multiple:
        listed = items(value)
        return listed if field.is_integer else [php.text(item) for item in listed]
    if value is None:
        return "" if field.type in ("date", "datetime", "string", "url", "money", "address") else None
    return php.text(value)


def decoded(value: Value) -> Value:
    """Decode a stored `object` (JSON text) as it was sent; an empty value is an empty list."""
    return json.loads(value) if isinstance(value, str) and value else []


def show_native(field: Field, value: Value) -> Value:
    """Show a value as controllers do: numbers as numbers, flags as `Y`/`N`, empty values as `null`."""
    if field.type == "object":
        return decoded(value)
    if field.type == "boolean" and not field.multiple:
        return "Y" if value else "N"
    return items(value) if field.multiple else value


def show_text(field: Field, value: Value) -> Value:
    """Show a value as task methods do: every number as text, empty values as `null`."""
    if field.multiple:
        return [php.text(item) for item in items(value)]
    return None if value is None else php.text(value)


def show_staff(field: Field, value: Value) -> Value:
    """Show a value of users and departments: ids as text, flags as booleans, lists as numbers, empty values as `""`."""
    if field.multiple:
        return items(value)
    if field.type == "bool":
        return bool(value)
    if value is None:
        return ""
    if field.type == "stamp_ru":
        return datetime.fromisoformat(str(value)).strftime("%d.%m.%Y %H:%M:%S")
    if field.type == "stamp_sql":
        return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M:%S")
    return value if field.name == "SORT" else php.text(value)
