"""Reading one page after the other where the next page follows from the one before: limits, page numbers, cursors.

Each way of paging is a `Steps`: what the parameters of a page are, and where the page after it begins. Positions are
JSON. Sources: documentation, the pages of the methods, api-reference/rest-v3 for REST 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from b24_mcp.rest.answer import Answer
from b24_mcp.rest.listing.rows import whole_number
from b24_mcp.rest.params import Params

Position = int | list[int] | str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A page that was read: where it began, its rows as they came, the answer, and the fullest page so far."""

    position: Position
    rows: list[Any]
    answer: Answer
    fullest: int


class Steps(Protocol):
    """One way of going from page to page."""

    name: str

    def params(self, position: Position) -> Params:
        """Write the parameters of the page at a position; None is the first page."""
        ...

    def next(self, turn: Turn) -> Position:
        """Say where the next page begins; None when this was the last."""
        ...


@dataclass(slots=True)
class Once:
    """A method that gives everything at once."""

    given: Params
    name: str = "everything at once"

    def params(self, position: Position) -> Params:
        """Write the reader's own parameters."""
        return self.given

    def next(self, turn: Turn) -> Position:
        """There is no other page."""
        return None


@dataclass(slots=True)
class LimitOffset:
    """`limit` and `offset`, in the letter case and the parameter (`params`, `PARAMS`) a method has them in."""

    given: Mapping[str, Any]
    limit: str
    offset: str
    inside: str | None = None
    name: str = "limit and offset"
    size: int = 50

    def params(self, position: Position) -> Params:
        """Write limit and offset; a limit of the reader's own is kept."""
        inner = dict(self.given) if self.inside is None else dict(self.given.get(self.inside) or {})
        inner.setdefault(self.limit, self.size)
        inner[self.offset] = self._begin() if position is None else position
        return inner if self.inside is None else {**self.given, self.inside: inner}

    def next(self, turn: Turn) -> Position:
        """Stop at an empty page, at the total, or where the method says that there is no more."""
        after = (self._begin() if turn.position is None else _number(turn.position)) + len(turn.rows)
        if not turn.rows or _says_end(turn.answer.result) or len(turn.rows) < turn.fullest:
            return None
        if turn.answer.total is not None and turn.answer.total >= 0 and after >= turn.answer.total:
            return None
        return after

    def _begin(self) -> int:
        inner = self.given if self.inside is None else self.given.get(self.inside) or {}
        return _number(inner.get(self.offset))


@dataclass(slots=True)
class PageNumber:
    """`page`, counted from 1."""

    given: Mapping[str, Any]
    name: str = "page numbers"

    def params(self, position: Position) -> Params:
        """Write the number of the page."""
        return {**self.given, "page": position or whole_number(self.given.get("page")) or 1}

    def next(self, turn: Turn) -> Position:
        """Stop at a page that is empty or not as full as one before."""
        if not turn.rows or len(turn.rows) < turn.fullest:
            return None
        return (_number(turn.position) or whole_number(self.given.get("page")) or 1) + 1


@dataclass(slots=True)
class LastId:
    """`LAST_ID`: each page goes back from the oldest id of the page before.

    `typed` methods want the stage of the last row beside it (`LAST_TYPE`): 1 for notifications that wait for an answer,
    3 for the others. With `rising` the ids grow from page to page.
    """

    given: Mapping[str, Any]
    size: int = 50
    typed: bool = False
    rising: bool = False
    name: str = "last id"

    def params(self, position: Position) -> Params:
        """Write the last id; a limit of the reader's own is kept."""
        params: dict[str, Any] = {**self.given}
        params.setdefault("LIMIT", self.size)
        if isinstance(position, list):
            params |= {"LAST_ID": position[0], "LAST_TYPE": position[1]}
        elif position is not None:
            params["LAST_ID"] = position
        return params

    def next(self, turn: Turn) -> Position:
        """Stop at a page that brings no further id."""
        ids = [found for row in turn.rows if (found := _id_of(row)) is not None]
        if not ids or len(turn.rows) < turn.fullest:
            return None
        if self.typed:
            kind = 1 if _number(turn.rows[-1].get("notify_type")) == 1 else 3
            return None if turn.position == [ids[-1], kind] else [ids[-1], kind]
        last = ids[-1] if self.rising else min(ids)
        if isinstance(turn.position, int) and not self.rising and last >= turn.position:
            return None
        return None if last == turn.position else last


@dataclass(slots=True)
class NavParams:
    """`NAV_PARAMS`, one of the arguments that the old `task.*` methods count."""

    given: list[Any]
    argument: int
    inside: str | None = None
    name: str = "NAV_PARAMS"

    def params(self, position: Position) -> Params:
        """Put the page into its place among the arguments."""
        arguments: list[Any] = [*self.given]
        arguments += [{} for _ in range(self.argument + 1 - len(arguments))]
        argument = arguments[self.argument]
        held = dict(argument) if isinstance(argument, dict) else {}
        wanted = {"nPageSize": 50, "iNumPage": position or 1}
        if self.inside is None:
            arguments[self.argument] = {**held, **wanted}
        else:
            arguments[self.argument] = {**held, self.inside: {**(held.get(self.inside) or {}), **wanted}}
        return arguments

    def next(self, turn: Turn) -> Position:
        """Stop by `next` and `total`: beyond the end the first page comes again."""
        page = _number(turn.position) or 1
        if not turn.rows or turn.answer.next is None or page * 50 >= (turn.answer.total or 0):
            return None
        return page + 1


def _says_end(result: Any) -> bool:
    """Some answers say whether there is more."""
    said = [result[name] for name in ("hasMore", "hasMorePages", "hasNextPage") if isinstance(result, dict) and name in result]
    return bool(said) and not any(said)


def _number(value: Any) -> int:
    return whole_number(value) or 0


def _id_of(row: Any) -> int | None:
    if not isinstance(row, dict):
        return whole_number(row)
    return next((found for name in ("ID", "id") if (found := whole_number(row.get(name))) is not None), None)
