"""Ranges of ids that are read independently of each other, and how their pages fill requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from b24_mcp.errors import B24Error, our_error


@dataclass(slots=True)
class IdRange:
    """Ids beyond `after` up to `until`, None for no bound. `left` is how many rows are expected there, if known."""

    after: int | None
    until: int | None
    left: int | None = None
    done: bool = False

    def pages_left(self, size: int) -> int:
        """How many pages to ask for until one that is not full, which is the last."""
        return 1 if self.left is None else max(0, self.left) // size + 1

    def move(self, after: int, rows: int) -> None:
        """Note that rows up to `after` were read."""
        self.after = after
        if self.left is not None:
            self.left -= rows

    def written(self) -> list[int | None]:
        """Give the lane as JSON."""
        return [self.after, self.until, self.left]

    def copy(self) -> IdRange:
        """Give a lane of its own with the same bounds."""
        return IdRange(self.after, self.until, self.left, self.done)


@dataclass(frozen=True, slots=True)
class Share:
    """So many pages of one lane, as part of a request."""

    id_range: int
    pages: int


def read_ranges(written: Any, method: str) -> list[IdRange]:
    """Read lanes from a cursor.

    Raises:
        B24Error: `B24MCP_CURSOR` when they are no lanes.
    """
    if not isinstance(written, list) or not written:
        raise bad_cursor(method)
    ranges = []
    for bounds in written:
        if not isinstance(bounds, list) or len(bounds) != 3 or not all(_is_bound(bound) for bound in bounds):
            raise bad_cursor(method)
        ranges.append(IdRange(*bounds))
    return ranges


def bad_cursor(method: str) -> B24Error:
    """Refuse a cursor that this strategy has not written."""
    return our_error("B24MCP_CURSOR", "resume is no cursor of this list.", method=method)


def bounds_between(after: int, last: int, count: int) -> list[int]:
    """Give the inner bounds that divide the ids beyond `after` up to `last` into ranges of equal width."""
    width = max(1, -(-(last - after) // count))
    return list(range(after + width, last, width))


def shares(ranges: Sequence[IdRange], requests: int, pages: int, size: int) -> list[list[Share]]:
    """Fill up to `requests` requests with up to `pages` pages each, longest lanes first, no lane in two of them."""
    waiting = sorted(
        ((id_range.pages_left(size), number) for number, id_range in enumerate(ranges) if not id_range.done),
        key=lambda entry: (-entry[0], entry[1]),
    )
    made: list[list[Share]] = []
    while waiting and len(made) < requests:
        room, request = pages, []
        while waiting and room:
            wanted, number = waiting.pop(0)
            request.append(Share(number, min(wanted, room)))
            room -= request[-1].pages
        made.append(request)
    return made


def _is_bound(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)
