"""The reason why a statement failed, in the terms of data sets, and the correct form in PostgreSQL."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from b24_mcp.records.postgresql.functions import instead_of
from b24_mcp.records.postgresql.problems import said_by

_UNKNOWN = re.compile(r"(?:relation|column) \"?(.+?)\"? does not exist", re.DOTALL)
# A server may speak another language. Then the name is the first one in quotes.
_QUOTED = re.compile(r"[\"«„](.+?)[\"»“]")
_FUNCTION = re.compile(r"function (\w+)\(.*\) does not exist")
_OPERATOR = re.compile(r"operator does not exist: (.+)")
_TEXTS = (
    "Dates and JSON are stored as texts. Cast: x::timestamptz - y::timestamptz, x::date, (x::json) ->> 'key', "
    "x::numeric."
)
_OF_FUNCTIONS = {
    "round": "round takes numeric with places: round(x::numeric, 2).",
    "date_trunc": "Dates are stored as texts: date_trunc('month', x::timestamptz).",
    "date_part": "Dates are stored as texts: date_part('year', x::timestamptz).",
    "to_char": "Dates are stored as texts: to_char(x::timestamptz, 'YYYY-MM').",
    "json_each": "JSON is stored as text: json_each_text(x::json), json_array_elements_text(x::json) for a list.",
    "json_array_elements": "JSON is stored as text: json_array_elements(x::json).",
    "json_array_elements_text": "JSON is stored as text: json_array_elements_text(x::json).",
    "json_array_length": "JSON is stored as text: json_array_length(x::json).",
    "sum": "The column holds texts: sum(x::numeric).",
    "avg": "The column holds texts: avg(x::numeric).",
    "date": "date takes one value: current_date - 7, or x::date + interval '1 month'.",
    "string_agg": "string_agg takes texts: string_agg(x::text, ', ').",
    "max": "PostgreSQL has greatest(a, b) for several values.",
    "min": "PostgreSQL has least(a, b) for several values.",
    "length": "length takes a text: length(x::text).",
    "lower": "lower takes a text: lower(x::text).",
    "substr": "substr takes a text: substr(x::text, 1, 4).",
}
_OF_MESSAGES = (
    (re.compile(r"LIMIT #,#"), "Write LIMIT 10 OFFSET 20."),
    (
        re.compile(r"argument of (WHERE|AND|OR|NOT|HAVING|CASE/WHEN|FILTER|JOIN/ON) must be"),
        "Flags are 1 and 0: WHERE active = 1.",
    ),
    (re.compile(r"FOR (UPDATE|SHARE)|read-only transaction|data-modifying"), "Only one SELECT that reads is run."),
    (
        re.compile(r"invalid input syntax for type (numeric|bigint|integer)"),
        "A text that is no number was compared or cast. Compare with a text, or leave such rows out: x ~ '^[0-9.]+$'.",
    ),
    (re.compile(r"invalid input syntax for type json"), "Leave out rows without JSON: WHERE x LIKE '[%'."),
    (re.compile(r"(must be|cannot be matched|could not be|is of) type"), "Cast one side: x::text, x::numeric."),
    (
        re.compile(r"syntax error"),
        "The dialect is PostgreSQL: no GLOB, no LIMIT a, b (LIMIT b OFFSET a), names with "
        "special characters in double quotes.",
    ),
)


def explained(exc: psycopg.Error, sql: str) -> tuple[str, str]:
    """Return the message of a wrong statement, and a hint."""
    said = said_by(exc)
    unknown = _UNKNOWN.match(said) or _QUOTED.search(said)
    if isinstance(exc, errors.UndefinedTable | errors.InvalidSchemaName) and unknown:
        return f"no such table: {unknown[1]}", _usual()
    if isinstance(exc, errors.UndefinedColumn) and unknown:
        return f"no such column: {unknown[1]}", _usual()
    if found := _FUNCTION.match(said):
        return said, _OF_FUNCTIONS.get(found[1]) or instead_of(found[1]) or _TEXTS
    if _OPERATOR.match(said):
        return said, _TEXTS
    if isinstance(exc, errors.GroupingError):
        return said, "Add the column to GROUP BY, or use max() of it."
    if isinstance(exc, errors.InsufficientPrivilege):
        return "it reads what is not a data set", _usual()
    if isinstance(exc, errors.SyntaxError) and said.endswith('")"') and ")" not in sql:
        said = "syntax error at the end"
    return said, next((hint for pattern, hint in _OF_MESSAGES if pattern.search(said)), _usual())


def _usual() -> str:
    return "Write one SELECT of PostgreSQL over the data sets. SELECT name, rows, columns FROM data_sets lists them."
