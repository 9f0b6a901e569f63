"""Values as JSON text that every reader takes: Python's writer also writes `NaN` and `Infinity`, which JSON has not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_MOST_DIGITS = 4_300
"""Python refuses to write longer integers in decimal."""
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which UTF-8 cannot hold."""


def to_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON, without needless white space unless `indent` is set.

    A number that JSON cannot hold becomes a text: `"NaN"`, `"Infinity"`, `"-Infinity"`, or hexadecimal for an integer
    of thousands of digits. Half of a surrogate pair becomes U+FFFD.
    """
    try:
        text = _written(value, indent)
    except ValueError:
        text = _written(finite(value), indent)
    return _HALF.sub("\ufffd", text)


def finite(value: Any) -> Any:
    """Return a value in which every number that JSON cannot hold is a text."""
    match value:
        case float():
            return value if math.isfinite(value) else _name_of(value)
        case bool():
            return value
        case int():
            return value if value.bit_length() < 3 * _MOST_DIGITS else hex(value)
        case Mapping():
            return {_finite_key(key): finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [finite(inner) for inner in value]
        case _:
            return value


def _written(value: Any, indent: int | None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, ensure_ascii=False, separators=separators, indent=indent, allow_nan=False)


def _finite_key(key: Any) -> Any:
    return _name_of(key) if isinstance(key, float) and not math.isfinite(key) else key


def _name_of(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
