"""Read JSON text where an object or a list is meant. Some hosts encode objects inside arguments, some of them twice."""

from __future__ import annotations

import json
from collections.abc import Mapping

from b24_mcp.catalog.arguments.nodes import Group, Node

_DEEPEST = 3
_MOST_ENCODINGS = 3


class RepeatedNameError(ValueError):
    """An object in JSON text has a name twice, so that the second value would replace the first."""


def read_json_text(value: object) -> dict[str, object] | list[object] | None:
    """Return the object or list that a JSON text holds, also when it was encoded twice; None for any other value.

    Raises:
        RepeatedNameError: with the name.
    """
    for _ in range(_MOST_ENCODINGS):
        if not isinstance(value, str) or value.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", '"'):
            break
        try:
            value = json.loads(value.lstrip("\ufeff"), object_pairs_hook=_without_repetition)
        except RepeatedNameError:
            raise
        except (ValueError, RecursionError):
            return None
        if isinstance(value, dict | list):
            return value
    return None


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise RepeatedNameError(repr(name))
        found[name] = value
    return found


def with_objects(group: Group, params: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return parameters with JSON texts read where only an object or a list is accepted, and a warning for each.

    Raises:
        RepeatedNameError: with the name.
    """
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
    return read_json_text(value) if node.is_container else None
