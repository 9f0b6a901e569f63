"""The application: the objects that every use case needs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from b24_mcp.access.caller import Level
    from b24_mcp.app.data_sets import DataSets
    from b24_mcp.app.files.handles import FileHandles
    from b24_mcp.app.people_logins import PeopleLogins
    from b24_mcp.app.portals import Portals
    from b24_mcp.app.runs import Runs
    from b24_mcp.rest import Clock
    from b24_mcp.secrets import Redactor

# Each answer is in memory several times while it is written, and all of them share one interpreter.
_LONG_AT_ONCE = 2


class App:
    """The portals, their data sets, and the redactor.

    `background` runs tasks that no caller waits for, and `runs` are those that calls follow. `long_answers` limits how
    many long answers are written at the same time. `handles` are the handles of links to files in answers. Each of them
    is imported and made at its first use: a client waits for the start of the server.
    """

    def __init__(
        self,
        redactor: Redactor,
        background: TaskGroup,
        clock: Clock | None = None,
        level: Level = "full",
        people: PeopleLogins | None = None,
    ) -> None:
        self.redactor = redactor
        self.background = background
        self.long_answers = anyio.CapacityLimiter(_LONG_AT_ONCE)
        self._clock = clock
        self._level: Level = level
        self._people = people

    @cached_property
    def portals(self) -> Portals:
        """The open portals."""
        from b24_mcp.app.portals import Portals

        portals = Portals(self.redactor, self._clock, self._level, self._people)
        portals.background = self.background
        if portals.people is not None:
            portals.people.on_forgotten = self.data_sets.close_of
        return portals

    @cached_property
    def data_sets(self) -> DataSets:
        """The data sets of the portals."""
        from b24_mcp.app.data_sets import DataSets

        data_sets = DataSets(self.redactor)
        data_sets.background = self.background
        return data_sets

    @cached_property
    def runs(self) -> Runs:
        """The work that outlives a call."""
        from b24_mcp.app.runs import Runs

        return Runs(self.background)

    @cached_property
    def handles(self) -> FileHandles:
        """The handles of links to files."""
        from b24_mcp.app.files.handles import FileHandles

        return FileHandles()

    async def aclose(self) -> None:
        """Close what was opened."""
        for opened in ("data_sets", "portals"):
            if opened in self.__dict__:
                await self.__dict__[opened].aclose()


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
    app = None
    try:
        async with anyio.create_task_group() as background:
            app = App(redactor, background, clock, level, people)
            yield app
            background.cancel_scope.cancel()
    finally:
        if app is not None:
            await app.aclose()
