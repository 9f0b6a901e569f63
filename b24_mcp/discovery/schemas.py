"""The schemas of an OpenAPI document, read as parameters of methods.

Portals write documents with broken or circular links, objects that PHP encoded as empty lists, and types that no
standard has. What cannot be read is left out, and nothing is raised. Depth, width and the length of texts are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from b24_mcp.catalog import Parameter

_DEEPEST = 2  # parameters and their fields; deeper levels are whole related records, which are not sent
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
# These are lists in REST 3.0. Any other parameter of the PHP type `array` may be a list or an object.
_LISTS = ("select", "filter")


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self._schemas = mapping(mapping(document.get("components")).get("schemas"))

    def parameters(self, schema: object) -> tuple[Parameter, ...]:
        """Return the properties of the body of a request."""
        return self._fields(schema, _Limit(_MOST_FIELDS), 1)

    def properties(self, schema: object) -> dict[str, object]:
        """Return the properties of a schema with those of all its parts."""
        found: dict[str, object] = {}
        for part in self._parts(schema):
            found |= {str(name): inner for name, inner in mapping(part.get("properties")).items()}
        return found

    def type_of(self, schema: object, name: str = "") -> str:
        """Return the type in the form of the catalogue, a union joined by `|`; empty when the document has none."""
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

    def _fields(self, schema: object, limit: _Limit, depth: int) -> tuple[Parameter, ...]:
        required = {
            name for part in self._parts(schema) for name in listing(part.get("required")) if isinstance(name, str)
        }
        # All names of a level are read before the fields of the first, in case the limit is reached.
        taken = [(name, inner) for name, inner in self.properties(schema).items() if limit.takes(name)]
        return tuple(self._parameter(name, inner, name in required, limit, depth) for name, inner in taken)

    def _parameter(self, name: str, schema: object, required: bool, limit: _Limit, depth: int) -> Parameter:
        kind = self.type_of(schema, name)
        values = [text(value) for part in self._parts(schema) for value in listing(part.get("enum"))]
        kept = limit.values(list(dict.fromkeys(filter(None, values)))[:_MOST_VALUES]) if values else []
        inner = schema
        if kind == "array":
            inner = next((part["items"] for part in self._parts(schema) if "items" in part), None)
        fields = self._fields(inner, limit, depth + 1) if depth < _DEEPEST and limit.left > 0 else ()
        return Parameter(
            name=name,
            type=kind,
            required=_is_required(schema) if required else False,
            values=tuple(kept),
            is_list=kind == "array",
            fields=fields,
        )

    def _parts(self, schema: object) -> list[Mapping[str, object]]:
        """Return a schema and its parts: links are followed, and branches come one after the other."""
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


class _Limit:
    """The remaining number of fields and characters of one method."""

    def __init__(self, most: int) -> None:
        self.left = most
        self._text = _MOST_TEXT

    def takes(self, name: str) -> bool:
        """Count a field, and return whether it is within the limit."""
        self.left -= 1
        self._text -= len(name)
        return self.left >= 0 and self._text >= 0 and 0 < len(name) <= 100 and name.isprintable()

    def values(self, values: list[str]) -> list[str]:
        """Return the values if all are within the limit: a partial list would make the other values look wrong."""
        self._text -= sum(map(len, values))
        return values if self._text >= 0 else []


def mapping(value: object) -> Mapping[str, object]:
    """Return an object, or an empty one for anything else: PHP encodes an object without entries as a list."""
    return value if isinstance(value, Mapping) else {}


def listing(value: object) -> list[object]:
    """Return a list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: object, longest: int = 100) -> str:
    """Return one line of bounded length from a text of a portal, without HTML; empty unless it is text or a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    line = " ".join(_TAG.sub(" ", str(value)[: 10 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _is_required(schema: object) -> bool | None:
    """Whether a parameter that the document marks as required is really required; None when this is not certain.

    The portal marks every parameter that cannot be null, even one with a default value, which is then the example.
    Without a default value the example is 1 or "string"; for booleans the two cases cannot be told apart. Source:
    source behaviour of the portal.
    """
    form = mapping(schema)
    if form.get("type") == "boolean":
        return None
    example = form.get("example")
    stock = {"integer": 1, "string": "string", "float": 1.0}.get(str(form.get("type")))
    return True if example is None or example == stock or "properties" in form else None
