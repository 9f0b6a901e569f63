"""The parser for XML answers, which returns what the JSON answer would hold, as far as XML preserves it.

The portal writes a map as named elements, and a list, or a map with numbers as keys, as `<item>` elements. Types are
lost. Source: behaviour of the portal's XML output.
"""

from __future__ import annotations

import xmltodict

_DEEPEST = 200  # as deep as the JSON parser goes


def parse_xml(body: bytes) -> dict[str, object]:
    """Parse a `<response>`: elements with only `<item>` children are lists, leaves are text, an empty leaf is `""`.

    Raises:
        ValueError: the text is not one well-formed `<response>` without entity declarations.
    """
    try:
        document = xmltodict.parse(
            body, xml_attribs=False, disable_entities=True, force_list=("item",), strip_whitespace=False
        )
    except Exception as exc:  # from expat, or from xmltodict for entities or unknown encodings
        raise ValueError("it is not well-formed") from exc
    root = document.get("response")
    if not isinstance(root, dict):
        raise ValueError("it is not a <response>")
    value = _value(root, _DEEPEST)
    if not isinstance(value, dict):
        raise ValueError("it is not a <response> of named elements")
    return value


def _value(node: object, levels_left: int) -> object:
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
    # The portal repeats no name but item. If it did, the last one would count, as in a map.
    return {
        name: _value(child[-1] if isinstance(child, list) else child, levels_left - 1)
        for name, child in children.items()
    }
