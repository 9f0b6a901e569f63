"""Likely mistakes in documented requests, and how many of them the check of arguments stops.

Each mistake is made in a documented request, drawn with a fixed seed. It is stopped when the call is refused, and has
the right hint when the refusal contains what would have been right. An unknown name can only be warned about.
"""

from __future__ import annotations

import copy
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from b24_mcp.app.planning import CallRequest, plan_checked
from b24_mcp.catalog import Method, known_methods
from b24_mcp.catalog.arguments.families import family_of
from b24_mcp.catalog.facts import Parameter
from b24_mcp.errors import B24Error

OF_A_KIND = 60
OPERATORS = "<>=!%@~?*+"
PAGING = {"A": "start", "B": "start", "C": "start", "pagination": "pagination", "limit/offset": "limit"}
NUMBERS = ("integer", "double", "int", "float")
SCALARS = (*NUMBERS, "string", "char", "boolean", "date", "datetime")


@dataclass(frozen=True)
class Mistake:
    """One mistake: its kind, the parameters with it, and what a refusal has to name."""

    kind: str
    params: Any
    right: str
    method: str = ""


@dataclass(frozen=True)
class Spot:
    """A documented name in a request: the names that lead to it, and the place it stands in."""

    path: tuple[Any, ...]
    parameter: Parameter
    place: str
    written: str

    @property
    def where(self) -> str:
        """`inside fields`, or the name of the list's part."""
        return "at the top" if self.place == "top" else f"inside {self.place}"


def measure_mistakes(requests: list[dict[str, Any]]) -> None:
    """Make mistakes of each kind and print how many are stopped, and how many with the right hint."""
    dice = random.Random(1)
    sound = [r for r in requests if not r.get("suspicious") and isinstance(r["params"], dict) and r["params"]]
    dice.shuffle(sound)
    kinds: dict[str, Counter[str]] = {}
    for request in sound:
        method = known_methods().method(request["method"], request["version"])
        if method is None or method.arguments is not None:
            continue
        found = list(mistakes_in(method, request["params"], dice))
        dice.shuffle(found)
        seen: set[str] = set()
        for mistake in found:
            counts = kinds.setdefault(mistake.kind, Counter())
            if mistake.kind not in seen and counts["made"] < OF_A_KIND:
                seen.add(mistake.kind)
                counts.update(outcome_of(method, mistake))
    report(kinds)


def report(kinds: dict[str, Counter[str]]) -> None:
    """Print the counts of every kind, and of the certain ones together."""
    total: Counter[str] = Counter()
    for kind, counts in sorted(kinds.items()):
        made, stopped, hinted, warned = (counts[name] for name in ("made", "stopped", "hinted", "warned"))
        print(
            f"  {kind:34} {made:3} made, {stopped:3} stopped, {hinted:3} with the right hint, {warned:3} warned about"
        )
        if not kind.startswith("unknown"):
            total.update(counts)
    print(f"mistakes: {total['made']}, stopped {total['stopped'] / total['made']:.1%}, ", end="")
    print(f"with the right hint {total['hinted'] / total['made']:.1%}")


def outcome_of(method: Method, mistake: Mistake) -> dict[str, int]:
    """Return the counts to add for one mistake."""
    if mistake.method:
        hit = int(mistake.right in known_methods().similar(mistake.method))
        return {"made": 1, "stopped": hit, "hinted": hit}
    problems = certain(method, mistake.params)
    hinted = any(mistake.right.lower() in f"{field} {message}".lower() for field, message in problems)
    warned = 0
    if not problems:
        warned = int(bool(plan_checked(CallRequest(method.name, mistake.params, method.version)).warnings))
        if "--verbose" in sys.argv:
            print("  passed:", mistake.kind, method.name, str(mistake.params)[:200], "right:", mistake.right)
    elif not hinted and "--verbose" in sys.argv:
        print("  no hint:", mistake.kind, method.name, problems[:3], "right:", mistake.right)
    return {"made": 1, "stopped": int(bool(problems)), "hinted": int(hinted), "warned": warned}


