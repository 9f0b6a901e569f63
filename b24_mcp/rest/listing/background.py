"""Requests that run while the reader of a list uses the rows before them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

import anyio

Result = TypeVar("Result")


class BackgroundRequests(Generic[Result]):
    """Requests in the background, whose results are taken in the order in which they arrive."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Result]] = set()
        self._ended: deque[asyncio.Task[Result]] = deque()
        self._has_ended = asyncio.Event()

    def __len__(self) -> int:
        """Return the number of requests whose results were not taken."""
        return len(self._running) + len(self._ended)

    @property
    def ready(self) -> int:
        """The number of results that have arrived and were not taken."""
        return len(self._ended)

    def start(self, request: Coroutine[Any, Any, Result]) -> None:
        """Start a request."""
        task = asyncio.create_task(request)
        self._running.add(task)
        task.add_done_callback(self._end)

    async def next(self) -> Result:
        """Wait for the next result and return it. A cancellation, or a request that raises, cancels all requests."""
        try:
            while not self._ended:
                self._has_ended.clear()
                await self._has_ended.wait()
            return self._ended.popleft().result()
        except BaseException:
            await self.cancel()
            raise

    async def cancel(self) -> None:
        """Cancel the requests, and wait until they have ended."""
        running = list(self._running)
        for task in running:
            task.cancel()
        with anyio.CancelScope(shield=True):
            if running:
                await asyncio.wait(running)
        self._ended.clear()

    def _end(self, task: asyncio.Task[Result]) -> None:
        self._running.discard(task)
        self._ended.append(task)
        self._has_ended.set()
