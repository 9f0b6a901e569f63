"""Filters and orders: keys with operators become SQL over the columns of a description.

The effect of an unknown key depends on the family: classic lists ignore it, controllers refuse it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from b24_sandbox import php, values
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value

# Longest first, so that ">=" is not read as ">".
OPERATORS = ("!=%", "!%=", "!@", "!%", "!=", "=%", "%=", ">=", "<=", "@", "%", "!", "=", ">", "<")
WITHOUT_NOT_LIKE = tuple(operator for operator in OPERATORS if operator != "!%")
COMPARISONS = ("!=", ">=", "<=", "!", "=", ">", "<")

_LOGIC = ("LOGIC", "::LOGIC")


@dataclass(frozen=True, slots=True)
class FilterCondition:
    """A part of an SQL condition and its bound values. Both dialects of the REST API compile filters into it."""

    sql: str
    bound: tuple[Value, ...] = ()


ALWAYS = FilterCondition("1")
NEVER = FilterCondition("0")

Find = Callable[[str], Field | None]


@dataclass(frozen=True, slots=True)
class Language:
    """How one family of methods reads a filter.

    `find` returns the field of a key without operator. `refuse` raises for an unknown key (`None`: ignore the key).
    `groups` allows nested conditions with `logic`. `patterns` are fields whose plain value is a `like` pattern.
    `computed` has the SQL expressions of fields without a column.
    """

    operators: Sequence[str]
    find: Find
    refuse: Callable[[str], Exception] | None = None
    groups: bool = False
    patterns: frozenset[str] = frozenset()
    computed: Mapping[str, str] = field(default_factory=dict)


def build(entity: Entity, language: Language, conditions: Map, now: float) -> FilterCondition:
    """Combine all `conditions` with `and`, or with `or` for `logic: OR` (`::LOGIC` in task methods)."""
    parts: list[FilterCondition] = []
    for key, value in conditions.items():
        if key.upper() in _LOGIC:
            continue
        if language.groups and (key.isdigit() or key.startswith("::SUBFILTER")):
            parts.append(build(entity, language, php.as_map(value), now))
            continue
        operator, name = split(key, language.operators)
        field = language.find(name)
        if field is not None:
            parts.append(_condition(entity, language, field, operator, value, now))
        elif language.refuse is not None:
            raise language.refuse(name)
    either = any(key.upper() in _LOGIC and php.text(word).upper() == "OR" for key, word in conditions.items())
    return joined(parts, "or" if language.groups and either else "and")


def joined(parts: Sequence[FilterCondition], word: str = "and") -> FilterCondition:
    """Combine several conditions into one. An empty list is always true.

    The parts form a balanced tree, because SQLite limits the depth of expressions.
    """
    if not parts:
        return ALWAYS
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = joined(parts[:middle], word), joined(parts[middle:], word)
    return FilterCondition(f"({left.sql} {word} {right.sql})", left.bound + right.bound)


def inverted(part: FilterCondition) -> FilterCondition:
    """The opposite of a condition; an unknown result counts as false."""
    return FilterCondition(f"(not coalesce({part.sql}, 0))", part.bound)


def split(key: str, operators: Sequence[str]) -> tuple[str, str]:
    """Split a key into operator and name: `">=ID"` into `(">=", "ID")`. The default operator is `"="`."""
    for operator in operators:
        if key.startswith(operator):
            return operator, key[len(operator) :]
    return "=", key


def _condition(
    entity: Entity, language: Language, field: Field, operator: str, value: Value, now: float
) -> FilterCondition:
    negative = operator.startswith("!")
    kind = operator.lstrip("!")
    if field.is_multifield:
        return _multifield(entity, field, negative, kind, value)
    column = language.computed.get(field.name, f'"{field.name}"')
    if field.multiple:
        wanted = [values.for_filter(field, item, now) for item in php.as_list(value)]
        return _list_member(column, wanted, negative)
    if kind in ("%", "=%", "%="):
        return _like(column, kind, value, negative)
    if field.name in language.patterns and not php.is_array(value) and kind in ("", "="):
        return _like(column, "=%", value, negative)
    if kind in (">", ">=", "<", "<="):
        scalar = next(iter(php.as_list(value)), None)
        if field.is_integer or field.type == "double":
            return FilterCondition(f"{column} {kind} ?", (values.number(scalar),))
        return FilterCondition(f"{column} {kind} ?", (values.for_filter(field, scalar, now),))
    return _equal(column, field, value, negative, now)


def _equal(column: str, field: Field, value: Value, negative: bool, now: float) -> FilterCondition:
    wanted = php.as_list(value)
    if value is None or value is False or value == "":
        wanted = [""]
    if not wanted:
        return ALWAYS if negative else NEVER
    parts = []
    compared: list[Value] = []
    for item in wanted:
        if php.text(item) == "" and field.type != "bool":
            empty = f"({column} is null or {column} = '')"
            parts.append(FilterCondition(empty if not field.is_integer else f"({column} is null or {column} = 0)"))
        else:
            compared.append(values.for_filter(field, item, now))
    if compared:
        textual = field.type in ("string", "text", "crm_status", "enum")
        left = f"folded({column})" if textual else column
        if textual:
            compared = [item.casefold() if isinstance(item, str) else item for item in compared]
        parts.append(FilterCondition(f"{left} in ({', '.join('?' * len(compared))})", tuple(compared)))
    found = joined(parts, "or")
    return inverted(found) if negative else found


def _like(column: str, kind: str, value: Value, negative: bool) -> FilterCondition:
    function = "contains" if kind == "%" else "matches"
    parts = [FilterCondition(f"{function}({column}, ?)", (php.text(item),)) for item in php.as_list(value) or [""]]
    found = joined(parts, "or")
    return FilterCondition(f"not {found.sql}", found.bound) if negative else found


def _list_member(column: str, wanted: Sequence[Value], negative: bool) -> FilterCondition:
    if not wanted:
        return ALWAYS if negative else NEVER
    marks = ", ".join("?" * len(wanted))
    inside = f"exists (select 1 from json_each({column}) where json_each.value in ({marks}))"  # noqa: S608
    return FilterCondition(f"not {inside}" if negative else inside, tuple(wanted))


def _multifield(entity: Entity, field: Field, negative: bool, kind: str, value: Value) -> FilterCondition:
    """Match records by a phone or e-mail: exact, or by substring where the operator says so."""
    wanted = [php.text(item) for item in php.as_list(value)] or [""]
    test = {"%": "contains(VALUE, ?)", "=%": "matches(VALUE, ?)", "%=": "matches(VALUE, ?)"}.get(kind, "VALUE = ?")
    tests = " or ".join(test for _ in wanted)
    inside = f"ID in (select OWNER_ID from multifield where OWNER = ? and TYPE_ID = ? and ({tests}))"  # noqa: S608
    return FilterCondition(f"not {inside}" if negative else inside, (entity.owner, field.name, *wanted))


def order(find: Find, wanted: Map, refuse: Callable[[str, str], Exception] | None, default: str = "ID asc") -> str:
    """Build `order by` for `{"FIELD": "ASC"}` in the order of the keys. The id breaks ties.

    `refuse` gets the key and its direction when the field is unknown or the direction is invalid; without it such keys
    are ignored.
    """
    parts: list[tuple[str, bool]] = []
    for name, direction in wanted.items():
        field = find(name)
        sense = php.text(direction).strip().upper()
        if field is None or field.is_multifield or (refuse is not None and sense not in ("ASC", "DESC")):
            if refuse is not None:
                raise refuse(name, php.text(direction))
            continue
        parts.append((f'"{field.name}"', sense.startswith("DESC")))
    return ordering(parts) if parts else default


def ordering(columns: Iterable[tuple[str, bool]]) -> str:
    """Build `order by` from columns in SQL and whether each is descending. The id breaks ties."""
    return ", ".join([*(f"{column} {'desc' if backwards else 'asc'}" for column, backwards in columns), "ID asc"])
