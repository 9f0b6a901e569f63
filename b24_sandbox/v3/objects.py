"""The objects and methods of REST 3.0 that are described as data: the reader of `objects/*.toml`.

A file has the `scope` of a module, its `methods`, and one `[[object]]` for each object. An object has the keys of
`b24_sandbox.v3.dto.Dto`, names of tables for `table` and `extras`, and one line for each property:

    status  enum:status  sed  STATUS

name, type, flags, column. Types: `int`, `float`, `string`, `bool`, `date`, `datetime`, `utc` (a date-time shown as text
in UTC), `array:int` and `array:string` (lists), `enum:name` (words for stored values, see `enums`), `one:UserDto` and
`many:UserDto` (relations through the column of ids), `object`. Flags: `f` filterable, `s` sortable, `e` editable, `a`
for an add only, `q` required on an add, `d` shown by default, `x` stored in the table of extras, `z` 0 for an empty
value; `-` means no flags. Instead of a column: `-` for a value computed in code, an SQL expression in parentheses for
one that is also sorted, `=` and a constant as JSON, or a text with columns (and the acting `USER`) in braces.

A method is one line:

    mail.message.send - object w | from:string* to:array* cc:array | Send a message

name, object (`-`: none), shape of the result, `w` for a method that writes, `a` for one of administrators, `o` for one
that only some portals have; parameters with their OpenAPI types, `*` after a required one and `?` after one that is not
described; the title. The word `fields` instead of a shape declares `field.list` and `field.get`. A method without a
body in code is the operation of its last word.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from string import Formatter
from typing import Any

from b24_sandbox import php
from b24_sandbox.entities import ENTITIES
from b24_sandbox.php import Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import described, engine
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Check, Computed, Dto, Property
from b24_sandbox.v3.method import ANSWERS, Run, ServiceMethod, checked

_FOLDER = Path(__file__).with_name("objects")
_OPERATIONS: dict[str, Callable[[Dto, Context, dict[str, Value]], Value]] = {
    "get": engine.get,
    "list": engine.list_page,
    "tail": engine.tail,
    "aggregate": engine.aggregate,
    "add": engine.add,
    "update": engine.update,
    "delete": engine.delete,
}


@cache
def facts(module: str) -> dict[str, Any]:
    """Everything in the file of a module, for facts that only its code uses."""
    return tomllib.loads((_FOLDER / f"{module}.toml").read_text("utf-8"))


@cache
def _objects(module: str) -> dict[str, Dto]:
    """The objects of a file by name, with their relations."""
    tables = {entity.name: entity for entity in ENTITIES}
    found: dict[str, Dto] = {}
    for data in facts(module)["object"]:
        options = {key: value for key, value in data.items() if key not in ("table", "properties")}
        for key, table in (("entity", "table"), ("extras", "extras")):
            if table in data:
                options[key] = tables[data[table]]
        lines = [line.split(maxsplit=3) for line in data["properties"].splitlines()]
        properties = {name: _property(name, kind, flags, column) for name, kind, flags, column in lines}
        options["enums"] = {name: _enum(words) for name, words in data.get("enums", {}).items()}
        found[data["name"]] = dto = Dto(properties=properties, **options)
        for name, _, flags, column in lines:
            rule = _rule(flags, column)
            if rule is not None:
                dto.computed[name] = rule
    for dto in found.values():
        relations = (prop for prop in dto.properties.values() if prop.relation)
        dto.related.update({prop.detail: found[prop.detail] for prop in relations})
    return found


def _property(name: str, kind: str, flags: str, column: str) -> Property:
    kind, _, detail = kind.partition(":")
    stored = "" if column == "-" or column.startswith("=") or "{" in column else column
    return Property(name, kind, detail, "" if flags == "-" else flags, stored)


def _enum(words: Mapping[str, Value]) -> dict[str, Value]:
    """Words and their stored values; the empty text stands for an empty column."""
    return {word: None if kept == "" else kept for word, kept in words.items()}


def _rule(flags: str, column: str) -> Computed | None:
    """How a property is computed that is not just a column and not computed in code."""
    if "z" in flags:
        return lambda context, row: row.integer(column)
    if column.startswith("="):
        constant = column.removeprefix("=")
        return lambda context, row: json.loads(constant)
    if "{" not in column:
        return None
    names = [name for _, name, _, _ in Formatter().parse(column) if name]

    def text(context: Context, row: Row) -> Value:
        cells = {name: php.text(context.user) if name == "USER" else row.text(name) for name in names}
        return column.format_map(cells).strip()

    return text


def dto(module: str, name: str, computed: Mapping[str, Computed] | None = None, check: Check | None = None) -> Dto:
    """Return an object of a file, with the rules that are code: computed properties and a check of written values."""
    found = _objects(module)[name]
    found.computed.update(computed or {})
    found.check = check or found.check
    return found


def methods(module: str, bodies: Mapping[str, Run]) -> Iterator[ServiceMethod]:
    """Build the methods of a file. `bodies` are those in code, by the names of the methods."""
    scope, objects = facts(module)["scope"], _objects(module)
    for line in filter(None, facts(module)["methods"].splitlines()):
        head, listed, title = [*map(str.strip, line.split("|")), "", ""][:3]
        name, shown, shape, *flags = head.split()
        about = objects.get(shown)
        if shape == "fields" and about is not None:
            yield from _fields(name, scope, about, admin="a" in flags)
            continue
        every = {key: kind for key, _, kind in (item.partition(":") for item in listed.split())}
        params = {key: kind for key, kind in every.items() if not kind.endswith("?")}
        run = bodies[name] if about is None or name in bodies else partial(_OPERATIONS[name.rpartition(".")[2]], about)
        yield ServiceMethod(
            name,
            scope,
            partial(checked, every, run),
            ANSWERS[shape],
            title,
            about,
            writes="w" in flags,
            admin="a" in flags,
            optional="o" in flags,
            params=params,
        )


def _fields(prefix: str, scope: str, dto: Dto, *, admin: bool) -> Iterator[ServiceMethod]:
    """`*.field.list` and `*.field.get` of a DTO."""
    yield ServiceMethod(
        f"{prefix}.field.list",
        scope,
        partial(described.field_list, dto),
        "items",
        f"Fields of {prefix}",
        admin=admin,
        params={"select": "array"},
    )
    yield ServiceMethod(
        f"{prefix}.field.get",
        scope,
        partial(described.field_get, dto),
        "item",
        f"One field of {prefix}",
        admin=admin,
        params={"name": "string*", "select": "array"},
    )
