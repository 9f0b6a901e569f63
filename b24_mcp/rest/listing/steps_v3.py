"""Paging in REST 3.0: by what the answer says of the next page, or by id.

Source: documentation, api-reference/rest-v3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from b24_mcp.rest.listing.steps import FixedPositions, PageTurn, Position, Shifts, as_mapping, number_or_zero, row_id
from b24_mcp.rest.listing.strategy import UnsuitableStrategyError
from b24_mcp.rest.wire.next_page import is_full
from b24_mcp.rest.wire.params import Params

PAGE_SIZE_V3 = 500
"""Rows of a page; the portal allows up to 1,000."""


@dataclass(slots=True)
class Follow:
    """Pages by `pagination` or `cursor`, where the client derives the next page from the answer."""

    given: Mapping[str, object]
    paging: str = "pagination"
    size: int = PAGE_SIZE_V3
    name: str = "pagination"
    has_skipped: bool = False

    @property
    def shifts(self) -> Shifts:
        """Whether pages begin at an offset, at a page number, or at a cursor."""
        if self.paging != "pagination":
            return "no"
        return "page" if "page" in as_mapping(self.given.get("pagination")) else "offset"

    def params(self, position: Position) -> Params:
        """Return the reader's own parameters with the position of the page."""
        if isinstance(position, dict):
            return {**self.given, **position}
        place = "cursor" if self.paging == "tail" else "pagination"
        if self.paging == "tail" and not self.given.get("cursor"):
            return dict(self.given)  # a cursor needs a value, which only the first page shows
        return {**self.given, place: {"limit": self.size, **as_mapping(self.given.get(place))}}

    def next(self, turn: PageTurn) -> Position:
        """Return the position that the client derived from the answer.

        Several rows may have the same value of a cursor. So the next page begins again with the rows of the last value.
        `has_skipped` is set if a whole page has one value, because more rows with it may be skipped.
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
        """Return the offset a number of rows before, but not before the reader's own."""
        if not isinstance(position, dict):
            return position
        asked = as_mapping(position.get("pagination"))
        offset = asked.get("offset")
        if not isinstance(offset, int):
            return position
        begin = number_or_zero(as_mapping(self.given.get("pagination")).get("offset"))
        return {**position, "pagination": {**asked, "offset": max(begin, offset - rows)}}


@dataclass(slots=True)
class ByIdV3(FixedPositions):
    """Pages by id: a condition `["id", ">", last]` and the order of ids. No row shifts another."""

    given: Mapping[str, object]
    size: int = PAGE_SIZE_V3
    name: str = "keyset"
    shifts: Shifts = "no"

    def params(self, position: Position) -> Params:
        """Return the parameters with the condition added to the reader's own."""
        params: dict[str, object] = {**self.given, "order": {"id": "asc"}, "pagination": {"limit": self.size}}
        if isinstance(position, int):
            conditions = self.given.get("filter")
            params["filter"] = [*(conditions if isinstance(conditions, list) else []), ["id", ">", position]]
        return params

    def next(self, turn: PageTurn) -> Position:
        """Return the last id; None after a page that is not full.

        Raises:
            UnsuitableStrategyError: if the rows have no ids, or ids do not rise.
        """
        ids = [row_id(row) for row in turn.rows]
        numbers = [found for found in ids if found is not None]
        known = ([turn.position] if isinstance(turn.position, int) else []) + numbers
        if len(numbers) != len(ids) or any(later <= earlier for earlier, later in pairwise(known)):
            raise UnsuitableStrategyError("it does not follow its filter and order by id")
        return numbers[-1] if numbers and is_full(len(numbers), self.size) else None