def certain(method: Method, params: Any) -> list[tuple[str, str]]:
    """Return the certain mistakes in parameters, for which a call is refused."""
    try:
        plan_checked(CallRequest(method.name, params, method.version))
    except B24Error as exc:
        problems = exc.fault.validation
        return [(problem.field, problem.message) for problem in problems] or [("params", exc.fault.message)]
    return []


def mistakes_in(method: Method, params: dict[str, Any], dice: random.Random) -> Iterator[Mistake]:
    """Yield likely mistakes in a documented request."""
    invented = method.name + ("s" if not method.name.endswith("s") else "es")
    yield Mistake("invented method", {}, method.name, invented)
    exact = family_of(method.name.lower(), method.version)
    for spot in spots(method.facts.params, params):
        if spot.place in ("fields", "filter", "order", "select") or spot.place == "top":
            case = exact.names if spot.place == "top" else exact.fields
            if spot.place in ("order", "select") and exact.names != "exact":
                case = "any"
            yield from mistakes_of_names(spot, params, dice, case, capitals=exact.capitals)
        yield from mistakes_of_values(spot, params, method)
    right = PAGING.get(method.facts.paging or "")
    documented = {parameter.name.lower() for parameter in method.facts.params}
    wrong = {"start": ("page", "limit", "offset"), "pagination": ("start", "limit", "page"), "limit": ("page",)}
    for name in wrong.get(right or "", ()):
        if right and name not in documented:
            yield Mistake("paging by another name", {**params, name: 2}, right)
    if method.version == "v3" and isinstance(params.get("filter"), list):
        yield Mistake("filter of v2 in v3", {**params, "filter": {">id": 1}}, "filter")


def mistakes_of_names(
    spot: Spot, params: dict[str, Any], dice: random.Random, case: str, *, capitals: bool
) -> Iterator[Mistake]:
    """Yield mistakes in one documented name."""
    name, where = spot.written, spot.where
    bare = name.lstrip(OPERATORS)
    sign = name[: len(name) - len(bare)]
    if spot.parameter.required is True and spot.place in ("top", "fields"):
        yield Mistake(f"required missing {where}", changed(params, spot, None), bare)
    if len(bare) >= 4:
        for wrong in (swapped(bare, dice), dropped(bare, dice), doubled(bare, dice)):
            if wrong != bare:
                yield Mistake(f"misspelt {where}", changed(params, spot, sign + wrong), spot.parameter.name)
    other = bare.lower() if bare != bare.lower() else bare.upper()
    is_loose = capitals or bare in ("ID", "id")
    if case == "exact" and len(bare) > 1 and not (is_loose and spot.place in ("filter", "order", "select")):
        yield Mistake(f"wrong case {where}", changed(params, spot, sign + other), spot.parameter.name)
    if spot.place != "top" and not spot.parameter.required:
        yield Mistake(f"unknown {where}", changed(params, spot, f"{sign}QQ_NO_SUCH"), "QQ_NO_SUCH")


