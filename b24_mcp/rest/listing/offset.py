"""Reading by `start`: pages of 50 counted from the beginning, up to 50 of them in one request.

For lists in an order of the reader's own, or of methods that cannot filter by id. Rows that others add or remove
meanwhile shift all that follow, so that a row can be missed between two pages. What shows it (a count that changes, a
row that comes again, a page that reads otherwise the second time) does not end the list: reading goes on to the end,
and a `MissingRowsSearch` then finds what was missed. Beyond the end the older methods answer with the first page again.
Source: documentation, settings/performance/huge-data; measured behaviour of the families of methods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import Succeeded
from b24_mcp.rest.listing.checking import CHECKED_PAGES, ById
from b24_mcp.rest.listing.pace import MOST_FAILURES, Pace, failure_pause, is_too_much
from b24_mcp.rest.listing.ranges import bad_cursor
from b24_mcp.rest.listing.rows import Seen, Shape, fingerprint, key_of
from b24_mcp.rest.listing.search import SHIFTED, MissingRowsSearch
from b24_mcp.rest.listing.strategy import PAGE_SIZE, Account, ListPage, ListSender, why_not
from b24_mcp.rest.wire.answer import Answer

_TOO_LONG = 10_000
_MOST_PASSES = 3
_MISSING = "rows that moved while the list was read may be missing"


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    """Where the page after this one starts."""
    seam: str
    """What the page before that looked like."""


class Offset:
    """One list read page by page from the start.

    `by_id` is how the same list is read by id, where it can be. With `strip` the rows lose the id, which was selected
    for telling them apart only.
    """

    name = "offset"
    is_exact = False

    def __init__(
        self,
        sender: ListSender,
        method: str,
        shape: Shape,
        params: Mapping[str, Any],
        account: Account,
        *,
        together: bool,
        by_id: ById | None = None,
        strip: bool = False,
    ) -> None:
        self._sender, self._method, self._shape, self._params = sender, method, shape, dict(params)
        self.account = account
        self._begin = self._start = max(0, int(self._params.pop("start", 0) or 0))
        self._place = _Place(self._start, "")
        self._pace = Pace(together=together)
        self._together, self._by_id, self._strip = together, by_id, strip
        self._key: str | None = None
        self._seen = Seen()
        self._rows = 0
        self._pages: dict[int, bytes] = {}
        """What each page that was read looked like, by its start."""
        self._first_page = b""
        self._size = PAGE_SIZE
        self._total: int | None = None
        self._is_count_right = True
        self._is_first = True
        self._is_resumed = False
        self._is_more_said = True
        """Whether the page before said that another follows."""
        self._ends_beyond = False
        """Whether the end showed on a page behind the last one, which had no rows of its own."""
        self._speculative = 1
        self._failures = 0
        self._has_shifted = self._expects_known = self._leaves_out = False
        self._passes = 1
        self._search: MissingRowsSearch | None = None
        self._pause = 0.0
        self._error: B24Error | None = None
        self._done = False

    def leave_out(self, given: Iterable[Any]) -> None:
        """Note ids of rows that are with the reader already, before a way was given up that asked for ids."""
        self._by_id = None
        for identity in given:
            self._seen.add(identity)
            self._expects_known = True

    def resume(self, cursor: Mapping[str, Any]) -> None:
        """Go on at the page a cursor names. Raises `B24Error` for a cursor that does not fit."""
        start, count = cursor.get("start"), cursor.get("count")
        marks = cursor.get("seam", ""), cursor.get("first", "")
        if not _is_count(start) or not (count is None or _is_count(count)) or not all(map(_is_mark, marks)):
            raise bad_cursor(self._method)
        assert isinstance(start, int)
        self._start = self._begin = start
        self._total = count
        self._is_count_right = cursor.get("counted") is not False
        self._has_shifted = cursor.get("shifted") is True
        self._place = _Place(start, marks[0])
        self._first_page = bytes.fromhex(marks[1])
        if marks[0] and start >= self._size:
            self._pages[start - self._size] = bytes.fromhex(marks[0])
        self._by_id, self._is_resumed = None, True  # which rows there are before this page is not known any more
        self.account.note("rows that were added or removed since the first part was read may be missing or doubled")

    @property
    def finished(self) -> bool:
        """Whether the end was reached."""
        return self._done and self._error is None

    def commit(self, page: ListPage, rows: int) -> None:
        """Note that rows are with the reader; a page that was not used up is read again."""
        if rows == len(page.rows) and page.place is not None:
            self._place = page.place

    def position(self) -> dict[str, Any]:
        """Return where the next page starts, and what shows then that nothing has shifted."""
        return {
            "start": self._place.start,
            "seam": self._place.seam,
            "first": self._first_page.hex(),
            "count": self._total,
            "counted": self._is_count_right,
            "shifted": self._has_shifted or self._passes > 1,
        }

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Read the next pages in one request."""
        if self._error is not None:
            kept, self._error = self._error, None
            raise kept
        if self._pause:
            await self._sender.pause(self._pause)
            self._pause = 0.0
        if self._search is not None:
            return await self._look_further(self._search)
        starts = self._starts(wanted)
        answers, error = await self._ask(starts, wanted)
        pages: list[ListPage] = []
        has_ended = False
        for start, answer in zip(starts, answers, strict=False):
            rows, has_ended = self._read(start, answer)
            if rows:
                pages.append(self._page(rows))
            if has_ended:
                self._ends_beyond = start not in self._pages
                break
        self._adapt(len(starts), answers, None if has_ended else error)
        if has_ended:
            self._end()
        return pages

    def _adapt(self, tried: int, answers: list[Answer], error: B24Error | None) -> None:
        """Learn from a request how many pages the next one asks for; an error that less would not avoid is kept."""
        if answers:
            self._failures = 0
            self._pace.learn(answer.time for answer in answers)
        if error is not None:
            self._failures += 1
            self._pace.back_off(tried)
            if tried == 1 or self._failures > MOST_FAILURES or not is_too_much(error.fault):
                self._error = error
            self._pause = failure_pause(self._failures)

    def _starts(self, wanted: int | None) -> list[int]:
        """The offsets of the next request; where ids tell rows apart it begins one page back."""
        if self._is_first:
            seam = self._start - self._size
            return [seam, self._start] if seam in self._pages and self._together else [self._start]
        pages, start = self._pace.pages, self._start
        if wanted is not None:
            pages = min(pages, max(1, -(-wanted // self._size)))
        if self._total and self._is_count_right:  # and one page more where the last one is full
            pages = min(pages, max(1, (self._total - start) // self._size + 1))
        else:
            pages = min(pages, self._speculative)
            self._speculative *= 2
        if pages > 4 and self._key is not None and start - self._size in self._pages:
            start, pages = start - self._size, min(pages + 1, self._pace.pages)
        return [start + number * self._size for number in range(pages)]

    async def _ask(self, starts: list[int], wanted: int | None) -> tuple[list[Answer], B24Error | None]:
        """Send one request; the pages up to the first that failed, and why it did."""
        may_be_long = wanted is None or wanted > CHECKED_PAGES * self._size
        if self._is_first and self._by_id is not None and self._together and may_be_long:
            answer = await self._by_id.begin({**self._params, "start": starts[0]})
            if answer is not None:
                return [answer], None
        if len(starts) == 1:
            try:
                return [await self._sender.call(self._method, {**self._params, "start": starts[0]})], None
            except B24Error as exc:
                return [], exc
        commands = {
            f"start{start}": {"method": self._method, "params": {**self._params, "start": start}} for start in starts
        }
        answered = await self._sender.batch(commands)
        answers: list[Answer] = []
        for outcome in answered.outcomes.values():
            if not isinstance(outcome, Succeeded):
                return answers, why_not(outcome, answered)
            answers.append(outcome.answer)
        return answers, None

    def _read(self, start: int, answer: Answer) -> tuple[list[Any], bool]:
        """Read one page: its rows that are new, and whether the list ended with it or before it."""
        rows = self._shape.rows(answer.result)
        if self._is_first:
            self._learn_first(start, rows, answer)
        look = self._look(rows)
        self._compare(start, answer, look)
        if start < self._start:  # a page read again; after a resumption the reader has its rows
            fresh = self._fresh(rows)
            return ([] if start < self._begin else fresh), False
        if not rows or self._is_beyond_end(start, answer, look):
            return [], True
        fresh = self._fresh(rows)
        has_known = self._key is not None and len(fresh) < len(rows)
        is_first_reading = self._passes == 1 and not self._expects_known
        if has_known and self._is_counted_out(start, answer):  # the first page again, changed meanwhile
            return fresh, True
        if has_known and is_first_reading:
            self._notice_shift()
            if not fresh and not self._is_more_said and not (answer.total and self._is_count_right):
                return [], True
        # Some methods take out of a page what this user may not see.
        self._leaves_out = self._leaves_out or (answer.next is not None and len(rows) < self._size)
        self._first_page = self._first_page or look
        self._pages[start] = look
        self._start = start + self._size
        self._is_more_said = answer.next is not None
        return fresh, not self._is_more_said and len(rows) != self._size

    def _is_beyond_end(self, start: int, answer: Answer, look: bytes) -> bool:
        """Whether a page is the first one again: the list ended before it, or the method does not look at `start`."""
        is_counted_out = self._is_counted_out(start, answer)
        if look == self._first_page and start > 0 and start not in self._pages:
            is_unsaid = start == self._size and not answer.total
            if not is_counted_out and (self._is_more_said or is_unsaid):
                self._stop(f"{self._method} answers with the same rows whatever start is, so reading was stopped")
            return True
        if is_counted_out and (self._begin or self._key is None):
            self._has_shifted = self._has_shifted or not self._begin
            return True
        if start > 2 * max(self._total or 0, self._rows) + _TOO_LONG:
            self._stop("the list grows faster than it can be read, so reading was stopped")
            return True
        return False

    def _is_counted_out(self, start: int, answer: Answer) -> bool:
        """Whether a page begins beyond the last row the portal counts."""
        goes_on = isinstance(answer.next, int) and answer.next > start
        return self._is_count_right and answer.total is not None and 0 < answer.total <= start and not goes_on

    def _learn_first(self, start: int, rows: list[Any], answer: Answer) -> None:
        self._is_first = False
        self._key = key_of(rows)
        self.account.key = None if self._strip else self._key
        if self._total is None:
            self._total = answer.total or None
        if self.account.total is None:
            self.account.total = answer.total if answer.total or not rows else None
        if isinstance(answer.next, int) and answer.next > start and start % PAGE_SIZE == 0:
            self._size = answer.next - start

    def _compare(self, start: int, answer: Answer, look: bytes) -> None:
        """Look for what shows that rows were added or removed."""
        if answer.total and self._total and answer.total != self._total:
            self._notice_shift()
            self._total = answer.total
        if self._pages.get(start, look) != look:
            self._notice_shift()
        if isinstance(answer.next, int) and answer.total and answer.total <= min(start + self._size, answer.next):
            self._is_count_right, self.account.total = False, None  # more follows than it counts

    def _fresh(self, rows: list[Any]) -> list[Any]:
        """The rows that did not come before, where ids tell."""
        key = self._key
        fresh = [row for row in rows if key is None or self._seen.add(row.get(key) if isinstance(row, dict) else row)]
        self._rows += len(fresh)
        return fresh

    def _look(self, rows: list[Any]) -> bytes:
        """A digest of which rows a page has, in which order."""
        key = self._key
        return fingerprint([row.get(key) if key is not None and isinstance(row, dict) else row for row in rows])

    def _seam(self) -> str:
        return self._pages.get(self._start - self._size, b"").hex()

    def _page(self, rows: list[Any]) -> ListPage:
        if self._strip and self._key is not None:
            rows = [{name: value for name, value in row.items() if name != self._key} for row in rows]
        return ListPage(rows, _Place(self._start, self._seam()) if self._passes == 1 and self._search is None else None)

    def _notice_shift(self) -> None:
        self._has_shifted = True
        self.account.note(SHIFTED)

    def _stop(self, why: str) -> None:
        self.account.whole = False
        self.account.note(why)

    def _end(self) -> None:
        """End here, or look for rows that were missed."""
        counts_all = self._is_count_right and not self._leaves_out and not self._begin and self._passes == 1
        if self._key is not None and counts_all and (self._total or 0) > self._seen.count:
            self._has_shifted = True
        starts = sorted(start for start in self._pages if start >= self._begin)
        is_counted_page = len(starts) == 1 and bool(self._total) and counts_all
        if not self._ends_beyond or is_counted_page:
            del starts[-1:]  # rows that moved within the last page, or one whose rows are all that is counted, came
        if not self.account.whole or not (starts or self._has_shifted):
            self._done = True
        elif self._key is None or self._begin or self._is_resumed:
            self._done = True
            if self._has_shifted:
                self._stop(_MISSING)
        else:
            self._search = MissingRowsSearch(
                self.account,
                self._by_id,
                self._key,
                self._seen,
                starts,
                self._read_again,
                self._together,
                self._has_shifted,
            )

    async def _look_further(self, search: MissingRowsSearch) -> list[ListPage]:
        """Search for rows that were missed, and where that asks for it go through the list again."""
        rows = await search.advance()
        self._has_shifted = search.has_shifted
        if search.finished and not search.go_again:
            self._done = True
        elif search.finished and self._passes == _MOST_PASSES:
            self._done = True
            self._stop(_MISSING)
        elif search.finished:
            self.account.note(SHIFTED)
            self._search, self._has_shifted = None, False
            self._start, self._pages, self._first_page, self._is_more_said = self._begin, {}, b"", True
            self._passes += 1
        return [self._page(rows)] if rows else []

    async def _read_again(self, starts: list[int]) -> tuple[int, bool]:
        """Read the first of these pages again; how many were read, and whether one is not as it was.

        The portal's count is not looked at: rows that come or go after the last page was read shift no page before it
        without changing it.
        """
        starts = starts[: self._pace.pages]
        answers, error = await self._ask(starts, None)
        for start, answer in zip(starts, answers, strict=False):
            if self._pages[start] != self._look(self._shape.rows(answer.result)):
                self._notice_shift()
        self._adapt(len(starts), answers, error)
        return len(answers), self._has_shifted


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_mark(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(?:[0-9a-f]{2})*", value) is not None
