"""The queue of calls that wait for a connection and for a place in the limit of requests."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

_REPORT_EVERY = 5.0


class CallQueue:
    """Calls of one kind that wait in this process, served in the order in which they came.

    Only the first one asks for a connection and a place, so no call of the process overtakes another. `connections` are
    acquired by each call at the front, in this order.
    """

    def __init__(self, *connections: anyio.Semaphore) -> None:
        self.connections = connections
        self._waiting: deque[anyio.Event] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a call that comes now has to wait for earlier calls."""
        if self._waiting:
            return True
        return any(connection.value == 0 for connection in self.connections)

    @asynccontextmanager
    async def front(self, report: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
        """Wait until all earlier calls have been served. The next call follows when the block is left.

        `report` is called every few seconds while the call waits.
        """
        mine = anyio.Event()
        self._waiting.append(mine)
        try:
            while self._waiting[0] is not mine:
                with anyio.move_on_after(_REPORT_EVERY):
                    await mine.wait()
                    break
                await report()
            yield
        finally:
            was_first = self._waiting[0] is mine
            self._waiting.remove(mine)
            if was_first and self._waiting:
                self._waiting[0].set()