def mistakes_of_values(spot: Spot, params: dict[str, Any], method: Method) -> Iterator[Mistake]:
    """Yield mistakes in one value."""
    parameter, value, where = spot.parameter, value_at(params, spot), spot.where
    kind = parameter.type.lower()
    name = parameter.name
    if spot.place in ("select", "order"):
        if spot.place == "order":
            yield Mistake("no direction of an order", replaced(params, spot, "upward"), name)
        return
    if isinstance(value, dict | list) and kind in ("object", "array", "object[]", "string[]"):
        yield Mistake(f"text for an object or list {where}", replaced(params, spot, "ID=1"), name)
    if isinstance(value, dict) and kind == "object" and spot.place != "filter":
        yield Mistake(f"list for an object {where}", replaced(params, spot, ["ID"]), name)
    if isinstance(value, dict | list) or (spot.place == "filter" and spot.written != spot.written.lstrip("%")):
        return
    if kind in NUMBERS:
        yield Mistake(f"word for a number {where}", replaced(params, spot, "five"), name)
    if kind in SCALARS and spot.place != "filter":
        yield Mistake(f"object for a scalar {where}", replaced(params, spot, {"value": 1}), name)
        yield Mistake(f"list for a scalar {where}", replaced(params, spot, ["1"]), name)
    if parameter.values and not parameter.open_values and not parameter.is_list:
        yield Mistake(f"value not allowed {where}", replaced(params, spot, "QQ_NO_SUCH"), parameter.values[0])
    if {"Y", "N"} <= set(parameter.values) and not {"true", "1"} & set(parameter.values):
        yield Mistake(f"boolean for Y or N {where}", replaced(params, spot, False), '"N"')
    if kind in ("date", "datetime"):
        yield Mistake(f"word for a date {where}", replaced(params, spot, "Friday"), "2026-12-31")
        yield Mistake(f"date of another order {where}", replaced(params, spot, "31/12/2026"), "2026-12-31")


def spots(
    parameters: tuple[Parameter, ...], params: Any, path: tuple[Any, ...] = (), place: str = "top"
) -> Iterator[Spot]:
    """Yield the documented names of a request, at any depth."""
    if isinstance(params, list):
        for at, item in enumerate(params):
            if place == "select" and isinstance(item, str):
                yield from (Spot((*path, at), one, place, item) for one in parameters if one.name == item)
            elif isinstance(item, dict) and place == "fields":
                yield from spots(parameters, item, (*path, at), place)
        return
    if not isinstance(params, dict):
        return
    known = {parameter.name: parameter for parameter in parameters if not parameter.pattern}
    for written, value in params.items():
        bare = written.lstrip(OPERATORS) if place == "filter" else written
        parameter = known.get(bare)
        if parameter is None:
            continue
        yield Spot((*path, written), parameter, place, written)
        inner = place
        if place == "top":
            inner = written.lower() if written.lower() in ("filter", "select", "order") else "fields"
        if parameter.fields:
            yield from spots(parameter.fields, value, (*path, written), inner)


def value_at(params: Any, spot: Spot) -> Any:
    """Return the value at a spot."""
    for step in spot.path:
        params = params[step]
    return params


def replaced(params: Any, spot: Spot, value: Any) -> Any:
    """Return the parameters with another value at a spot."""

    def put(owner: Any, last: Any) -> None:
        owner[last] = value

    return _edited(params, spot, put)


def changed(params: Any, spot: Spot, name: str | None) -> Any:
    """Return the parameters with another name at a spot, or without it."""

    def put(owner: Any, last: Any) -> None:
        if isinstance(owner, list):
            owner[last] = name
            return
        entries = [(name if key == last else key, value) for key, value in owner.items()]
        owner.clear()
        owner.update((key, value) for key, value in entries if key is not None)

    return _edited(params, spot, put)


def _edited(params: Any, spot: Spot, put: Callable[[Any, Any], None]) -> Any:
    edited = copy.deepcopy(params)
    owner = edited
    for step in spot.path[:-1]:
        owner = owner[step]
    put(owner, spot.path[-1])
    return edited


def swapped(name: str, dice: random.Random) -> str:
    """Return the name with two neighbouring letters swapped, or one left out if they are equal."""
    at = dice.randrange(1, len(name) - 1)
    if name[at] == name[at + 1]:
        return name[:at] + name[at + 1 :]
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def dropped(name: str, dice: random.Random) -> str:
    """Return the name with a letter left out."""
    at = dice.randrange(1, len(name))
    return name[:at] + name[at + 1 :]


def doubled(name: str, dice: random.Random) -> str:
    """Return the name with a letter written twice."""
    at = dice.randrange(1, len(name))
    return name[:at] + name[at] + name[at:]
