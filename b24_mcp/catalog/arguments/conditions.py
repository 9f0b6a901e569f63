"""Judge the keys of a filter of v2: an operator before a name, groups with `LOGIC`, and keys that are numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from b24_mcp.catalog.arguments.families import OPERATOR_SIGNS, OPERATORS, MethodFamily

OPERATORS_V3 = ("=", "!=", ">", ">=", "<", "<=", "in", "between")
"""The operators in the conditions of REST 3.0."""
UNKNOWN_GROUPS = (
    "is not documented for this method, which may ignore it and join the conditions by AND; a list of values finds any "
    "of them, and a batch can hold a call for each condition"
)
"""What is said about `LOGIC` where nothing is known of it."""
_KEY = re.compile(
    rf"(?P<operator>[{re.escape(OPERATOR_SIGNS)}]*)(?P<name>[^{re.escape(OPERATOR_SIGNS)}]*)(?P<after>.*)", re.S
)
_TURNED = {"=>": ">=", "=<": "<=", "=!": "!=", "<<": "<", ">>": ">", "@!": "!@", "&": "", "!==": "!="}
_WORDS = {
    "$gt": ">",
    "$gte": ">=",
    "$lt": "<",
    "$lte": "<=",
    "$in": "@",
    "$nin": "!@",
    "$ne": "!",
    "$eq": "",
    "in": "@",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "ne": "!",
    "eq": "",
    "like": "%",
    "between": "><",
    "$not": "!",
    "not": "!",
    "not_in": "!@",
    "contains": "%",
    "icontains": "%",
    "from": ">=",
    "min": ">=",
    "since": ">=",
    "after": ">",
    "to": "<=",
    "max": "<=",
    "until": "<=",
    "before": "<",
}
_AFTER = re.compile(r"(?P<name>\w+?)(__| +)(?P<word>[A-Za-z_]+)", re.ASCII)
_BOUND_AFTER = re.compile(r"(?P<name>\w+?)_?(?P<bound>(?i:from|to|min|max|after|before|gte|lte|gt|lt))", re.ASCII)
_BOUND_BEFORE = re.compile(r"(?P<bound>(?i:min|max|from|to))_?(?P<name>\w+)", re.ASCII)
_JOINED = {"$or": "OR", "or": "OR", "$and": "AND", "and": "AND", "any": "OR", "all": "AND"}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a filter: its operator and name, and what is wrong with the operator."""

    operator: str
    name: str
    problem: str = ""


def key_of(key: str, family: MethodFamily) -> Key:
    """Return a key of a filter in its parts."""
    match = _KEY.fullmatch(key)
    assert match is not None  # the pattern fits any text
    operator, name, after = match["operator"], match["name"].strip(), match["after"]
    if after and after.strip(OPERATOR_SIGNS + " ") == "":
        sign = _TURNED.get(after, after)
        return Key(operator, name, f'has the operator after the name; it is written "{sign}{name}"')
    if not operator and (said := _AFTER.fullmatch(name)) and said["word"].lower() in _WORDS:
        word = _WORDS[said["word"].lower()]
        return Key(word, said["name"], f'has the operator after the name; it is written "{word}{said["name"]}"')
    if operator and operator in _TURNED and operator not in OPERATORS:
        return Key(operator, name, f'has an unknown operator; it is written "{_TURNED[operator]}{name}"')
    if operator and operator not in OPERATORS:
        return Key(operator, name, f"has an unknown operator {operator}; there are {_listed(family)}")
    if operator and family.operators is not None and operator not in family.operators:
        advice = f"; {family.instead}" if family.instead else ""
        return Key(
            operator,
            name,
            f"has the operator {operator}, which this method does not take; it takes {_listed(family)}{advice}",
        )
    return Key(operator, name)


def bound_of(name: str) -> Key | None:
    """Return the name and the operator that a name such as `DATE_CREATE_FROM` or `minOpportunity` stands for."""
    if match := _BOUND_AFTER.fullmatch(name) or _BOUND_BEFORE.fullmatch(name):
        return Key(_WORDS[match["bound"].lower()], match["name"])
    return None


def joined_problem(name: str, value: object) -> str:
    """Return what is wrong with a key such as `$or`; empty for any other key."""
    joined = _JOINED.get(name.lower())
    if joined is None or not isinstance(value, dict | list):
        return ""
    form = f'{{"0": {{"LOGIC": "{joined}", "0": {{…}}, "1": {{…}}}}}}'
    return f"is no key of this filter; conditions are joined in the form {form}"


def is_group(name: str, value: object) -> bool:
    """Whether an entry of a filter joins conditions: `LOGIC`, `$or`, or a number with conditions.

    `AND` says what every filter does anyway.
    """
    is_logic = name.lower() == "logic" and str(value).lower() != "and"
    return is_logic or (name.isdigit() and isinstance(value, dict)) or bool(joined_problem(name, value))


def no_groups(family: MethodFamily) -> str:
    """Return what is wrong with joined conditions where a method takes them only one by one."""
    return f"has a group of conditions, which this method would ignore; {family.instead_of_groups}"


def triple_problem(value: dict[str, object]) -> str:
    """Return what is wrong with `{"field": "STAGE_ID", "value": "WON"}` as a filter; empty for any other."""
    names = {name.lower(): inner for name, inner in value.items()}
    field = next((names[one] for one in ("field", "name", "key", "column", "property") if one in names), None)
    if "value" not in names or not isinstance(field, str) or len(names) > len(("field", "operator", "value")):
        return ""
    return f'is an object of names and values, {{"{field}": …}}; an operator stands before the name'


def misplaced_operator(name: str, value: dict[str, object]) -> str:
    """Return what is wrong with an object as the value of one field; empty when it is not a set of conditions."""
    for key in value:
        sign = _WORDS.get(key.lower(), key if key in OPERATORS else None)
        if sign is not None:
            return f'must be a value; the operator is part of the key: {{"{sign}{name}": …}}'
    return ""


def _listed(family: MethodFamily) -> str:
    return " ".join(
        sorted(family.operators or ("!", "<", "<=", ">", ">=", "%", "@", "!@"), key=lambda one: (len(one), one))
    )
