"""Find ranges that end before they begin: such a filter finds nothing, and the answer does not say why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from b24_mcp.catalog.arguments.problem import Problem

_ENDS = (("from", "to"), ("START_DATE_PLAN", "END_DATE_PLAN"), ("DATE_FROM", "DATE_TO"), ("startTime", "endTime"))
_LOWER, _UPPER = (">=", ">"), ("<=", "<")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?", re.ASCII)
_DEEPEST = 3
_DAY = len("2026-12-31")
_MOMENT = len("2026-12-31T18:00:00")


def range_problems(params: Mapping[str, object], path: str = "", levels: int = _DEEPEST) -> Iterator[Problem]:
    """Yield a problem for each range of dates or numbers whose end is before its beginning."""
    for first, last in _ENDS:
        if first in params and last in params and _is_after(params[first], params[last]):
            yield Problem(f"{path}{last}", f"is before {first}", False)
    for name, value in params.items():
        if levels and isinstance(value, Mapping):
            where = f"{path}{name}."
            if name.lower() == "filter":
                yield from _in_filter(value, where)
            else:
                yield from range_problems(value, where, levels - 1)


def _in_filter(conditions: Mapping[str, object], path: str) -> Iterator[Problem]:
    joined = next((str(value) for key, value in conditions.items() if key.lower() == "logic"), "")
    if joined.lower() == "or":
        return
    for key, value in conditions.items():
        sign = next((one for one in _LOWER if key.startswith(one)), "")
        name = key.removeprefix(sign)
        for upper in _UPPER if sign else ():
            other = conditions.get(f"{upper}{name}")
            if other is not None and _is_after(value, other):
                yield Problem(f"{path}{upper}{name}", f"is before {key}: no record can meet both conditions", False)


def _is_after(first: object, last: object) -> bool:
    """Whether a value is certainly after another one; days are compared where the zones may differ."""
    if isinstance(first, int | float) and isinstance(last, int | float):
        return first > last
    if not (isinstance(first, str) and isinstance(last, str) and _DATE.match(first) and _DATE.match(last)):
        return False
    if first[:_DAY] != last[:_DAY]:
        return first[:_DAY] > last[:_DAY]
    return len(first) == len(last) and first[_MOMENT:] == last[_MOMENT:] and first > last
