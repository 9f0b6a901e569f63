"""Ranges of ids that are read independently of each other, and requests for their pages.

The pages of one range in a request form a chain: each begins after the last id of the page before, by a reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, Succeeded
from b24_mcp.rest.listing.query import Bound, KeysetQuery
from b24_mcp.rest.listing.strategy import ListSender, bad_cursor, error_of
from b24_mcp.rest.wire.answer import Answer


@dataclass(slots=True)
class IdRange:
    """Ids beyond `after` up to `until`, None for no bound. `left` is the expected number of rows, if known."""

    after: int | None
    until: int | None
    left: int | None = None
    done: bool = False

    def pages_left(self, size: int) -> int:
        """Return the number of pages to request, including the last one, which is not full."""
        return 1 if self.left is None else max(0, self.left) // size + 1

    def accepts(self, ids: Sequence[int], *, descending: bool) -> bool:
        """Whether the ids of a page are in order, beyond `after`, and not past `until`."""
        sign = -1 if descending else 1
        signed = [sign * value for value in (*(() if self.after is None else (self.after,)), *ids)]
        if any(later <= earlier for earlier, later in pairwise(signed)):
            return False
        if self.until is None or not ids:
            return True
        return ids[-1] > self.until if descending else ids[-1] <= self.until

    def move(self, after: int, rows: int) -> None:
        """Record that `rows` rows up to the id `after` were read."""
        self.after = after
        if self.left is not None:
            self.left -= rows

    def as_json(self) -> list[int | None]:
        """Return the range as it is stored in a cursor."""
        return [self.after, self.until, self.left]

    def copy(self) -> IdRange:
        """Return an independent copy."""
        return IdRange(self.after, self.until, self.left, self.done)


@dataclass(frozen=True, slots=True)
class Share:
    """A number of pages of one range, as a part of a request. `id_range` is the index of the range."""

    id_range: int
    pages: int


@dataclass(slots=True)
class ChainAnswer:
    """The answers to one share: the pages in their order, and the error that ended them.

    `at_end` is set once a page was found not to be full. What follows such a page means nothing, also an error.
    """

    share: Share
    answers: list[Answer]
    error: B24Error | None = None
    at_end: bool = False


def read_ranges(stored: object, method: str) -> list[IdRange]:
    """Parse the ranges of a cursor.

    Raises:
        B24Error: `B24MCP_CURSOR` if they are not ranges.
    """
    if not isinstance(stored, list) or not stored:
        raise bad_cursor(method)
    ranges = []
    for bounds in stored:
        if not isinstance(bounds, list) or len(bounds) != 3 or not all(_is_bound(bound) for bound in bounds):
            raise bad_cursor(method)
        ranges.append(IdRange(*bounds))
    return ranges


def bounds_between(after: int, last: int, count: int) -> list[int]:
    """Return the inner bounds that divide the ids beyond `after` up to `last` into ranges of equal width."""
    width = max(1, -(-(last - after) // count))
    return list(range(after + width, last, width))


def shares(ranges: Sequence[IdRange], requests: int, pages: int, size: int) -> list[list[Share]]:
    """Fill up to `requests` requests with up to `pages` pages each, longest ranges first.

    A range is in one request at most, because its pages depend on each other.
    """
    waiting = sorted(
        ((id_range.pages_left(size), number) for number, id_range in enumerate(ranges) if not id_range.done),
        key=lambda entry: (-entry[0], entry[1]),
    )
    filled: list[list[Share]] = []
    while waiting and len(filled) < requests:
        free = pages
        request: list[Share] = []
        while waiting and free:
            wanted, number = waiting.pop(0)
            request.append(Share(number, min(wanted, free)))
            free -= request[-1].pages
        filled.append(request)
    return filled


async def request_shares(
    sender: ListSender,
    method: str,
    query: KeysetQuery,
    ranges: Sequence[IdRange],
    request: list[Share],
    last_id: Sequence[str],
) -> list[ChainAnswer]:
    """Send one request. `last_id` is the path from the result of a full page to the id of its last row."""
    if sum(share.pages for share in request) == 1:
        id_range = ranges[request[0].id_range]
        try:
            answer = await sender.call(method, query.page(id_range.after, id_range.until))
        except B24Error as exc:
            return [ChainAnswer(request[0], [], exc)]
        return [ChainAnswer(request[0], [answer])]
    commands: dict[str, dict[str, object]] = {}
    for share in request:
        id_range = ranges[share.id_range]
        after: Bound | None = id_range.after
        for number in range(share.pages):
            name = _name(share, number)
            commands[name] = {"method": method, "params": query.page(after, id_range.until)}
            after = f"$result[{name}]" + "".join(f"[{part}]" for part in last_id)
    try:
        answered = await sender.batch(commands)
    except B24Error as exc:
        return [ChainAnswer(share, [], exc) for share in request]
    return [_chain_answer(share, answered, is_first=share is request[0]) for share in request]


def _chain_answer(share: Share, answered: BatchAnswer, *, is_first: bool) -> ChainAnswer:
    chain = ChainAnswer(share, [])
    for number in range(share.pages):
        outcome = answered.outcomes[_name(share, number)]
        if isinstance(outcome, Succeeded):
            chain.answers.append(outcome.answer)
            continue
        # A command that did not run because another range failed is requested again, without an error.
        chain.error = error_of(outcome, answered) if isinstance(outcome, Failed) or is_first else None
        break
    return chain


def _name(share: Share, number: int) -> str:
    return f"range{share.id_range}page{number}"


def _is_bound(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)
