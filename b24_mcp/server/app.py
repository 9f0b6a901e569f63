"""What every tool may use. Nothing else is shared, and nothing is global."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup
from mcp_types import CallToolResult, TextContent

from b24_mcp.rest import Clock, Redactor
from b24_mcp.server.budget import fit
from b24_mcp.server.portals import Portals
from b24_mcp.server.rendering import Form

_DEFAULT_BUDGET = 20_000


@dataclass(slots=True)
class App:
    """The portals, the one way out for answers, and room for what goes on while nobody waits for it."""

    portals: Portals
    redactor: Redactor
    background: TaskGroup

    def answer(self, form: Form, *, failed: bool, budget: int = _DEFAULT_BUDGET) -> CallToolResult:
        """Write a form within its size and without secrets. Every answer to a client passes here."""
        text = self.redactor.redact(fit(form, budget))
        # One block of text: the one thing that every client shows to its model.
        return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)


@asynccontextmanager
async def open_app(redactor: Redactor, clock: Clock | None = None) -> AsyncGenerator[App]:
    """Open what the tools use, cheaply: a client waits for this before the server says its first word."""
    portals = Portals(redactor, clock)
    try:
        async with anyio.create_task_group() as background:
            yield App(portals, redactor, background)
            background.cancel_scope.cancel()
    finally:
        await portals.aclose()
