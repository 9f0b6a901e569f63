"""Editing YAML as text, by the places a parser gives: what is not ours keeps every byte.

Writing the document anew, as `ruamel.yaml` can, loses the comments that follow an entry which is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

from b24_mcp.connect import jsonc
from b24_mcp.connect.jsonc import Step

_UNSAFE = "it is written in a way that cannot be changed safely"


def read(text: str) -> Any:
    """Give what the text says; an empty text says an empty table.

    Raises:
        ValueError: naming the line that is wrong. It repeats nothing of the text, which may hold secrets.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise ValueError(f"it is not YAML{f': line {mark.line + 1}' if mark else ''}") from None
    return {} if document is None else document


def put(text: str, path: Sequence[Step], value: Any) -> str:
    """Give the text with the value at this path, after what stands beside it."""
    if _is_json(text):
        return jsonc.put(text, path, value)
    text = drop(text, path)
    if text and not text.endswith("\n"):
        text += "\n"
    depth, table = _deepest(text, path)
    if table is None:
        return text + _written(path, value, 0)
    if table.flow_style and table.value:
        raise ValueError(_UNSAFE)
    if table.flow_style:
        start = len(text[: table.start_mark.index].rstrip())
        end = text.find("\n", table.end_mark.index)
        if text[table.end_mark.index : end].strip():
            raise ValueError(_UNSAFE)
        return text[:start] + "\n" + _written(path[depth:], value, 2 * depth) + text[end + 1 :]
    indent = table.value[0][0].start_mark.column
    at = _end_of_content(text, table)
    return text[:at] + _written(path[depth:], value, indent) + text[at:]


def drop(text: str, path: Sequence[Step]) -> str:
    """Give the text without the lines of what stands at this path."""
    if _is_json(text):
        return jsonc.drop(text, path)
    depth, parent = _deepest(text, path[:-1])
    pair = _pair(parent, path[-1]) if depth == len(path) - 1 else None
    if pair is None:
        return text
    key, value = pair
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if parent.flow_style or text[start : key.start_mark.index].strip():
        raise ValueError(_UNSAFE)
    return text[:start] + text[max(_end_of_content(text, value), _next_line(text, key.end_mark.index)) :]


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _deepest(text: str, path: Sequence[Step]) -> tuple[int, Any]:
    """Give the last table that the path leads through, and how many steps lead there; no table for an empty text."""
    from ruamel.yaml import YAML

    node: Any = YAML(pure=True).compose(text)
    if node is None:
        return 0, None
    for depth, step in enumerate(path):
        pair = _pair(node, step)
        if pair is None:
            return depth, node
        if not isinstance(pair[1].value, list) or pair[1].id != "mapping":
            raise ValueError(_UNSAFE)
        node = pair[1]
    return len(path), node


def _pair(table: Any, step: Step) -> Any:
    if table is None:
        return None
    if table.id != "mapping":
        raise ValueError(_UNSAFE)
    return next((pair for pair in table.value if pair[0].value == step), None)


def _end_of_content(text: str, node: Any) -> int:
    """The start of the line after the last one of this value that is neither empty nor a comment."""
    end: int = node.end_mark.index
    if node.id == "scalar" or node.flow_style:
        return _next_line(text, end)
    while end > node.start_mark.index:
        line = text.rfind("\n", 0, max(end - 1, 0)) + 1
        content = text[line:end].strip()
        if content and not content.startswith("#"):
            return end if text[end - 1] == "\n" else _next_line(text, end)
        end = line
    return _next_line(text, node.start_mark.index)


def _next_line(text: str, at: int) -> int:
    if at and text[at - 1] == "\n":
        return at
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _written(path: Sequence[Step], value: Any, indent: int) -> str:
    for step in reversed(path):
        value = {step: value}
    return "".join(" " * indent + line for line in written(value).splitlines(keepends=True))


def written(value: Any) -> str:
    """Write a document anew."""
    from ruamel.yaml import YAML

    out = StringIO()
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width, yaml.sort_base_mapping_type_on_output = False, 1 << 16, False
    yaml.dump(value, out)
    return out.getvalue()
