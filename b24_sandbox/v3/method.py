"""Methods of REST 3.0: name, scope, body, and the data for their OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import described, engine
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


GET = {"id": "integer*", "select": "array"}
LIST = {"filter": "array", "select": "array", "order": "object", "pagination": "object"}
TAIL = {"filter": "array", "select": "array", "cursor": "object"}
ADD = {"fields": "object*"}
UPDATE = {"id": "integer*", "fields": "object*"}
DELETE = {"id": "integer*"}
AGGREGATE = {"select": "object*", "filter": "array"}


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
