"""Judge names at the top of a call that belong into an object, and objects whose names belong to the top."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from b24_mcp.catalog.arguments.nodes import Group, Node, is_custom
from b24_mcp.catalog.arguments.synonyms import synonyms_in
from b24_mcp.catalog.names import folded

_INNER = ("fields", "filter", "data", "field", "params")
"""Parameters whose names are often written beside them, in lower case."""


def misplacement(name: str, value: object, group: Group, given: Collection[str]) -> str:
    """Return where an undocumented name at the top of a call belongs; empty when it is not known."""
    holders = [node for node in group.nodes.values() if node.group is not None and not node.scalars]
    if isinstance(value, Mapping | list) and not is_custom(name):
        keys = _keys_of(value)
        if isinstance(value, Mapping) and _has_any(group, keys):
            return f"is not a parameter of this method; {_listed(keys)} stand at the top, without it"
        lower = {one.lower() for one in given}
        free = [node for node in holders if node.name.lower() not in lower and node.group is not None]
        meant = dict.fromkeys(node.name for node in free if _fits(node, value) and _has_all(node.group, keys))
        if 0 < len(meant) <= len(_INNER):
            return f"is not a parameter of this method; it is called {' or '.join(meant)}"
    for inner in _INNER:
        for node in holders:
            if node.name.lower() == inner and node.group is not None and (known := _known_name(node.group, name)):
                form = f'{{"{node.name}": {{"{known}": …}}}}'
                return f"is not a parameter of this method; it belongs into {node.name}: {form}"
    return ""


def _keys_of(value: Mapping[str, object] | list[object]) -> list[str]:
    objects = [value] if isinstance(value, Mapping) else [item for item in value if isinstance(item, Mapping)]
    return [str(name) for one in objects for name in one]


def _fits(node: Node, value: Mapping[str, object] | list[object]) -> bool:
    return node.takes_object if isinstance(value, Mapping) else node.takes_list


def _has_any(group: Group, keys: Iterable[str]) -> bool:
    return any(key.lower() in group.by_lower for key in keys)


def _has_all(group: Group | None, keys: Collection[str]) -> bool:
    return group is not None and bool(keys) and all(key.lower() in group.by_lower for key in keys)


def _known_name(group: Group, name: str) -> str:
    """Return the documented name that a name is in an object, in any spelling; itself when it fits a pattern there."""
    same = next((node.name for one, node in group.nodes.items() if folded(one) == folded(name)), "")
    if not same and (is_custom(name) and not group.takes_any and group.covers(name)):
        return name
    return same or next(iter(synonyms_in(group, name, "fields")), "")


def _listed(keys: Collection[str]) -> str:
    return ", ".join(list(dict.fromkeys(keys))[:3])
