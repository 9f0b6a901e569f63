"""Methods with positional arguments: values are read in the order they appear.

A method is described by its parameters in order. The sent values are checked against them before the method runs, with
the portal's texts for errors. Documentation: api-reference/tasks/** ("keep the order of parameters").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Sent

Positional = TypeVar("Positional", bound=Callable[..., Value])


@dataclass(frozen=True, slots=True)
class PositionalParam:
    """One parameter: the portal's name, `integer`, `array`, `string` or `any`, and whether it is optional."""

    name: str
    kind: str
    optional: bool = False


def task_error(number: int, words: str, code: str, dot: str = "") -> PortalError:
    """The form of all errors of the old task classes: `TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/...<br>`."""
    return PortalError("ERROR_CORE", f"TASKS_ERROR_EXCEPTION_#{number}; {words}; {number}/TE/{code}{dot}<br>")


def wrong(words: str) -> PortalError:
    """An argument of the wrong type at its position."""
    return task_error(256, words, "WRONG_ARGUMENTS")


def parse(signature: str) -> tuple[PositionalParam, ...]:
    """Parse `taskId:integer arOrder:array?` into parameters."""
    params = []
    for word in signature.split():
        name, _, kind = word.partition(":")
        params.append(PositionalParam(name, kind.rstrip("?"), kind.endswith("?")))
    return tuple(params)


def arguments(call: Call, php_method: str, params: Sequence[PositionalParam]) -> list[Any]:
    """The sent values, checked and converted: integers as `int`, arrays as maps, omitted ones as empty."""
    sent = call.positional()
    taken: list[Any] = []
    for position, param in enumerate(params):
        place = f"Param #{position} ({param.name})"
        if position >= len(sent):
            if not param.optional:
                raise wrong(f"{place} expected by method {php_method}(), but not given.")
            taken.append(_EMPTY[param.kind])
            continue
        value = sent[position]
        if param.optional and value in (None, ""):
            taken.append(_EMPTY[param.kind])
            continue
        if not _ACCEPTS[param.kind](value):
            raise wrong(
                f'{place} for method {php_method}() expected to be of type "{param.kind}", but given something else.'
            )
        taken.append(_TURNED[param.kind](value))
    return taken


def _whole(value: Value) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())


_ACCEPTS: dict[str, Callable[[Value], bool]] = {
    "integer": _whole,
    "array": php.is_array,
    "string": lambda value: not php.is_array(value),
    "any": lambda value: True,
}
_TURNED: dict[str, Callable[[Value], Value]] = {
    "integer": php.integer,
    "array": lambda value: Sent(php.as_map(value)),
    "string": php.text,
    "any": lambda value: value,
}
_EMPTY: dict[str, Value] = {"integer": 0, "array": Sent(), "string": "", "any": None}


class PositionalTable(MethodTable):
    """The methods with positional arguments that a module defines, in the scope of tasks."""

    def __init__(self) -> None:
        super().__init__("task")

    def taking(self, name: str, signature: str, php_method: str = "") -> Callable[[Positional], Positional]:
        """Decorate a function that gets the call and one argument per parameter of `signature`.

        Errors name `php_method`; without it `task.item.add` is `ctaskitem::add`.
        """
        _, family, action = name.split(".")
        shown, params = php_method or f"ctask{family}::{action}", parse(signature)

        def define(run: Positional) -> Positional:
            self.add(name, lambda call: run(call, *arguments(call, shown, params)))
            return run

        return define
