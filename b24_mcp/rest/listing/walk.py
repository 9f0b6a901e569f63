"""Reading a list in single calls, each page where the one before says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.rest.answer import Answer
from b24_mcp.rest.listing.lanes import bad_cursor
from b24_mcp.rest.listing.rows import Seen, Shape, fingerprint, key_of
from b24_mcp.rest.listing.steps import Follow, Once, Position, Steps, Turn
from b24_mcp.rest.listing.strategy import Account, Door, OtherWayError, Page


@dataclass(frozen=True, slots=True)
class _Place:
    next: Position
    last_row: bytes


class Walk:
    """One list read step by step. Rows that come twice, as they do when others add rows at the front, are left out."""

    is_exact = False

    def __init__(self, door: Door, method: str, shape: Shape, steps: Steps, account: Account, version: Version) -> None:
        self.name = steps.name
        self._version = version
        self.account = account
        self._door, self._method, self._shape, self._steps = door, method, shape, steps
        self._position: Position = None
        self._committed: Position = None
        self._seen = Seen()
        self._fullest = 0
        self._last_page = b""
        self._is_first = True
        self._is_at_seam = False
        self._last_row = self._committed_row = b""
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
        self._is_at_seam = isinstance(self._steps, Follow) and self._steps.seam(position)

    @property
    def finished(self) -> bool:
        """Whether the last page was read."""
        return self._done

    def commit(self, page: Page, rows: int) -> None:
        """Note that rows are with the reader; a page that was not used up is read again."""
        place: _Place = page.place
        if rows == len(page.rows):
            self._committed, self._committed_row = place.next, place.last_row

    def position(self) -> dict[str, Any]:
        """Give the place of the next page."""
        return {"at": self._committed, "seam": self._committed_row.hex()}

    async def advance(self, wanted: int | None) -> list[Page]:
        """Read one page."""
        answer = await self._door.call(self._method, self._steps.params(self._position), self._version)
        rows = self._shape.rows(answer.result)
        if self._is_first:
            self._is_first = False
            self.account.key = key_of(rows)
            if self.account.total is None and answer.total is not None and answer.total >= 0:
                self.account.total = answer.total
        if self._is_at_seam:
            rows = self._past_seam(rows)
        self._compare_totals(answer)
        fresh = self._fresh(rows)
        same = fingerprint(rows)
        following = self._steps.next(Turn(self._position, rows, answer, self._fullest))
        self._is_at_seam = isinstance(self._steps, Follow) and self._steps.seam(following)
        self._last_row = self._identity(rows[-1]) if rows else self._last_row
        if following is None and isinstance(self._steps, Once) and answer.next is not None:
            raise OtherWayError("it gives its list in pages")
        if rows and not fresh and same == self._last_page:
            self.account.whole, following = False, None
            self.account.note(f"{self._method} answers with the same rows on every page, so reading was stopped")
        self._last_page = same
        self._fullest = max(self._fullest, len(rows))
        self._position, self._done = following, following is None
        return [Page(fresh, _Place(following, self._last_row))]

    def _past_seam(self, rows: list[Any]) -> list[Any]:
        """The rows after the one that was read already. Where another stands first, rows were added or removed."""
        if rows and self._identity(rows[0]) == self._last_row:
            return rows[1:]
        self.account.note("rows were added or removed while the list was read, and what follows them shifted")
        if not any(self._identity(row) == self._last_row for row in rows):
            self.account.whole = False
        return rows

    def _compare_totals(self, answer: Answer) -> None:
        total, known = answer.total, self.account.total
        if self._is_first or total is None or known is None or total == known:
            return
        self.account.note("rows were added or removed while the list was read, and what follows them shifted")
        self.account.whole = self.account.whole and total > known
        self.account.total = total

    def _identity(self, row: Any) -> bytes:
        key = self.account.key
        return fingerprint(row.get(key) if key is not None and isinstance(row, dict) else row)

    def _fresh(self, rows: list[Any]) -> list[Any]:
        key = self.account.key
        if key is None:
            return [] if rows and fingerprint(rows) == self._last_page else rows
        fresh = [row for row in rows if self._seen.add(row.get(key) if isinstance(row, dict) else row)]
        if 0 < len(fresh) < len(rows):
            self.account.note("rows came a second time, as they do when others add rows meanwhile; they were left out")
        return fresh
