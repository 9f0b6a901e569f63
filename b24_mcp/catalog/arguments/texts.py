"""Read JSON text where an object or a list is meant."""

from __future__ import annotations

import json
from collections.abc import Mapping

from b24_mcp.catalog.arguments.nodes import Group, Node

_DEEPEST = 3


def with_objects(group: Group, params: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return parameters with JSON texts read where only an object or a list is accepted, and a warning for each."""
    changes: list[str] = []
    return _read(group, params, "", changes, _DEEPEST), changes


def _read(group: Group, given: Mapping[str, object], path: str, changes: list[str], levels: int) -> dict[str, object]:
    read: dict[str, object] = dict(given)
    for name, value in given.items():
        node = group.nodes.get(name) or group.nodes.get(group.by_lower.get(str(name).lower(), ""))
        if node is None:
            continue
        parsed = _parsed(node, value)
        if parsed is not None:
            kind = "an object" if isinstance(parsed, dict) else "a list"
            changes.append(f"{path}{name} was JSON text; it was sent as {kind}")
            value = read[name] = parsed
        if levels and node.group is not None and isinstance(value, dict):
            read[name] = _read(node.group, value, f"{path}{name}.", changes, levels - 1)
    return read


def _parsed(node: Node, value: object) -> dict[str, object] | list[object] | None:
    if not isinstance(value, str) or not node.is_container or value.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict | list) else None
