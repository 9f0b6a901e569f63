"""Answers as data: the files `shapes/*.json`.

A file maps names to shapes. A shape is the JSON of an answer. In it a text that begins with `$` stands for a value:
`$ID` for the value as it is, `$ID:text` for its text, and so on (`_SHOWS`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from b24_sandbox import php, values
from b24_sandbox.php import Map, Value

_FOLDER = Path(__file__).parent / "shapes"
_SHOWS: dict[str, Callable[[Value], Value]] = {
    "": lambda value: value,
    "text": php.text,
    "text?": lambda value: None if value is None else php.text(value),
    "number": php.integer,
    "flag": bool,
    "Y": lambda value: "Y" if value else "N",
    "false": lambda value: value or False,
    "items": values.items,
    "object": values.decoded,
}
"""How a value is shown. `text?` keeps `null`, `false` stands in for an empty value, `items` is a stored list."""


@cache
def _file(name: str) -> Map:
    loaded: Map = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return loaded


def shape(name: str, row: Mapping[str, Value] | None = None, /, **more: Value) -> Map:
    """Fill the shape `file.name` with the values of a record and with `more`. A missing value is `null`."""
    return php.as_map(_filled(constant(name), {**(row or {}), **more}))


def constant(name: str) -> Value:
    """The shape `file.name` as it is: data that must not be changed."""
    file, _, key = name.partition(".")
    return _file(file)[key]


def _filled(part: Value, found: Map) -> Value:
    if isinstance(part, dict):
        return {key: _filled(item, found) for key, item in part.items()}
    if isinstance(part, list):
        return [_filled(item, found) for item in part]
    if not isinstance(part, str) or not part.startswith("$"):
        return part
    name, _, kind = part[1:].partition(":")
    return _SHOWS[kind](found.get(name))
