"""Names of parameters written with brackets, `filter[>ID]`, as a form or a query string has them.

A form nests them; in a JSON body they stay plain names, so that nothing is filtered or written. They are nested here by
the rules of PHP's `parse_str`: the name ends at the first `[`, empty brackets append, and what is not closed is no
bracket. Source: behaviour of PHP; measured behaviour of the portal for JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SPACES = " \t\n\r\v\f"
_DEEPEST = 60
# Parameters whose own keys are names of fields; in others a key may be anything, a CSS selector too.
_OF_FIELDS = {"filter", "fields", "select", "order", "params", "navparams", "taskdata"}


class ClashError(ValueError):
    """A name in brackets stands where another value is already; the text says which."""


@dataclass(frozen=True, slots=True)
class Nested:
    """Parameters without names in brackets. `changes` has a sentence for each name that was nested."""

    params: dict[str, Any]
    changes: tuple[str, ...] = ()


class _Array(dict[str, Any]):
    """A PHP array that was made here, or was a list: with the keys 0, 1, 2 and so on it is a list again."""


def nest_brackets(params: Mapping[str, Any]) -> Nested:
    """Nest every name in brackets, at the top and directly inside filters, fields, selections and orders.

    Raises:
        ClashError: when two names give one place different values.
    """
    found, changes = _nested(params, "")
    for name, value in found.items():
        if isinstance(value, dict) and name.replace("_", "").lower().removeprefix("ar") in _OF_FIELDS:
            found[name], inner = _nested(value, name)
            changes += inner
    return Nested(found, tuple(changes))


def _nested(params: Mapping[str, Any], inside: str) -> tuple[dict[str, Any], list[str]]:
    split = {name: _split(name, is_top=not inside) for name in params}
    if not any(split.values()):
        return dict(params), []
    found: dict[str, Any] = {name: _opened(value) for name, value in params.items() if split[name] is None}
    changes = []
    for name, path in split.items():
        if path is None:
            continue
        head, *keys = path
        head = head if head in found else next((key for key in found if key.lower() == head.lower()), head)
        _put(found, [head, *keys], params[name], name)
        changes.append(
            f"{f'{inside}.' if inside else ''}{name} is read as {_example(path, params[name])}, as in a form"
        )
    return {name: _closed(value) for name, value in found.items()}, changes


def _split(name: str, *, is_top: bool) -> list[str] | None:
    """Return the keys that a name in brackets leads through, an empty one to append; None for a plain name."""
    head, bracket, rest = name.partition("[")
    if is_top:
        head = head.lstrip(" ").replace(".", "_").replace(" ", "_")
    if not head or not bracket or "]" not in rest:
        return None
    keys, rest = [head], bracket + rest
    while rest.startswith("[") and "]" in rest:
        key, _, rest = rest[1:].partition("]")
        keys.append("" if len(key) == 1 and key in _SPACES else key)
    return keys if len(keys) <= _DEEPEST else None


def _put(place: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    for key in path[:-1]:
        following = place.setdefault(key or _next_index(place), _Array())
        if not isinstance(following, dict):
            raise ClashError(f"{name} and another parameter give different values for {key}")
        place = following
    last = path[-1]
    if not last and isinstance(value, list):
        for one in value:
            place[_next_index(place)] = one
        return
    key = last or _next_index(place)
    if key in place and place[key] != _opened(value):
        raise ClashError(f"{name} and another parameter give different values for {key}")
    place[key] = _opened(value)


def _opened(value: Any) -> Any:
    """A value as PHP arrays, in which names in brackets can put more."""
    if isinstance(value, list):
        return _Array((str(index), _opened(one)) for index, one in enumerate(value))
    return {name: _opened(one) for name, one in value.items()} if isinstance(value, dict) else value


def _closed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    closed = {name: _closed(one) for name, one in value.items()}
    is_list = isinstance(value, _Array) and list(closed) == [str(index) for index in range(len(closed))]
    return list(closed.values()) if is_list else closed


def _next_index(place: Mapping[str, Any]) -> str:
    return str(max((int(key) + 1 for key in place if key.isascii() and key.isdecimal()), default=0))


def _example(path: list[str], value: Any) -> str:
    for key in reversed(path[1:]):
        value = [value] if not key and not isinstance(value, list) else value if not key else {key: value}
    text = json.dumps({path[0]: value}, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:200] + "…"
