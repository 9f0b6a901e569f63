"""The application: what every use case needs, whether a tool or the command line calls it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from b24_mcp.access import Level
from b24_mcp.app.answers.writing import LONG, Reply, is_long, write
from b24_mcp.app.data_sets import DataSets
from b24_mcp.app.portals import Portals
from b24_mcp.rest import Clock
from b24_mcp.secrets import Redactor

# Each holds its answer in memory several times, and all of them share one interpreter.
_LONG_AT_ONCE = 2


@dataclass(slots=True)
class App:
    """The portals, their data sets, the redactor, and a task group for work in the background."""

    portals: Portals
    redactor: Redactor
    data_sets: DataSets
    background: TaskGroup
    long_answers: anyio.CapacityLimiter

    async def write(self, reply: Reply) -> str:
        """Return a reply as JSON text: within its size, without secrets and invisible characters.

        Every answer is written by this method. A long one is written in a worker thread, so that other calls are not
        delayed. So is one that will be cut: the hint on how to read the rest comes from the catalogue.
        """
        if is_long(reply.form, min(LONG, reply.budget // 2)):
            return await run_sync(write, reply, self.redactor, limiter=self.long_answers)
        return write(reply, self.redactor)


@asynccontextmanager
async def open_app(redactor: Redactor, clock: Clock | None = None, level: Level = "full") -> AsyncGenerator[App]:
    """Open the application. Nothing is read or connected yet: a client waits for this before the first response.

    `level` is the widest access level, whatever the settings say.
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
