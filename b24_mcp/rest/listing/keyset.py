"""Reading by id: each page asks for ids beyond the last one, without counting.

No offset grows, and rows that others add or remove meanwhile shift nothing. Pages are chained inside one batch by
references to the last id of the page before, up to 50 pages in a request; a long list is read in several ranges of ids
at the same time. A page that is not full ends its range: what the portal answers to commands after it is not looked at,
because their references led to nothing. Source: documentation, settings/performance/huge-data and
settings/how-to-call-rest-api/batch; measured behaviour for `start=-1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import anyio

from b24_mcp.errors import B24Error
from b24_mcp.rest.listing.chains import ChainAnswer, ask
from b24_mcp.rest.listing.pace import MOST_FAILURES, Pace, failure_pause, is_too_much
from b24_mcp.rest.listing.query import KeysetQuery
from b24_mcp.rest.listing.ranges import IdRange, Share, bounds_between, read_ranges, shares
from b24_mcp.rest.listing.rows import Shape, key_of, whole_number
from b24_mcp.rest.listing.strategy import PAGE_SIZE, Account, ListPage, ListSender, OtherWayError
from b24_mcp.rest.wire.answer import Answer

_WORTH_SPLITTING = 5_000
"""Rows from which a list is read in several ranges."""
_RANGES_PER_REQUEST = 2


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the rows of a page stand: their lane and ids, and what is left of the lane after them."""

    id_range: int
    ids: list[int]
    left: int | None
    done: bool


