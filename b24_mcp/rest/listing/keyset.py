"""Reading by id: each page requests the ids beyond the last one, and nothing is counted.

Rows that others add or remove meanwhile do not shift the pages. Up to 50 pages are chained in one batch, by references
to the last id of the page before. A long list is read in several ranges of ids concurrently, and the next requests run
while the reader uses the rows before them. A page that is not full ends its range. The answers to later commands of its
chain are ignored, because their references had no value.

Source: documentation, settings/performance/huge-data and settings/how-to-call-rest-api/batch; measured behaviour for
`start=-1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import Succeeded
from b24_mcp.rest.listing.background import BackgroundRequests
from b24_mcp.rest.listing.chains import ChainAnswer, Chains
from b24_mcp.rest.listing.pace import Pace
from b24_mcp.rest.listing.query import KeysetQuery
from b24_mcp.rest.listing.ranges import IdRange, bounds_between, read_ranges, shares
from b24_mcp.rest.listing.rows import Shape, key_of, whole_numbers
from b24_mcp.rest.listing.strategy import (
    PAGE_SIZE,
    ListPage,
    ListSender,
    ListSummary,
    UnsuitableStrategyError,
    is_refusal,
)
from b24_mcp.rest.listing.window import RequestWindow
from b24_mcp.rest.wire.answer import Answer

_WORTH_SPLITTING = 5_000
"""The number of rows from which a list is read in several ranges."""
_RANGES_PER_REQUEST = 2


@dataclass(frozen=True, slots=True)
class _Place:
    """The range and the ids of the rows of a page, and the state of the range after them."""

    id_range: int
    ids: list[int]
    left: int | None
    done: bool


class Keyset:
    """One list read by id. The rows are in the order of ids, or in that order within each of several ranges."""

    name = "keyset"
    is_exact = True

    def __init__(
        self,
        sender: ListSender,
        method: str,
        shape: Shape,
        query: KeysetQuery,
        summary: ListSummary,
        *,
        together: bool,
    ) -> None:
        self._sender, self._method, self._shape, self._query = sender, method, shape, query
        self._chains = Chains(method, query)
        self._background = BackgroundRequests[list[ChainAnswer]]()
        self._under_way: dict[int, int] = {}
        """The ranges that are being read, with the pages that were requested."""
        self.summary = summary
        self._may_split = together and not query.ordered
        self._window = RequestWindow(sender.at_once)
        self._pace = Pace(together=together)
        self._ranges = [IdRange(query.begin, query.end)]
        self._committed = [id_range.copy() for id_range in self._ranges]
        self._path: tuple[str, ...] = ()
        self._row_key: str | None = None
        self._size = PAGE_SIZE
        self._is_first = True
        self._is_proved = False
        """Whether a page followed the filter and the order."""
        self._unproved: list[int] = []
        """The ids that were returned before that."""
        self._read = 0
        self._error: B24Error | None = None

    def resume(self, cursor: Mapping[str, object]) -> None:
        """Continue at the position of a cursor.

        Raises:
            B24Error: `B24MCP_CURSOR` if it is not one of this strategy.
        """
        stored = cursor.get("ranges", cursor.get("lanes"))  # the key of earlier versions
        self._ranges = read_ranges(stored, self._method)
        self._committed = [id_range.copy() for id_range in self._ranges]
        self._may_split = False  # it was split before, or was too short

    @property
    def finished(self) -> bool:
        """Whether every range was read to its end."""
        return self._error is None and all(id_range.done for id_range in self._ranges)

    def commit(self, page: ListPage, rows: int) -> None:
        """Confirm that rows of a page were returned."""
        place = page.place
        assert isinstance(place, _Place)
        id_range = self._committed[place.id_range]
        if rows:
            id_range.after = place.ids[rows - 1]
        if rows == len(page.rows):
            id_range.left, id_range.done = place.left, place.done
        elif id_range.left is not None:
            id_range.left -= rows

    def position(self) -> dict[str, object]:
        """Return the ranges that are left."""
        return {"ranges": [id_range.as_json() for id_range in self._committed if not id_range.done]}

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Return the pages of the next request. Others run in the background, as many as allowed."""
        if self._is_first:
            return await self._read_first()
        try:
            if not self._background:
                await self._recover()
                left = self._ranges[0].left or 0
                if self._may_split and left >= _WORTH_SPLITTING and (wanted is None or wanted >= left):
                    return await self._split()
                self._start(wanted)
            answered = await self._background.next()
            self._window.note_answer()
            pages = self._take(answered)
        except BaseException:
            await self.aclose()
            raise
        if self.finished:
            await self.aclose()
        self._start(None if wanted is None else wanted - sum([len(page.rows) for page in pages]))
        return pages

    async def aclose(self) -> None:
        """Cancel the requests in the background. Their pages are requested again by the next `advance`."""
        await self._background.cancel()
        self._under_way.clear()

    async def _recover(self) -> None:
        """Raise the error that ended reading, or wait after a request that failed."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        pause = self._pace.take_pause()
        if pause:
            await self._sender.pause(pause)

    def _start(self, wanted: int | None) -> None:
        """Start requests for the ranges that are not being read."""
        if self._error is not None or self._pace.must_pause:
            return
        pages, requests = self._pace.pages, self._window.size - len(self._background)
        if wanted is not None:
            wanted -= sum(self._under_way.values()) * self._size
            pages = max(1, min(pages, -(-wanted // self._size)))
            requests = min(requests, -(-wanted // (pages * self._size)))
        for request in shares(self._ranges, requests, pages, self._size, besides=self._under_way):
            if sum([share.pages for share in request]) < pages and self._will_continue():
                break  # the rest of the ranges that are being read can fill it
            self._under_way.update({share.id_range: share.pages for share in request})
            last_id = (*self._path, str(self._size - 1), str(self._row_key))
            self._background.start(self._chains.read(self._sender, self._ranges, request, last_id))

    def _will_continue(self) -> bool:
        """Whether a range that is being read has more pages than were requested."""
        size = self._size
        return any(self._ranges[number].pages_left(size) > pages for number, pages in self._under_way.items())

    def _take(self, answered: list[ChainAnswer]) -> list[ListPage]:
        """Return the pages of one request."""
        for chain in answered:
            del self._under_way[chain.share.id_range]
        pages = [page for chain in answered for page in self._pages(chain)]
        self._adapt(answered)
        return pages

    async def _read_first(self) -> list[ListPage]:
        """Read the first page alone, to learn where the rows are, how many there are, and how long a page takes."""
        id_range = self._ranges[0]
        try:
            answer = await self._sender.call(self._method, self._query.page(id_range.after, id_range.until, start=0))
        except B24Error as exc:
            if is_refusal(exc):
                field = self._query.names.field
                raise UnsuitableStrategyError(f"the portal refused to read this list by {field}") from exc
            raise
        self._path, rows = self._shape.locate(answer.result)
        if rows and not self._shape.is_numbered(answer.result):
            self._pace.one_by_one()
        known = key_of(rows)
        if rows and (known is None or known.lower() != self._query.names.field.lower()):
            raise UnsuitableStrategyError(f"its rows have no {self._query.names.field}")
        self._row_key = known
        if answer.total is not None and len(self._ranges) == 1:
            self.summary.total = self.summary.total or answer.total
            id_range.left = answer.total
        if answer.next is None and (answer.total or 0) <= len(rows):
            # These are all rows, whatever their number. A full page may still be followed by another.
            self._size = PAGE_SIZE if len(rows) == PAGE_SIZE else max(PAGE_SIZE, len(rows) + 1)
        elif len(rows) != PAGE_SIZE:
            raise UnsuitableStrategyError("its pages are not full")
        if answer.next is not None and answer.total is not None and answer.total <= len(rows):
            self.summary.total = id_range.left = None  # more rows follow than the portal counts
        self._pace.learn([answer.time])
        page = self._page(0, answer)
        self._is_first = False
        if not self._query.strip:
            self.summary.key = known
        return [page]

    async def _split(self) -> list[ListPage]:
        """Divide the rest of the list into ranges of ids. The first page of each range shows its number of rows."""
        self._may_split = False
        id_range = self._ranges[0]
        newest = await self._sender.call(self._method, self._query.newest())
        rows = self._shape.rows(newest.result)
        ids = whole_numbers(rows[:1], self._row_key)
        last = ids[0] if ids else None
        if last is None or id_range.after is None or last <= id_range.after:
            return []
        ends = bounds_between(id_range.after, last, self._sender.at_once * _RANGES_PER_REQUEST)
        starts: list[int | None] = [id_range.after, *ends]
        until = [*ends, id_range.until]
        commands = {
            f"range{number}": {"method": self._method, "params": self._query.page(after, end, start=0)}
            for number, (after, end) in enumerate(zip(starts, until, strict=True))
        }
        outcomes = (await self._sender.batch(commands)).outcomes.values()
        answers = [outcome.answer for outcome in outcomes if isinstance(outcome, Succeeded)]
        counts = [answer.total for answer in answers]
        if len(answers) < len(commands) or None in counts:
            return []
        id_range.until = self._committed[0].until = until[0]
        for after, end in zip(starts[1:], until[1:], strict=True):
            self._ranges.append(IdRange(after, end))
            self._committed.append(IdRange(after, end))
        for id_range, count in zip(self._ranges, counts, strict=True):
            id_range.left = count
        return [self._page(number, answer) for number, answer in enumerate(answers)]

    def _pages(self, chain: ChainAnswer) -> list[ListPage]:
        """Read the pages of one share up to the first that is not full."""
        pages = []
        for answer in chain.answers:
            page = self._page(chain.share.id_range, answer)
            pages.append(page)
            if not self._shape.is_numbered(answer.result):
                self._pace.one_by_one()  # no reference finds the last row of such a page
                chain.at_end = True
                break
            if len(page.rows) < self._size:
                chain.at_end = True
                break
        return pages

    def _page(self, number: int, answer: Answer) -> ListPage:
        """Check one page, update its range, and make the page for the reader.

        Raises:
            UnsuitableStrategyError: if the method does not follow the query, and no page did so before.
        """
        id_range = self._ranges[number]
        rows = self._shape.rows(answer.result)
        ids = whole_numbers(rows, self._row_key)
        if ids is None or not id_range.accepts(ids, descending=self._query.descending):
            if not self._is_proved:
                raise UnsuitableStrategyError(
                    f"it does not follow its filter and order by {self._query.names.field}", self._unproved
                )
            self._stop("the portal stopped following the order of ids, so the rest of the list was not read")
            return ListPage([], _Place(number, [], id_range.left, False))
        if id_range.after is not None and rows:
            self._is_proved = True
        if not self._is_proved:
            self._unproved += ids
        if ids:
            id_range.move(ids[-1], len(ids))
        if len(rows) < self._size:
            # If more rows were counted, some were removed, or pages are not always full. Then the next page decides.
            id_range.done = id_range.done or not rows or not id_range.left or id_range.left < 0
        self._read += len(rows)
        if self.summary.total is not None and self._read > 2 * self.summary.total + 10_000:
            self._stop("the list grows faster than it can be read, so reading was stopped")
        if self._query.strip:
            for row in rows:
                assert isinstance(row, dict)
                del row[self._row_key]
        return ListPage(rows, _Place(number, ids, id_range.left, id_range.done))

    def _adapt(self, answered: list[ChainAnswer]) -> None:
        """Adapt the number of pages and requests to the durations and failures in one request, or give up.

        Of several requests that failed at the same time, the first counts.
        """
        times = [answer.time for chain in answered for answer in chain.answers]
        if times:
            self._pace.learn(times)
        error = next((chain.error for chain in answered if chain.error is not None and not chain.at_end), None)
        if error is None:
            return
        tried = sum(chain.share.pages for chain in answered)
        if not self._pace.must_pause:
            self._window.halve()
            self._pace.back_off(tried)
        if self._pace.may_retry(tried, error.fault):
            return
        if not self._is_proved and is_refusal(error):
            field = self._query.names.field
            raise UnsuitableStrategyError(f"the portal refused to filter by {field}", self._unproved) from error
        self._error = error

    def _stop(self, why: str) -> None:
        self.summary.doubt(why)
        for id_range in self._ranges:
            id_range.done = True
