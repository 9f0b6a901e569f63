"""Reading by `start`: pages of 50 counted from the beginning, up to 50 of them in one request.

This strategy serves lists in an order of the reader's own, and methods that cannot filter by id. Rows that others add
or remove meanwhile shift all that follow, so a row can be missed between two pages. Signs of a shift do not end
reading: a search after the last page finds what was missed.

              last page, nothing to verify
    READING ---------------------------------> DONE
     |   ^                                       ^
     |   | a page changed: read again,           | nothing was missed, or the missed rows were found,
     |   | 3 passes at most                      | or the passes are used up
     v   |                                       |
    SEARCHING -----------------------------------+

READING requests pages by `start`. SEARCHING runs a `MissingRowsSearch`. An error changes no state: the pages before it
are returned, then a smaller request is tried, or the error is raised by the next `advance`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from b24_mcp.errors import B24Error
from b24_mcp.rest.listing.missing_rows import MissingRowsSearch
from b24_mcp.rest.listing.rows import Shape, whole_number
from b24_mcp.rest.listing.start_pages import StartPages
from b24_mcp.rest.listing.start_requests import StartRequests
from b24_mcp.rest.listing.strategy import ListPage, ListSender, ListSummary, bad_cursor
from b24_mcp.rest.listing.verification import IdVerification

_MOST_PASSES = 3
_MISSING = "rows that moved while the list was read may be missing"


@dataclass(frozen=True, slots=True)
class _Place:
    """The start of the page after this one, and the digest of this one."""

    start: int
    seam: str


class Offset:
    """One list read page by page from the start.

    `by_id` reads the same list by id, if possible. With `strip` the id is removed from the rows, because it was
    selected only to identify them.
    """

    name = "offset"
    is_exact = False

    def __init__(
        self,
        sender: ListSender,
        method: str,
        shape: Shape,
        params: Mapping[str, object],
        summary: ListSummary,
        *,
        together: bool,
        by_id: IdVerification | None = None,
        strip: bool = False,
    ) -> None:
        self._method = method
        self.summary = summary
        begin = max(0, whole_number(params.get("start")) or 0)
        self._pages = StartPages(method, shape, summary, begin)
        without_start = {name: value for name, value in params.items() if name != "start"}
        self._requests = StartRequests(sender, method, without_start, self._pages, together=together, by_id=by_id)
        self._place = _Place(begin, "")
        self._strip = strip
        self._is_resumed = False
        self._search: MissingRowsSearch | None = None
        self._error: B24Error | None = None
        self._done = False

    def leave_out(self, ids: Iterable[int]) -> None:
        """Skip rows that the reader has already, from a strategy that read by id and failed."""
        self._requests.by_id = None
        for identity in ids:
            self._pages.seen.add(identity)
            self._pages.expects_known = True

    def resume(self, cursor: Mapping[str, object]) -> None:
        """Continue at the page of a cursor.

        Raises:
            B24Error: `B24MCP_CURSOR` if it is not one of this strategy.
        """
        start, count = cursor.get("start"), cursor.get("count")
        seam, first = cursor.get("seam", ""), cursor.get("first", "")
        if not _is_count(start) or not (count is None or _is_count(count)) or not _is_digest(seam):
            raise bad_cursor(self._method)
        if not _is_digest(first):
            raise bad_cursor(self._method)
        pages = self._pages
        pages.start = pages.begin = start
        pages.total = count
        pages.is_count_right = cursor.get("counted") is not False
        pages.has_shifted = cursor.get("shifted") is True
        pages.first_digest = bytes.fromhex(first)
        if seam and start >= pages.size:
            pages.digests[start - pages.size] = bytes.fromhex(seam)
        self._place = _Place(start, seam)
        self._requests.by_id, self._is_resumed = None, True  # the rows before this page are not known
        self.summary.note("rows that were added or removed since the first part was read may be missing or doubled")

    @property
    def finished(self) -> bool:
        """Whether the end was reached."""
        return self._done and self._error is None

    def commit(self, page: ListPage, rows: int) -> None:
        """Confirm that rows of a page were returned. A page that was returned in part is read again."""
        if rows == len(page.rows) and isinstance(page.place, _Place):
            self._place = page.place

    def position(self) -> dict[str, object]:
        """Return the start of the next page, and what shows later whether rows have moved."""
        return {
            "start": self._place.start,
            "seam": self._place.seam,
            "first": self._pages.first_digest.hex(),
            "count": self._pages.total,
            "counted": self._pages.is_count_right,
            "shifted": self._pages.has_shifted or self._pages.passes > 1,
        }

    async def aclose(self) -> None:
        """Cancel the requests of the search, which run in the background."""
        if self._search is not None:
            await self._search.aclose()

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Read the next pages in one request, or make one step of the search."""
        if self._error is not None:
            kept, self._error = self._error, None
            raise kept
        await self._requests.pause()
        if self._search is None:
            return await self._read(wanted)
        return await self._search_on(self._search)

    async def _read(self, wanted: int | None) -> list[ListPage]:
        """READING: request the next pages."""
        starts = self._requests.starts(wanted)
        answers, error = await self._requests.send(starts, wanted)
        pages: list[ListPage] = []
        has_ended = False
        for start, answer in zip(starts, answers, strict=False):
            rows, has_ended = self._pages.read(start, answer)
            if rows:
                pages.append(self._page(rows))
            if has_ended:
                break
        if answers:
            self.summary.key = None if self._strip else self._pages.key
        self._error = self._requests.adapt(len(starts), answers, None if has_ended else error)
        if has_ended:
            self._end()
        return pages

    def _end(self) -> None:
        """Leave READING after the last page."""
        pages, starts = self._pages, self._pages.end()
        if not self.summary.whole or not (starts or pages.has_shifted):
            self._done = True
        elif pages.key is None or pages.begin or self._is_resumed:
            self._done = True
            if pages.has_shifted:
                self.summary.doubt(_MISSING)
        else:
            self._search = MissingRowsSearch(
                self.summary,
                self._requests.by_id,
                pages.key,
                pages.seen,
                starts,
                self._compare,
                self._requests.together,
                pages.has_shifted,
            )

    async def _search_on(self, search: MissingRowsSearch) -> list[ListPage]:
        """SEARCHING: make one step, and leave the state when the search has finished."""
        rows = await search.advance()
        self._pages.has_shifted = search.has_shifted
        if search.finished and search.read_again and self._pages.passes < _MOST_PASSES:
            self._search = None
            self._pages.restart()
        elif search.finished:
            self._done = True
            if search.read_again:
                self.summary.doubt(_MISSING)
        return [self._page(rows)] if rows else []

    async def _compare(self, starts: list[int]) -> tuple[int, bool]:
        """Read the first of these pages again. Return how many were read, and whether one has changed."""
        starts = starts[: self._requests.most_pages]
        answers, error = await self._requests.send(starts, None)
        for start, answer in zip(starts, answers, strict=False):
            if self._pages.has_changed(start, answer):
                self._pages.notice_shift()
        self._error = self._requests.adapt(len(starts), answers, error)
        return len(answers), self._pages.has_shifted

    def _page(self, rows: list[object]) -> ListPage:
        key = self._pages.key
        if self._strip and key is not None:
            rows = [_without(row, key) for row in rows]
        is_in_order = self._pages.passes == 1 and self._search is None
        return ListPage(rows, _Place(self._pages.start, self._pages.seam()) if is_in_order else None)


def _without(row: object, key: str) -> object:
    return {name: value for name, value in row.items() if name != key} if isinstance(row, dict) else row


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_digest(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and re.fullmatch(r"(?:[0-9a-f]{2})*", value) is not None
