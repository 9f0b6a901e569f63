"""The facts in the text of a statement that matter for a chart of its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from b24_mcp.records.sql_tokens import TOKEN

_PART = re.compile(r"[(),;]|\w+")
_AFTER_THE_LIST = frozenset(("from", "where", "group", "order", "limit", "union", "except", "intersect", "having"))
# Values of these cannot be added: the average of all is not the sum of the averages.
_NO_SUM = re.compile(r"\b(?:avg|min|max|median|percentile|stddev|variance|julianday)|%|/\s*(?!\d)")
_A_SUM = re.compile(r"\b(?:count|sum|total)\s*\(")


@dataclass(frozen=True, slots=True)
class ChartStatement:
    """The outer SELECT of a statement. `expressions` are its columns in lower case; empty when they are not known."""

    expressions: tuple[str, ...]
    is_ordered: bool
    is_limited: bool

    def may_add(self, place: int, name: str) -> bool:
        """Whether values of a column may be added to one another."""
        return not _NO_SUM.search(self._expression(place)) and not _NO_SUM.search(name.lower())

    def counts_parts(self, place: int) -> bool:
        """Whether a column counts or adds up something, so that its values are the parts of a whole."""
        return bool(_A_SUM.search(self._expression(place)))

    def _expression(self, place: int) -> str:
        return self.expressions[place] if place < len(self.expressions) else ""


def read_statement(sql: str) -> ChartStatement:
    """Return what a statement says of its rows. Texts, comments and quoted names in it do not count."""
    plain = TOKEN.sub(lambda found: found[0] if found["bare"] else "x" * len(found[0]), sql).lower()
    depth = 0
    start: int | None = None
    is_open = True
    expressions: list[str] = []
    outer: set[str] = set()
    for part in _PART.finditer(plain):
        word = part[0]
        depth += (word == "(") - (word == ")")
        if depth or word in "()":
            continue
        outer.add(word)
        if start is None:
            start = part.end() if word == "select" else None
        elif is_open and (word == "," or word in _AFTER_THE_LIST):
            expressions.append(plain[start : part.start()].strip())
            start, is_open = part.end(), word == ","
    if start is not None and is_open:
        expressions.append(plain[start:].strip())
    is_known = not any(one.endswith("*") for one in expressions)
    return ChartStatement(tuple(expressions) if is_known else (), "order" in outer, "limit" in outer)
