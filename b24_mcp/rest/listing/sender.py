"""The sender through which a listing reaches its portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.rest.batch.commands import Command, check_commands
from b24_mcp.rest.batch.outcomes import BatchAnswer
from b24_mcp.rest.guard import Act
from b24_mcp.rest.limits.deadline import Deadline
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params

_AT_ONCE = 8
"""More concurrent requests would need more memory for rows than they save time."""


@dataclass(slots=True)
class PortalListSender:
    """A `ListSender` for one portal.

    `review` asks the guard. `deadline` makes the deadline of one request. `send_call` and `send_batch` send it.
    """

    review: Callable[[Act], None]
    deadline: Callable[[], Deadline]
    send_call: Callable[[str, Params, Version, Deadline], Awaitable[Answer]]
    send_batch: Callable[[list[Command], Deadline], Awaitable[BatchAnswer]]
    at_once: int = _AT_ONCE
    requests: int = field(default=0, init=False)

    async def call(self, method: str, params: Params, version: Version = "v2") -> Answer:
        """Send one call."""
        deadline = self.deadline()
        try:
            return await self.send_call(method, params, version, deadline)
        finally:
            self.requests += deadline.attempts

    async def batch(self, commands: Mapping[str, Mapping[str, Any]]) -> BatchAnswer:
        """Run commands up to the first that fails. A request whose answer was lost is not retried."""
        checked = check_commands(commands, "json")
        deadline = self.deadline()
        deadline.repeats = False
        try:
            return await self.send_batch(checked, deadline)
        finally:
            self.requests += deadline.attempts

    async def pause(self, seconds: float) -> None:
        """Wait before the next request, after the portal failed."""
        await self.deadline().wait(seconds, "trying again with less after a failure")
