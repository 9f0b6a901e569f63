"""The SQLite form of expressions of other databases."""

from __future__ import annotations

import re

from b24_mcp.records.sql_tokens import TOKEN

_INSTEAD = {
    "age": "julianday(x) - julianday(y), which counts days",
    "date_part": "CAST(strftime('%Y', x) AS INTEGER)",
    "date_trunc": "strftime('%Y-%m-01', x), or substr(x, 1, 7) for the month",
    "dateadd": "date(x, '+1 day')",
    "datediff": "julianday(x) - julianday(y), which counts days",
    "date_format": "strftime('%Y-%m', x)",
    "extract": "CAST(strftime('%Y', x) AS INTEGER)",
    "getdate": "datetime('now')",
    "greatest": "max(x, y)",
    "ilike": "x LIKE '%a%', which ignores the case of letters",
    "interval": "date(x, '+1 day')",
    "isnull": "x IS NULL, or ifnull(x, 0)",
    "least": "min(x, y)",
    "left": "substr(x, 1, 3)",
    "month": "strftime('%m', x)",
    "now": "datetime('now')",
    "nvl": "ifnull(x, 0)",
    "right": "substr(x, -3)",
    "split_part": "substr(x, 1, instr(x, ',') - 1)",
    "strpos": "instr(x, 'a')",
    "to_char": "strftime('%Y-%m', x), or printf('%.2f', x)",
    "to_date": "date(x)",
    "to_timestamp": "datetime(x, 'unixepoch')",
    "year": "strftime('%Y', x)",
}
_CAST = re.compile(r"::\s*[A-Za-z]")
_WORD = re.compile(r"[a-z_]+")
# Words of other databases after which SQLite names another word of the statement.
_KEYWORDS = ("extract", "ilike", "interval")
_USUAL = "SELECT name, rows, columns FROM data_sets lists them."


def sqlite_form(sql: str, message: str) -> str | None:
    """Return a hint for a statement that failed with a message; None if it has nothing of another database."""
    words = {found["bare"].lower() for found in TOKEN.finditer(sql) if found["bare"]}
    if _CAST.search(TOKEN.sub(lambda found: found[0] if found["bare"] else " ", sql)):
        return f"The dialect is SQLite: write CAST(x AS INTEGER) in place of x::integer. {_USUAL}"
    said = set(_WORD.findall(message.lower()))
    wrong = next((name for name in _INSTEAD if name in words and name in said), None)
    if wrong is None and "syntax error" in message:
        wrong = next((name for name in _KEYWORDS if name in words), None)
    return None if wrong is None else f"The dialect is SQLite: in place of {wrong} write {_INSTEAD[wrong]}. {_USUAL}"
