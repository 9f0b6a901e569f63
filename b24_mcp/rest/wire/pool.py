"""A pool of network connections, each of which serves one request at a time.

The pool of `httpcore` looks at all its connections before and after each request, and asks the system about each idle
one. Here the work for a request does not grow with the number of open connections.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import anyio
import httpcore


class ConnectionPool:
    """Connections of `httpcore`, at most `most` at the same time. `connect` returns a new one to an origin."""

    def __init__(self, connect: Callable[[httpcore.Origin], httpcore.AsyncConnectionInterface], most: int) -> None:
        self._connect = connect
        self._most = most
        self._places = anyio.Semaphore(most, fast_acquire=True)
        self._used: set[httpcore.AsyncConnectionInterface] = set()
        self._idle: deque[httpcore.AsyncConnectionInterface] = deque()  # the last one used is at the right

    async def acquire(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """Return a connection for one request, to be released after its response. Wait while all are used."""
        await self._places.acquire()
        ended: list[httpcore.AsyncConnectionInterface] = []
        connection = self._reusable(origin, ended)
        if connection is None:
            if len(self._used) + len(self._idle) >= self._most:
                ended.append(self._idle.popleft())
            connection = self._connect(origin)
        self._used.add(connection)
        await _close(ended)
        return connection

    async def release(self, connection: httpcore.AsyncConnectionInterface) -> None:
        """Keep a connection for the next request, or close it if its response was not read to the end."""
        self._used.discard(connection)
        self._places.release()
        ended: list[httpcore.AsyncConnectionInterface] = []
        if connection.is_available():
            self._idle.append(connection)
        elif not connection.is_closed():
            ended.append(connection)
        while self._idle and self._idle[0].has_expired():
            ended.append(self._idle.popleft())
        await _close(ended)

    async def aclose(self) -> None:
        """Close all connections, also those that are used."""
        connections = [*self._used, *self._idle]
        self._idle.clear()
        await _close(connections)

    def _reusable(
        self, origin: httpcore.Origin, ended: list[httpcore.AsyncConnectionInterface]
    ) -> httpcore.AsyncConnectionInterface | None:
        """Return the idle connection to an origin that was used last. Add those that cannot be used to `ended`."""
        for place in reversed(range(len(self._idle))):
            connection = self._idle[place]
            if connection.can_handle_request(origin):
                del self._idle[place]
                if not connection.has_expired():
                    return connection
                ended.append(connection)
        return None


async def _close(connections: Iterable[httpcore.AsyncConnectionInterface]) -> None:
    for connection in connections:
        with anyio.CancelScope(shield=True):
            await connection.aclose()
