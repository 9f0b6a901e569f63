"""What follows after the last page of a list read by `start`: finding out whether rows were missed, and finding them.

A list that can be read by id too is read that way; only a long one whose pages go together in batches is counted first.
Of any other list every page is read a second time and compared, and when something has moved the whole list is read
again, until nothing moves any more. A count that stays the same shows nothing: one row may go while another comes.
How pages are sent, in batches or as calls of their own, changes what a check costs, never whether there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.rest.listing.checking import CHECKED_PAGES, ById
from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.rows import Seen
from b24_mcp.rest.listing.strategy import Account, OtherWayError

SHIFTED = "rows were added or removed while the list was read by start, so that others moved"


@dataclass(slots=True)
class MissingRowsSearch:
    """The search for missed rows of one list.

    `starts` are the pages to which a row may have moved that is missing now, `seen` the rows that were read, told apart
    by `key`. `compare` reads the first of some pages
    again, as many as fit in a request, and returns how many it read and whether one of them has changed. After
    `advance` has set `finished`, `go_again` says that the whole list has to be read once more.
    """

    account: Account
    by_id: ById | None
    key: str
    seen: Seen
    starts: list[int]
    compare: Callable[[list[int]], Awaitable[tuple[int, bool]]]
    together: bool
    has_shifted: bool
    finished: bool = field(default=False, init=False)
    go_again: bool = field(default=False, init=False)
    _reading: Keyset | None = field(default=None, init=False)
    _before: int = field(default=0, init=False)
    _known: int = field(default=0, init=False)
    _late: int = field(default=0, init=False)
    _compared: int = field(default=0, init=False)

    async def advance(self) -> list[Any]:
        """Make one step and return rows that were missed. Raises `B24Error`."""
        if self._reading is not None:
            return await self._read_on(self._reading)
        by_id, is_counted = self.by_id, self.together and len(self.starts) > CHECKED_PAGES
        if by_id is not None and (self.has_shifted or not is_counted):
            self._reading, self._before = by_id.strategy(), self.seen.count
        elif self.has_shifted:
            self.finished = self.go_again = True
        elif by_id is not None:
            self.has_shifted = await by_id.differs(self.seen)
            self.finished = not self.has_shifted
        else:
            compared, self.has_shifted = await self.compare(self.starts[self._compared :])
            self._compared += compared
            self.finished = not self.has_shifted and self._compared == len(self.starts)
        return []

    async def _read_on(self, reading: Keyset) -> list[Any]:
        """Read more of the list by id, and return what was missed."""
        try:
            pages = await reading.advance(None)
        except OtherWayError:
            self.by_id = self._reading = None  # what it gave is not to be relied on
            self.has_shifted = True
            return []
        rows = [row for page in pages for row in page.rows]
        missed = [row for row in rows if self.seen.add(row[self.key])]
        self._late += len(missed)
        self._known += len(rows) - len(missed)
        if missed:
            self.has_shifted = True
        if reading.finished:
            self._conclude(reading)
        return missed

    def _conclude(self, reading: Keyset) -> None:
        self.finished = True
        has_grown = self.by_id is not None and self.by_id.has_grown(self.seen)
        if self._late or self._known != self._before or has_grown:
            self.has_shifted = True
            self.account.note(SHIFTED)
        if self._late:
            self.account.note(f"{self._late} of the last rows are those that moved: they stand out of order")
        if not reading.account.whole:
            self.account.whole = False
            for note in reading.account.notes:
                self.account.note(note)
