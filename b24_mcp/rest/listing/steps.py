"""Paging where the next page follows from the page before: limits, page numbers, last ids.

A `Steps` object knows the parameters of a page and where the page after it begins. Positions are JSON. Source:
documentation, the pages of the methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from b24_mcp.catalog.lists import RowType
from b24_mcp.rest.listing.rows import whole_number
from b24_mcp.rest.listing.strategy import PAGE_SIZE
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params

Position = int | list[int] | dict[str, object] | None
Shifts = Literal["no", "offset", "page"]


@dataclass(frozen=True, slots=True)
class PageTurn:
    """A page that was read: where it began, its rows, the answer, and the size of the fullest page so far."""

    position: Position
    rows: list[object]
    answer: Answer
    fullest: int


class Steps(Protocol):
    """One kind of paging.

    `shifts` is what added or removed rows do to later pages: "no" if pages begin at an id or a cursor, "offset" if they
    begin at any row of the list, "page" if they begin at fixed rows of it.
    """

    name: str

    @property
    def shifts(self) -> Shifts:
        """See above."""
        ...

    def params(self, position: Position) -> Params:
        """Return the parameters of the page at a position; None is the first page."""
        ...

    def next(self, turn: PageTurn) -> Position:
        """Return where the next page begins; None if this was the last."""
        ...

    def back(self, position: Position, rows: int) -> Position:
        """Return the position a number of rows before another, but not before the beginning."""
        ...


class FixedPositions:
    """A base of `Steps` whose positions cannot be moved by rows."""

    def back(self, position: Position, rows: int) -> Position:
        """Return the same position."""
        return position


@dataclass(slots=True)
class Once(FixedPositions):
    """A method that returns all rows in one answer."""

    given: Params
    name: str = "everything at once"
    shifts: Shifts = "no"

    def params(self, position: Position) -> Params:
        """Return the reader's own parameters."""
        return self.given

    def next(self, turn: PageTurn) -> Position:
        """Return None: there is no other page."""
        return None


@dataclass(slots=True)
class LimitOffset:
    """`limit` and `offset`, in the letter case of the method, and `inside` the parameter that holds them, if any."""

    given: Mapping[str, object]
    limit: str
    offset: str
    inside: str | None = None
    name: str = "limit and offset"
    size: int = PAGE_SIZE
    shifts: Shifts = "offset"

    def params(self, position: Position) -> Params:
        """Return the parameters with limit and offset. The reader's own limit is kept."""
        inner = {self.limit: self.size, **self._inner()}
        inner[self.offset] = self._begin() if position is None else position
        return inner if self.inside is None else {**self.given, self.inside: inner}

    def next(self, turn: PageTurn) -> Position:
        """Return the next offset; None after an empty page, one that is not full, or one that says it is the last.

        A page that is not full may be followed by others if the total says so. Some methods return smaller pages than
        requested, so only the pages before show whether one is full.
        """
        after = (self._begin() if turn.position is None else number_or_zero(turn.position)) + len(turn.rows)
        if not turn.rows or _says_end(turn.answer.result):
            return None
        total = turn.answer.total
        if total is not None and total >= 0:
            is_full = len(turn.rows) >= (turn.fullest or self._limit())
            return None if after >= total and not is_full else after
        return None if len(turn.rows) < turn.fullest else after

    def back(self, position: Position, rows: int) -> Position:
        """Return the offset a number of rows before, but not before the reader's own."""
        return max(self._begin(), number_or_zero(position) - rows)

    def _begin(self) -> int:
        return number_or_zero(self._inner().get(self.offset))

    def _limit(self) -> int:
        return number_or_zero(self._inner().get(self.limit)) or self.size

    def _inner(self) -> Mapping[str, object]:
        return self.given if self.inside is None else as_mapping(self.given.get(self.inside))


@dataclass(slots=True)
class PageNumber(FixedPositions):
    """`page`, counted from 1."""

    given: Mapping[str, object]
    name: str = "page numbers"
    shifts: Shifts = "page"

    def params(self, position: Position) -> Params:
        """Return the parameters with the number of the page."""
        return {**self.given, "page": position or self._first()}

    def next(self, turn: PageTurn) -> Position:
        """Return the next number; None after a page that is empty or less full than one before."""
        if not turn.rows or len(turn.rows) < turn.fullest:
            return None
        return (number_or_zero(turn.position) or self._first()) + 1

    def _first(self) -> int:
        return number_or_zero(self.given.get("page")) or 1


