"""Methods that are data: descriptions of fields, constant answers, and rights. The data is in `families/plain`."""

from __future__ import annotations

import json
from functools import cache, partial

from b24_sandbox import declared, php, tables
from b24_sandbox.call import Call
from b24_sandbox.entities import ENTITIES
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import parse_fields
from b24_sandbox.methods.crm_classic import describe
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry

_FOLDER = declared.FOLDER / "plain"


@cache
def _fields() -> Map:
    return tables.load(_FOLDER / "fields.toml")


@cache
def _rights() -> list[tuple[str, PortalError]]:
    refusals = [php.as_map(item) for item in php.as_list(tables.load(_FOLDER / "rights.toml")["refusal"])]
    return [
        (name, PortalError(php.text(refusal["code"]), php.text(refusal["text"])))
        for refusal in refusals
        for name in php.text(refusal["methods"]).split()
    ]


@cache
def _answers(kind: str) -> Map:
    return php.as_map(json.loads((_FOLDER / "answers.json").read_text("utf-8"))[kind])


def described(table: str) -> Map:
    """Descriptions in the classic form of the lines of a table of fields, or of the shown fields of an entity."""
    known = {} if "|" in table else {entity.name: entity.fields for entity in ENTITIES}
    fields = known[table] if table in known else parse_fields(table)
    return {name: describe(field) for name, field in fields.items() if "h" not in field.flags}


def description(name: str) -> Map:
    """The answer of a method that describes fields; empty for an unknown name."""
    return described(php.text(php.as_map(_fields()["crm"]).get(name)))


def _described(name: str, call: Call) -> Value:
    return description(name)


def _constant(value: Value, call: Call) -> Value:
    return value


def _chosen(rows: list[Map], call: Call) -> list[Map]:
    """Rows by `params`: `select`, `filter` by equality and `order` by `ID`."""
    params, found = php.as_map(call.params.get("params")), list(rows)
    for name, wanted in php.as_map(params.get("filter")).items():
        allowed = {php.text(value) for value in php.as_list(wanted)}
        found = [row for row in found if php.text(row.get(name.lstrip("=@"))) in allowed]
    if php.text(php.as_map(params.get("order")).get("ID")).upper() == "DESC":
        found.reverse()
    names = [php.text(name) for name in php.as_list(params.get("select"))]
    if names and "*" not in names:
        found = [{name: row[name] for name in names if name in row} for row in found]
    return found


def register(registry: Registry) -> None:
    """Register the methods that are data."""
    for scope, named in _fields().items():
        for name in php.as_map(named):
            if ":" not in name:
                registry.classic(name, scope, partial(_described, name))
    for scope, named in _answers("values").items():
        for name, value in php.as_map(named).items():
            registry.classic(name, scope, partial(_constant, value))
    for scope, named in _answers("rows").items():
        for name, rows in php.as_map(named).items():
            registry.classic(name, scope, partial(_chosen, [php.as_map(row) for row in php.as_list(rows)]))


def restrict(registry: Registry) -> None:
    """Refuse registered methods to all users except administrators, with the errors of their families."""
    for name, refusal in _rights():
        registry.restrict(name, refusal)
