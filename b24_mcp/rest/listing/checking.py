"""Whether a list read by `start` holds every row, found out by id, where rows that others change shift nothing.

A short list is read once more by id, and so is any list whose pages are calls of their own. Of a longer one that is
read in batches the portal counts the rows in ranges of ids, which is one request; where its counts and the rows differ,
the list is read once more by id as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import Succeeded
from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.query import KeysetQuery
from b24_mcp.rest.listing.rows import Seen, Shape, key_of, whole_number
from b24_mcp.rest.listing.strategy import Account, ListSender
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params

CHECKED_PAGES = 24
"""Pages up to which a list is read again by id, and ranges of ids in which the rows of a longer one are counted."""


@dataclass(slots=True)
class ById:
    """The same list read by id: what to compare rows with that were read in another order.

    `query` has no order of the reader's own and keeps the id in the rows. Without `together` each page is a request.
    """

    sender: ListSender
    method: str
    shape: Shape
    query: KeysetQuery
    together: bool
    _newest: int | None = field(default=None, init=False)

    async def begin(self, first: Params) -> Answer | None:
        """Note the largest id and read the first page, in one request; None when that has to be read alone."""
        answered = await self.sender.batch(
            {
                "newest": {"method": self.method, "params": self.query.newest()},
                "page": {"method": self.method, "params": first},
            }
        )
        newest, page = answered.outcomes["newest"], answered.outcomes["page"]
        if not isinstance(newest, Succeeded) or not isinstance(page, Succeeded):
            return None
        self._newest = self._largest(newest.answer.result)
        return page.answer

    def has_grown(self, seen: Seen) -> bool:
        """Whether rows were seen that are newer than the newest at the beginning."""
        return self._newest is not None and seen.above(self._newest) > 0

    def strategy(self) -> Keyset:
        """Return a new reading of the whole list by id."""
        query = replace(self.query, strip=False)
        return Keyset(self.sender, self.method, self.shape, query, Account(), together=self.together)

    async def differs(self, seen: Seen) -> bool:
        """Whether the portal's counts, range by range of ids, show other rows than were seen.

        Without the largest id of the beginning the counts prove nothing, since a new row can stand for a missed one.
        A row that was removed and one that was missed in the same range are not told from each other, unless a new
        row took the place of the removed one.
        """
        ranges = seen.ranges(CHECKED_PAGES - 1, self._newest)
        if ranges is None or self._newest is None:
            return True
        high = self.query.high
        inner = [until if high is None else min(until, high) for until, _ in ranges[:-1]]
        bounds = [self.query.low, *inner, high]
        commands = {
            f"range{number}": {"method": self.method, "params": self.query.count(bounds[number], bounds[number + 1])}
            for number in range(len(ranges))
        }
        try:
            outcomes = (await self.sender.batch(commands)).outcomes.values()
        except B24Error:
            return True
        counted = [outcome.answer.total if isinstance(outcome, Succeeded) else None for outcome in outcomes]
        return counted[-1] != 0 or counted != [count for _, count in ranges]

    def _largest(self, result: Any) -> int | None:
        """The first id, when the order was followed."""
        rows = self.shape.rows(result)
        key = key_of(rows)
        ids = [whole_number(row[key]) for row in rows] if key is not None else []
        known = [found for found in ids if found is not None]
        return known[0] if known and known == sorted(known, reverse=True) else None
