"""The interfaces of reading a list: `ListSender` sends requests, a `Strategy` decides which and returns the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, Outcome
from b24_mcp.rest.batch.v2 import BatchV2
from b24_mcp.rest.planned import MethodCall, PlannedBatch
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params

PAGE_SIZE = 50
"""Rows of a page where the caller cannot choose the size. Source: documentation, settings/performance/huge-data."""


class ListSender(Protocol):
    """Sends the requests of a listing. All of them only read, and leave part of the rate limit to other calls."""

    @property
    def requests(self) -> int:
        """The number of HTTP requests sent so far."""
        ...

    @property
    def at_once(self) -> int:
        """The number of requests that may run concurrently."""
        ...

    def review(self, call: MethodCall) -> None:
        """Check that the policy allows this call. Raises `B24Error` if not."""
        ...

    async def call(self, method: str, params: Params, version: Version = "v2") -> Answer:
        """Send one call. Raises `B24Error`."""
        ...

    async def batch(self, commands: Mapping[str, Mapping[str, Any]]) -> BatchAnswer:
        """Run commands up to the first that fails. A request whose answer was lost is not retried."""
        ...

    async def run(self, batch: PlannedBatch, encoding: BatchV2 | None = None) -> BatchAnswer:
        """Run a planned batch as `batch` does. `encoding` is an encoding of its commands that is used again."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait before the next request, after the portal failed."""
        ...


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows in the order of the list. `place` is their position, in a form of the strategy that made the page."""

    rows: list[object]
    place: object = None


class UnsuitableStrategyError(Exception):
    """The method does not support what this strategy needs; the message is a note for the reader.

    `returned` are the ids of the rows that were returned already.
    """

    def __init__(self, why: str, returned: Sequence[int] = ()) -> None:
        super().__init__(why)
        self.returned = tuple(returned)


@dataclass(slots=True)
class ListSummary:
    """What is known of a list while it is read.

    `total` is the portal's count. `key` is the field that identifies a row. `whole` is false if rows may be missing
    although the end was reached.
    """

    total: int | None = None
    key: str | None = None
    whole: bool = True
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note for the reader, once."""
        if text not in self.notes:
            self.notes.append(text)

    def doubt(self, why: str) -> None:
        """Note why rows may be missing."""
        self.whole = False
        self.note(why)


class Strategy(Protocol):
    """An algorithm that reads a list.

    `advance` returns pages; its state stays consistent when it is cancelled or fails. `commit` confirms that rows of a
    page were returned to the reader. `position` is the place after the last confirmed row.
    """

    name: str
    summary: ListSummary
    is_exact: bool
    """Whether a position can be inside a page."""

    @property
    def finished(self) -> bool:
        """Whether there are no more pages to request."""
        ...

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Return the next pages. `wanted` is the number of rows that are still needed.

        Raises:
            B24Error: when a request fails.
            UnsuitableStrategyError: when another strategy must be used.
        """
        ...

    def commit(self, page: ListPage, rows: int) -> None:
        """Confirm that the first `rows` rows of a page were returned."""
        ...

    def resume(self, cursor: Mapping[str, object]) -> None:
        """Continue at a position.

        Raises:
            B24Error: `B24MCP_CURSOR` if the position is not one of this strategy.
        """
        ...

    def position(self) -> dict[str, object]:
        """Return the position after the confirmed rows, as JSON."""
        ...

    async def aclose(self) -> None:
        """Cancel requests in the background."""
        ...


def error_of(outcome: Outcome, answered: BatchAnswer) -> B24Error:
    """Return the error of a batch command that did not succeed."""
    if isinstance(outcome, Failed):
        return outcome.error
    return answered.error or our_error("B24MCP_NO_ANSWER", "The portal did not run this command.", method="batch")


def is_refusal(error: B24Error) -> bool:
    """Whether the portal refused a call because of its parameters, so that other parameters may work."""
    return error.fault.kind in ("validation", "portal") and (error.fault.status or 400) < 500


def bad_cursor(method: str) -> B24Error:
    """Return the error for a cursor that a strategy did not write."""
    return our_error("B24MCP_CURSOR", "resume is not a cursor of this list.", method=method)
