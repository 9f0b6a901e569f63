"""Reading the portal's XML into what its JSON would have said, as far as XML still knows it.

The portal writes a map as named elements, a list (and a map with numbers as keys) as `<item>` elements, and loses every
type. Source: behaviour of the portal's XML output.
"""

from __future__ import annotations

from typing import Any

import xmltodict

_DEEPEST = 200  # as deep as the reader of JSON goes


def parse_xml(body: bytes) -> dict[str, Any]:
    """Read a `<response>`: elements with only `<item>` children are lists, leaves are text, an empty leaf is `""`.

    Raises:
        ValueError: for anything else than one well-formed `<response>` without entity declarations.
    """
    try:
        document = xmltodict.parse(
            body, xml_attribs=False, disable_entities=True, force_list=("item",), strip_whitespace=False
        )
    except Exception as exc:  # expat's own error class, and what xmltodict raises for entities or odd encodings
        raise ValueError("it is not well-formed") from exc
    root = document.get("response")
    if not isinstance(root, dict):
        raise ValueError("it is not a <response>")
    value = _value(root, _DEEPEST)
    if not isinstance(value, dict):
        raise ValueError("it is not a <response> of named elements")
    return value


def _value(node: Any, levels_left: int) -> Any:
    if levels_left == 0:
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    if node is None:
        return ""
    if not isinstance(node, dict):
        return node
    children = {name: child for name, child in node.items() if name != "#text"}
    if not children:
        return node.get("#text", "")
    if children.keys() == {"item"}:
        return [_value(child, levels_left - 1) for child in children["item"]]
    # The portal cannot repeat a name other than item; should it ever, the last one counts, as in a map.
    return {
        name: _value(child[-1] if isinstance(child, list) else child, levels_left - 1)
        for name, child in children.items()
    }
