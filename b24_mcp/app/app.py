"""The application: the objects that every use case needs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from b24_mcp.access import Level
from b24_mcp.app.data_sets import DataSets
from b24_mcp.app.files.handles import FileHandles
from b24_mcp.app.portals import Portals
from b24_mcp.app.runs import Runs
from b24_mcp.rest import Clock
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.people_logins import PeopleLogins

# Each answer is in memory several times while it is written, and all of them share one interpreter.
_LONG_AT_ONCE = 2


@dataclass(slots=True)
class App:
    """The portals, their data sets, and the redactor.

    `background` runs tasks that no caller waits for, and `runs` are those that calls follow. `long_answers` limits how
    many long answers are written at the same time. `handles` are the handles of links to files in answers.
    """

    portals: Portals
    redactor: Redactor
    data_sets: DataSets
    background: TaskGroup
    long_answers: anyio.CapacityLimiter
    runs: Runs
    handles: FileHandles = field(default_factory=FileHandles)


@asynccontextmanager
async def open_app(
    redactor: Redactor,
    clock: Clock | None = None,
    level: Level = "full",
    people: PeopleLogins | None = None,
) -> AsyncGenerator[App]:
    """Open the application. Nothing is read or connected yet: a client waits for this before its first response.

    `level` is the highest access level that any setting can give. `people` are the logins of people for whom a server
    acts.
    """
    portals = Portals(redactor, clock, level, people)
    data_sets = DataSets(redactor)
    if portals.people is not None:
        portals.people.on_forgotten = data_sets.close_of
    try:
        async with anyio.create_task_group() as background:
            portals.background = data_sets.background = background
            limiter = anyio.CapacityLimiter(_LONG_AT_ONCE)
            yield App(portals, redactor, data_sets, background, limiter, Runs(background))
            background.cancel_scope.cancel()
    finally:
        await data_sets.aclose()
        await portals.aclose()
