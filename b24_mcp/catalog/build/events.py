"""The facts of an event: its name, its scopes, and the keys of the data that its handler receives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from b24_mcp.catalog.build.header import header_of
from b24_mcp.catalog.build.pages import SourcePage
from b24_mcp.catalog.build.rows import rows_of
from b24_mcp.catalog.facts import Event, Parameter
from b24_mcp.dialect.markup import Block, Code, MarkupTable

# Events of the installation, which a portal sends to the application itself. Source: documentation, events/event-bind.
_NEVER_OFFLINE = frozenset({"onappinstall", "onappuninstall", "onappupdate", "onappmethodconfirm", "onapppayment"})
_COMMENT = re.compile(r"(?m)(?<![:\"'\w])//[^\n\"]*$|/\*.*?\*/", re.S)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_NUMBERED = re.compile(r"\d+|[nN]\d+")
_DEPTH = 6
_TYPES = {str: "string", int: "integer", float: "double", bool: "boolean", list: "array", dict: "object"}


def event_of(page: SourcePage, name: str) -> Event:
    """Read the facts of an event from its page.

    JavaScript subscribes to events of the user interface; `event.bind` refuses them.
    """
    binds = "::" not in name
    return Event(
        name=name,
        scope=tuple(header_of(page.text)[0]) or _scope_of(page.page),
        page=page.page,
        binds=binds,
        offline=binds and name.lower() not in _NEVER_OFFLINE,
        payload=_payload(page.blocks),
    )


def _scope_of(page: str) -> tuple[str, ...]:
    """Return the scope of an old page without a header."""
    return ("crm",) if page.startswith("api-reference/crm/") else ()


def _payload(blocks: Iterable[Block]) -> tuple[Parameter, ...]:
    blocks = list(blocks)
    types = _types(blocks)
    for block in blocks:
        if not isinstance(block, Code) or "data" not in block.text:
            continue
        for sample in _objects(block.text):
            data = sample.get("data")
            if isinstance(data, Mapping) and data:
                return tuple(_keys(data, types, _DEPTH))
    return tuple(Parameter(name, kind, None) for name, kind in types.items() if name.upper() == name)


def _objects(text: str) -> Iterator[Mapping[str, object]]:
    """Yield the JSON object that a sample shows. Comments and commas before a closing bracket are left out."""
    bare = _TRAILING_COMMA.sub(r"\1", _COMMENT.sub("", text)).strip()
    try:
        found = json.loads(bare, strict=False)
    except ValueError:
        return
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict):
        yield found


def _keys(value: Mapping[str, object], types: Mapping[str, str], levels: int) -> Iterator[Parameter]:
    for key, inner in value.items():
        if _NUMBERED.fullmatch(key):  # a list that PHP sends as an object, or ids of the sample portal
            yield Parameter("<key>", "object", None, fields=_inside(inner, types, levels), pattern=True)
            return
        yield Parameter(
            key,
            types.get(key, _TYPES.get(type(inner), "")),
            None,
            is_list=isinstance(inner, list),
            fields=_inside(inner, types, levels),
        )


def _inside(value: object, types: Mapping[str, str], levels: int) -> tuple[Parameter, ...]:
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, dict)), None)
    return tuple(_keys(value, types, levels - 1)) if isinstance(value, dict) and levels > 1 else ()


def _types(blocks: Iterable[Block]) -> dict[str, str]:
    """Return the documented types of the keys, by the last part of their names."""
    found: dict[str, str] = {}
    for block in blocks:
        if isinstance(block, MarkupTable):
            for row in rows_of(block):
                if row.type or row.name.isupper():
                    found.setdefault(row.name.rpartition(".")[2].removesuffix("[]"), row.type)
    return found
