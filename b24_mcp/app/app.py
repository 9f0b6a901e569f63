"""What every tool may use. Nothing else is shared, and nothing is global."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync
from mcp_types import CallToolResult, TextContent

from b24_mcp.access import Level
from b24_mcp.app.answers.forms import Form
from b24_mcp.app.answers.writing import LONG, is_long, written
from b24_mcp.app.data_sets import DataSets
from b24_mcp.app.portals import Portals
from b24_mcp.rest import Clock
from b24_mcp.secrets import Redactor

_DEFAULT_BUDGET = 20_000
# Each holds its answer in memory several times, and all of them share one interpreter.
_LONG_AT_ONCE = 2


@dataclass(slots=True)
class App:
    """The portals, the data sets read from them, the one way out for answers, and room for what goes on while nobody
    waits for it.
    """

    portals: Portals
    redactor: Redactor
    data_sets: DataSets
    background: TaskGroup
    long_answers: anyio.CapacityLimiter

    async def answer(
        self,
        form: Form,
        *,
        failed: bool,
        budget: int = _DEFAULT_BUDGET,
        writes: Collection[str] = (),
        methods: Mapping[str, str] | None = None,
    ) -> CallToolResult:
        """Return a form as the result of a tool: within its size, without secrets and invisible characters.

        Every answer to a client passes here. A long one is written in a worker thread, so that it delays no other call.
        Of a batch, `writes` names the commands that change something, whose outcomes are never cut, and `methods` is
        the method of each command.
        """
        write = partial(written, form, budget, self.redactor, writes=writes, methods=methods or {})
        # One that will be cut is written there too: the advice on how to see the rest comes from the catalogue.
        if is_long(form, min(LONG, budget // 2)):
            text = await run_sync(write, limiter=self.long_answers)
        else:
            text = write()
        # One block of text: the one thing that every client shows to its model.
        return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)


@asynccontextmanager
async def open_app(redactor: Redactor, clock: Clock | None = None, level: Level = "full") -> AsyncGenerator[App]:
    """Open what the tools use, cheaply: a client waits for this before the server says its first word.

    `level` is what the tools are said to do.
    """
    portals = Portals(redactor, clock, level)
    data_sets = DataSets(redactor)
    try:
        async with anyio.create_task_group() as background:
            yield App(portals, redactor, data_sets, background, anyio.CapacityLimiter(_LONG_AT_ONCE))
            background.cancel_scope.cancel()
    finally:
        await data_sets.aclose()
        await portals.aclose()
