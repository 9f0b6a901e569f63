"""Edits of JSON with comments as text. Everything else keeps every byte, comments and trailing commas included.

VS Code, Cursor and Gemini CLI accept comments in their configuration, and no maintained library edits such a file in
place. A path is a sequence of steps: a name is a key of an object, a pair `(name, value)` is the element of a list that
has this value under this name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

Step = str | tuple[str, str]

_TRIVIA = re.compile(r"(?:\s+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMENTS_ON_LINE = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*(?:(?!\*/)[^\r\n])*\*/))*")
_FIRST_INDENT = re.compile(r"\n([ \t]+)[^\s]")
_END_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|$)")
_SCALAR = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Node:
    """A value and its range in the text. `items` are those of an object or a list, None for another value."""

    start: int
    end: int
    value: object
    items: tuple[_Item, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """A member of an object, or an element of a list. `start` is the offset of its key, or of its value in a list."""

    key: str | None
    start: int
    node: _Node


def read(text: str) -> object:
    """Return the value of the text. A text of only space and comments is an empty object.

    Raises:
        ValueError: with the number of the wrong line. It repeats nothing of the text, which may hold secrets.
    """
    root = _parse(text)
    return {} if root is None else root.value


def put(text: str, path: Sequence[Step], value: object) -> str:
    """Return the text with this value at the path. Missing objects and lists are created.

    Raises:
        ValueError: when the text is not JSON, or the path leads through a value that is not an object or a list.
    """
    node = _parse(text)
    if node is None:
        return f"{text}{_dumps(_nested(path, value), '  ', '')}\n"
    for depth, step in enumerate(path):
        item = _find(node, step)
        if item is None:
            return _insert(text, node, step, _nested(path[depth + 1 :], value))
        node = item.node
    return text[: node.start] + _dumps(value, _unit(text), _indent_at(text, node.start)) + text[node.end :]


def drop(text: str, path: Sequence[Step]) -> str:
    """Return the text without the value at the path, or the same text when the path has no value."""
    node = _parse(text)
    parent, found = node, None
    for step in path:
        if node is None or node.items is None:
            return text
        found = _find(node, step)
        if found is None:
            return text
        parent, node = node, found.node
    if parent is None or found is None:
        return text
    return _remove(text, parent, found)


def _insert(text: str, container: _Node, step: Step, value: object) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    items = container.items or ()
    label = f"{json.dumps(step, ensure_ascii=False)}: " if isinstance(step, str) else ""
    if items and not re.search(r"[\r\n]", text[container.start : container.end]):
        end = items[-1].node.end
        return f"{text[:end]}, {label}{json.dumps(value, ensure_ascii=False)}{text[end:]}"
    outer = _indent_at(text, container.start)
    indent = outer + _unit(text)
    if items and not text[_line_start(text, items[-1].start) : items[-1].start].strip():
        indent = _indent_at(text, items[-1].start)
    member = (
        (newline + indent + label + _dumps(value, _unit(text), indent)).replace("\r\n", "\n").replace("\n", newline)
    )
    if not items:
        inner = text[container.start + 1 : container.end - 1]
        at = container.start + 1 + len(inner.rstrip())
        rest = text[at : container.end - 1] if inner.strip() and "\n" in text[at : container.end] else newline + outer
        return text[:at] + member + rest + text[container.end - 1 :]
    end = items[-1].node.end
    comma = _comma_after(text, end)
    after = end if comma is None else comma + 1
    line_end = _match_end(_COMMENTS_ON_LINE, text, after)
    if comma is None:
        return f"{text[:end]},{text[end:line_end]}{member}{text[line_end:]}"
    return f"{text[:line_end]}{member},{text[line_end:]}"


def _remove(text: str, container: _Node, item: _Item) -> str:
    items = container.items or ()
    before, end = text[: item.start], item.node.end
    comma = _comma_after(text, end)
    end = _match_end(_COMMENTS_ON_LINE, text, end if comma is None else comma + 1)
    start = len(before.rstrip())
    alone = len(items) == 1 and start == container.start + 1 and not text[end : container.end - 1].strip()
    if alone:
        return f"{text[:start]}{text[container.end - 1 :]}"
    last = item is items[-1]
    if not _END_OF_LINE.match(text, end) and not (last and "\n" not in text[start : item.start]):
        start = item.start
        end += len(text[end:]) - len(text[end:].lstrip(" \t"))
    head = text[:start]
    if comma is None and last and len(items) > 1:
        previous = _comma_after(text, items[-2].node.end)
        assert previous is not None
        head = text[:previous] + text[previous + 1 : start]
    return head + text[end:]


def _find(node: _Node, step: Step) -> _Item | None:
    wanted = dict if isinstance(step, str) else list
    if node.items is None or not isinstance(node.value, wanted):
        raise ValueError("it has an object where a list is expected, or a list where an object is expected")
    if isinstance(step, str):
        hits = [item for item in node.items if item.key == step]
    else:
        name, value = step
        hits = [i for i in node.items if isinstance(i.node.value, dict) and i.node.value.get(name) == value]
    if len(hits) > 1:
        raise ValueError(f"{step if isinstance(step, str) else step[1]} is given twice")
    return hits[0] if hits else None


def _nested(path: Sequence[Step], value: object) -> object:
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _dumps(value: object, unit: str, indent: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", "\n" + indent)


def _unit(text: str) -> str:
    found = _FIRST_INDENT.search(text)
    return found[1] if found else "  "


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _indent_at(text: str, at: int) -> str:
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _comma_after(text: str, at: int) -> int | None:
    at = _match_end(_TRIVIA, text, at)
    return at if text[at : at + 1] == "," else None


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _parse(text: str) -> _Node | None:
    at = _match_end(_TRIVIA, text, 0)
    if at == len(text):
        return None
    try:
        node = _value(text, at)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    end = _match_end(_TRIVIA, text, node.end)
    if end != len(text):
        raise _wrong(text, end)
    return node


def _value(text: str, at: int) -> _Node:
    opening = text[at : at + 1]
    if opening in ("{", "["):
        return _container(text, at, "}" if opening == "{" else "]")
    try:
        value, end = _SCALAR.raw_decode(text, at)
    except ValueError:
        raise _wrong(text, at) from None
    return _Node(at, end, value)


def _container(text: str, start: int, closing: str) -> _Node:
    items: list[_Item] = []
    at = _match_end(_TRIVIA, text, start + 1)
    while text[at : at + 1] != closing:
        items.append(_item(text, at, named=closing == "}"))
        at = _match_end(_TRIVIA, text, items[-1].node.end)
        if text[at : at + 1] == ",":
            at = _match_end(_TRIVIA, text, at + 1)
        elif text[at : at + 1] != closing:
            raise _wrong(text, at)
    value: object = [i.node.value for i in items]
    if closing == "}":
        value = {i.key: i.node.value for i in items}
    return _Node(start, at + 1, value, tuple(items))


def _item(text: str, start: int, *, named: bool) -> _Item:
    if not named:
        return _Item(None, start, _value(text, start))
    key = _value(text, start)
    colon = _match_end(_TRIVIA, text, key.end)
    if not isinstance(key.value, str) or text[colon : colon + 1] != ":":
        raise _wrong(text, colon)
    return _Item(key.value, start, _value(text, _match_end(_TRIVIA, text, colon + 1)))


def _wrong(text: str, at: int) -> ValueError:
    return ValueError(f"line {text.count(chr(10), 0, at) + 1} is not JSON")
