"""Reading one page after the other where the next page follows from the one before: limits, page numbers, cursors.

Each way of paging is a `Steps`: what the parameters of a page are, and where the page after it begins. Positions are
JSON. Sources: documentation, the pages of the methods, api-reference/rest-v3 for REST 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Protocol

from b24_mcp.rest.listing.rows import whole_number
from b24_mcp.rest.listing.strategy import PAGE_SIZE, OtherWayError
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.next_page import is_full
from b24_mcp.rest.wire.params import Params

_V3_PAGE = 500
"""Rows of a page in REST 3.0, which gives up to 1,000."""

Position = int | list[int] | dict[str, Any] | None
Shifts = Literal["no", "offset", "page"]


@dataclass(frozen=True, slots=True)
class StepTurn:
    """A page that was read: where it began, its rows as they came, the answer, and the fullest page so far."""

    position: Position
    rows: list[Any]
    answer: Answer
    fullest: int


class Steps(Protocol):
    """One way of going from page to page. `shifts` says what rows that are added or removed do to the pages after them:
    "no" where pages begin at an id or a cursor, "offset" where they begin at any row of the list, "page" where they
    begin at fixed rows of it.
    """

    name: str

    @property
    def shifts(self) -> Shifts:
        """See above."""
        ...

    def params(self, position: Position) -> Params:
        """Write the parameters of the page at a position; None is the first page."""
        ...

    def next(self, turn: StepTurn) -> Position:
        """Return where the next page begins; None when this was the last."""
        ...

    def back(self, position: Position, rows: int) -> Position:
        """Return a position so many rows before another, as far as there are any; None for the beginning."""
        ...


class _Fixed:
    """Positions that cannot be moved by rows."""

    def back(self, position: Position, rows: int) -> Position:
        """Return the same position."""
        return position


@dataclass(slots=True)
class Once(_Fixed):
    """A method that gives everything at once."""

    given: Params
    name: str = "everything at once"
    shifts: Shifts = "no"

    def params(self, position: Position) -> Params:
        """Write the reader's own parameters."""
        return self.given

    def next(self, turn: StepTurn) -> Position:
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
    size: int = PAGE_SIZE
    shifts: Shifts = "offset"

    def params(self, position: Position) -> Params:
        """Write limit and offset; a limit of the reader's own is kept."""
        inner = dict(self.given) if self.inside is None else dict(self.given.get(self.inside) or {})
        inner.setdefault(self.limit, self.size)
        inner[self.offset] = self._begin() if position is None else position
        return inner if self.inside is None else {**self.given, self.inside: inner}

    def next(self, turn: StepTurn) -> Position:
        """Stop at an empty page, at one that is not full, or where the method says that there is no more.

        A page that is not full may be followed by others where the total says so. Some methods give smaller pages
        than they were asked for, so that only those before show whether one is full.
        """
        after = (self._begin() if turn.position is None else _number(turn.position)) + len(turn.rows)
        if not turn.rows or _says_end(turn.answer.result):
            return None
        total = turn.answer.total
        if total is not None and total >= 0:
            is_full = len(turn.rows) >= (turn.fullest or self._limit())
            return None if after >= total and not is_full else after
        return None if len(turn.rows) < turn.fullest else after

    def back(self, position: Position, rows: int) -> Position:
        """Return the offset so many rows before, not before the reader's own."""
        return max(self._begin(), _number(position) - rows)

    def _begin(self) -> int:
        return _number(self._inner().get(self.offset))

    def _limit(self) -> int:
        return _number(self._inner().get(self.limit)) or self.size

    def _inner(self) -> Mapping[str, Any]:
        return self.given if self.inside is None else self.given.get(self.inside) or {}


@dataclass(slots=True)
class PageNumber(_Fixed):
    """`page`, counted from 1."""

    given: Mapping[str, Any]
    name: str = "page numbers"
    shifts: Shifts = "page"

    def params(self, position: Position) -> Params:
        """Write the number of the page."""
        return {**self.given, "page": position or whole_number(self.given.get("page")) or 1}

    def next(self, turn: StepTurn) -> Position:
        """Stop at a page that is empty or not as full as one before."""
        if not turn.rows or len(turn.rows) < turn.fullest:
            return None
        return (_number(turn.position) or whole_number(self.given.get("page")) or 1) + 1


@dataclass(slots=True)
class LastId(_Fixed):
    """`LAST_ID`: each page goes back from the oldest id of the page before; `FIRST_ID` goes forward from the newest.

    `typed` methods want the stage of the last row beside it (`LAST_TYPE`): 1 for notifications that wait for an answer,
    3 for the others. With `rising` the last id of a page is its last row's, whatever the order.
    """

    given: Mapping[str, Any]
    typed: bool = False
    rising: bool = False
    size: int = PAGE_SIZE
    name: str = "last id"
    shifts: Shifts = "no"

    def params(self, position: Position) -> Params:
        """Write the last id; a limit of the reader's own is kept."""
        params: dict[str, Any] = {"LIMIT": self.size, **self.given}
        if isinstance(position, list):
            params |= {"LAST_ID": position[0], "LAST_TYPE": position[1]}
        elif position is not None:
            params[self._field] = position
        return params

    def next(self, turn: StepTurn) -> Position:
        """Stop at a page that brings no further id; unread messages make some pages fuller than others."""
        ids = [found for row in turn.rows if (found := _id_of(row)) is not None]
        if not ids:
            return None
        following: Position = ids[-1] if self.rising else min(ids) if self._field == "LAST_ID" else max(ids)
        if self.typed:
            following = [ids[-1], 1 if _number(turn.rows[-1].get("notify_type")) == 1 else 3]
        return None if following == turn.position else following

    @property
    def _field(self) -> str:
        return "FIRST_ID" if "FIRST_ID" in self.given else "LAST_ID"


