"""The tokens of a statement of PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from b24_mcp.errors import our_error
from b24_mcp.records.names import quoted

_HINT = "Write one SELECT of PostgreSQL over the data sets. SELECT name, rows, columns FROM data_sets lists them."
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
class SqlToken:
    """A token. `name` is the name in a word or in quotes; empty for other tokens."""

    text: str
    kind: str
    name: str = ""

    @property
    def word(self) -> str:
        """A word without quotes in lower case; otherwise the text."""
        return self.text.lower() if self.kind == "bare" else self.text


def tokens_of(sql: str) -> list[SqlToken]:
    """Return the tokens of a statement, with the spaces and comments between them.

    Raises:
        B24Error: `B24MCP_SQL` for what could be read in two ways.
    """
    found: list[SqlToken] = []
    place = 0
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        assert match is not None
        kind = next(name for name in _KINDS if match[name] is not None)
        end = match.end()
        if kind == "block":
            end, kind = _end_of_comment(sql, place), "space"
        elif kind == "special":
            refuse(f"{match[0]} is not allowed. Write the text between single quotes, and chr(10) for a new line")
        elif (kind == "text" and not match["ends"]) or (kind == "double" and not match["closes"]):
            refuse("a quote is not closed")
        text = sql[place:end]
        name = ""
        if kind == "bare":
            name = text
        elif kind == "double":
            name = match["in_double"].replace('""', '"')
        elif kind == "back":  # as in SQLite and MySQL
            name, kind = match["in_back"], "double"
            text = quoted(name)
        elif text == "$":
            refuse("$ is not allowed: there are no parameters, and a text is written between single quotes")
        found.append(SqlToken(text, kind, name))
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
    return refuse("a comment is not closed")


def refuse(why: str, hint: str | None = None) -> NoReturn:
    """Raise the error of a statement that is not run."""
    raise our_error("B24MCP_SQL", f"The query was not run: {why}.", hint=hint or _HINT)