class Keyset:
    """One list read by id. Rows come in the order of ids, or, in several ranges, in that order within each."""

    name = "keyset"
    is_exact = True

    def __init__(
        self,
        sender: ListSender,
        method: str,
        shape: Shape,
        query: KeysetQuery,
        account: Account,
        *,
        together: bool,
    ) -> None:
        self._sender, self._method, self._shape, self._query = sender, method, shape, query
        self.account = account
        self._may_split = together and not query.ordered
        self._requests = sender.at_once
        self._pace = Pace(together=together)
        self._ranges = [IdRange(query.begin, query.end)]
        self._committed = [id_range.copy() for id_range in self._ranges]
        self._path: tuple[str, ...] = ()
        self._row_key: str | None = None
        self._size = PAGE_SIZE
        self._is_first = True
        self._is_proved = False
        self._given: list[int] = []
        self._read = 0
        self._failures = 0
        self._pause = 0.0
        self._error: B24Error | None = None

    def resume(self, cursor: Mapping[str, Any]) -> None:
        """Go on where a cursor says. Raises `B24Error` for a cursor that does not fit."""
        self._ranges = read_ranges(cursor.get("lanes"), self._method)
        self._committed = [id_range.copy() for id_range in self._ranges]
        self._may_split = False  # it is split already, or was too short for it

    @property
    def finished(self) -> bool:
        """Whether every range was read to its end."""
        return self._error is None and all(id_range.done for id_range in self._ranges)

    def commit(self, page: ListPage, rows: int) -> None:
        """Note that rows are with the reader."""
        place: _Place = page.place
        id_range = self._committed[place.id_range]
        if rows:
            id_range.after = place.ids[rows - 1]
        if rows == len(page.rows):
            id_range.left, id_range.done = place.left, place.done
        elif id_range.left is not None:
            id_range.left -= rows

    def position(self) -> dict[str, Any]:
        """Give the ranges that are left."""
        return {"lanes": [id_range.written() for id_range in self._committed if not id_range.done]}

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Read the next pages of as many ranges as requests may be under way."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._is_first:
            return await self._read_first()
        if self._pause:
            await self._sender.pause(self._pause)
            self._pause = 0.0
        left = self._ranges[0].left or 0
        if self._may_split and left >= _WORTH_SPLITTING and (wanted is None or wanted >= left):
            return await self._split()
        pages, requests = self._pace.pages, self._requests
        if wanted is not None:
            pages = max(1, min(pages, -(-wanted // self._size)))
            requests = min(requests, -(-wanted // (pages * self._size)))
        return await self._read_round(shares(self._ranges, requests, pages, self._size))

    async def _read_first(self) -> list[ListPage]:
        """Read the first page alone: it shows where the rows are, how many, and how long a page takes."""
        id_range = self._ranges[0]
        try:
            answer = await self._sender.call(self._method, self._query.page(id_range.after, id_range.until, start=0))
        except B24Error as exc:
            if exc.fault.kind in ("validation", "portal") and (exc.fault.status or 400) < 500:
                raise OtherWayError(f"the portal refused to read this list by {self._query.names.field}") from exc
            raise
        self._path, rows = self._shape.locate(answer.result)
        if rows and not self._shape.is_numbered(answer.result):
            self._pace = Pace(together=False)
        known = key_of(rows)
        if rows and (known is None or known.lower() != self._query.names.field.lower()):
            raise OtherWayError(f"its rows have no {self._query.names.field}")
        self._row_key = known
        if answer.total is not None and len(self._ranges) == 1:
            self.account.total = self.account.total or answer.total
            id_range.left = answer.total
        if answer.next is None and (answer.total or 0) <= len(rows):
            # All there is, however many rows; only a page that may be merely full is followed by another.
            self._size = PAGE_SIZE if len(rows) == PAGE_SIZE else max(PAGE_SIZE, len(rows) + 1)
        elif len(rows) != PAGE_SIZE:
            raise OtherWayError("its pages are not full")
        if answer.next is not None and answer.total is not None and answer.total <= len(rows):
            self.account.total = id_range.left = None  # more rows follow than it counts
        self._pace.learn([answer.time])
        page = self._page(0, answer)
        self._is_first = False
        if not self._query.strip:
            self.account.key = known
        return [page]

    async def _split(self) -> list[ListPage]:
        """Divide what is left into ranges of ids; the first page of each tells how many rows it has."""
        self._may_split = False
        id_range = self._ranges[0]
        newest = await self._sender.call(self._method, self._query.newest())
        rows = self._shape.rows(newest.result)
        last = whole_number(rows[0].get(self._row_key)) if rows and isinstance(rows[0], dict) else None
        if last is None or id_range.after is None or last <= id_range.after:
            return []
        ends = bounds_between(id_range.after, last, self._requests * _RANGES_PER_REQUEST)
        starts: list[int | None] = [id_range.after, *ends]
        until = [*ends, id_range.until]
        commands = {
            f"range{number}": {"method": self._method, "params": self._query.page(after, end, start=0)}
            for number, (after, end) in enumerate(zip(starts, until, strict=True))
        }
        answered = (await self._sender.batch(commands)).outcomes
        answers = [getattr(outcome, "answer", None) for outcome in answered.values()]
        counts = [answer.total if isinstance(answer, Answer) else None for answer in answers]
        if any(count is None for count in counts):
            return []
        id_range.until = self._committed[0].until = until[0]
        for after, end in zip(starts[1:], until[1:], strict=True):
            self._ranges.append(IdRange(after, end))
            self._committed.append(IdRange(after, end))
        for id_range, count in zip(self._ranges, counts, strict=True):
            id_range.left = count
        return [self._page(number, answer) for number, answer in enumerate(answers) if isinstance(answer, Answer)]

    async def _read_round(self, requests: list[list[Share]]) -> list[ListPage]:
        found: list[list[ChainAnswer]] = [[] for _ in requests]

        last_id = (*self._path, str(self._size - 1), str(self._row_key))

        async def send(number: int) -> None:
            found[number] = await ask(self._sender, self._method, self._query, self._ranges, requests[number], last_id)

        async with anyio.create_task_group() as group:
            for number in range(len(requests)):
                group.start_soon(send, number)
        pages = [page for asked in found for part in asked for page in self._pages(part)]
        self._judge(found)
        return pages

    def _pages(self, asked: ChainAnswer) -> list[ListPage]:
        """Read the pages of one share up to the first that is not full."""
        pages = []
        for answer in asked.answers:
            page = self._page(asked.share.id_range, answer)
            pages.append(page)
            if not self._shape.is_numbered(answer.result):
                self._pace = Pace(together=False)  # no reference finds the last row of such a page
                asked.at_end = True
                break
            if len(page.rows) < self._size:
                asked.at_end = True
                break
        return pages

    def _page(self, number: int, answer: Answer) -> ListPage:
        """Check one page, move its lane on, and make the page for the reader.

        Raises:
            OtherWayError: when the method does not follow the query and nothing was read by it yet.
        """
        id_range = self._ranges[number]
        rows = self._shape.rows(answer.result)
        ids = [whole_number(row.get(self._row_key)) if isinstance(row, dict) else None for row in rows]
        numbers = [found for found in ids if found is not None]
        if len(numbers) != len(rows) or not self._follows(numbers, id_range):
            if not self._is_proved:
                raise OtherWayError(
                    f"it does not follow its filter and order by {self._query.names.field}", self._given
                )
            self._stop("the portal stopped following the order of ids, so the rest of the list was not read")
            return ListPage([], _Place(number, [], id_range.left, False))
        if id_range.after is not None and rows:
            self._is_proved = True
        if not self._is_proved:
            self._given += numbers
        if numbers:
            id_range.move(numbers[-1], len(numbers))
        if len(rows) < self._size:
            # With more rows counted, some were removed meanwhile, or pages are not always full: then the next tells.
            id_range.done = id_range.done or not rows or not id_range.left or id_range.left < 0
        self._read += len(rows)
        if self.account.total is not None and self._read > 2 * self.account.total + 10_000:
            self._stop("the list grows faster than it can be read, so reading was stopped")
        if self._query.strip:
            for row in rows:
                del row[self._row_key]
        return ListPage(rows, _Place(number, numbers, id_range.left, id_range.done))

    def _follows(self, ids: list[int], id_range: IdRange) -> bool:
        sign = -1 if self._query.descending else 1
        signed = [sign * value for value in ([] if id_range.after is None else [id_range.after]) + ids]
        if any(later <= earlier for earlier, later in pairwise(signed)):
            return False
        if id_range.until is None or not ids:
            return True
        return ids[-1] > id_range.until if self._query.descending else ids[-1] <= id_range.until

    def _judge(self, found: list[list[ChainAnswer]]) -> None:
        """Learn from a round: how fast pages are, and whether a failure is a reason to ask for less or to give up."""
        asked = [part for parts in found for part in parts]
        times = [answer.time for part in asked for answer in part.answers]
        if times:
            self._failures = 0
            self._pace.learn(times)
        failed = [part for part in asked if part.error is not None and not part.at_end]
        if not failed or failed[0].error is None:
            return
        self._failures += 1
        self._requests = max(1, self._requests // 2)
        tried = max(sum(part.share.pages for part in parts) for parts in found)
        self._pace.back_off(tried)
        error = failed[0].error
        if tried == 1 or self._failures > MOST_FAILURES or not is_too_much(error.fault):
            self._give_up(error)
        else:
            self._pause = failure_pause(self._failures)

    def _give_up(self, error: B24Error) -> None:
        if not self._is_proved and error.fault.kind in ("validation", "portal") and (error.fault.status or 400) < 500:
            raise OtherWayError(f"the portal refused to filter by {self._query.names.field}", self._given) from error
        self._error = error

    def _stop(self, why: str) -> None:
        self.account.whole = False
        self.account.note(why)
        for id_range in self._ranges:
            id_range.done = True
