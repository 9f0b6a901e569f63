"""Positional methods: the portal ignores the names of their parameters and reads the values in their order.

`data/positional.tsv` has one method a line: its name in lower case, a tab, and its arguments in order, separated by
spaces, each as `NAME|OTHER_NAME:kind`. A `*` after the kind marks a required argument. A `~` marks an argument that may
be omitted, so that the arguments after it move up. Source: documentation, pages below api-reference/tasks; source
behaviour of the portal where a page does not state the order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from b24_mcp.catalog.arguments.texts import read_json_text
from b24_mcp.catalog.names import folded, nearest

Kind = Literal["integer", "string", "object", "array", "any"]

_EMPTY: dict[Kind, object] = {"integer": None, "string": "", "object": {}, "array": [], "any": None}
_KINDS_IN_WORDS = {"integer": "a whole number", "string": "a text", "object": "an object", "array": "a list"}
NOT_A_PARAMETER = "is not a parameter of this method"
"""The problem with a name that is not documented, without what it may stand for."""
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a positional method. `names` are its accepted names, the documented one first."""

    names: tuple[str, ...]
    kind: Kind
    is_required: bool
    moves_up: bool

    @property
    def name(self) -> str:
        """The documented name."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Arranged:
    """The values of a positional method in their order, or the problems with them.

    `problems` maps the name or the position of an argument to its problem. If there are problems, `values` must not be
    sent. `names` are the documented names of the values.
    """

    values: list[object]
    names: tuple[str, ...]
    problems: Mapping[str, str]


def arguments_of(method: str) -> tuple[Argument, ...] | None:
    """Return the arguments of a positional method in their order; None for a method with named parameters."""
    return _orders().get(method.lower())


def written_order(method: str) -> str:
    """Return the arguments of a positional method in one line, the required ones starred."""
    arguments = arguments_of(method) or ()
    names = ", ".join(argument.name + ("*" if argument.is_required else "") for argument in arguments)
    return f"[{names}]"


def arrange(
    method: str, params: Mapping[str, object] | Sequence[object], unknown: Collection[str | int] = ()
) -> Arranged:
    """Return the parameters of a positional method in their order, each value checked against its argument.

    A gap before a given value is filled with an empty value of its kind. The parameters in `unknown`, by name or
    position, hold references to values that are not known yet, so their kinds are not checked.
    """
    arguments = arguments_of(method) or ()
    if not isinstance(params, Mapping):
        return _checked(_of_list(arguments, params), list(params), unknown)
    if params and all(name.isascii() and name.isdecimal() for name in params):
        places = sorted(params, key=int)
        if [int(place) for place in places] == list(range(len(places))):
            values = [params[place] for place in places]
            return _checked(_of_list(arguments, values), values, {int(place) for place in places if place in unknown})
    return _of_names(arguments, params, unknown)


def _of_names(arguments: Sequence[Argument], params: Mapping[str, object], unknown: Collection[str | int]) -> Arranged:
    known = {_key(name): argument for argument in arguments for name in argument.names}
    given: dict[str, object] = {}
    open_ones: set[str] = set()
    problems: dict[str, str] = {}
    for name, value in params.items():
        argument = known.get(_key(name))
        if argument is None:
            meant = nearest(name, [one.name for one in arguments])
            perhaps = f"; it is called {meant}" if meant is not None else ""
            problems[name] = f"{NOT_A_PARAMETER}{perhaps}"
        elif argument.name in given:
            problems[name] = f"names the same argument twice ({argument.name})"
        else:
            given[argument.name] = value
            if name in unknown:
                open_ones.add(argument.name)
    if not problems:
        missing = (one for one in arguments if one.is_required and given.get(one.name) is None)
        problems = {argument.name: "is required but missing" for argument in missing}
    if problems:
        return Arranged([], (), problems)
    in_order = [argument for argument in arguments if argument.name in given or not argument.moves_up]
    while in_order and in_order[-1].name not in given:
        in_order.pop()
    values = [given.get(argument.name, _EMPTY[argument.kind]) for argument in in_order]
    places = {place for place, argument in enumerate(in_order) if argument.name in open_ones}
    return _checked(in_order, values, places)


def _of_list(arguments: Sequence[Argument], values: Sequence[object]) -> Sequence[Argument]:
    """Return the arguments that a list of values is for. The first may be omitted when its value is a container."""
    if arguments and arguments[0].moves_up and values and isinstance(values[0], Mapping | list):
        return arguments[1:]
    return arguments


def _checked(arguments: Sequence[Argument], values: list[object], unknown: Collection[str | int]) -> Arranged:
    problems: dict[str, str] = {}
    values = [_read(value, place, arguments) for place, value in enumerate(values)]
    for place, argument in enumerate(arguments):
        label = f"{argument.name} (place {place + 1})"
        if place >= len(values):
            if argument.is_required:
                problems[label] = "is required but missing"
        elif place not in unknown and not _fits(values[place], argument):
            problems[label] = f"must be {_KINDS_IN_WORDS[argument.kind]}, not {_shown(values[place])}"
    if len(values) > len(arguments):
        problems[f"place {len(arguments) + 1}"] = f"is one too many: the method has {len(arguments)} arguments"
    return Arranged(values, tuple(argument.name for argument in arguments[: len(values)]), problems)


def _read(value: object, place: int, arguments: Sequence[Argument]) -> object:
    """Return a value with JSON text read where only an object or a list fits."""
    if place >= len(arguments) or arguments[place].kind not in ("object", "array"):
        return value
    read = read_json_text(value)
    return value if read is None else read


def _fits(value: object, argument: Argument) -> bool:
    if not argument.is_required and value in (None, ""):
        return True
    match argument.kind:
        case "integer":
            is_number = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            is_text = isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()) is not None
            return (is_number or is_text) and not isinstance(value, bool)
        case "object" | "array":
            return isinstance(value, dict | list)
        case "string":
            return value is not None and not isinstance(value, dict | list)
        case "any":
            return True


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + "…"


def _key(name: str) -> str:
    """Return the form in which names are compared: `TASK_ID` equals `taskId`, and `arOrder` equals `ORDER`."""
    return folded(name).removeprefix("ar") or name


@cache
def _orders() -> dict[str, tuple[Argument, ...]]:
    text = files("b24_mcp.catalog").joinpath("data/positional.tsv").read_text("utf-8")
    orders = {}
    for line in text.splitlines():
        method, _, arguments = line.partition("\t")
        orders[method] = tuple(map(_argument, arguments.split()))
    return orders


def _argument(text: str) -> Argument:
    names, _, kind = text.partition(":")
    mark = kind[-1] if kind[-1] in "*~" else ""
    return Argument(tuple(names.split("|")), cast("Kind", kind.removesuffix(mark)), mark == "*", mark == "~")