@dataclass(slots=True)
class LastId(FixedPositions):
    """`LAST_ID`: each page ends before the oldest id of the page before; `FIRST_ID` goes on from the newest.

    With `row_type` the type of the last row is sent too, as `LAST_TYPE`. With `rising` the last id of a page is that of
    its last row, whatever the order.
    """

    given: Mapping[str, object]
    row_type: RowType | None = None
    rising: bool = False
    size: int = PAGE_SIZE
    name: str = "last id"
    shifts: Shifts = "no"

    def params(self, position: Position) -> Params:
        """Return the parameters with the last id. The reader's own limit is kept."""
        params: dict[str, object] = {"LIMIT": self.size, **self.given}
        if isinstance(position, list):
            params |= {"LAST_ID": position[0], "LAST_TYPE": position[1]}
        elif position is not None:
            params[self._field] = position
        return params

    def next(self, turn: PageTurn) -> Position:
        """Return the last id; None after a page without a further id. Unread messages make some pages larger."""
        ids = [found for row in turn.rows if (found := row_id(row)) is not None]
        if not ids:
            return None
        following: Position = ids[-1] if self.rising else min(ids) if self._field == "LAST_ID" else max(ids)
        if self.row_type is not None:
            value = whole_number(as_mapping(turn.rows[-1]).get(self.row_type.field))
            following = [ids[-1], self.row_type.of(value)]
        return None if following == turn.position else following

    @property
    def _field(self) -> str:
        return "FIRST_ID" if "FIRST_ID" in self.given else "LAST_ID"


@dataclass(slots=True)
class NavParams(FixedPositions):
    """`NAV_PARAMS` in one of the arguments of a positional method.

    The documentation of `bare` methods says that the argument is `NAV_PARAMS` itself, the portal's source that it holds
    it. Both forms are sent.
    """

    given: list[object]
    argument: int
    bare: bool = False
    name: str = "NAV_PARAMS"
    shifts: Shifts = "page"

    def params(self, position: Position) -> Params:
        """Return the arguments with the page among them."""
        arguments = [*self.given]
        arguments += [{} for _ in range(self.argument + 1 - len(arguments))]
        page = {"nPageSize": PAGE_SIZE, "iNumPage": position or 1}
        arguments[self.argument] = {
            **as_mapping(arguments[self.argument]),
            "NAV_PARAMS": page,
            **(page if self.bare else {}),
        }
        return arguments

    def next(self, turn: PageTurn) -> Position:
        """Return the next number; None after a page that is not full and has no `next`.

        Beyond the end the portal returns the first page again.
        """
        page = number_or_zero(turn.position) or 1
        if not turn.rows or (turn.answer.next is None and len(turn.rows) < PAGE_SIZE):
            return None
        return page + 1

    def is_beyond(self, turn: PageTurn) -> bool:
        """Whether a page begins beyond the last row that the portal counts."""
        start = ((number_or_zero(turn.position) or 1) - 1) * PAGE_SIZE
        following = turn.answer.next
        return 0 < (turn.answer.total or 0) <= start and not (isinstance(following, int) and following > start)


def number_or_zero(value: object) -> int:
    """Return a whole number; 0 for anything else."""
    return whole_number(value) or 0


def as_mapping(value: object) -> Mapping[str, object]:
    """Return an object of JSON; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def row_id(row: object) -> int | None:
    """Return the numeric id of a row, which may be the id itself."""
    if not isinstance(row, dict):
        return whole_number(row)
    return next((found for name in ("ID", "id") if (found := whole_number(row.get(name))) is not None), None)


def _says_end(result: object) -> bool:
    """Whether an answer says that there are no more rows."""
    if not isinstance(result, dict):
        return False
    said = [result[name] for name in ("hasMore", "hasMorePages", "hasNextPage") if name in result]
    return bool(said) and not any(said)
