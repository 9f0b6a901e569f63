"""Reading by `start`: pages of 50 counted from the beginning, 50 of them in one request.

For lists in an order of the reader's own, or of methods that cannot filter by id. Rows that others add or remove
meanwhile shift all that follow. So a page is read again between requests, rows are told apart by id, a removal moves
reading back, and a list that came out short is gone through once more; a `Tally` finds what counts do not show. Beyond
the end the older methods answer with the first page again. Source: documentation, settings/performance/huge-data;
measured behaviour of the families of methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.rest.answer import Answer
from b24_mcp.rest.errors import B24Error
from b24_mcp.rest.listing.lanes import bad_cursor
from b24_mcp.rest.listing.pace import MOST_FAILURES, Pace, failure_pause, is_too_much
from b24_mcp.rest.listing.rows import Seen, Shape, fingerprint, key_of
from b24_mcp.rest.listing.strategy import PAGE_SIZE, Account, Door, Page, why_not
from b24_mcp.rest.listing.tally import Tally
from b24_mcp.rest.outcomes import Succeeded

_MOST_TURNS = 50
_SHIFTED = "rows were added or removed while the list was read by start; what had moved was read again"


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    """Where the page after this one starts."""


class Offset:
    """One list read page by page from the start."""

    name = "offset"
    is_exact = False

    def __init__(
        self,
        door: Door,
        method: str,
        shape: Shape,
        params: Mapping[str, Any],
        account: Account,
        *,
        together: bool,
        tally: Tally | None = None,
    ) -> None:
        self._door, self._method, self._shape, self._params = door, method, shape, dict(params)
        self.account = account
        self._start = self._begin = max(0, int(self._params.pop("start", 0) or 0))
        self._committed = self._start
        self._pace = Pace(together=together)
        self._tally = tally if together else None
        self._tally_ends = False
        self._seen = Seen()
        self._size = PAGE_SIZE
        self._total: int | None = None
        self._is_first = True
        self._speculative = 1
        self._last_page: bytes = b""
        self._failures = 0
        self._turned_back = False
        self._turns = 0
        self._is_second_pass = self._expects_known = self._leaves_out = False
        self._pause = 0.0
        self._error: B24Error | None = None
        self._done = False

    def leave_out(self, given: Iterable[Any]) -> None:
        """Note ids of rows that are with the reader already, before a way was given up that asked for ids."""
        self._tally = None
        for identity in given:
            self._seen.add(identity)
            self._expects_known = True

    def resume(self, cursor: Mapping[str, Any]) -> None:
        """Go on at the page a cursor names. Raises `B24Error` for a cursor that does not fit."""
        start = cursor.get("start")
        if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start < 2**63:
            raise bad_cursor(self._method)
        self._start = self._committed = self._begin = start
        self._tally = None  # what there was at the beginning is not known any more
        self.account.note("rows that were added or removed since the first part was read may be missing or doubled")

    @property
    def finished(self) -> bool:
        """Whether the end was reached."""
        return self._done and self._error is None

    def commit(self, page: Page, rows: int) -> None:
        """Note that rows are with the reader; a page that was not used up is read again."""
        place: _Place = page.place
        if rows == len(page.rows):
            self._committed = place.start

    def position(self) -> dict[str, Any]:
        """Give the start of the next page."""
        return {"start": self._committed}

    async def advance(self, wanted: int | None) -> list[Page]:
        """Read the next pages in one request."""
        if self._error is not None:
            kept, self._error = self._error, None
            raise kept
        if self._pause:
            await self._door.pause(self._pause)
            self._pause = 0.0
        if self._tally is not None and self._tally_ends:
            self._settle(await self._tally.masked())
            return []
        if wanted is not None:
            self._tally = None  # a part is no account of the whole
        starts = self._starts(wanted)
        answers, error = await self._ask(starts)
        pages: list[Page] = []
        for start, answer in zip(starts, answers, strict=False):
            if self._done:
                break
            page = self._page(start, answer)
            if page is not None:
                pages.append(page)
            if self._turned_back:
                break
        if answers:
            self._failures = 0
            self._pace.learn(answer.time for answer in answers)
        if error is not None and not self._done:
            self._failures += 1
            self._pace.back_off(len(starts))
            if len(starts) == 1 or self._failures > MOST_FAILURES or not is_too_much(error.fault):
                self._error = error
            self._pause = failure_pause(self._failures)
        return pages

    def _starts(self, wanted: int | None) -> list[int]:
        """The offsets of the next request; where ids tell rows apart it begins one page back."""
        if self._is_first:
            return [self._start]
        pages = self._pace.pages
        if wanted is not None:
            pages = min(pages, max(1, -(-wanted // self._size)))
        start, self._turned_back = self._start, False
        if self._total:
            pages = min(pages, max(1, -(-(self._total - start) // self._size)))
        else:
            pages = min(pages, self._speculative)
            self._speculative *= 2
        if pages > 4 and self.account.key is not None and start >= self._begin + self._size:
            start, pages = start - self._size, min(pages + 1, self._pace.pages)
        return [start + number * self._size for number in range(pages)]

    async def _ask(self, starts: list[int]) -> tuple[list[Answer], B24Error | None]:
        """Send one request; the pages up to the first that failed, and why it did."""
        if self._is_first and self._tally is not None:
            answer = await self._tally.begin({**self._params, "start": starts[0]})
            if answer is not None:
                return [answer], None
            self._tally = None
        if len(starts) == 1:
            try:
                return [await self._door.call(self._method, {**self._params, "start": starts[0]})], None
            except B24Error as exc:
                return [], exc
        commands = {
            f"start{start}": {"method": self._method, "params": {**self._params, "start": start}} for start in starts
        }
        answered = await self._door.batch(commands)
        answers: list[Answer] = []
        for outcome in answered.outcomes.values():
            if not isinstance(outcome, Succeeded):
                return answers, why_not(outcome, answered)
            answers.append(outcome.answer)
        return answers, None

    def _page(self, start: int, answer: Answer) -> Page | None:
        """Take one page; None for one that tells only that the list is at its end."""
        rows = self._shape.rows(answer.result)
        if self._is_first:
            self._learn_first(rows, answer)
        removed = self._removed(answer)
        if self._total and start >= self._total:  # beyond the end; some methods give the first page again there
            self._go_back(start, removed)
            return None
        fresh = self._fresh(rows)
        if rows and not fresh and start >= self._start and self._is_ignoring(rows):
            self._done = True
            return None
        # Some methods take out of a page what this user may not see.
        self._leaves_out = self._leaves_out or (answer.next is not None and len(rows) < self._size)
        self._last_page = fingerprint(rows)
        self._start = max(self._start, start + self._size)
        if removed or (answer.next is None and not self._goes_on_unsaid(rows)):
            self._go_back(start, removed)
        return Page(fresh, _Place(self._start))

    def _go_back(self, start: int, removed: int) -> None:
        """Go back where rows were removed; else this is the end.

        Where rows are removed all the time, going back ends at some point, which is said.
        """
        if removed and self._turns < _MOST_TURNS:
            self._turns += 1
            self._start = max(self._begin, start - -(-removed // self._size) * self._size)
            self._turned_back = True
            return
        if removed:
            self.account.whole = False
            self.account.note("rows are removed faster than the list can be read, so reading was stopped")
        if self._tally is None or self._is_second_pass:
            self._settle(0)
        else:
            self._tally_ends = True

    def _settle(self, masked: int) -> None:
        """End here, or start anew when fewer rows came than there are, or rows were removed unseen."""
        self._tally_ends, self._done = False, True
        missing = (self._total or 0) - self._seen.count
        if self.account.key is None or self._begin or self._leaves_out or (missing <= 0 and not masked):
            return
        if masked:
            self.account.note(_SHIFTED)
        if not self._is_second_pass:
            self._is_second_pass, self._done, self._start = True, False, self._begin
            return
        self.account.whole = False
        self.account.note(f"{missing} of {self._total} rows moved while the list was read and may be missing")

    def _learn_first(self, rows: list[Any], answer: Answer) -> None:
        self._is_first = False
        self.account.key = key_of(rows)
        self._total = answer.total or None
        if answer.next is None:
            self._tally = None
        if self.account.total is None:
            self.account.total = answer.total if answer.total or not rows else None
        if isinstance(answer.next, int) and answer.next > self._start:
            self._size = answer.next - self._start

    def _goes_on_unsaid(self, rows: list[Any]) -> bool:
        """Some methods say neither total nor next: their list ends with a page that is not full."""
        return not self._total and len(rows) == self._size

    def _removed(self, answer: Answer) -> int:
        """How many rows fewer than before the portal counts, where pages can be read again without doubling rows."""
        if not answer.total or not self._total or answer.total == self._total:
            return 0
        self.account.note(_SHIFTED)
        fewer, self._total = self._total - answer.total, answer.total
        if self._tally is not None:
            self._tally.seen += max(0, -fewer)
        if fewer > 0 and self.account.key is None:
            self.account.whole = False
            return 0
        return max(0, fewer)

    def _fresh(self, rows: list[Any]) -> list[Any]:
        """The rows that were not given yet; where nothing identifies a row, whole pages are compared."""
        key = self.account.key
        if key is None:
            return [] if fingerprint(rows) == self._last_page else rows
        return [row for row in rows if self._seen.add(row.get(key) if isinstance(row, dict) else row)]

    def _is_ignoring(self, rows: list[Any]) -> bool:
        """Tell whether a page that brought nothing new shows a method that does not look at `start`."""
        if self._total and self._last_page != fingerprint(rows):
            if not (self._is_second_pass or self._expects_known):
                self.account.note(_SHIFTED)
            return False
        self.account.whole = False
        self.account.note(f"{self._method} answers with the same rows whatever start is, so reading was stopped")
        return True
