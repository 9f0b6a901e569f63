"""Ranges of ids that are read independently of each other, and their shares of the next requests."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from operator import gt, lt

from b24_mcp.rest.listing.strategy import bad_cursor


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
        known = ids if self.after is None else [self.after, *ids]
        if not all(map(gt if descending else lt, known, known[1:])):
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


def shares(
    ranges: Sequence[IdRange], requests: int, pages: int, size: int, besides: Container[int] = ()
) -> list[list[Share]]:
    """Fill up to `requests` requests with up to `pages` pages each, longest ranges first.

    A range is in one request at most, because its pages depend on each other. Those in `besides` are in other requests.
    """
    idle = [(number, id_range) for number, id_range in enumerate(ranges) if not (id_range.done or number in besides)]
    waiting = sorted(
        ((id_range.pages_left(size), number) for number, id_range in idle),
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


def _is_bound(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)
