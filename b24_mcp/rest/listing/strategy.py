"""What every way of reading a list has in common: pages come out, and a position that says where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, Outcome
from b24_mcp.rest.planned import MethodCall
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params

PAGE_SIZE = 50
"""Rows of one page where a method does not let the caller choose. Source: documentation,
settings/performance/huge-data."""


class ListSender(Protocol):
    """What reading a list needs of the portal. All that goes through here only reads, and steps back for others."""

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        ...

    @property
    def at_once(self) -> int:
        """How many requests may be under way together."""
        ...

    def review(self, call: MethodCall) -> None:
        """Ask whether this may be done. Raises `B24Error` when not."""
        ...

    async def call(self, method: str, params: Params, version: Version = "v2") -> Answer:
        """Make one call. Raises `B24Error`."""
        ...

    async def batch(self, commands: Mapping[str, Mapping[str, Any]]) -> BatchAnswer:
        """Run commands up to the first that fails. A request whose answer was lost is not sent again as it is."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let a portal that failed come to itself."""
        ...


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows in the order of the list. `place` is for the strategy that made it: where in the list they stand."""

    rows: list[Any]
    place: Any = None


class OtherWayError(Exception):
    """The method does not do what this strategy needs; the message says what, as a note for the reader.

    `given` are the ids of rows that were handed out already.
    """

    def __init__(self, why: str, given: Sequence[Any] = ()) -> None:
        super().__init__(why)
        self.given = tuple(given)


@dataclass(slots=True)
class Account:
    """What is known of the list while it is read. `total` is what the portal said, `key` the field that identifies a
    row, `whole` becomes false when rows may be missing although the end was reached."""

    total: int | None = None
    key: str | None = None
    whole: bool = True
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)


class Strategy(Protocol):
    """One way of reading a list. `advance` asks for more and keeps its state consistent when it is cancelled or fails;
    `commit` tells that rows of a page were handed out, which is what `position` speaks of."""

    name: str
    account: Account
    is_exact: bool
    """Whether a position can stand in the middle of a page."""

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to ask for."""
        ...

    async def advance(self, wanted: int | None) -> list[ListPage]:
        """Make one round of requests. `wanted` is how many rows are still of interest. Raises `B24Error`, or
        `OtherWayError`."""
        ...

    def commit(self, page: ListPage, rows: int) -> None:
        """Note that the first `rows` rows of a page are with the reader."""
        ...

    def resume(self, cursor: Mapping[str, Any]) -> None:
        """Go on at a position. Raises `B24Error`, `B24MCP_CURSOR`, for one this strategy has not written."""
        ...

    def position(self) -> dict[str, Any]:
        """Where to go on after what was committed, as JSON."""
        ...


def why_not(outcome: Outcome, answered: BatchAnswer) -> B24Error:
    """Give the error for a command of a batch that did not succeed."""
    if isinstance(outcome, Failed):
        return outcome.error
    return answered.error or our_error("B24MCP_NO_ANSWER", "The portal did not come to this page.", method="batch")
