"""The names of files whose form has no name, in the parameters that take them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from b24_mcp.app.files.mentions import mentioned_files
from b24_mcp.catalog.files import file_parameters
from b24_mcp.catalog.positional import arguments_of
from b24_mcp.rest import Params
from b24_mcp.storage.places import sent_name


def with_default_names(method: str, params: Params) -> Params:
    """Return parameters in which each file has its name, where the method takes the name in another place.

    A name that is there already stays.
    """
    for parameter in file_parameters(method):
        if not parameter.name:
            continue
        order = [one.name for one in arguments_of(method) or ()]
        named = dict(zip(order, params, strict=False)) if isinstance(params, list) else params
        name = next(_names_at(named, parameter.place), None)
        if name is None:
            continue
        filled = _named(named, parameter.name, name)
        params = [filled.get(one) for one in order][: len(params)] if isinstance(params, list) else filled
    return params


def _names_at(value: object, place: Sequence[str]) -> Iterator[str]:
    """Yield the names of the files at a place."""
    for name in place:
        if not isinstance(value, Mapping):
            return
        value = next((inner for key, inner in value.items() if key.lower() == name.lower()), None)
    for one in mentioned_files(value):
        if isinstance(one.get("$file"), str):
            yield sent_name(re.split(r"[/\\]", str(one["$file"]))[-1])


def _named(value: Mapping[str, object], place: Sequence[str], name: str) -> dict[str, object]:
    first, *rest = place
    key = next((one for one in value if one.lower() == first.lower()), first)
    held = value.get(key)
    if not rest:
        return {**value, key: held or name}
    return {**value, key: _named(held, rest, name) if isinstance(held, Mapping) else _named({}, rest, name)}
