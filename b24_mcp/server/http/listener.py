"""The listening socket: it accepts a few connections at a time, also when file descriptors run out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket

from b24_mcp.server.http.connections import Connections

_MAX_PER_TURN = 16
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listener(socket.socket):
    """A listening socket for the event loop of asyncio.

    The loop accepts all waiting connections before it handles any, and logs each failure. This socket returns a few per
    turn, so that connections over the limit are closed before more are accepted. When the process has no file
    descriptor left, it uses a reserved one to close the waiting connection, and closes an idle one.
    """

    connections: Connections

    def __init__(self, listener: socket.socket, connections: Connections) -> None:
        super().__init__(listener.family, listener.type, listener.proto, listener.detach())
        self.connections = connections
        self._accepted = 0
        self._reserved = _open_reserved()

    def accept(self) -> tuple[socket.socket, object]:
        """Accept one connection.

        Raises:
            BlockingIOError: when no connection is waiting, or enough were accepted in this turn of the loop.
        """
        if self._accepted >= _MAX_PER_TURN:
            raise BlockingIOError
        if self._accepted == 0:
            asyncio.get_running_loop().call_soon(self._turn)
        self._accepted += 1
        try:
            connection, address = super().accept()
        except OSError as exc:
            if exc.errno not in _EXHAUSTED:
                raise
        else:
            return _without_delay(connection), address
        self._refuse_one()
        raise BlockingIOError

    def close(self) -> None:
        """Close the socket."""
        super().close()
        if self._reserved is not None:
            os.close(self._reserved)
            self._reserved = None

    def _turn(self) -> None:
        self._accepted = 0

    def _refuse_one(self) -> None:
        self._accepted = _MAX_PER_TURN
        self.connections.count("refused while no file descriptor was free")
        self.connections.evict()
        if self._reserved is None:
            self._reserved = _open_reserved()
            return
        os.close(self._reserved)
        with contextlib.suppress(OSError):
            connection, _ = super().accept()
            connection.close()
        self._reserved = _open_reserved()


def _without_delay(connection: socket.socket) -> socket.socket:
    """Return a connection on which the body of an answer does not wait until the client has acknowledged its head.

    The loop sets this only for sockets that were created with the number of the protocol. Clients delay the
    acknowledgement by 40 ms.
    """
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):  # the client may have closed the connection
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _open_reserved() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None
