"""PHP's arrays, query strings and JSON text. The portal is written in PHP, and its answers show it.

A PHP array is a Python `dict` with text keys or a `list`. Both may come from a request and mean the same to a method,
so methods read them with `as_map` and `as_list`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

Value = object
Map = dict[str, Value]

_INTEGER_KEY = re.compile(r"\A(0|-?[1-9][0-9]{0,17})\Z")
_ESCAPE_PAIR = re.compile(r"\\.")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNNAMEABLE = re.compile(r"[ .\[]")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_LEADING_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]{1,18})")


def as_map(value: Value) -> Map:
    """Convert `value` to a map: a list gets its positions as keys, a scalar is an empty map."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return {}


def as_list(value: Value) -> list[Value]:
    """Convert `value` to a list: the values of a map, a scalar as the only element, `None` as an empty list."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def is_array(value: Value) -> bool:
    """Whether the value is an array in PHP."""
    return isinstance(value, dict | list)


def text(value: Value) -> str:
    """PHP's string of a scalar: `True` is `"1"`, `False` and `None` are empty, an array is `"Array"`."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "Array" if is_array(value) else str(value)


def integer(value: Value) -> int:
    """PHP's `intval`: leading digits count, anything else is 0; never fails."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) < 1e18 else 0
    if isinstance(value, str):
        match = _LEADING_INTEGER.match(value)
        return int(match.group(1)) if match else 0
    return int(bool(value))


def base64_decode(text: str) -> bytes:
    """PHP's `base64_decode`: other characters are skipped and padding is optional; never fails."""
    plain = _NOT_BASE64.sub("", text)
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    return base64.b64decode(plain + "=" * (-len(plain) % 4))


def truthy(value: Value) -> bool:
    """PHP's truth: `"0"` and `""` are false, `"N"` and `"false"` are true."""
    return value not in ("0", "") if isinstance(value, str) else bool(value)


def parse_query(query: str) -> Map:
    """Parse `a[b][]=1&c=2` like PHP's `parse_str`; never fails.

    The last of repeated plain keys wins. Dots and spaces of the outermost name become underscores. Maps with the keys
    0..n-1 become lists.
    """
    pairs = (piece.partition("=") for piece in query.split("&") if piece)
    return bracketed((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)


def bracketed(pairs: Iterable[tuple[str, Value]]) -> Map:
    """Build nested maps from names with brackets by PHP's rules, in order of appearance."""
    root: Map = {}
    for name, value in pairs:
        keys = _split_name(name)
        if keys:
            _put(root, keys, value)
    return {key: _listed(value) for key, value in root.items()}


def _split_name(name: str) -> list[str]:
    """Split `a[b][]` into `["a", "b", ""]`. The result is empty for a name that PHP drops."""
    name = name.lstrip(" ").split("\0", 1)[0]
    if not name:
        return []
    head, bracket, rest = name.partition("[")
    if not head:  # PHP drops a name that begins with a bracket
        return []
    head = _UNNAMEABLE.sub("_", head)
    if not bracket:
        return [head]
    if "]" not in rest:  # unclosed: the bracket becomes part of the name
        return [f"{head}_{_UNNAMEABLE.sub('_', rest)}"]
    keys = [head]
    while True:
        key, _, rest = rest.partition("]")
        keys.append(key)
        if not rest.startswith("[") or "]" not in rest:
            return keys  # text after the last closed bracket is dropped
        rest = rest[1:]


def _put(root: Map, keys: list[str], value: Value) -> None:
    place = root
    for key in keys[:-1]:
        key = key or _next_index(place)
        inner = place.get(key)
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place = inner
    place[keys[-1] or _next_index(place)] = value


def _next_index(place: Map) -> str:
    return str(max((int(key) for key in place if _INTEGER_KEY.match(key)), default=-1) + 1)


def _listed(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    return plain({key: _listed(item) for key, item in value.items()})


def plain(value: Map) -> Value:
    """Convert a map to a list when PHP treats it as one: keys 0..n-1 in order, or no keys."""
    if all(key == str(index) for index, key in enumerate(value)):
        return list(value.values())
    return value


def json_ready(value: Value) -> Value:
    """Convert `value` as `json_encode` does: list-like and empty maps are lists, whole floats are integers."""
    if isinstance(value, dict):
        return plain({str(key): json_ready(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def json_text(value: Value) -> str:
    """Encode JSON in the portal's spelling: raw UTF-8, `\\/` and the five HTML characters as `\\u00XX`."""
    raw = json.dumps(json_ready(value), ensure_ascii=False, separators=(",", ":"))
    raw = _ESCAPE_PAIR.sub(lambda pair: "\\u0022" if pair.group() == '\\"' else pair.group(), raw)
    raw = _SURROGATE.sub("\ufffd", raw)
    for character in "<>&'":
        raw = raw.replace(character, f"\\u{ord(character):04X}")
    return raw.replace("/", "\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
