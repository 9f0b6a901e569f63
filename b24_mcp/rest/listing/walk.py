"""Reading a list in single calls, where each page follows from the page before.

If pages begin at an offset, each begins with the last row of the page before, which shows whether rows have moved. If
that row is not there, reading goes back to a row that was read already, so that nothing is missed. Pages with numbers
cannot overlap: they are read a second time and compared. Pages that begin at an id or a cursor do not move.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from b24_mcp.catalog import Version
from b24_mcp.rest.listing.rows import Shape, identity_of, key_of
from b24_mcp.rest.listing.seen import SeenRows, fingerprint
from b24_mcp.rest.listing.steps import NavParams, Once, PageTurn, Position, Steps
from b24_mcp.rest.listing.steps_v3 import Follow
from b24_mcp.rest.listing.strategy import ListPage, ListSender, ListSummary, UnsuitableStrategyError, bad_cursor
from b24_mcp.rest.wire.answer import Answer

_MOST_RETURNS = 200
_MOST_PASSES = 3
_SHIFTED = "rows were added or removed while the list was read, so that others moved"
_TWICE = "rows came a second time, as they do when others add rows meanwhile; they were left out"
_MISSING = "rows that moved while the list was read may be missing"


@dataclass(frozen=True, slots=True)
class _Place:
    """The position of the page after this one, and the digest of the last row of this one."""

    next: Position
    last_row: bytes


class Walk:
    """One list read step by step. Rows that are read twice, because others added rows before them, are left out."""

    is_exact = False

    def __init__(
        self, sender: ListSender, method: str, shape: Shape, steps: Steps, summary: ListSummary, version: Version
    ) -> None:
        self.name = steps.name
        self._version = version
        self.summary = summary
        self._sender, self._method, self._shape, self._steps = sender, method, shape, steps
        self._position: Position = None
        self._committed: Position = None
        self._seen = SeenRows()
        self._fullest = 0
        self._last_page = b""
        self._is_first = True
        self._is_resumed = self._begins_later = False
        self._overlap = 1
        self._is_overlapping = False
        """Whether the next page is requested to begin with rows that were read already."""
        self._returns = 0
        self._last_row = self._committed_row = b""
        self._pages: list[tuple[Position, bytes]] = []
        """The pages of this pass: their positions, and the digests of their rows."""
        self._to_compare: deque[tuple[Position, bytes]] = deque()
        self._has_shifted = False
        self._passes = 1
        self._done = False

    def resume(self, cursor: Mapping[str, object]) -> None:
        """Continue at the position of a cursor.

        Raises:
            B24Error: `B24MCP_CURSOR` if it is not one of this strategy.
        """
        position, last = cursor.get("at"), cursor.get("seam", "")
        if not _is_position(position) or not isinstance(last, str) or not re.fullmatch(r"(?:[0-9a-f]{2})*", last):
            raise bad_cursor(self._method)
        self._position = self._committed = position
        self._last_row = self._committed_row = bytes.fromhex(last)
        self._is_resumed, self._begins_later = bool(last), position is not None
        self._is_overlapping = self._is_resumed and self._steps.shifts == "offset" and cursor.get("overlaps") is True
        self._has_shifted = cursor.get("shifted") is True

    @property
    def finished(self) -> bool:
        """Whether the last page was read."""
        return self._done

    def commit(self, page: ListPage, rows: int) -> None:
        """Confirm that rows of a page were returned. A page that was returned in part is read again."""
        place = page.place
        if rows == len(page.rows) and isinstance(place, _Place):
            self._committed, self._committed_row = place.next, place.last_row

    def position(self) -> dict[str, object]:
        """Return the position of the next page, and the digest of the last row before it."""
        return {
            "at": self._committed,
            "seam": self._committed_row.hex(),
            "overlaps": self._is_offset(self._committed),
            "shifted": self._has_shifted or self._passes > 1,
        }

    async def aclose(self) -> None:
        """Do nothing: no request runs in the background."""

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Read one page, or read one a second time."""
        if self._to_compare:
            await self._compare_one()
            return []
        answer = await self._sender.call(self._method, self._steps.params(self._position), self._version)
        rows = self._shape.rows(answer.result)
        if self._is_first:
            self._is_first = False
            self.summary.key = key_of(rows)
            if self.summary.total is None and answer.total is not None and answer.total >= 0:
                self.summary.total = answer.total
        else:
            self._compare_totals(answer)
        if not self._follows(rows):
            return []
        turn = PageTurn(self._position, rows, answer, self._fullest)
        following = self._steps.next(turn)
        if isinstance(self._steps, NavParams) and self._steps.is_beyond(turn) and self._is_known(rows):
            self._end()
            return []
        if following is None and isinstance(self._steps, Once) and answer.next is not None:
            raise UnsuitableStrategyError("it returns its list in pages")
        read, same = self._past_seam(rows), fingerprint(rows)
        fresh = self._fresh(read)
        if rows and not fresh and following is not None and self._is_end(rows, same):
            following = None
        self._last_page = same
        self._fullest = max(self._fullest, len(rows))
        self._last_row = self._identity(rows[-1]) if rows else self._last_row
        self._pages.append((self._position, self._digest(rows)))
        if isinstance(self._steps, Follow) and self._steps.has_skipped:
            self.summary.doubt("more rows have the same value of the cursor than fit in a page: some may be missing")
        self._go_to(following)
        page = ListPage(fresh, _Place(self._position, self._last_row) if self._passes == 1 else None)
        if following is None:
            self._end()
        return [page]

    def _is_known(self, rows: list[object]) -> bool:
        """Whether no row of a page is new. After a resumption the rows before it are not known."""
        return self._begins_later or all(self._seen.has(self._id_of(row)) for row in rows)

    def _follows(self, rows: list[object]) -> bool:
        """Whether a page follows the rows that were read. If not, an earlier position is read next."""
        if not self._is_overlapping:
            return True
        identities = [self._identity(row) for row in rows]
        if identities[:1] == [self._last_row]:
            return True
        if self._is_resumed or self.summary.key is None:
            self.summary.note(_SHIFTED)
            if self._last_row not in identities:
                self.summary.doubt(_MISSING)
            return True
        if rows and self._seen.has(self._id_of(rows[0])):
            if self._overlap == 1 and fingerprint(rows) != self._last_page:
                self.summary.note(_TWICE)
            return True
        self.summary.note(_SHIFTED)
        earlier = self._steps.back(self._position, max(self._fullest, 1))
        self._overlap = max(1, min(self._overlap * 2, self._fullest // 2))
        self._returns += 1
        if self._returns > _MOST_RETURNS:
            self.summary.doubt(_MISSING)
            return True
        # The beginning of the list follows no row.
        self._is_overlapping = self._steps.back(earlier, 1) != earlier
        self._position, self._last_page = earlier, b""
        return False

    def _past_seam(self, rows: list[object]) -> list[object]:
        """Return the rows after the last one that was read, where ids do not show which rows were read."""
        if not (self._is_resumed or (self._is_overlapping and self.summary.key is None)):
            return rows
        self._is_resumed = False
        identities = [self._identity(row) for row in rows]
        begin = identities.index(self._last_row) + 1 if self._last_row in identities else 0
        for row in rows[:begin]:
            self._seen.add(self._id_of(row))
        return rows[begin:]

    def _go_to(self, following: Position) -> None:
        """Set the next position, some rows earlier if that shows whether rows have moved."""
        self._is_overlapping = self._is_offset(following) and self._fullest > self._overlap
        self._position = self._steps.back(following, self._overlap) if self._is_overlapping else following

    def _is_offset(self, position: Position) -> bool:
        return position is not None and self._steps.shifts == "offset" and self._steps.back(position, 1) != position

    def _is_end(self, rows: list[object], same: bytes) -> bool:
        """Whether a page without a new row is the end of the list: it holds the rows before it, or page one again.

        A note says if the method returns the same page for every position.
        """
        if self._is_overlapping and len(rows) <= self._overlap:
            return True
        is_first_again = bool(self._pages) and self._digest(rows) == self._pages[0][1]
        if same == self._last_page:
            self.summary.doubt(f"{self._method} answers with the same rows on every page, so reading was stopped")
            return True
        return self._steps.shifts == "page" and is_first_again and len(self._pages) > 1

    def _compare_totals(self, answer: Answer) -> None:
        total, known = answer.total, self.summary.total
        if self._steps.shifts == "no" or total is None or known is None or total == known:
            return
        self.summary.note(_SHIFTED)
        self.summary.total = total
        self._has_shifted = True
        if self.summary.key is None:
            self.summary.whole = self.summary.whole and total > known

    def _end(self) -> None:
        """End here, or compare pages with numbers to what they were."""
        if self._steps.shifts != "page" or not self.summary.whole or len(self._pages) <= 1:
            self._done = True
        elif self._has_shifted:
            self._read_again()
        else:
            # Rows that moved from the last page to an earlier one are missing; those that moved within it are not.
            # All other pages are compared: an unchanged count may hide one removed row and one added row.
            self._to_compare.extend(self._pages[:-1])

    async def _compare_one(self) -> None:
        """Read one page a second time."""
        position, digest = self._to_compare[0]
        answer = await self._sender.call(self._method, self._steps.params(position), self._version)
        self._to_compare.popleft()
        if self._digest(self._shape.rows(answer.result)) != digest:
            self.summary.note(_SHIFTED)
            self._to_compare.clear()
            self._read_again()
        elif not self._to_compare:
            self._done = True

    def _read_again(self) -> None:
        """Begin another pass through the list, if ids identify the rows and it is of use."""
        if self.summary.key is None or self._begins_later or self._passes == _MOST_PASSES:
            self.summary.doubt(_MISSING)
            self._done = True
            return
        self._passes += 1
        self._position, self._pages, self._last_page = None, [], b""
        self._has_shifted = False

    def _identity(self, row: object) -> bytes:
        return fingerprint(self._id_of(row))

    def _id_of(self, row: object) -> object:
        return identity_of(row, self.summary.key)

    def _digest(self, rows: list[object]) -> bytes:
        return fingerprint([self._id_of(row) for row in rows])

    def _fresh(self, rows: list[object]) -> list[object]:
        """Return the rows that were not read before, as far as it can be known."""
        if self.summary.key is None:
            return [] if rows and fingerprint(rows) == self._last_page else rows
        fresh = [row for row in rows if self._seen.add(self._id_of(row))]
        if 0 < len(fresh) < len(rows) and self._steps.shifts == "page" and self._passes == 1:
            self.summary.note(_TWICE)
            self._has_shifted = True
        return fresh


def _is_position(value: object) -> TypeGuard[Position]:
    if isinstance(value, list):
        return len(value) == 2 and all(isinstance(part, int) for part in value)
    return isinstance(value, int | dict | None)
