"""The sender of a listing: it reads through the sender of a portal, as bulk calls with lower priority."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from b24_mcp.catalog import Version
from b24_mcp.rest.batch.commands import plan_batch
from b24_mcp.rest.batch.outcomes import BatchAnswer
from b24_mcp.rest.batch.run import BatchRun
from b24_mcp.rest.batch.v2 import BatchV2
from b24_mcp.rest.limits.deadline import OnWait
from b24_mcp.rest.planned import MethodCall, PlannedBatch, plan_call
from b24_mcp.rest.sender import PortalBatchSender
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params

if TYPE_CHECKING:
    from b24_mcp.rest.sender import Sender


class PortalListSender:
    """The `ListSender` of one listing. Each request has a deadline of its own; `on_wait` is called during long waits.

    `at_once` is the number of concurrent requests: more would hold more rows in memory than they save time. `requests`
    counts the HTTP requests sent.
    """

    at_once = 8

    def __init__(self, sender: Sender, on_wait: OnWait | None = None) -> None:
        self._sender = sender
        self._on_wait = on_wait
        self.requests = 0

    def review(self, call: MethodCall) -> None:
        """Ask the guard about the list call before its first request.

        Raises:
            B24Error: of the guard; nothing was sent.
        """
        self._sender.guard.review([call], None)

    async def call(self, method: str, params: Params, version: Version = "v2") -> Answer:
        """Send one call."""
        deadline = self._sender.deadline(True, self._on_wait)
        try:
            return await self._sender.send_call(plan_call(method, params, version), deadline)
        finally:
            self.requests += deadline.attempts

    async def batch(self, commands: Mapping[str, object]) -> BatchAnswer:
        """Run commands up to the first failure. A request whose answer was lost is not repeated unchanged."""
        return await self.run(plan_batch(commands, halt=True))

    async def run(self, batch: PlannedBatch, encoding: BatchV2 | None = None) -> BatchAnswer:
        """Run a planned batch as `batch` does. `encoding` is an encoding of its commands that is used again."""
        deadline = self._sender.deadline(True, self._on_wait)
        deadline.repeats = False
        sender = PortalBatchSender(self._sender, deadline, None)
        try:
            run = BatchRun(list(batch.commands), halt=True, format="json", sender=sender, encoding=encoding)
            return await run.run()
        finally:
            self.requests += deadline.attempts

    async def pause(self, seconds: float) -> None:
        """Wait before a retry after a failure of the portal."""
        await self._sender.deadline(True, self._on_wait).wait(
            seconds, "retrying with a smaller request after a failure"
        )
