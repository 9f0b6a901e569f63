"""The strict types of values in requests of REST 3.0.

Nothing is converted: `"1"` is not a number, `1` is not a boolean, a date-time must have an offset. Documentation:
api-reference/rest-v3.
"""

from __future__ import annotations

import math
import re
from datetime import datetime

from b24_sandbox import dates, php
from b24_sandbox.php import Value
from b24_sandbox.v3.dto import Property

_INTEGER_LIMIT = 2**63
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\Z", re.ASCII
)


def is_int(value: Value) -> bool:
    """Whether the value is a whole number for PHP."""
    return isinstance(value, int) and not isinstance(value, bool) and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT


def of_type(kind: str, value: Value) -> bool:
    """Whether a decoded JSON value has the type of a property (`int`, `datetime`, …)."""
    if kind == "int":
        return is_int(value)
    if kind == "float":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(php_float(value))
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "array":
        return php.is_array(value)
    if kind == "date":
        return isinstance(value, str) and _DATE.match(value) is not None and _read(value) is not None
    if kind == "datetime":
        return isinstance(value, str) and _MOMENT.match(value) is not None and _read(value) is not None
    if kind in ("object", "one", "many"):
        return php.is_array(value)
    return isinstance(value, str)


def php_float(value: Value) -> float:
    """Convert a number to a float; infinite when it is too large."""
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:
        return math.inf


def _read(value: str) -> datetime | None:
    try:
        datetime.fromisoformat(value)  # `dates.parse` also reads words and days that a month does not have
        return dates.parse(value, 0)
    except (ValueError, OverflowError):
        return None


def accepts(prop: Property, value: Value) -> bool:
    """Whether `value` may be stored in a property. `null` clears a property that is not required."""
    if value is None:
        return not prop.required and prop.type not in ("bool", "enum")
    if prop.type == "many":
        return isinstance(value, list) and all(map(is_int, value))
    if prop.type == "array":
        kind = prop.detail or "string"
        return php.is_array(value) and all(of_type(kind, item) for item in php.as_list(value))
    return of_type(prop.type, value)
