"""References in a batch of REST 3.0: `{"$ref": "alias.path"}` and `{"$refArray": "alias.path.field"}`.

They are objects in place of a value. Their path leads into the record (`item`) or the rows (`items`) of an earlier
answer and leaves these two names out. `$result[name][field]` has the same meaning here as in older batches and is
translated. Source: documentation, api-reference/rest-v3; source behaviour of the portal for what can be referred to.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24_mcp.rest.batch.references import (
    Insertion,
    NotAReferenceError,
    NoValueError,
    Reference,
    Replacement,
    references_in,
    replace_references,
)

_SIGNS = {"$ref": False, "$refArray": True}


def v3_references_in(value: object) -> list[Reference]:
    """Return the references in a value, at any depth and in order, in either notation.

    Raises:
        NotAReferenceError: a text or an object looks like a reference but is not a valid one.
    """
    found: list[Reference] = []
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if "$" in current:
                found += references_in(current)
        elif isinstance(current, Mapping):
            if (native := _native_reference(current)) is not None:
                found.append(native)
            else:
                pending += reversed(list(current.values()))
        elif isinstance(current, list):
            pending += reversed(current)
    return found


def holds_references(value: object) -> bool:
    """Whether anything in a value, in either notation, is or looks like a reference to another command."""
    try:
        return bool(v3_references_in(value))
    except NotAReferenceError:
        return True


def replace_v3_references(value: object, replacement: Replacement, insertion: Insertion) -> object:
    """Return a copy of a value with its references, in either notation, replaced; see `replace_references`.

    Raises:
        NotAReferenceError, NoValueError: as `replace_references`.
    """
    return replace_references(value, replacement, insertion, _native_reference)


def v3_value(reference: Reference, result: object) -> object:
    """Return the value of a reference in a result of REST 3.0. Its path may name `item` or `items` or leave them out.

    Raises:
        NoValueError: the path ends early.
    """
    try:
        return reference.value_in(result)
    except NoValueError:
        content = (result.get("item") or result.get("items")) if isinstance(result, Mapping) else None
        if content is None:
            raise
        return reference.value_in(content)


def reference_object(reference: Reference, alias: str) -> dict[str, str] | None:
    """Return the object that refers to a command of the same request; None if REST 3.0 cannot express it."""
    path = reference.path[1:] if reference.path[:1] in (("item",), ("items",)) else reference.path
    if reference.root != "result" or not path or any("." in part for part in path):
        return None
    return {"$refArray" if reference.each else "$ref": ".".join((alias, *path))}


class TextOfV2(str):
    """A text from an answer of the older generation, where REST 3.0 may need the number that it spells."""


def with_numbers(value: object, name: str = "") -> object:
    """Return a value in which ids that the older generation wrote as text are numbers, as REST 3.0 takes them.

    `name` is the key of the value, or the field of a condition of a filter.
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


def contains_reference_object(value: object) -> bool:
    """Whether the portal would read an object in a value as a reference."""
    if isinstance(value, Mapping):
        return any(sign in value for sign in _SIGNS) or any(map(contains_reference_object, value.values()))
    return isinstance(value, list) and any(map(contains_reference_object, value))


def _native_reference(value: Mapping[str, object]) -> Reference | None:
    sign = "$ref" if "$ref" in value else "$refArray" if "$refArray" in value else None
    if sign is None:
        return None
    path = value[sign]
    if len(value) != 1 or not isinstance(path, str) or not all(path.split(".")) or "." not in path:
        raise NotAReferenceError(
            f'the portal would take an object with {sign} for a reference; write {{"{sign}": "name.field"}}'
        )
    command, *parts = path.split(".")
    return Reference("result", command, tuple(parts), each=_SIGNS[sign])
