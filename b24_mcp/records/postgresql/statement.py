"""The check of a statement before PostgreSQL gets it, and its names as they are stored.

The rights of the login that runs it protect the data of others. The check keeps a statement from what every login of
PostgreSQL may do: read the names of others in the tables of the system, change settings of its session, wait, hold
locks. Names that are written without quotes become the stored ones, because PostgreSQL makes them lower case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from b24_mcp.errors import our_error
from b24_mcp.records.data_set import DataSet
from b24_mcp.records.postgresql.functions import ALLOWED, instead_of
from b24_mcp.records.postgresql.words import BEFORE_PARENTHESIS, RESERVED, SYSTEM_NAMES, SYSTEM_WORDS

_ONLY_SELECT = "only one SELECT is run: nothing that writes or changes settings"
_TOKEN = re.compile(
    r"""
      (?P<space>    [ \t\n\r\f\v]+ | --[^\n\r]* )
    | (?P<block>    /\* )
    | (?P<special>  [uU]&["'] | [eE]' )
    | (?P<text>     [bBxXnN]?'[^']*(?:''[^']*)*(?P<ends>'?) )
    | (?P<double>   "(?P<in_double>[^"]*(?:""[^"]*)*)(?P<closes>"?) )
    | (?P<back>     `(?P<in_back>[^`]+)` )
    | (?P<bare>     [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    | (?P<number>   [0-9]+ )
    | (?P<cast>     :: )
    | (?P<other>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = ("space", "block", "special", "text", "double", "back", "bare", "number", "cast", "other")
_COMMENT_MARK = re.compile(r"/\*|\*/")


@dataclass(slots=True)
class _Token:
    """A token. `name` is what a word or a quoted name says; empty for other tokens."""

    text: str
    kind: str
    name: str = ""

    @property
    def word(self) -> str:
        """A word without quotes in lower case; otherwise the text."""
        return self.text.lower() if self.kind == "bare" else self.text


def checked_statement(sql: str, sets: Sequence[DataSet]) -> str:
    """Return a statement that may be run over data sets, with their names and those of columns as they are stored.

    Raises:
        B24Error: `B24MCP_SQL` with what is not allowed.
    """
    tokens = _tokens(sql)
    words = [place for place, token in enumerate(tokens) if token.kind != "space"]
    _check_shape([tokens[place] for place in words])
    _Calls([tokens[place] for place in words]).check()
    _restore_names([tokens[place] for place in words], sets)
    while words and tokens[words[-1]].text == ";":
        tokens[words.pop()].text = ""
    return "".join(token.text for token in tokens)


def _tokens(sql: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        assert match is not None
        kind = next(name for name in _KINDS if match[name] is not None)
        end = match.end()
        if kind == "block":
            end, kind = _end_of_comment(sql, place), "space"
        elif kind == "special":
            _refuse(f"{match[0]} is not allowed. Write the text between single quotes, and chr(10) for a new line")
        elif (kind == "text" and not match["ends"]) or (kind == "double" and not match["closes"]):
            _refuse("a quote is not closed")
        text = sql[place:end]
        name = ""
        if kind == "bare":
            name = text
        elif kind == "double":
            name = match["in_double"].replace('""', '"')
        elif kind == "back":  # as in SQLite and MySQL
            name, kind = match["in_back"], "double"
            text = _quoted(name)
        elif text == "$":
            _refuse("$ is not allowed: there are no parameters, and a text is written between single quotes")
        found.append(_Token(text, kind, name))
        place = end
    return found


def _end_of_comment(sql: str, start: int) -> int:
    """Return the end of a comment. PostgreSQL nests them."""
    depth, place = 0, start
    while mark := _COMMENT_MARK.search(sql, place):
        depth += 1 if mark[0] == "/*" else -1
        place = mark.end()
        if not depth:
            return place
    return _refuse("a comment is not closed")


def _check_shape(tokens: Sequence[_Token]) -> None:
    """Check that there is one statement that reads, and no name of the system."""
    words = [token.word for token in tokens]
    while words and words[-1] == ";":
        words.pop()
    if not words:
        _refuse("there is no statement that returns rows")
    if ";" in words:
        _refuse("only one statement is run")
    if next((word for word in words if word != "("), "") not in ("select", "with", "values", "table"):
        _refuse(_ONLY_SELECT)
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth < 0:
            _refuse('syntax error at or near ")"')
    if depth:
        _refuse("a parenthesis is not closed")
    for place, token in enumerate(tokens):
        lowered = token.name.lower()
        is_schema = lowered == "public" and place + 1 < len(tokens) and tokens[place + 1].text == "."
        if lowered.startswith("pg_") or lowered in SYSTEM_NAMES or is_schema:
            _refuse(f"{token.name} is not a data set that can be read")
        if token.kind == "bare" and lowered in SYSTEM_WORDS:
            _refuse(f"{token.name} is not allowed")


class _Calls:
    """The check of function calls: what stands before a parenthesis is a function, a word of SQL or a new name."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
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
                _refuse(f"the function {token.name} is not allowed", instead)

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


def _matching(tokens: Sequence[_Token]) -> dict[int, int]:
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


def _restore_names(tokens: Sequence[_Token], sets: Sequence[DataSet]) -> None:
    """Write the names of data sets and columns as they are stored, in quotes where PostgreSQL needs them."""
    named = {_form(token.name) for token in tokens if token.name}
    used = [one for one in sets if _form(one.name) in named]
    known = _Names([one.name for one in used] + [column.name for one in used for column in one.columns])
    in_cast = _types_of_casts(tokens)
    for place, token in enumerate(tokens):
        if not token.name or place in in_cast:
            continue
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        stored = known.find(token.name)
        if stored is None:
            continue
        if token.kind == "double" or (
            (stored != stored.lower() or stored != token.name)
            and not (
                token.word in RESERVED
                or (after is not None and (after.text == "(" or after.kind == "text"))
                or (place and tokens[place - 1].kind == "cast")
            )
        ):
            token.text = _quoted(stored)


class _Names:
    """Names of which some differ only in the case of letters or in their Unicode form."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = set(names)
        self._by_form: dict[str, set[str]] = {}
        for name in self._exact:
            self._by_form.setdefault(_form(name), set()).add(name)

    def find(self, written: str) -> str | None:
        """Return the stored name that was meant; None if there is none, or several."""
        if written in self._exact:
            return written
        found = self._by_form.get(_form(written), set())
        return next(iter(found)) if len(found) == 1 else None


def _types_of_casts(tokens: Sequence[_Token]) -> set[int]:
    """Return the places of the words after AS in `CAST(x AS type)`, and of the first word in `EXTRACT(part FROM x)`."""
    found: set[int] = set()
    calls: list[str] = []
    for place, token in enumerate(tokens):
        if token.text == "(":
            calls.append(tokens[place - 1].word if place else "")
            if calls[-1] == "extract":
                found.add(place + 1)
        elif token.text == ")":
            calls.pop()
        elif token.word == "as" and calls and calls[-1] == "cast":
            ahead = place + 1
            while ahead < len(tokens) and tokens[ahead].text != ")":
                found.add(ahead)
                ahead += 1
    return found


def _form(name: str) -> str:
    return "".join(one.lower() if one.isascii() else one for one in unicodedata.normalize("NFC", name))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _refuse(why: str, hint: str | None = None) -> NoReturn:
    raise our_error("B24MCP_SQL", f"The query was not run: {why}.", hint=hint or _HINT)


_HINT = "Write one SELECT of PostgreSQL over the data sets. SELECT name, rows, columns FROM data_sets lists them."
