"""The search for missed rows, after the last page of a list that was read by `start`.

A list that can also be read by id is read that way; if it is long and its pages can be batched, it is counted first. Of
any other list every page is read a second time and compared. If a page changed, the whole list is read again, until
nothing changes. An unchanged count proves nothing: one row may be removed while another is added. Whether pages are
batched changes the cost of the search, but not whether there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.rows import identity_of
from b24_mcp.rest.listing.seen import SeenRows
from b24_mcp.rest.listing.start_pages import SHIFTED
from b24_mcp.rest.listing.strategy import ListSummary, UnsuitableStrategyError
from b24_mcp.rest.listing.verification import CHECKED_PAGES, IdVerification


@dataclass(slots=True)
class MissingRowsSearch:
    """The search for missed rows of one list.

    `starts` are the pages to which a missing row may have moved. `seen` are the rows that were read, identified by
    `key`. `compare` reads the first of some pages again, as many as fit in a request; it returns how many it read, and
    whether one of them changed. `finished` is set at the end; with `read_again` the whole list must be read again.
    """

    summary: ListSummary
    by_id: IdVerification | None
    key: str
    seen: SeenRows
    starts: list[int]
    compare: Callable[[list[int]], Awaitable[tuple[int, bool]]]
    together: bool
    has_shifted: bool
    finished: bool = field(default=False, init=False)
    read_again: bool = field(default=False, init=False)
    _keyset: Keyset | None = field(default=None, init=False)
    _before: int = field(default=0, init=False)
    _known: int = field(default=0, init=False)
    _late: int = field(default=0, init=False)
    _compared: int = field(default=0, init=False)

    async def advance(self) -> list[object]:
        """Make one step and return missed rows. Raises `B24Error`."""
        if self._keyset is not None:
            return await self._read_by_id(self._keyset)
        by_id, is_counted = self.by_id, self.together and len(self.starts) > CHECKED_PAGES
        if by_id is not None and (self.has_shifted or not is_counted):
            self._keyset, self._before = by_id.strategy(), self.seen.count
        elif self.has_shifted:
            self.finished = self.read_again = True
        elif by_id is not None:
            self.has_shifted = await by_id.differs(self.seen)
            self.finished = not self.has_shifted
        else:
            compared, self.has_shifted = await self.compare(self.starts[self._compared :])
            self._compared += compared
            self.finished = not self.has_shifted and self._compared == len(self.starts)
        return []

    async def aclose(self) -> None:
        """Cancel the requests in the background."""
        if self._keyset is not None:
            await self._keyset.aclose()

    async def _read_by_id(self, keyset: Keyset) -> list[object]:
        """Read more of the list by id, and return what was missed."""
        try:
            pages = await keyset.advance(None)
        except UnsuitableStrategyError:
            self.by_id = self._keyset = None  # its rows are not reliable
            self.has_shifted = True
            return []
        rows = [row for page in pages for row in page.rows]
        missed = [row for row in rows if self.seen.add(identity_of(row, self.key))]
        self._late += len(missed)
        self._known += len(rows) - len(missed)
        if missed:
            self.has_shifted = True
        if keyset.finished:
            self._finish(keyset)
        return missed

    def _finish(self, keyset: Keyset) -> None:
        self.finished = True
        has_grown = self.by_id is not None and self.by_id.has_grown(self.seen)
        if self._late or self._known != self._before or has_grown:
            self.has_shifted = True
            self.summary.note(SHIFTED)
        if self._late:
            self.summary.note(f"the last {self._late} rows are those that moved: they are out of order")
        if not keyset.summary.whole:
            self.summary.whole = False
            for note in keyset.summary.notes:
                self.summary.note(note)
