"""Filters of the two generations of the API, and each rewritten as the other.

The older is a map whose keys carry operators, `{">=OPPORTUNITY": 1000}`; REST 3.0 takes a list of conditions,
`[["opportunity", ">=", 1000]]`. Sources: documentation, api-reference/rest-v3 and the pages of list methods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from b24_mcp.catalog.names import folded

_OPERATORS_V3 = {"": "=", "=": "=", "!": "!=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_OPERATORS_V2 = {"=": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<=", "in": "@"}
_KEY = re.compile(r"(?P<operator>[!<>=@%?~*]*)(?P<name>.*)", re.DOTALL)
_DEEPEST = 10


class CannotBeSaidError(ValueError):
    """A condition has no counterpart in the other generation; the text is the condition."""


def is_v3_filter(value: object) -> TypeGuard[list[object]]:
    """Whether a filter is a list of conditions or groups of them.

    A list of maps alone is of the older generation: PHP makes no difference between it and a map with the keys 0, 1, ….
    """
    if not isinstance(value, list) or not all(isinstance(condition, list | dict) for condition in value):
        return False
    return any(isinstance(condition, list) or "conditions" in condition for condition in value)


def as_v3(filter: Mapping[str, Any]) -> list[Any]:
    """Rewrite a map as a list of conditions, with names in the letter case of REST 3.0.

    Raises:
        CannotBeSaidError: for a pattern, or anything else REST 3.0 has no operator for.
    """
    return [_condition_v3(str(key), value, _DEEPEST) for key, value in filter.items()]


def as_v2(filter: Sequence[Any], known: Iterable[str]) -> dict[str, Any]:
    """Rewrite a list of conditions as a map. `known` are the documented names of fields, whose spelling is taken.

    Raises:
        CannotBeSaidError: for two conditions of one name and operator, expressions, and negated groups.
    """
    return _conditions_v2(filter, {folded(name): name for name in known}, _DEEPEST)


def _condition_v3(key: str, value: Any, levels: int) -> Any:
    if levels == 0:
        raise CannotBeSaidError(key)
    if isinstance(value, Mapping) and (key.isdigit() or "logic" in {str(name).lower() for name in value}):
        logic = next((str(inner) for name, inner in value.items() if str(name).lower() == "logic"), "and")
        inner = [_condition_v3(str(k), v, levels - 1) for k, v in value.items() if str(k).lower() != "logic"]
        return {"logic": "or" if logic.lower() == "or" else "and", "conditions": inner}
    match = _KEY.fullmatch(key)
    if match is None or not match["name"] or isinstance(value, Mapping):
        raise CannotBeSaidError(key)
    operator, name = match["operator"], _camel(match["name"])
    many = isinstance(value, list)
    value = [_typed(name, one) for one in value] if isinstance(value, list) else _typed(name, value)
    if operator == "><" and many and len(value) == 2:
        return [name, "between", value]
    if operator in ("@", "", "=") and (many or operator == "@"):
        return [name, "in", value if many else [value]]
    if operator in ("!@", "!", "!=") and (many or operator == "!@"):
        return {"logic": "and", "negative": True, "conditions": [[name, "in", value if many else [value]]]}
    if many or operator not in _OPERATORS_V3:
        raise CannotBeSaidError(key)
    return [name, _OPERATORS_V3[operator], value]


def _conditions_v2(conditions: Sequence[Any], known: Mapping[str, str], levels: int) -> dict[str, Any]:
    if levels == 0:
        raise CannotBeSaidError("too deep")
    rewritten: dict[str, Any] = {}
    for condition in conditions:
        entries = _condition_v2(condition, known, levels, free=str(len(rewritten)))
        if any(key in rewritten for key in entries):
            raise CannotBeSaidError(", ".join(entries))
        rewritten |= entries
    return rewritten


def _condition_v2(condition: Any, known: Mapping[str, str], levels: int, free: str) -> dict[str, Any]:
    match condition:
        case [str(name), "between", [low, high]]:
            named = _spelt(name, known)
            return {f">={named}": low, f"<={named}": high}
        case [str(name), str(operator), value] if operator in _OPERATORS_V2:
            return {f"{_OPERATORS_V2[operator].removeprefix('=')}{_spelt(name, known)}": value}
        case [str(name), value]:
            return {_spelt(name, known): value}
        case [str(name)]:
            return {_spelt(name, known): "Y"}
        case {"conditions": list(conditions), **rest} if not rest.get("negative"):
            inner = _conditions_v2(conditions, known, levels - 1) if rest.get("logic", "and") == "and" else None
            if inner is not None:
                return inner
            parts = {str(n): _conditions_v2([one], known, levels - 1) for n, one in enumerate(conditions)}
            return {free: {"logic": "OR"} | parts}
        case {"conditions": [[str(name), "in", list(values)]], "negative": True}:
            return {f"!@{_spelt(name, known)}": values}
        case _:
            raise CannotBeSaidError(str(condition)[:80])


def _camel(name: str) -> str:
    """`RESPONSIBLE_ID` as `responsibleId`; a name that is not in capitals stays as it is."""
    if name != name.upper() or name.upper().startswith("UF_"):
        return name
    first, *others = name.lower().split("_")
    return first + "".join(part.capitalize() for part in others)


def _spelt(name: str, known: Mapping[str, str]) -> str:
    if folded(name) in known:
        return known[folded(name)]
    capitals = bool(known) and all(one == one.upper() for one in known.values())
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper() if capitals else name


def _typed(name: str, value: Any) -> Any:
    """REST 3.0 takes ids as numbers only, which the older generation writes as text."""
    is_id = name.lower().endswith("id") and isinstance(value, str) and value.isdecimal() and value.isascii()
    return int(value) if is_id else value
