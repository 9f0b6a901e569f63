"""Verification of a list that was read by `start`: reading or counting it by id shows whether rows are missing.

By id, rows that others change shift nothing. A short list is read once more by id, and so is a list whose pages cannot
be batched. For a longer list the portal counts the rows in ranges of ids, in one request. If its counts differ from the
rows, that list is read by id as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import Succeeded
from b24_mcp.rest.listing.keyset import Keyset
from b24_mcp.rest.listing.query import KeysetQuery
from b24_mcp.rest.listing.rows import Shape, key_of, whole_number
from b24_mcp.rest.listing.seen import SeenRows
from b24_mcp.rest.listing.strategy import ListSender, ListSummary
from b24_mcp.rest.wire.answer import Answer

CHECKED_PAGES = 24
"""The pages up to which a list is read again by id, and the number of ranges in which a longer list is counted."""


@dataclass(slots=True)
class IdVerification:
    """The same list read by id, to compare with rows that were read in another order.

    `query` has no order of the reader's own and keeps the id in the rows. Without `together` each page is a request.
    """

    sender: ListSender
    method: str
    shape: Shape
    query: KeysetQuery
    together: bool
    _newest: int | None = field(default=None, init=False)

    async def begin(self, first: Mapping[str, object]) -> Answer | None:
        """Record the largest id and read the first page, in one request. None if that page must be read alone."""
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

    def has_grown(self, seen: SeenRows) -> bool:
        """Whether rows were seen that are newer than the newest one at the beginning."""
        return self._newest is not None and seen.above(self._newest) > 0

    def strategy(self) -> Keyset:
        """Return a strategy that reads the whole list by id."""
        query = replace(self.query, strip=False)
        return Keyset(self.sender, self.method, self.shape, query, ListSummary(), together=self.together)

    async def differs(self, seen: SeenRows) -> bool:
        """Whether the portal's counts in ranges of ids differ from the rows that were seen.

        Without the largest id of the beginning the counts prove nothing, since a new row can replace a missed one. A
        removed row and a missed row in the same range look alike, unless a new row replaced the removed one.
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

    def _largest(self, result: object) -> int | None:
        """Return the first id, if the method followed the order."""
        rows = self.shape.rows(result)
        key = key_of(rows)
        ids = [whole_number(row.get(key)) for row in rows if isinstance(row, dict)] if key is not None else []
        known = [found for found in ids if found is not None]
        return known[0] if known and known == sorted(known, reverse=True) else None