@dataclass(slots=True)
class NavParams(_Fixed):
    """`NAV_PARAMS`, in one of the arguments that the old `task.*` methods count; `bare` methods take it as the argument
    itself by their page, and inside it by the portal's source."""

    given: list[Any]
    argument: int
    bare: bool = False
    name: str = "NAV_PARAMS"
    shifts: Shifts = "page"

    def params(self, position: Position) -> Params:
        """Put the page into its place among the arguments."""
        arguments: list[Any] = [*self.given]
        arguments += [{} for _ in range(self.argument + 1 - len(arguments))]
        argument = arguments[self.argument]
        held = dict(argument) if isinstance(argument, dict) else {}
        wanted = {"nPageSize": PAGE_SIZE, "iNumPage": position or 1}
        arguments[self.argument] = {**held, "NAV_PARAMS": wanted} | (wanted if self.bare else {})
        return arguments

    def next(self, turn: StepTurn) -> Position:
        """Stop at a page that is not full and without `next`. Beyond the end the first page comes again."""
        page = _number(turn.position) or 1
        if not turn.rows or (turn.answer.next is None and len(turn.rows) < PAGE_SIZE):
            return None
        return page + 1

    def is_beyond(self, turn: StepTurn) -> bool:
        """Whether a page begins beyond the last row that the portal counts."""
        start = ((_number(turn.position) or 1) - 1) * PAGE_SIZE
        said = turn.answer.next
        return 0 < (turn.answer.total or 0) <= start and not (isinstance(said, int) and said > start)


@dataclass(slots=True)
class Follow:
    """REST 3.0, where the client knows from an answer how to ask for the page after it."""

    given: Mapping[str, Any]
    paging: str = "pagination"
    size: int = _V3_PAGE
    name: str = "pagination"
    has_skipped: bool = False

    @property
    def shifts(self) -> Shifts:
        """Pages begin at an offset, at a page number, or where a cursor says."""
        if self.paging != "pagination":
            return "no"
        asked = self.given.get("pagination")
        return "page" if isinstance(asked, dict) and "page" in asked else "offset"

    def params(self, position: Position) -> Params:
        """Write the reader's own parameters with the place of the page in them."""
        if isinstance(position, dict):
            return {**self.given, **position}
        place = "cursor" if self.paging == "tail" else "pagination"
        if self.paging == "tail" and not self.given.get("cursor"):
            return dict(self.given)  # a cursor needs a value, which only the first page shows
        asked = self.given.get(place)
        return {**self.given, place: {"limit": self.size, **(asked if isinstance(asked, dict) else {})}}

    def next(self, turn: StepTurn) -> Position:
        """Return what the client read in the answer. By a cursor of values that several rows may have in common, the
        next page begins with those of the last value again; `has_skipped` is set where a whole page has one value, so
        that more rows of it may be passed over.
        """
        following = turn.answer.next
        if not isinstance(following, dict):
            return None
        cursor = following.get("cursor")
        if self.paging != "tail" or not isinstance(cursor, dict) or cursor.get("field") in (None, "id"):
            return following
        values = [row.get(cursor["field"]) for row in turn.rows if isinstance(row, dict)]
        before = [value for value in values if value is not None and value != values[-1]]
        if not before:
            self.has_skipped = True
            return following
        return {**following, "cursor": {**cursor, "value": before[-1]}}

    def back(self, position: Position, rows: int) -> Position:
        """Return the offset so many rows before, not before the reader's own."""
        asked = position.get("pagination") if isinstance(position, dict) else None
        if not isinstance(position, dict) or not isinstance(asked, dict) or not isinstance(asked.get("offset"), int):
            return position
        given = self.given.get("pagination")
        begin = _number(given.get("offset")) if isinstance(given, dict) else 0
        return {**position, "pagination": {**asked, "offset": max(begin, asked["offset"] - rows)}}


@dataclass(slots=True)
class ByIdV3(_Fixed):
    """REST 3.0 by id: a condition `["id", ">", last]` and the order of ids. Nothing shifts."""

    given: Mapping[str, Any]
    size: int = _V3_PAGE
    name: str = "keyset"
    shifts: Shifts = "no"

    def params(self, position: Position) -> Params:
        """Write the condition beside the reader's own."""
        params: dict[str, Any] = {**self.given, "order": {"id": "asc"}, "pagination": {"limit": self.size}}
        if isinstance(position, int):
            params["filter"] = [*(self.given.get("filter") or []), ["id", ">", position]]
        return params

    def next(self, turn: StepTurn) -> Position:
        """Stop at a page that is not full.

        Raises:
            OtherWayError: when ids do not rise, or are none.
        """
        ids = [_id_of(row) for row in turn.rows]
        numbers = [found for found in ids if found is not None]
        known = ([turn.position] if isinstance(turn.position, int) else []) + numbers
        if len(numbers) != len(ids) or any(b <= a for a, b in pairwise(known)):
            raise OtherWayError("it does not follow its filter and order by id")
        return numbers[-1] if numbers and is_full(len(numbers), self.size) else None


def _says_end(result: Any) -> bool:
    """Some answers say whether there is more."""
    if not isinstance(result, dict):
        return False
    said = [result[name] for name in ("hasMore", "hasMorePages", "hasNextPage") if name in result]
    return bool(said) and not any(said)


def _number(value: Any) -> int:
    return whole_number(value) or 0


def _id_of(row: Any) -> int | None:
    if not isinstance(row, dict):
        return whole_number(row)
    return next((found for name in ("ID", "id") if (found := whole_number(row.get(name))) is not None), None)
