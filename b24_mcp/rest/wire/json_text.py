"""Valid JSON text for any value. Python's own encoder also writes `NaN` and `Infinity`, which JSON does not have."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from pydantic_core import PydanticSerializationError
from pydantic_core import to_json as fast_json

_MOST_DIGITS = 4_300
"""Python does not convert longer integers to decimal text."""
_PIECE = _MOST_DIGITS // 2
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which UTF-8 cannot encode."""


def to_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON text, without white space unless `indent` is set.

    A number that JSON cannot hold becomes a text: `"NaN"`, `"Infinity"`, `"-Infinity"`, or hexadecimal for an integer
    of thousands of digits. Half of a surrogate pair becomes U+FFFD.
    """
    if indent is None and (data := _fast(value)) is not None:
        return data.decode()
    try:
        text = _encode(value, indent)
    except ValueError:
        text = _encode(finite(value), indent)
    try:
        text.encode()  # much faster than the search
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def to_json_bytes(value: object) -> bytes:
    """Return a value as `to_json` does, in UTF-8."""
    data = _fast(value)
    return to_json(value).encode() if data is None else data


def _fast(value: object) -> bytes | None:
    """Return a value as JSON in UTF-8, in a fifth of the time of Python's encoder; None if only that can write it."""
    try:
        data = fast_json(value, inf_nan_mode="strings")
    except PydanticSerializationError:
        return None  # half of a surrogate pair, deep nesting, or a type that is no JSON
    # A number with too many digits fills at least one of these pieces.
    has_long = any(data[at : at + _PIECE].isdigit() for at in range(0, len(data), _PIECE))
    return None if has_long else data


def finite(value: object) -> object:
    """Return a copy of a value in which every number that JSON cannot hold is a text."""
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


def _encode(value: object, indent: int | None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, ensure_ascii=False, separators=separators, indent=indent, allow_nan=False)


def _finite_key(key: object) -> object:
    return _name_of(key) if isinstance(key, float) and not math.isfinite(key) else key


def _name_of(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
