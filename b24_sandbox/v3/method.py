"""Methods of REST 3.0: name, scope, body, and the data for their OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import described, engine, errors, values
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto

Run = Callable[[Context, Map], Value]
"""The body of a method: the call and its decoded parameters -> the value of `result`."""

Answer = Literal["item", "items", "result", "object", "document"]
"""The shape of the result: one record, a list, a boolean, an object of its own, or a complete body without envelope."""


@dataclass(frozen=True, slots=True)
class ServiceMethod:
    """One method.

    With an empty `scope` any valid credentials are accepted. `writes`: an `Idempotency-Key` applies. `admin`: for
    administrators only. `params` are names -> OpenAPI types; a `*` after the type marks a required parameter.
    """

    name: str
    scope: str
    run: Run
    answer: Answer
    title: str
    dto: Dto | None = None
    writes: bool = False
    admin: bool = False
    params: Mapping[str, str] = field(default_factory=dict)


AGGREGATE = {"select": "object*", "filter": "array"}


_PHP_TYPES = {"integer": "int", "string": "string", "boolean": "bool", "array": "array", "object": "array"}
_ENGINE_PARAMS = frozenset(("select", "filter", "order", "pagination", "cursor", "fields"))
"""Parameters that the engine or the method parses. Their errors have other codes."""
_ANSWERS: Mapping[str, Answer] = {word: word for word in get_args(Answer)}


def declared(prefix: str, scope: str, dto: Dto | None, table: str, bodies: Mapping[str, Run]) -> list[ServiceMethod]:
    """Build methods from a table of text, one line per method:

        send object w | from:string* to:array* cc:array | Send a message

    The last part of the name, the shape of the result, `w` for a method that writes and `a` for one of administrators;
    parameters with their OpenAPI types, `*` after a required one; the title. Parameters are checked against their types
    before the body of `bodies` runs.
    """
    methods: list[ServiceMethod] = []
    for line in filter(None, map(str.strip, table.splitlines())):
        head, listed, title = map(str.strip, line.split("|"))
        action, shape, *flags = head.split()
        params = {name: kind for name, _, kind in (item.partition(":") for item in listed.split())}
        run = partial(_checked, params, bodies[action])
        name = f"{prefix}.{action}"
        marks = {"writes": "w" in flags, "admin": "a" in flags}
        methods.append(ServiceMethod(name, scope, run, _ANSWERS[shape], title, dto, **marks, params=params))
    return methods


def _checked(declared_params: Mapping[str, str], run: Run, context: Context, params: Map) -> Value:
    """Refuse missing and mistyped parameters, then run a method."""
    sent = {name: params.get(name) for name in declared_params}
    required = [name for name, kind in declared_params.items() if kind.endswith("*") and name != "filter"]
    absent = [name for name in required if sent[name] is None]
    if absent:
        raise errors.invalid([(name, errors.missing_text(name)) for name in absent])
    mistyped: list[tuple[str, str]] = []
    for name, kind in declared_params.items():
        wanted = _PHP_TYPES[kind.rstrip("*")]
        if sent[name] is not None and name not in _ENGINE_PARAMS and not values.of_type(wanted, sent[name]):
            mistyped.append((name, errors.wrong_type_text(name, wanted)))
    if mistyped:
        raise errors.invalid(mistyped)
    return run(context, params)


def fields_of(prefix: str, scope: str, dto: Dto, *, admin: bool = False) -> list[ServiceMethod]:
    """`*.field.list` and `*.field.get` of a DTO."""
    return [
        ServiceMethod(
            f"{prefix}.field.list",
            scope,
            partial(described.field_list, dto),
            "items",
            f"Fields of {prefix}",
            admin=admin,
            params={"select": "array"},
        ),
        ServiceMethod(
            f"{prefix}.field.get",
            scope,
            partial(described.field_get, dto),
            "item",
            f"One field of {prefix}",
            admin=admin,
            params={"name": "string*", "select": "array"},
        ),
    ]


def aggregated(prefix: str, scope: str, dto: Dto, *, admin: bool = False) -> ServiceMethod:
    """`*.aggregate` of a DTO. The framework supports it, no documented module has it."""
    run = partial(engine.aggregate, dto)
    return ServiceMethod(
        f"{prefix}.aggregate", scope, run, "object", f"Totals of {prefix}", dto, admin=admin, params=AGGREGATE
    )
