"""Edits of TOML as text. A table is added at the end and removed as a block of lines; the rest keeps every byte.

`tomlkit` keeps comments too, but leaves empty lines behind, and inserts a new table without an empty line before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from b24_mcp.connect.jsonc import Step

_HEADER = re.compile(r"[ \t]*\[")
_NO_CONTENT = re.compile(r"[ \t]*(?:#.*)?\r?\n?$")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read(text: str) -> object:
    """Return the value of the text.

    Raises:
        ValueError: with the position of the mistake. It repeats nothing of the text, which may hold secrets.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        place = re.search(r"\(at [^()]*\)$", str(exc))
        raise ValueError(f"it is not TOML {place[0] if place else ''}".rstrip()) from None


def put(text: str, path: Sequence[Step], value: object) -> str:
    """Return the text with this table at its end. An earlier table of the same name is removed.

    Raises:
        ValueError: when the value is not a table, or holds a value that cannot be written.
    """
    if not isinstance(value, dict):
        raise ValueError("only a table can be written")
    text = drop(text, path)
    if text.strip():
        text = text if text.endswith("\n") else text + "\n"
        text += "\n"
    lines = [f"{_key(name)} = {_value(item)}" for name, item in value.items()]
    return text + "\n".join([f"[{'.'.join(_key(str(step)) for step in path)}]", *lines]) + "\n"


def drop(text: str, path: Sequence[Step]) -> str:
    """Return the text without the blocks of this table and of the tables inside it."""
    names = r"[ \t]*\.[ \t]*".join(
        rf"(?:{re.escape(str(s))}|\"{re.escape(str(s))}\"|'{re.escape(str(s))}')" for s in path
    )
    ours = re.compile(rf"[ \t]*\[[ \t]*{names}[ \t]*(?:\.|\])")
    kept: list[str] = []
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        if not ours.match(lines[at]):
            kept.append(lines[at])
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
        while end > at + 1 and _NO_CONTENT.match(lines[end - 1]):
            end -= 1
        if kept and not kept[-1].strip():
            kept.pop()
        at = end
    return "".join(kept)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(name)} = {_value(item)}' for name, item in value.items())} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    raise ValueError(f"a value of type {type(value).__name__} cannot be written")
