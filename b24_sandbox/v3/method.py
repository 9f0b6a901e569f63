"""Methods of REST 3.0: name, scope, body, and the data for their OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import errors, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto

Run = Callable[[Context, Map], Value]
"""The body of a method: the call and its decoded parameters -> the value of `result`."""

Answer = Literal["item", "items", "result", "object", "document"]
"""The shape of the result: one record, a list, a boolean, an object of its own, or a complete body without envelope."""
ANSWERS: Mapping[str, Answer] = {word: word for word in get_args(Answer)}


@dataclass(frozen=True, slots=True)
class ServiceMethod:
    """One method.

    With an empty `scope` any valid credentials are accepted. `writes`: an `Idempotency-Key` applies. `admin`: for
    administrators only. `optional`: only some portals have it. `params` are names -> OpenAPI types; a `*` after the
    type marks a required parameter.
    """

    name: str
    scope: str
    run: Run
    answer: Answer
    title: str
    dto: Dto | None = None
    writes: bool = False
    admin: bool = False
    optional: bool = False
    params: Mapping[str, str] = field(default_factory=dict)


_PHP_TYPES = {"integer": "int", "string": "string", "boolean": "bool", "array": "array", "object": "array"}
_ENGINE_PARAMS = frozenset(("select", "filter", "order", "pagination", "cursor", "fields"))
"""Parameters that the engine or the method parses. Their errors have other codes."""
_OWN_ERRORS = ("filter", "select")
"""Parameters whose absence has another error too."""


def checked(declared_params: Mapping[str, str], run: Run, context: Context, params: Map) -> Value:
    """Refuse missing and mistyped parameters, then run a method with the declared ones."""
    given = {name: params[name] for name in declared_params if name in params}
    sent = {name: params.get(name) for name in declared_params}
    required = [name for name, kind in declared_params.items() if kind.endswith("*") and name not in _OWN_ERRORS]
    absent = [name for name in required if sent[name] is None]
    if absent:
        raise errors.invalid([(name, errors.missing_text(name)) for name in absent])
    mistyped: list[tuple[str, str]] = []
    for name, kind in declared_params.items():
        wanted = _PHP_TYPES[kind.rstrip("*?")]
        if sent[name] is not None and name not in _ENGINE_PARAMS and not strict.of_type(wanted, sent[name]):
            mistyped.append((name, errors.wrong_type_text(name, wanted)))
    if mistyped:
        raise errors.invalid(mistyped)
    return run(context, given)
