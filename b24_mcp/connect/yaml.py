"""Edits of YAML as text, at positions that a parser reports. Everything else keeps every byte.

`ruamel.yaml` could write the whole document, but would lose the comments after an entry that is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from b24_mcp.connect import jsonc
from b24_mcp.connect.jsonc import Step

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

_UNSAFE = "it is written in a way that cannot be changed safely"


def read(text: str) -> object:
    """Return the value of the text. An empty text is an empty table.

    Raises:
        ValueError: with the number of the wrong line. It repeats nothing of the text, which may hold secrets.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document: object = YAML(typ="safe", pure=True).load(text)
    except YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise ValueError(f"it is not YAML{f': line {mark.line + 1}' if mark else ''}") from None
    return {} if document is None else document


def put(text: str, path: Sequence[Step], value: object) -> str:
    """Return the text with this value at the path, after its neighbours.

    Raises:
        ValueError: when the text cannot be edited safely.
    """
    if _is_json(text):
        return jsonc.put(text, path, value)
    text = drop(text, path)
    if text and not text.endswith("\n"):
        text += "\n"
    depth, table = _deepest(text, path)
    if table is None:
        return text + _indented(path, value, 0)
    if table.flow_style and table.value:
        raise ValueError(_UNSAFE)
    if table.flow_style:
        start = len(text[: table.start_mark.index].rstrip())
        end = text.find("\n", table.end_mark.index)
        if text[table.end_mark.index : end].strip():
            raise ValueError(_UNSAFE)
        return text[:start] + "\n" + _indented(path[depth:], value, 2 * depth) + text[end + 1 :]
    indent = table.value[0][0].start_mark.column
    at = _end_of_content(text, table)
    return text[:at] + _indented(path[depth:], value, indent) + text[at:]


def drop(text: str, path: Sequence[Step]) -> str:
    """Return the text without the lines of the value at the path.

    Raises:
        ValueError: when the text cannot be edited safely.
    """
    if _is_json(text):
        return jsonc.drop(text, path)
    depth, parent = _deepest(text, path[:-1])
    pair = _pair(parent, path[-1]) if parent is not None and depth == len(path) - 1 else None
    if parent is None or pair is None:
        return text
    key, value = pair
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if parent.flow_style or text[start : key.start_mark.index].strip():
        raise ValueError(_UNSAFE)
    return text[:start] + text[max(_end_of_content(text, value), _next_line(text, key.end_mark.index)) :]


def dump(value: object) -> str:
    """Return the value as a new document."""
    from ruamel.yaml import YAML

    out = StringIO()
    yaml = YAML(typ="safe", pure=True)
    for name, setting in (
        ("default_flow_style", False),
        ("width", 1 << 16),
        ("sort_base_mapping_type_on_output", False),
    ):
        setattr(yaml, name, setting)
    yaml.dump(value, out)
    return out.getvalue()


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _deepest(text: str, path: Sequence[Step]) -> tuple[int, MappingNode | None]:
    """Return the deepest table on the path and the number of steps to it; None for an empty text.

    Raises:
        ValueError: when the path leads through a value that is not a table.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import MappingNode

    node: Node | None = YAML(pure=True).compose(text)
    if node is None:
        return 0, None
    if not isinstance(node, MappingNode):
        raise ValueError(_UNSAFE)
    for depth, step in enumerate(path):
        pair = _pair(node, step)
        if pair is None:
            return depth, node
        if not isinstance(pair[1], MappingNode):
            raise ValueError(_UNSAFE)
        node = pair[1]
    return len(path), node


def _pair(table: MappingNode, step: Step) -> tuple[Node, Node] | None:
    return next((pair for pair in table.value if pair[0].value == step), None)


def _end_of_content(text: str, node: Node) -> int:
    """Return the start of the line after the last line of a value that is not empty or a comment."""
    from ruamel.yaml.nodes import CollectionNode

    end: int = node.end_mark.index
    if not isinstance(node, CollectionNode) or node.flow_style:
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


def _indented(path: Sequence[Step], value: object, indent: int) -> str:
    for step in reversed(path):
        value = {step: value}
    return "".join(" " * indent + line for line in dump(value).splitlines(keepends=True))
