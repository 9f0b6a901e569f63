"""The three languages of configuration files, each edited so that what is not ours stays as it is.

Every edit is checked: read again, the new text must say what the old one said, and the change, and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from b24_mcp.connect import jsonc, toml, yaml
from b24_mcp.connect.jsonc import Step


@dataclass(frozen=True, slots=True)
class Format:
    """One language: reading a text, and putting or dropping what stands at a path. All raise ValueError."""

    name: str
    read: Callable[[str], Any]
    put: Callable[[str, Sequence[Step], Any], str]
    drop: Callable[[str, Sequence[Step]], str]


def put(form: Format, text: str, path: Sequence[Step], value: Any) -> str:
    """Give the text with the value at the path.

    Raises:
        ValueError: when the text is not of this language, or cannot be changed safely.
    """
    expected = _put_in(copy.deepcopy(form.read(text)), path, value)
    return _edited(form, text, expected, lambda plain: form.put(plain, path, value))


def drop(form: Format, text: str, path: Sequence[Step]) -> str:
    """Give the text without what stands at the path, and without the objects and lists that become empty by that.

    Raises:
        ValueError: as `put`.
    """
    before = form.read(text)
    if value_at(before, path) is None:
        return text
    while len(path) > 1 and len(value_at(before, path[:-1])) == 1:
        path = path[:-1]
    expected = _drop_in(copy.deepcopy(before), path)
    return _edited(form, text, expected, lambda plain: form.drop(plain, path))


def value_at(document: Any, path: Sequence[Step]) -> Any:
    """Give what stands at the path, or None."""
    for step in path:
        if isinstance(step, str):
            document = document.get(step) if isinstance(document, dict) else None
        else:
            elements = document if isinstance(document, list) else []
            document = next((e for e in elements if isinstance(e, dict) and e.get(step[0]) == step[1]), None)
    return document


def _edited(form: Format, text: str, expected: Any, edit: Callable[[str], str]) -> str:
    # The line ends of Windows come back at the end: the libraries know one kind.
    windows = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    new = edit(text.replace("\r\n", "\n") if windows else text)
    try:
        safe = form.read(new) == expected
    except ValueError:
        safe = False
    if not safe:
        raise ValueError("it is written in a way that cannot be changed safely")
    return new.replace("\n", "\r\n") if windows else new


def _put_in(document: Any, path: Sequence[Step], value: Any) -> Any:
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        document = {} if document is None else document
        if not isinstance(document, dict):
            raise ValueError(f"{step} does not stand in a table")
        document[step] = _put_in(document.get(step), rest, value) if rest else value
        return document
    document = [] if document is None else document
    if not isinstance(document, list):
        raise ValueError(f"{step[1]} does not stand in a list")
    kept = [e for e in document if not (isinstance(e, dict) and e.get(step[0]) == step[1])]
    return [*kept, value]


def _drop_in(document: Any, path: Sequence[Step]) -> Any:
    step = path[-1]
    parent = value_at(document, path[:-1])
    if isinstance(step, str):
        del parent[step]
    else:
        parent[:] = [e for e in parent if not (isinstance(e, dict) and e.get(step[0]) == step[1])]
    return document


JSON = Format("JSON", jsonc.read, jsonc.put, jsonc.drop)
TOML = Format("TOML", toml.read, toml.put, toml.drop)
YAML = Format("YAML", yaml.read, yaml.put, yaml.drop)
