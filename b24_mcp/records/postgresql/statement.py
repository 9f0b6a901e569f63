"""The check of a statement before PostgreSQL gets it, and its names as they are stored.

The rights of the login that runs it protect the data of others. The check refuses what every login of PostgreSQL may
do: read the names of others in the tables of the system, change settings of its session, wait, hold locks. Names that
are written without quotes become the stored ones, because PostgreSQL makes them lower case.
"""

from __future__ import annotations

from collections.abc import Sequence

from b24_mcp.records.data_set import DataSet
from b24_mcp.records.postgresql.functions import ALLOWED, instead_of
from b24_mcp.records.postgresql.stored_names import restore_names
from b24_mcp.records.postgresql.tokens import SqlToken, refuse, tokens_of
from b24_mcp.records.postgresql.words import BEFORE_NORMALIZED, BEFORE_PARENTHESIS, SYSTEM_NAMES, SYSTEM_WORDS

_ONLY_SELECT = "only one SELECT is run: nothing that writes or changes settings"


def checked_statement(sql: str, sets: Sequence[DataSet]) -> str:
    """Return a statement that may be run over data sets, with their names and those of columns as they are stored.

    Raises:
        B24Error: `B24MCP_SQL` with what is not allowed.
    """
    tokens = tokens_of(sql)
    words = [place for place, token in enumerate(tokens) if token.kind != "space"]
    _check_shape([tokens[place] for place in words])
    _Calls([tokens[place] for place in words]).check()
    restore_names([tokens[place] for place in words], sets)
    while words and tokens[words[-1]].text == ";":
        tokens[words.pop()].text = ""
    return "".join(token.text for token in tokens)


def _check_shape(tokens: Sequence[SqlToken]) -> None:
    """Check that there is one statement that reads, and no name of the system."""
    words = [token.word for token in tokens]
    while words and words[-1] == ";":
        words.pop()
    if not words:
        refuse("there is no statement that returns rows")
    if ";" in words:
        refuse("only one statement is run")
    if next((word for word in words if word != "("), "") not in ("select", "with", "values", "table"):
        refuse(_ONLY_SELECT)
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth < 0:
            refuse('syntax error at or near ")"')
    if depth:
        refuse("a parenthesis is not closed")
    for place, token in enumerate(tokens):
        lowered = token.name.lower()
        type_ = lowered.lstrip("_")  # _regclass is the type of arrays of regclass
        is_schema = lowered == "public" and place + 1 < len(tokens) and tokens[place + 1].text == "."
        if type_.startswith("pg_") or type_ in SYSTEM_NAMES or is_schema:
            refuse(f"{token.name} is not a data set that can be read")
        if token.word == "normalized" and place and words[place - 1] in BEFORE_NORMALIZED:
            refuse("IS NORMALIZED is not allowed")
        if token.kind == "bare" and lowered in SYSTEM_WORDS:
            refuse(f"{token.name} is not allowed")


class _Calls:
    """The check of function calls: what stands before a parenthesis is a function, a word of SQL or a new name."""

    def __init__(self, tokens: Sequence[SqlToken]) -> None:
        self._tokens = tokens
        self._opened = _matching(tokens)

    def check(self) -> None:
        """Check all calls.

        Raises:
            B24Error: `B24MCP_SQL` with the first function that is not allowed.
        """
        new_names = self._names_of_with()
        for place, token in enumerate(self._tokens[:-1]):
            if not token.name or self._tokens[place + 1].text != "(" or place in new_names:
                continue
            if token.kind == "bare" and token.word in BEFORE_PARENTHESIS:
                continue
            is_bare = token.kind == "bare"
            is_qualified = place > 0 and self._tokens[place - 1].text == "."
            if not is_qualified and (token.name.lower() if is_bare else token.name) in ALLOWED:
                continue
            if not self._names_columns(place):
                instead = instead_of(token.name)
                refuse(f"the function {token.name} is not allowed", instead)

    def _names_columns(self, place: int) -> bool:
        """Whether a name before a parenthesis is an alias with the names of its columns: `AS t(a)`, `(…) t(a)`."""
        before = self._tokens[place - 1] if place else None
        if before is None:
            return False
        if before.word == "as":
            return True
        if before.text != ")":
            return False
        opening = self._opened[place - 1]
        # DISTINCT ON (…) f(x) calls a function.
        return opening > 0 and self._tokens[opening - 1].word in ("from", "join", "lateral", ",")

    def _names_of_with(self) -> set[int]:
        """Return the places of the names that `WITH name(columns) AS (…), name(columns) AS (…)` defines."""
        found: set[int] = set()
        for place, token in enumerate(self._tokens):
            if token.word != "with":
                continue
            place += 1
            if place < len(self._tokens) and self._tokens[place].word == "recursive":
                place += 1
            while (ends := self._end_of_definition(place)) is not None:
                found.add(place)
                if ends + 1 >= len(self._tokens) or self._tokens[ends + 1].text != ",":
                    break
                place = ends + 2
        return found

    def _end_of_definition(self, place: int) -> int | None:
        """Return the place of the last parenthesis of `name(columns) AS (SELECT …)`; None for anything else."""
        tokens = self._tokens
        if place >= len(tokens) or not tokens[place].name:
            return None
        place += 1
        if place < len(tokens) and tokens[place].text == "(":
            place = self._opened[place] + 1
        if place >= len(tokens) or tokens[place].word != "as":
            return None
        place += 1
        while place < len(tokens) and tokens[place].word in ("not", "materialized"):
            place += 1
        if place + 1 >= len(tokens) or tokens[place].text != "(":
            return None
        if tokens[place + 1].word not in ("select", "with", "values", "table", "("):
            return None
        return self._opened[place]


def _matching(tokens: Sequence[SqlToken]) -> dict[int, int]:
    """Return the place of the other parenthesis for each one."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.text == "(":
            opened.append(place)
        elif token.text == ")":
            found[place] = start = opened.pop()
            found[start] = place
    return found
