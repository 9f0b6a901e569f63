"""Reading a list in single calls, each page where the one before says.

Where pages begin at an offset, each begins with the last row of the page before, which shows whether rows have moved.
If that row is not there, reading goes back until a row is found that was read already, so that nothing is missed. Where
pages have numbers they cannot overlap: they are read a second time and compared. Where pages begin at an id or a
cursor, nothing moves.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.rest.listing.ranges import bad_cursor
from b24_mcp.rest.listing.rows import Seen, Shape, fingerprint, key_of
from b24_mcp.rest.listing.steps import Follow, NavParams, Once, Position, Steps, StepTurn
from b24_mcp.rest.listing.strategy import Account, ListPage, ListSender, OtherWayError
from b24_mcp.rest.wire.answer import Answer

_MOST_TURNS = 200
_MOST_PASSES = 3
_SHIFTED = "rows were added or removed while the list was read, so that others moved"
_TWICE = "rows came a second time, as they do when others add rows meanwhile; they were left out"
_MISSING = "rows that moved while the list was read may be missing"


@dataclass(frozen=True, slots=True)
class _Place:
    next: Position
    last_row: bytes


class Walk:
    """One list read step by step. Rows that come twice, as they do when others add rows at the front, are left out."""

    is_exact = False

    def __init__(
        self, sender: ListSender, method: str, shape: Shape, steps: Steps, account: Account, version: Version
    ) -> None:
        self.name = steps.name
        self._version = version
        self.account = account
        self._sender, self._method, self._shape, self._steps = sender, method, shape, steps
        self._position: Position = None
        self._committed: Position = None
        self._seen = Seen()
        self._fullest = 0
        self._last_page = b""
        self._is_first = True
        self._is_resumed = self._begins_later = False
        self._overlap = 1
        self._is_overlapping = False
        """Whether the next page is to begin with rows that were read already."""
        self._turns = 0
        self._last_row = self._committed_row = b""
        self._pages: list[tuple[Position, bytes]] = []
        """The pages of this pass: where they began, and a digest of their rows."""
        self._to_compare: deque[tuple[Position, bytes]] = deque()
        self._has_shifted = False
        self._passes = 1
        self._done = False

    def resume(self, cursor: Mapping[str, Any]) -> None:
        """Go on where a cursor says. Raises `B24Error` for a cursor that does not fit."""
        position = cursor.get("at")
        plain = isinstance(position, int | dict | None) or (
            isinstance(position, list) and len(position) == 2 and all(isinstance(part, int) for part in position)
        )
        if not plain:
            raise bad_cursor(self._method)
        last = cursor.get("seam", "")
        if not isinstance(last, str) or not re.fullmatch(r"(?:[0-9a-f]{2})*", last):
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
        """Note that rows are with the reader; a page that was not used up is read again."""
        place: _Place | None = page.place
        if rows == len(page.rows) and place is not None:
            self._committed, self._committed_row = place.next, place.last_row

    def position(self) -> dict[str, Any]:
        """Return the place of the next page, and the last row before it."""
        return {
            "at": self._committed,
            "seam": self._committed_row.hex(),
            "overlaps": self._is_offset(self._committed),
            "shifted": self._has_shifted or self._passes > 1,
        }

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Read one page."""
        if self._to_compare:
            await self._compare_one()
            return []
        answer = await self._sender.call(self._method, self._steps.params(self._position), self._version)
        rows = self._shape.rows(answer.result)
        if self._is_first:
            self._is_first = False
            self.account.key = key_of(rows)
            if self.account.total is None and answer.total is not None and answer.total >= 0:
                self.account.total = answer.total
        else:
            self._compare_totals(answer)
        if not self._joins(rows):
            return []
        turn = StepTurn(self._position, rows, answer, self._fullest)
        following = self._steps.next(turn)
        if isinstance(self._steps, NavParams) and self._steps.is_beyond(turn) and self._is_known(rows):
            self._end()
            return []
        if following is None and isinstance(self._steps, Once) and answer.next is not None:
            raise OtherWayError("it gives its list in pages")
        read, same = self._past_seam(rows), fingerprint(rows)
        fresh = self._fresh(read)
        if rows and not fresh and following is not None and self._is_end(rows, same):
            following = None
        self._last_page = same
        self._fullest = max(self._fullest, len(rows))
        self._last_row = self._identity(rows[-1]) if rows else self._last_row
        self._pages.append((self._position, self._look(rows)))
        if isinstance(self._steps, Follow) and self._steps.has_skipped:
            self._doubt("more rows have the same value of the cursor than fit on a page: some may be missing")
        self._go_to(following)
        page = ListPage(fresh, _Place(self._position, self._last_row) if self._passes == 1 else None)
        if following is None:
            self._end()
        return [page]

    def _is_known(self, rows: list[Any]) -> bool:
        """Whether no row of a page is new; after a resumption the rows before it are not known."""
        return self._begins_later or all(self._seen.has(self._id_of(row)) for row in rows)

    def _joins(self, rows: list[Any]) -> bool:
        """Whether a page follows on the rows that were read; goes back where it does not."""
        if not self._is_overlapping:
            return True
        identities = [self._identity(row) for row in rows]
        if identities[:1] == [self._last_row]:
            return True
        if self._is_resumed or self.account.key is None:
            self.account.note(_SHIFTED)
            if self._last_row not in identities:
                self._doubt(_MISSING)
            return True
        if rows and self._seen.has(self._id_of(rows[0])):
            if self._overlap == 1 and fingerprint(rows) != self._last_page:
                self.account.note(_TWICE)
            return True
        self.account.note(_SHIFTED)
        earlier = self._steps.back(self._position, max(self._fullest, 1))
        self._overlap = max(1, min(self._overlap * 2, self._fullest // 2))
        self._turns += 1
        if self._turns > _MOST_TURNS:
            self._doubt(_MISSING)
            return True
        # The beginning of the list needs no row to join.
        self._is_overlapping = self._steps.back(earlier, 1) != earlier
        self._position, self._last_page = earlier, b""
        return False

    def _past_seam(self, rows: list[Any]) -> list[Any]:
        """The rows after the last one that was read, where rows read before cannot be told by their ids."""
        if not (self._is_resumed or (self._is_overlapping and self.account.key is None)):
            return rows
        self._is_resumed = False
        identities = [self._identity(row) for row in rows]
        begin = identities.index(self._last_row) + 1 if self._last_row in identities else 0
        for row in rows[:begin]:
            self._seen.add(self._id_of(row))
        return rows[begin:]

    def _go_to(self, following: Position) -> None:
        """Go on to a page, some rows before it where that shows whether rows have moved."""
        self._is_overlapping = self._is_offset(following) and self._fullest > self._overlap
        self._position = self._steps.back(following, self._overlap) if self._is_overlapping else following

    def _is_offset(self, position: Position) -> bool:
        return position is not None and self._steps.shifts == "offset" and self._steps.back(position, 1) != position

    def _is_end(self, rows: list[Any], same: bytes) -> bool:
        """Whether a page without a new row is the end of the list: nothing but the rows before it, or page one again.

        Where the same page comes whatever is asked for, that is said.
        """
        if self._is_overlapping and len(rows) <= self._overlap:
            return True
        is_first_again = bool(self._pages) and self._look(rows) == self._pages[0][1]
        if same == self._last_page:
            self._doubt(f"{self._method} answers with the same rows on every page, so reading was stopped")
            return True
        return self._steps.shifts == "page" and is_first_again and len(self._pages) > 1

    def _compare_totals(self, answer: Answer) -> None:
        total, known = answer.total, self.account.total
        if self._steps.shifts == "no" or total is None or known is None or total == known:
            return
        self.account.note(_SHIFTED)
        self.account.total = total
        self._has_shifted = True
        if self.account.key is None:
            self.account.whole = self.account.whole and total > known

    def _end(self) -> None:
        """End here, or look whether pages with numbers are still as they were."""
        if self._steps.shifts != "page" or not self.account.whole or len(self._pages) <= 1:
            self._done = True
        elif self._has_shifted:
            self._go_again()
        else:
            # Rows that moved from the last page to one before would be missed, not those that moved within it.
            # Every other page is compared: a count that stays the same hides one row that went and one that came.
            self._to_compare.extend(self._pages[:-1])

    async def _compare_one(self) -> None:
        """Read one page a second time."""
        position, look = self._to_compare[0]
        answer = await self._sender.call(self._method, self._steps.params(position), self._version)
        self._to_compare.popleft()
        if self._look(self._shape.rows(answer.result)) != look:
            self.account.note(_SHIFTED)
            self._to_compare.clear()
            self._go_again()
        elif not self._to_compare:
            self._done = True

    def _go_again(self) -> None:
        """Go through the list once more, if rows can be told apart by their ids and it is of use."""
        if self.account.key is None or self._begins_later or self._passes == _MOST_PASSES:
            self._doubt(_MISSING)
            self._done = True
            return
        self._passes += 1
        self._position, self._pages, self._last_page = None, [], b""
        self._has_shifted = False

    def _doubt(self, why: str) -> None:
        self.account.whole = False
        self.account.note(why)

    def _identity(self, row: Any) -> bytes:
        return fingerprint(self._id_of(row))

    def _id_of(self, row: Any) -> Any:
        key = self.account.key
        return row.get(key) if key is not None and isinstance(row, dict) else row

    def _look(self, rows: list[Any]) -> bytes:
        return fingerprint([self._id_of(row) for row in rows])

    def _fresh(self, rows: list[Any]) -> list[Any]:
        if self.account.key is None:
            return [] if rows and fingerprint(rows) == self._last_page else rows
        fresh = [row for row in rows if self._seen.add(self._id_of(row))]
        if 0 < len(fresh) < len(rows) and self._steps.shifts == "page" and self._passes == 1:
            self.account.note(_TWICE)
            self._has_shifted = True
        return fresh
