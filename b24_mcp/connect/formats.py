"""The three languages of configuration files. An edit changes one value and keeps every other byte.

Every edit is checked: the new text is parsed, and must differ from the old one by this value only.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from b24_mcp.connect import jsonc, toml, yaml
from b24_mcp.connect.jsonc import Step


@dataclass(frozen=True, slots=True)
class Format:
    """One language: parse a text, set the value at a path, remove it. All three raise ValueError."""

    name: str
    read: Callable[[str], object]
    put: Callable[[str, Sequence[Step], object], str]
    drop: Callable[[str, Sequence[Step]], str]


def put(form: Format, text: str, path: Sequence[Step], value: object) -> str:
    """Return the text with this value at the path.

    Raises:
        ValueError: when the text is not of this language, or cannot be edited safely.
    """
    expected = _with_value(copy.deepcopy(form.read(text)), path, value)
    return _edited(form, text, expected, lambda plain: form.put(plain, path, value))


def drop(form: Format, text: str, path: Sequence[Step]) -> str:
    """Return the text without the value at the path, and without objects and lists that become empty.

    Raises:
        ValueError: when the text is not of this language, or cannot be edited safely.
    """
    before = form.read(text)
    if value_at(before, path) is None:
        return text
    while len(path) > 1 and _size(value_at(before, path[:-1])) == 1:
        path = path[:-1]
    expected = _without_value(copy.deepcopy(before), path)
    return _edited(form, text, expected, lambda plain: form.drop(plain, path))


def value_at(document: object, path: Sequence[Step]) -> object:
    """Return the value at the path, or None."""
    for step in path:
        if isinstance(step, str):
            document = document.get(step) if isinstance(document, dict) else None
        else:
            elements = document if isinstance(document, list) else []
            document = next((e for e in elements if isinstance(e, dict) and e.get(step[0]) == step[1]), None)
    return document


def _edited(form: Format, text: str, expected: object, edit: Callable[[str], str]) -> str:
    # The libraries know one kind of line ending. Those of Windows are restored at the end.
    windows = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    new = edit(text.replace("\r\n", "\n") if windows else text)
    try:
        safe = form.read(new) == expected
    except ValueError:
        safe = False
    if not safe:
        raise ValueError("it is written in a way that cannot be changed safely")
    return new.replace("\n", "\r\n") if windows else new


def _size(value: object) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _with_value(document: object, path: Sequence[Step], value: object) -> object:
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        document = {} if document is None else document
        if not isinstance(document, dict):
            raise ValueError(f"the parent of {step} is not a table")
        document[step] = _with_value(document.get(step), rest, value) if rest else value
        return document
    document = [] if document is None else document
    if not isinstance(document, list):
        raise ValueError(f"the parent of {step[1]} is not a list")
    return [*_other_elements(document, step), value]


def _without_value(document: object, path: Sequence[Step]) -> object:
    step = path[-1]
    parent = value_at(document, path[:-1])
    if isinstance(step, str) and isinstance(parent, dict):
        del parent[step]
    elif not isinstance(step, str) and isinstance(parent, list):
        parent[:] = _other_elements(parent, step)
    return document


def _other_elements(elements: list[object], step: tuple[str, str]) -> list[object]:
    return [e for e in elements if not (isinstance(e, dict) and e.get(step[0]) == step[1])]


JSON = Format("JSON", jsonc.read, jsonc.put, jsonc.drop)
TOML = Format("TOML", toml.read, toml.put, toml.drop)
YAML = Format("YAML", yaml.read, yaml.put, yaml.drop)
