"""Filters of the two versions of the API, and the translation of each into the other.

A v2 filter is an object whose keys have operators, `{">=OPPORTUNITY": 1000}`. A v3 filter is a list of conditions,
`[["opportunity", ">=", 1000]]`. Sources: documentation, api-reference/rest-v3 and the pages of list methods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from b24_mcp.catalog.names import folded

_OPERATORS_V3 = {"": "=", "=": "=", "!": "!=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_OPERATORS_V2 = {"=": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<=", "in": "@"}
_KEY = re.compile(r"(?P<operator>[!<>=@%?~*]*)(?P<name>.*)", re.DOTALL)
_DEEPEST = 10


class UntranslatableError(ValueError):
    """A condition has no counterpart in the other version of the API; the text is the condition."""


def is_v3_filter(value: object) -> TypeGuard[list[object]]:
    """Whether a filter is a list of conditions or of groups of conditions.

    A list of objects alone belongs to v2: PHP treats it as an object with the keys 0, 1, ….
    """
    if not isinstance(value, list) or not all(isinstance(condition, list | dict) for condition in value):
        return False
    return any(isinstance(condition, list) or "conditions" in condition for condition in value)


def as_v3(filter: Mapping[str, object]) -> list[object]:
    """Translate a v2 filter into conditions of v3, with names in the letter case of REST 3.0.

    Raises:
        UntranslatableError: for a search pattern, or an operator that REST 3.0 does not have.
    """
    return [_condition_v3(str(key), value, _DEEPEST) for key, value in filter.items()]


def as_v2(filter: Sequence[object], known: Iterable[str]) -> dict[str, object]:
    """Translate conditions of v3 into a v2 filter. `known` are the documented names of fields in their spelling.

    Raises:
        UntranslatableError: for two conditions of one name and operator, expressions, and negated groups.
    """
    return _conditions_v2(filter, {folded(name): name for name in known}, _DEEPEST)


def _condition_v3(key: str, value: object, levels: int) -> object:
    if levels == 0:
        raise UntranslatableError(key)
    if isinstance(value, Mapping) and (key.isdigit() or "logic" in {str(name).lower() for name in value}):
        logic = next((str(inner) for name, inner in value.items() if str(name).lower() == "logic"), "and")
        inner = [_condition_v3(str(k), v, levels - 1) for k, v in value.items() if str(k).lower() != "logic"]
        return {"logic": "or" if logic.lower() == "or" else "and", "conditions": inner}
    match = _KEY.fullmatch(key)
    if match is None or not match["name"] or isinstance(value, Mapping):
        raise UntranslatableError(key)
    operator, name = match["operator"], _camel(match["name"])
    if isinstance(value, list):
        return _condition_with_list(operator, name, [_typed(name, one) for one in value], key)
    typed = _typed(name, value)
    if operator == "@":
        return [name, "in", [typed]]
    if operator == "!@":
        return _not_in(name, [typed])
    if operator not in _OPERATORS_V3:
        raise UntranslatableError(key)
    return [name, _OPERATORS_V3[operator], typed]


def _condition_with_list(operator: str, name: str, values: list[object], key: str) -> object:
    if operator == "><" and len(values) == 2:
        return [name, "between", values]
    if operator in ("@", "", "="):
        return [name, "in", values]
    if operator in ("!@", "!", "!="):
        return _not_in(name, values)
    raise UntranslatableError(key)


def _not_in(name: str, values: list[object]) -> object:
    return {"logic": "and", "negative": True, "conditions": [[name, "in", values]]}


def _conditions_v2(conditions: Sequence[object], known: Mapping[str, str], levels: int) -> dict[str, object]:
    if levels == 0:
        raise UntranslatableError("too deep")
    translated: dict[str, object] = {}
    for condition in conditions:
        entries = _condition_v2(condition, known, levels, free=str(len(translated)))
        if any(key in translated for key in entries):
            raise UntranslatableError(", ".join(entries))
        translated |= entries
    return translated


def _condition_v2(condition: object, known: Mapping[str, str], levels: int, free: str) -> dict[str, object]:
    match condition:
        case [str(name), "between", [low, high]]:
            named = _spelled(name, known)
            return {f">={named}": low, f"<={named}": high}
        case [str(name), str(operator), value] if operator in _OPERATORS_V2:
            return {f"{_OPERATORS_V2[operator].removeprefix('=')}{_spelled(name, known)}": value}
        case [str(name), value]:
            return {_spelled(name, known): value}
        case [str(name)]:
            return {_spelled(name, known): "Y"}
        case {"conditions": list(conditions), **rest} if not rest.get("negative"):
            if rest.get("logic", "and") == "and":
                return _conditions_v2(conditions, known, levels - 1)
            parts = {str(n): _conditions_v2([one], known, levels - 1) for n, one in enumerate(conditions)}
            return {free: {"logic": "OR"} | parts}
        case {"conditions": [[str(name), "in", list(values)]], "negative": True}:
            return {f"!@{_spelled(name, known)}": values}
        case _:
            raise UntranslatableError(str(condition)[:80])


def _camel(name: str) -> str:
    """Return `responsibleId` for `RESPONSIBLE_ID`. A name that is not in capitals is returned as it is."""
    if name != name.upper() or name.upper().startswith("UF_"):
        return name
    first, *others = name.lower().split("_")
    return first + "".join(part.capitalize() for part in others)


def _spelled(name: str, known: Mapping[str, str]) -> str:
    if folded(name) in known:
        return known[folded(name)]
    capitals = bool(known) and all(one == one.upper() for one in known.values())
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper() if capitals else name


def _typed(name: str, value: object) -> object:
    """Return an id that v2 writes as text as a number, the only form that REST 3.0 accepts."""
    is_id = name.lower().endswith("id") and isinstance(value, str) and value.isdecimal() and value.isascii()
    return int(value) if is_id and isinstance(value, str) else value
