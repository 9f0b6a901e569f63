"""The filter of REST 3.0: lists of conditions and groups become SQL over the columns of a DTO.

`["field", "op", value]`, `["field", value]` (equal, or one of a list), `["flag"]` (is true), groups `{"logic":
"and"|"or", "negative": bool, "conditions": [...]}` at any depth, and the typed form `{"type": "condition",
"leftOperand", "operator", "rightOperand"}` whose operands may be `{"expression": "column"|"length", "parameters":
[name]}`. Documentation: api-reference/rest-v3.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from b24_sandbox import php
from b24_sandbox.filters import ALWAYS, NEVER, FilterCondition, inverted, joined
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import errors, strict
from b24_sandbox.v3.dto import Dto, Property

OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "in", "between")
_DEEPEST = 50


def compile_filter(dto: Dto, sent: Value) -> FilterCondition:
    """Compile a whole filter. `None` and an empty array match everything.

    Raises:
        ApiError: the portal's error for an invalid filter.
    """
    if sent is None or sent in ([], {}):
        return ALWAYS
    if not isinstance(sent, list):
        raise errors.invalid_filter(sent)
    return _all(dto, sent, "and", 0)


def names(sent: Value) -> set[str]:
    """All properties a filter mentions, valid or not. A cursor must not use them."""
    found: set[str] = set()
    waiting: list[Value] = [sent]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            if item and isinstance(item[0], str):
                found.add(item[0])
            waiting.extend(inner for inner in item if php.is_array(inner))
        elif isinstance(item, dict):
            for key in ("leftOperand", "rightOperand"):
                operand = item.get(key)
                if isinstance(operand, str) and key == "leftOperand":
                    found.add(operand)
                elif isinstance(operand, dict):
                    found.update(php.text(name) for name in php.as_list(operand.get("parameters")))
            waiting.append(item.get("conditions"))
    return found


def equal_values(sent: Value, name: str) -> list[Value]:
    """The values that the top level of a filter requires of a property by `=` or `in`, or an empty list."""
    found: list[Value] = []
    for item in php.as_list(sent):
        if isinstance(item, list) and len(item) > 1 and item[0] == name and (len(item) == 2 or item[1] in ("=", "in")):
            found.extend(php.as_list(item[-1]))
    return found


def _all(dto: Dto, items: Sequence[Value], logic: str, depth: int) -> FilterCondition:
    if depth > _DEEPEST:
        raise errors.invalid_filter("conditions are nested too deeply")
    return joined([_item(dto, item, depth) for item in items], logic)


def _item(dto: Dto, item: Value, depth: int) -> FilterCondition:
    if isinstance(item, list):
        return _short(dto, item)
    if not isinstance(item, dict):
        raise errors.invalid_filter(item)
    if item.get("type") == "condition" or "leftOperand" in item:
        if not {"leftOperand", "operator"} <= item.keys() or "rightOperand" not in item:
            raise errors.invalid_filter(item)
        return _condition(dto, item["leftOperand"], item["operator"], item["rightOperand"], item)
    if "conditions" in item:
        return _group(dto, item, depth)
    raise errors.invalid_filter(item)


def _group(dto: Dto, item: Map, depth: int) -> FilterCondition:
    logic, conditions = item.get("logic", "and"), item["conditions"]
    word = logic.lower() if isinstance(logic, str) else ""
    if word not in ("and", "or") or (not isinstance(conditions, list) and conditions != {}):
        raise errors.invalid_filter(item)
    inside = _all(dto, php.as_list(conditions), word, depth + 1)
    return inverted(inside) if php.truthy(item.get("negative")) else inside


def _short(dto: Dto, item: list[Value]) -> FilterCondition:
    if not 1 <= len(item) <= 3:
        raise errors.invalid_filter(item)
    if len(item) == 1:
        return _condition(dto, item[0], "=", True, item)
    if len(item) == 2:
        return _condition(dto, item[0], "in" if isinstance(item[1], list) else "=", item[1], item)
    return _condition(dto, item[0], item[1], item[2], item)


def _condition(dto: Dto, left: Value, operator: Value, right: Value, whole: Value) -> FilterCondition:
    column, prop = _left(dto, left, whole)
    if not isinstance(operator, str) or operator.lower() not in OPERATORS:
        raise errors.unknown_operator(operator)
    operator = operator.lower()
    if isinstance(right, dict) and "expression" in right:
        other, _ = _expression(dto, right, whole)
        if operator in ("in", "between"):
            raise errors.invalid_filter(whole)
        return FilterCondition(f"coalesce({column} {operator} {other}, 0)")
    if operator == "in":
        if not php.is_array(right):
            raise errors.invalid_filter(whole)
        return _among(dto, column, prop, [_bound(dto, prop, item) for item in php.as_list(right)])
    if operator == "between":
        ends = php.as_list(right) if php.is_array(right) else []
        if len(ends) != 2 or None in ends:
            raise errors.invalid_filter(whole)
        return FilterCondition(f"{column} between ? and ?", tuple(_bound(dto, prop, end) for end in ends))
    if right is None:
        if operator not in ("=", "!="):
            raise errors.wrong_type(prop.name, prop.php_type)
        return FilterCondition(f"{column} is {'' if operator == '=' else 'not '}null")
    value = _bound(dto, prop, right)
    if prop.type in ("array", "many"):
        raise errors.invalid_filter(whole)
    left_side = _folded(column, prop)
    if operator in ("=", "!="):
        equal = FilterCondition(f"coalesce({left_side} = {_folded('?', prop)}, 0)", (value,))
        return equal if operator == "=" else inverted(equal)
    return FilterCondition(f"{left_side} {operator} {_folded('?', prop)}", (value,))


def _among(dto: Dto, column: str, prop: Property, wanted: list[Value]) -> FilterCondition:
    if not wanted:
        return NEVER
    inside = _folded("json_each.value", prop)
    members = f"(select {inside} from json_each(?))"  # noqa: S608
    return FilterCondition(
        f"coalesce({_folded(column, prop)} in {members}, 0)", (json.dumps(wanted, ensure_ascii=False),)
    )


def _folded(sql: str, prop: Property) -> str:
    """Compare text without case, like the portal's database."""
    return f"folded({sql})" if prop.type == "string" else sql


def _bound(dto: Dto, prop: Property, value: Value) -> Value:
    """Convert a value for the comparison in the database. A value of another type is refused."""
    if not strict.of_type(prop.type, value):
        raise errors.wrong_type(prop.name, prop.php_type)
    return dto.stored(prop, value)


def _left(dto: Dto, operand: Value, whole: Value) -> tuple[str, Property]:
    if isinstance(operand, str):
        prop = dto.usable(operand, "Filterable")
        return prop.sql, prop
    if isinstance(operand, dict) and "expression" in operand:
        return _expression(dto, operand, whole)
    raise errors.invalid_filter(whole)


def _expression(dto: Dto, operand: Map, whole: Value) -> tuple[str, Property]:
    """Compile an operand: `column` is the property itself, `length` the number of its characters."""
    parameters = operand.get("parameters")
    name = parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else None
    if operand["expression"] not in ("column", "length") or not isinstance(name, str):
        raise errors.invalid_filter(whole)
    prop = dto.usable(name, "Filterable")
    if operand["expression"] == "column":
        return prop.sql, prop
    return f"length(coalesce({prop.sql}, ''))", Property(name, "int", "", prop.flags, "")
