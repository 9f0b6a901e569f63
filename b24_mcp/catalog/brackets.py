"""Names of parameters with brackets, such as `filter[>ID]`, which forms and query strings use.

In a form they are nested. In a JSON body they stay plain names, so nothing is filtered or written. This module nests
them by the rules of PHP's `parse_str`: the name ends at the first `[`, empty brackets append, and an unclosed bracket
is part of the name. Source: behaviour of PHP; measured behaviour of the portal for JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

_SPACES = " \t\n\r\v\f"
_DEEPEST = 60
# Parameters whose keys are names of fields. In other parameters a key may be anything, even a CSS selector.
_OF_FIELDS = {"filter", "fields", "select", "order", "params", "navparams", "taskdata"}


class ClashError(ValueError):
    """A name in brackets gives a value where there is another value already; the text names both."""


@dataclass(frozen=True, slots=True)
class Nested:
    """Parameters without names in brackets. `changes` has one sentence for each name that was nested."""

    params: dict[str, object]
    changes: tuple[str, ...] = ()


class _Array(dict[str, object]):
    """A PHP array that was created here or was a list. With the keys 0, 1, 2, … it becomes a list again."""


def nest_brackets(params: Mapping[str, object]) -> Nested:
    """Nest every name in brackets, at the top level and directly inside filters, fields, selections and orders.

    Raises:
        ClashError: when two names give different values to one place.
    """
    found, changes = _nested(params, "")
    for name, value in found.items():
        if isinstance(value, dict) and name.replace("_", "").lower().removeprefix("ar") in _OF_FIELDS:
            found[name], inner = _nested(value, name)
            changes += inner
    return Nested(found, tuple(changes))


def _nested(params: Mapping[str, object], inside: str) -> tuple[dict[str, object], list[str]]:
    split = {name: _split(name, is_top=not inside) for name in params}
    if not any(split.values()):
        return dict(params), []
    found: dict[str, object] = {name: _as_arrays(value) for name, value in params.items() if split[name] is None}
    changes = []
    for name, path in split.items():
        if path is None:
            continue
        head, *keys = path
        head = head if head in found else next((key for key in found if key.lower() == head.lower()), head)
        _insert(found, [head, *keys], params[name], name)
        changes.append(
            f"{f'{inside}.' if inside else ''}{name} is read as {_example(path, params[name])}, as in a form"
        )
    return {name: _as_json(value) for name, value in found.items()}, changes


def _split(name: str, *, is_top: bool) -> list[str] | None:
    """Return the path of keys in a name with brackets, an empty key to append; None for a plain name."""
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


def _insert(place: dict[str, object], path: list[str], value: object, name: str) -> None:
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
    if key in place and place[key] != _as_arrays(value):
        raise ClashError(f"{name} and another parameter give different values for {key}")
    place[key] = _as_arrays(value)


def _as_arrays(value: object) -> object:
    """Return a value with its lists as PHP arrays, which names in brackets can extend."""
    if isinstance(value, list):
        return _Array((str(index), _as_arrays(one)) for index, one in enumerate(value))
    return {name: _as_arrays(one) for name, one in value.items()} if isinstance(value, dict) else value


def _as_json(value: object) -> object:
    if not isinstance(value, dict):
        return value
    converted = {name: _as_json(one) for name, one in value.items()}
    is_list = isinstance(value, _Array) and list(converted) == [str(index) for index in range(len(converted))]
    return list(converted.values()) if is_list else converted


def _next_index(place: Mapping[str, object]) -> str:
    return str(max((int(key) + 1 for key in place if key.isascii() and key.isdecimal()), default=0))


def _example(path: list[str], value: object) -> str:
    for key in reversed(path[1:]):
        value = [value] if not key and not isinstance(value, list) else value if not key else {key: value}
    text = json.dumps({path[0]: value}, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:200] + "…"
