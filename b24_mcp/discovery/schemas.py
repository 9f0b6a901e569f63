"""Shapes in an OpenAPI document: what a schema means as the parameter of a method.

Documents are written by portals and taken as they come: links that lead nowhere or in circles, maps that PHP wrote as
empty lists, types no standard knows. What cannot be read is left out; nothing is raised. Depth, width and the length of
texts are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from b24_mcp.catalog import Parameter

_DEEPEST = 2  # parameters and their fields: deeper lie whole related records, which nobody sends
_MOST_FIELDS = 400
_MOST_VALUES = 50
_MOST_TEXT = 12_000  # characters of names and values of one method
_MOST_LINKS = 8
_MOST_BRANCHES = 16
_TYPES = {"integer", "string", "boolean", "array", "object", "number"}
_FORMATS = {"date-time": "datetime", "date": "date"}
_LINK = "#/components/schemas/"
_BRANCHES = ("oneOf", "anyOf")
_TAG = re.compile(r"<[^<>]{0,200}>")
# REST 3.0 takes lists here; of any other parameter of PHP's type `array` the document cannot say whether it is a list.
_LISTS = ("select", "filter")


class Shapes:
    """The schemas of one document."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self._schemas = mapping(mapping(document.get("components")).get("schemas"))

    def parameters(self, schema: object) -> tuple[Parameter, ...]:
        """Return the properties of the body of a request."""
        return self._fields(schema, _Room(_MOST_FIELDS), 1)

    def properties(self, schema: object) -> dict[str, object]:
        """The properties of a schema, those of all its parts together."""
        found: dict[str, object] = {}
        for part in self._parts(schema):
            found |= {str(name): inner for name, inner in mapping(part.get("properties")).items()}
        return found

    def type_of(self, schema: object, name: str = "") -> str:
        """The type as the catalogue writes it, a union joined by `|`; empty when the document does not say."""
        found: list[str] = []
        for part in self._parts(schema):
            written = part.get("type")
            for kind in written if isinstance(written, list) else [written]:
                found += self._kinds(kind, part, name)
        return "|".join(dict.fromkeys(found))

    def _kinds(self, kind: object, part: Mapping[str, object], name: str) -> list[str]:
        if kind == "float":
            return ["number"]
        if kind == "string":
            return [_FORMATS.get(str(part.get("format")), "string")]
        if kind == "array" and "items" not in part and name not in _LISTS:
            return ["array", "object"]
        if isinstance(kind, str) and kind in _TYPES:
            return [kind]
        return ["object"] if kind is None and mapping(part.get("properties")) else []

    def _fields(self, schema: object, room: _Room, depth: int) -> tuple[Parameter, ...]:
        required = {
            name for part in self._parts(schema) for name in listing(part.get("required")) if isinstance(name, str)
        }
        # All names of a level before what is inside the first of them, in case there is no room for everything.
        taken = [(name, inner) for name, inner in self.properties(schema).items() if room.takes(name)]
        return tuple(self._parameter(name, inner, name in required, room, depth) for name, inner in taken)

    def _parameter(self, name: str, schema: object, required: bool, room: _Room, depth: int) -> Parameter:
        kind = self.type_of(schema, name)
        values = [text(value) for part in self._parts(schema) for value in listing(part.get("enum"))]
        kept = room.values(list(dict.fromkeys(filter(None, values)))[:_MOST_VALUES]) if values else []
        inner = schema
        if kind == "array":
            inner = next((part["items"] for part in self._parts(schema) if "items" in part), None)
        fields = self._fields(inner, room, depth + 1) if depth < _DEEPEST and room.left > 0 else ()
        return Parameter(
            name=name,
            type=kind,
            required=_is_required(schema) if required else False,
            values=tuple(kept),
            is_list=kind == "array",
            fields=fields,
        )

    def _parts(self, schema: object) -> list[Mapping[str, object]]:
        """A schema and what it is put together of: its links followed, its branches one after the other."""
        found: list[Mapping[str, object]] = []
        waiting = [(schema, 0)]
        while waiting and len(found) < _MOST_BRANCHES:
            current, links = waiting.pop(0)
            if not isinstance(current, Mapping) or links > _MOST_LINKS:
                continue
            found.append(current)
            waiting += [(inner, links + 1) for inner in self._behind(current)]
        return found

    def _behind(self, schema: Mapping[str, object]) -> Iterator[object]:
        link = schema.get("$ref")
        if isinstance(link, str) and link.startswith(_LINK):
            yield self._schemas.get(link.removeprefix(_LINK))
        for key in ("allOf", *_BRANCHES):
            yield from listing(schema.get(key))[:_MOST_BRANCHES]


class _Room:
    """How many fields, and how much text, the description of one method may still take."""

    def __init__(self, most: int) -> None:
        self.left = most
        self._text = _MOST_TEXT

    def takes(self, name: str) -> bool:
        """Return whether a field of this name is one to keep; keeps count."""
        self.left -= 1
        self._text -= len(name)
        return self.left >= 0 and self._text >= 0 and 0 < len(name) <= 100 and name.isprintable()

    def values(self, values: list[str]) -> list[str]:
        """Return the values if there is room for all: with a part of them the others would be taken for wrong."""
        self._text -= sum(map(len, values))
        return values if self._text >= 0 else []


def mapping(value: object) -> Mapping[str, object]:
    """A map, or an empty one: PHP writes a map without entries as a list."""
    return value if isinstance(value, Mapping) else {}


def listing(value: object) -> list[object]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: object, longest: int = 100) -> str:
    """One line of bounded length out of what a portal wrote, HTML or not; empty for what is no text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    line = " ".join(_TAG.sub(" ", str(value)[: 10 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _is_required(schema: object) -> bool | None:
    """Whether a parameter the document marks as required really is.

    The portal marks every parameter that may not be null, those with a default value too, which then stands as the
    example. Without one the example is 1 or "string"; for yes and no nobody can tell.
    Source behaviour of the portal.
    """
    form = mapping(schema)
    if form.get("type") == "boolean":
        return None
    example = form.get("example")
    stock = {"integer": 1, "string": "string", "float": 1.0}.get(str(form.get("type")))
    return True if example is None or example == stock or "properties" in form else None
