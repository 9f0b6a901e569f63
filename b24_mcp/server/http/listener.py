"""The socket that takes connections in: a few at a time, and without failing when file descriptors run out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from typing import Any

from b24_mcp.server.http.connections import Connections

_AT_ONCE = 16
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listener(socket.socket):
    """A listening socket for the event loop of asyncio.

    The loop takes in everything that waits before it looks at any of it, and logs each failure. This socket hands it a
    few connections per turn, so that those over the limit are closed before more come; and where the process has no
    file descriptor left, it closes the connection that waits, with one kept for that, and an idle one.
    """

    connections: Connections

    def __init__(self, listener: socket.socket, connections: Connections) -> None:
        super().__init__(listener.family, listener.type, listener.proto, listener.detach())
        self.connections = connections
        self._taken = 0
        self._spare = _open_nothing()

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept one connection.

        Raises:
            BlockingIOError: when no connection waits, or enough were accepted at this turn of the loop.
        """
        if self._taken >= _AT_ONCE:
            raise BlockingIOError
        if self._taken == 0:
            asyncio.get_running_loop().call_soon(self._turn)
        self._taken += 1
        try:
            return super().accept()
        except OSError as exc:
            if exc.errno not in _EXHAUSTED:
                raise
        self._refuse_one()
        raise BlockingIOError

    def close(self) -> None:
        """Close the socket."""
        super().close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _turn(self) -> None:
        self._taken = 0

    def _refuse_one(self) -> None:
        self._taken = _AT_ONCE
        self.connections.note("came while no file descriptor was free")
        self.connections.evict()
        if self._spare is None:
            self._spare = _open_nothing()
            return
        os.close(self._spare)
        with contextlib.suppress(OSError):
            connection, _ = super().accept()
            connection.close()
        self._spare = _open_nothing()


def _open_nothing() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None
