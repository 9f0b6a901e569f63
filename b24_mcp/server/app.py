"""What every tool may use. Nothing else is shared, and nothing is global."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup
from mcp_types import CallToolResult, TextContent

from b24_mcp.access import Level
from b24_mcp.rest import Clock, Redactor, hide_fields, without_hidden
from b24_mcp.server.budget import cut_to
from b24_mcp.server.data_sets import DataSets
from b24_mcp.server.portals import Portals
from b24_mcp.server.rendering import Form, compact, with_notice

_DEFAULT_BUDGET = 20_000


@dataclass(slots=True)
class App:
    """The portals, the data sets read from them, the one way out for answers, and room for what goes on while nobody
    waits for it.
    """

    portals: Portals
    redactor: Redactor
    data_sets: DataSets
    background: TaskGroup

    def answer(self, form: Form, *, failed: bool, budget: int = _DEFAULT_BUDGET) -> CallToolResult:
        """Write a form within its size, without secrets and without characters that nobody sees.

        Every answer to a client passes here.
        """
        text, hidden = self._written(form, budget)
        if hidden:
            said = f"{form['notice']} " if "notice" in form else ""
            told = said + f"{hidden} invisible characters were taken out."
            text, _ = self._written(with_notice(form, told), budget)
        # One block of text: the one thing that every client shows to its model.
        return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)

    def _written(self, form: Form, budget: int) -> tuple[str, int]:
        # Fields are hidden where their names are still to be seen, and the text is cleaned as a whole, as it goes out.
        return without_hidden(self.redactor.redact(compact(hide_fields(cut_to(form, budget)))))


@asynccontextmanager
async def open_app(redactor: Redactor, clock: Clock | None = None, level: Level = "full") -> AsyncGenerator[App]:
    """Open what the tools use, cheaply: a client waits for this before the server says its first word.

    `level` is what the tools are said to do.
    """
    portals = Portals(redactor, clock, level)
    data_sets = DataSets(redactor)
    try:
        async with anyio.create_task_group() as background:
            yield App(portals, redactor, data_sets, background)
            background.cancel_scope.cancel()
    finally:
        await data_sets.aclose()
        await portals.aclose()
