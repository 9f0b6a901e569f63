"""The pages of a list that is read by `start`: their new rows, the end of the list, and signs that rows have moved.

Beyond the end the older methods answer with the first page again. Signs that rows have moved are a count that changes,
a row that is read twice, and a page that differs when it is read again. Source: documentation,
settings/performance/huge-data; measured behaviour.
"""

from __future__ import annotations

from b24_mcp.rest.listing.rows import Shape, identity_of, key_of
from b24_mcp.rest.listing.seen import SeenRows, fingerprint
from b24_mcp.rest.listing.strategy import PAGE_SIZE, ListSummary
from b24_mcp.rest.wire.answer import Answer

SHIFTED = "rows were added or removed while the list was read by start, so that others moved"
_TOO_LONG = 10_000


class StartPages:
    """What is known from the pages that were read.

    `begin` is where the list begins for the reader, `start` where the next page begins. `key` identifies rows. `total`
    is the portal's latest count. `digests` are the pages of this pass, by their start.
    """

    def __init__(self, method: str, shape: Shape, summary: ListSummary, begin: int) -> None:
        self._method, self._shape, self._summary = method, shape, summary
        self.begin = self.start = begin
        self.size = PAGE_SIZE
        self.key: str | None = None
        self.seen = SeenRows()
        self.digests: dict[int, bytes] = {}
        self.first_digest = b""
        self.total: int | None = None
        self.is_count_right = True
        self.has_shifted = False
        self.expects_known = False
        """Whether rows may come that the reader has already, so that they are no sign."""
        self.passes = 1
        self.is_first = True
        self._rows = 0
        self._more_follow = True
        """Whether the latest page said that another one follows."""
        self._ended_beyond = False
        """Whether the end showed on a page after the last one, which had no rows of its own."""
        self._leaves_out = False

    def read(self, start: int, answer: Answer) -> tuple[list[object], bool]:
        """Read one page. Return its new rows, and whether the list ended with this page or before it."""
        rows = self._shape.rows(answer.result)
        if self.is_first:
            self._learn_first(start, rows, answer)
        digest = self._digest(rows)
        self._compare(start, answer, digest)
        if start < self.start:  # a page read again; after a resumption the reader has its rows
            fresh = self._fresh(rows)
            return ([] if start < self.begin else fresh), False
        fresh, has_ended = self._read_new(start, rows, answer, digest)
        if has_ended:
            self._ended_beyond = start not in self.digests
        return fresh, has_ended

    def has_changed(self, start: int, answer: Answer) -> bool:
        """Whether a page that is read a second time differs. The portal's count is ignored.

        Rows that are added or removed after the last page was read shift the pages before it, or change nothing.
        """
        return self.digests[start] != self._digest(self._shape.rows(answer.result))

    def restart(self) -> None:
        """Begin another pass through the whole list."""
        self._summary.note(SHIFTED)
        self.start, self.digests, self.first_digest = self.begin, {}, b""
        self.has_shifted, self._more_follow = False, True
        self.passes += 1

    def notice_shift(self) -> None:
        """Record that rows have moved."""
        self.has_shifted = True
        self._summary.note(SHIFTED)

    def end(self) -> list[int]:
        """Record the end of a pass. Return the starts of the pages to which a missing row may have moved."""
        counts_all = self.is_count_right and not self._leaves_out and not self.begin and self.passes == 1
        if self.key is not None and counts_all and (self.total or 0) > self.seen.count:
            self.has_shifted = True
        starts = sorted(start for start in self.digests if start >= self.begin)
        is_counted_page = len(starts) == 1 and bool(self.total) and counts_all
        if not self._ended_beyond or is_counted_page:
            del starts[-1:]  # rows that moved within the last page, or on an only page that holds all, were read
        return starts

    def seam(self) -> str:
        """Return the digest of the page before the next one, as text."""
        return self.digests.get(self.start - self.size, b"").hex()

    def _read_new(self, start: int, rows: list[object], answer: Answer, digest: bytes) -> tuple[list[object], bool]:
        if not rows or self._is_beyond_end(start, answer, digest):
            return [], True
        fresh = self._fresh(rows)
        has_known = self.key is not None and len(fresh) < len(rows)
        if has_known and self._is_counted_out(start, answer):  # the first page again, changed meanwhile
            return fresh, True
        if has_known and self.passes == 1 and not self.expects_known:
            self.notice_shift()
            if not fresh and not self._more_follow and not (answer.total and self.is_count_right):
                return [], True
        # Some methods omit from a page what this user may not see.
        self._leaves_out = self._leaves_out or (answer.next is not None and len(rows) < self.size)
        self.first_digest = self.first_digest or digest
        self.digests[start] = digest
        self.start = start + self.size
        self._more_follow = answer.next is not None
        return fresh, not self._more_follow and len(rows) != self.size

    def _is_beyond_end(self, start: int, answer: Answer, digest: bytes) -> bool:
        """Whether a page is the first one again: the list ended before it, or the method ignores `start`."""
        is_counted_out = self._is_counted_out(start, answer)
        if digest == self.first_digest and start > 0 and start not in self.digests:
            is_unsaid = start == self.size and not answer.total
            if not is_counted_out and (self._more_follow or is_unsaid):
                self._summary.doubt(
                    f"{self._method} answers with the same rows whatever start is, so reading was stopped"
                )
            return True
        if is_counted_out and (self.begin or self.key is None):
            self.has_shifted = self.has_shifted or not self.begin
            return True
        if start > 2 * max(self.total or 0, self._rows) + _TOO_LONG:
            self._summary.doubt("the list grows faster than it can be read, so reading was stopped")
            return True
        return False

    def _is_counted_out(self, start: int, answer: Answer) -> bool:
        """Whether a page begins beyond the last row that the portal counts."""
        has_next = isinstance(answer.next, int) and answer.next > start
        return self.is_count_right and answer.total is not None and 0 < answer.total <= start and not has_next

    def _learn_first(self, start: int, rows: list[object], answer: Answer) -> None:
        self.is_first = False
        self.key = key_of(rows)
        if self.total is None:
            self.total = answer.total or None
        if self._summary.total is None:
            self._summary.total = answer.total if answer.total or not rows else None
        if isinstance(answer.next, int) and answer.next > start and start % PAGE_SIZE == 0:
            self.size = answer.next - start

    def _compare(self, start: int, answer: Answer, digest: bytes) -> None:
        """Look for signs that rows were added or removed."""
        if answer.total and self.total and answer.total != self.total:
            self.notice_shift()
            self.total = answer.total
        if self.digests.get(start, digest) != digest:
            self.notice_shift()
        if isinstance(answer.next, int) and answer.total and answer.total <= min(start + self.size, answer.next):
            self.is_count_right, self._summary.total = False, None  # more rows follow than the portal counts

    def _fresh(self, rows: list[object]) -> list[object]:
        """Return the rows that were not read before, as far as ids show it."""
        fresh = [row for row in rows if self.key is None or self.seen.add(identity_of(row, self.key))]
        self._rows += len(fresh)
        return fresh

    def _digest(self, rows: list[object]) -> bytes:
        """Return a digest of which rows a page has, in which order."""
        return fingerprint([identity_of(row, self.key) for row in rows])
