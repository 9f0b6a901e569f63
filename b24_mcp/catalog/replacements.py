"""What to use in place of outdated methods: as the documentation names it, or as `data/replaced.tsv` does."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.catalog.tables import read_table


def successors_of(facts: MethodFacts) -> tuple[str, ...]:
    """Return the methods that replace an outdated or classic one, each with what it needs; empty for any other."""
    if facts.replaced_by:
        return facts.replaced_by if facts.deprecated or facts.superseded else ()
    if not facts.deprecated:
        return ()
    method = facts.method.lower()
    named = next((by for pattern, by in _table() if fnmatchcase(method, pattern)), "")
    return (named,) if named else ()


def advice_on(facts: MethodFacts) -> str:
    """Return that a method is outdated and what to use instead; empty for a method that is not outdated."""
    if not facts.deprecated:
        return ""
    successors = successors_of(facts)
    return f"{facts.method} is outdated" + (f": use {' or '.join(successors)}." if successors else ".")


@cache
def _table() -> list[tuple[str, str]]:
    return [(row["methods"], row["by"]) for row in read_table("replaced")]
