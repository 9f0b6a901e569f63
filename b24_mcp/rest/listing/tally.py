"""Finding out whether rows were removed while others were added, so that the portal's count did not show it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from b24_mcp.rest.answer import Answer
from b24_mcp.rest.errors import B24Error
from b24_mcp.rest.listing.query import KeysetQuery
from b24_mcp.rest.listing.rows import Shape, key_of, whole_number
from b24_mcp.rest.listing.strategy import Door
from b24_mcp.rest.outcomes import Succeeded
from b24_mcp.rest.params import Params


@dataclass(slots=True)
class Tally:
    """Counts rows that came to a list: those whose id is larger than the largest at the beginning.

    `seen` is by how much the portal's count grew while it was watched. What came beyond that took the place of rows
    that were removed.
    """

    door: Door
    method: str
    shape: Shape
    query: KeysetQuery
    seen: int = 0
    _newest: int | None = field(default=None, init=False)

    async def begin(self, first: Params) -> Answer | None:
        """Note the largest id and read the first page, in one request; None when that has to be read alone."""
        newest, page = "newest", "page"
        answered = await self.door.batch(
            {
                newest: {"method": self.method, "params": self.query.newest()},
                page: {"method": self.method, "params": first},
            }
        )
        ids, read = answered.outcomes[newest], answered.outcomes[page]
        if not isinstance(ids, Succeeded) or not isinstance(read, Succeeded):
            return None
        self._newest = self._largest(ids.answer.result)
        return read.answer

    def _largest(self, result: Any) -> int | None:
        """The first id, when the order was followed."""
        rows = self.shape.rows(result)
        key = key_of(rows)
        ids = [whole_number(row[key]) for row in rows] if key is not None else []
        known = [found for found in ids if found is not None]
        return known[0] if known and known == sorted(known, reverse=True) else None

    async def masked(self) -> int:
        """How many rows were removed in the same moments as others were added."""
        if self._newest is None:
            return 0
        later = replace(self.query, low=max(self._newest, self.query.low or 0))
        try:
            answer = await self.door.call(self.method, later.page(later.low, later.high, start=0))
        except B24Error:
            return 0
        return max(0, (answer.total or 0) - self.seen)
