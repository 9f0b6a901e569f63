"""References in a batch of REST 3.0: `{"$ref": "alias.path"}` and `{"$refArray": "alias.path.field"}`.

They are objects in place of a value, and lead into the record (`item`) or the rows (`items`) of an earlier answer, past
those names. `$result[name][field]` means the same here as in older batches and is translated. Source: documentation,
api-reference/rest-v3; source behaviour of the portal for what can be referred to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from b24_mcp.rest.batch.references import (
    NotAReferenceError,
    NoValueError,
    Path,
    Reference,
    references_in,
    replace_references,
)

_NATIVE = {"$ref": False, "$refArray": True}


def v3_references_in(value: Any) -> Iterator[Reference]:
    """Find the references in a value at any depth, in either notation.

    Raises:
        NotAReferenceError: for a text or an object that looks like one but is not.
    """
    if isinstance(value, Mapping):
        if (native := _native(value)) is not None:
            yield native
            return
        for inner in value.values():
            yield from v3_references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from v3_references_in(inner)
    else:
        yield from references_in(value)


def holds_references(value: Any) -> bool:
    """Whether anything in a value, in either notation, is or looks like a reference to another command."""
    try:
        return next(v3_references_in(value), None) is not None
    except NotAReferenceError:
        return True


def replace_v3_references(
    value: Any,
    replacement: Callable[[Reference, Path], Any],
    inside_text: Callable[[Reference], Any],
    path: Path = (),
) -> Any:
    """Return the value with each reference replaced; see `replace_references`.

    Raises:
        NotAReferenceError, NoValueError: as `replace_references`.
    """
    if isinstance(value, Mapping):
        if (native := _native(value)) is not None:
            return replacement(native, path)
        return {
            name: replace_v3_references(inner, replacement, inside_text, (*path, name)) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [
            replace_v3_references(inner, replacement, inside_text, (*path, index)) for index, inner in enumerate(value)
        ]
    return replace_references(value, replacement, inside_text, path)


def v3_value(reference: Reference, result: Any) -> Any:
    """Follow a reference in a result of REST 3.0, whether its path names `item` and `items` or goes past them.

    Raises:
        NoValueError: where the path ends early.
    """
    try:
        return reference.value_in(result)
    except NoValueError:
        content = _content(result)
        if content is None:
            raise
        return reference.value_in(content)


def on_the_wire(reference: Reference, alias: str) -> dict[str, str] | None:
    """Write a reference to a command of the same request; None when REST 3.0 has no way to say it."""
    path = reference.path[1:] if reference.path[:1] in (("item",), ("items",)) else reference.path
    if reference.root != "result" or not path or any("." in part for part in path):
        return None
    return {"$refArray" if reference.each else "$ref": ".".join((alias, *path))}


class TextOfV2(str):
    """A text that an answer of the older generation gave, where REST 3.0 may want the number it spells."""


def with_numbers(value: Any, name: str = "") -> Any:
    """Turn ids that the older generation wrote as text into the numbers REST 3.0 takes for them.

    `name` is what the value stands under: a key, or the field of a condition of a filter.
    """
    match value:
        case TextOfV2() if name.lower().endswith("id") and value.isascii() and value.isdecimal():
            return int(value)
        case dict():
            return {key: with_numbers(inner, key) for key, inner in value.items()}
        case [str(field), *rest] if not isinstance(field, TextOfV2):
            return [field, *(with_numbers(inner, field) for inner in rest)]
        case list():
            return [with_numbers(inner, name) for inner in value]
        case _:
            return value


def holds_reference(value: Any) -> bool:
    """Whether the portal would take something in a value for a reference: data that came from elsewhere must not."""
    if isinstance(value, Mapping):
        return any(name in value for name in _NATIVE) or any(map(holds_reference, value.values()))
    return isinstance(value, list) and any(map(holds_reference, value))


def _content(result: Any) -> Any:
    if not isinstance(result, Mapping):
        return None
    return result.get("item") or result.get("items")


def _native(value: Mapping[str, Any]) -> Reference | None:
    sign = next((name for name in _NATIVE if name in value), None)
    if sign is None:
        return None
    path = value[sign]
    if len(value) != 1 or not isinstance(path, str) or not all(path.split(".")) or "." not in path:
        raise NotAReferenceError(
            f'the portal would take an object with {sign} for a reference; write {{"{sign}": "name.field"}}'
        )
    command, *parts = path.split(".")
    return Reference("result", command, tuple(parts), each=_NATIVE[sign])
