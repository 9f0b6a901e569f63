"""The tokens of a statement that are names, texts or comments."""

from __future__ import annotations

import re

# The tokens of SQLite that matter here. A token without its end runs to the end of the statement, as in SQLite.
TOKEN = re.compile(
    r"""
      (?P<text>     '[^']*(?:''[^']*)*(?:'|\Z) )
    | (?P<comment>  --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<double>   "(?P<in_double>[^"]*(?:""[^"]*)*)(?:"|\Z) )
    | (?P<back>     `(?P<in_back>[^`]*(?:``[^`]*)*)(?:`|\Z) )
    | (?P<bracket>  \[(?P<in_bracket>[^\]]*)(?:\]|\Z) )
    | (?P<bare>     [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    """,
    re.VERBOSE | re.DOTALL,
)


def strict_names(sql: str) -> tuple[str, dict[str, str]]:
    """Return a statement whose names in double quotes are names only, and the original spelling of each.

    SQLite takes a name in double quotes for a text if there is no such name, so that a misspelt column is compared as
    a text. A name in back quotes is never a text.
    """
    originals: dict[str, str] = {}

    def rewritten(match: re.Match[str]) -> str:
        inner = match["in_double"]
        if inner is None or len(match[0]) != len(inner) + 2:
            return match[0]
        name = "`" + inner.replace('""', '"').replace("`", "``") + "`"
        originals[name] = match[0]
        return name

    return TOKEN.sub(rewritten, sql), originals


def identifiers(sql: str) -> set[str]:
    """Return all identifiers and words of a statement, as written. Texts and comments are none."""
    found: set[str] = set()
    for match in TOKEN.finditer(sql):
        for kind in ("in_double", "in_back", "in_bracket", "bare"):
            if match[kind] is not None:
                found.add(match[kind])
    return found
