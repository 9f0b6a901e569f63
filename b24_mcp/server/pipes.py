"""Reading and writing stdin and stdout without a worker thread.

Passing work to a thread takes longer than most of what the server does for a short call. The transport of the SDK does
it three times for each call: to read a line, to write one and to flush it. Here the event loop waits for pipes and
sockets. Files and terminals, and everything on Windows, are still read and written in a thread.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import AsyncIterator

import anyio
from anyio.to_thread import run_sync

_PIECE = 1 << 16


class InputLines:
    """The lines that arrive at a file descriptor, without their ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._has_events = _has_events(descriptor)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield each line."""
        line = bytearray()
        while piece := await self._read():
            first, *others = piece.split(b"\n")
            line += first
            for start in others:
                yield bytes(line)
                line[:] = start
        if line:
            yield bytes(line)

    async def _read(self) -> bytes:
        """Return what has arrived; empty at the end."""
        if not self._has_events:
            return await run_sync(os.read, self._descriptor, _PIECE)
        while True:
            await anyio.wait_readable(self._descriptor)
            try:
                return os.read(self._descriptor, _PIECE)
            except BlockingIOError:
                continue


class Output:
    """A file descriptor that is written by one task at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._has_events = _has_events(descriptor)
        self._turn = anyio.Lock(fast_acquire=True)

    async def write(self, data: bytes) -> None:
        """Write everything, even if the task is cancelled meanwhile: a partial message would corrupt the next one.

        Raises:
            OSError: the reader has closed its side.
        """
        async with self._turn:
            if not self._has_events:
                await run_sync(_write_all, self._descriptor, data)
                return
            left = memoryview(data)
            while left := left[self._write_now(left) :]:
                with anyio.CancelScope(shield=True):
                    await anyio.wait_writable(self._descriptor)

    def _write_now(self, data: memoryview) -> int:
        """Write as much as is possible without waiting, and return how much.

        A write of this size does not block once the descriptor is ready, whatever its mode. The mode is not changed,
        since other processes may share it.
        """
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        written = 0
        try:
            while written < len(data) and poll.poll(0):
                written += os.write(self._descriptor, data[written : written + select.PIPE_BUF])
        except BlockingIOError:
            pass
        return written


def private_stdin() -> int:
    """Return a descriptor of stdin. Where possible, other code and child processes get an empty one from now on."""
    if sys.platform == "win32":
        return sys.stdin.fileno()
    return _private(sys.stdin.fileno(), os.open(os.devnull, os.O_RDONLY))


def private_stdout() -> int:
    """Return a descriptor of stdout. What other code and child processes write there goes to stderr from now on."""
    number = sys.stdout.fileno()
    try:
        other = os.dup(sys.stderr.fileno())
    except (AttributeError, OSError):  # there is no stderr
        other = os.open(os.devnull, os.O_WRONLY)
    private = _private(number, other)
    if sys.platform == "win32":
        from mcp.os.win32.utilities import rebind_std_handle_to_fd

        rebind_std_handle_to_fd(number)
    return private


def _private(number: int, other: int) -> int:
    """Return a copy of a standard descriptor, which becomes `other`. It is never closed."""
    private = _copy(number)
    os.dup2(other, number)
    os.close(other)
    return private


def _copy(number: int) -> int:
    """Return a copy whose number is above those of the standard descriptors, even if one of these is closed."""
    if sys.platform == "win32":
        return os.dup(number)
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    return fcntl(number, F_DUPFD_CLOEXEC, 3)


def _has_events(descriptor: int) -> bool:
    """Whether the event loop can wait for a descriptor."""
    if sys.platform == "win32":
        return False
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
