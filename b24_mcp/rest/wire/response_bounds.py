"""The start and the end of an HTTP/1.1 response in the bytes of a connection.

The HTTP library waits forever after an informational status, and reads bytes after a response as the start of the next
one. Both can only be detected where the bytes arrive. Source: RFC 9112, sections 4 to 6.
"""

from __future__ import annotations

import re

_END_OF_HEAD = re.compile(rb"\n\r?\n")  # as h11 finds it
_STATUS_LINE = re.compile(rb"\s*HTTP/1\.[0-9] ([0-9]{3})")
_LARGEST_HEAD = 100 << 10
_MOST_INTERIM = 10
_INTERIM = {100, 102, 103}
_SUBSTITUTE_STATUS = b"599"


class InvalidResponseError(Exception):
    """The server sends something that is not the start of a response, and may never stop."""


class ResponseBounds:
    """The response that is being read from a connection.

    `status` is the status as the server sent it, None before the head is complete. `clean` is true if the response was
    read to its end and no byte followed, so that the connection can be reused.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self.begun = False
        self._complete = False
        self._excess = False
        self._interim = 0
        self._held = bytearray()
        self._left: int | None = None
        self._chunked = False
        self._line = bytearray()
        self._in_trailer = False

    @property
    def clean(self) -> bool:
        """Whether exactly one complete response was read."""
        return self._complete and not self._excess

    def feed(self, data: bytes) -> bytes:
        """Return the bytes for the HTTP library. A head is held back until it is complete.

        Some controllers answer errors with status 160. That response has a body, so it is not informational, and the
        library gets another status instead. Source: documentation, crm.category.*.

        Raises:
            InvalidResponseError: no response follows the status, or there are too many informational ones.
        """
        self.begun = self.begun or bool(data)
        if self._has_head():
            self._count(data)
            return data
        self._held += data
        passed = b""
        while not self._has_head() and (end := _END_OF_HEAD.search(self._held)):
            passed += self._head(bytes(self._held[: end.end()]))
            del self._held[: end.end()]
        if self._has_head() or not data or len(self._held) > _LARGEST_HEAD:
            rest = bytes(self._held)
            self._held.clear()
            if self._has_head():
                self._count(rest)
            return passed + rest
        return passed

    def _has_head(self) -> bool:
        return self.status is not None

    def _head(self, head: bytes) -> bytes:
        found = _STATUS_LINE.match(head)
        if found is None:
            return head  # the library reports what is wrong with it
        status = int(found[1])
        length = re.search(rb"(?im)^content-length:[ \t]*([0-9]+)[ \t]*\r?$", head)
        chunked = re.search(rb"(?im)^transfer-encoding:.*\bchunked[ \t]*\r?$", head) is not None
        if status in _INTERIM:
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise InvalidResponseError("informational statuses without end")
            return head
        if status < 200 and (status == 101 or not (length or chunked)):
            raise InvalidResponseError(f"the informational status {status}")
        self.status, self._chunked = status, chunked
        if status in (204, 304):
            self._left, self._chunked = 0, False
        elif length is not None and not chunked:
            self._left = int(length[1])
        return head if status >= 200 else head[: found.start(1)] + _SUBSTITUTE_STATUS + head[found.end(1) :]

    def _count(self, data: bytes) -> None:
        if self._complete:
            self._excess = self._excess or bool(data)
        elif self._chunked:
            self._count_chunks(data)
        elif self._left is not None:
            self._complete = len(data) >= self._left
            self._excess = len(data) > self._left
            self._left = max(0, self._left - len(data))

    def _count_chunks(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left, at = self._left - step, at + step
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._line += data[at:]
                return
            line = bytes(self._line + data[at:end]).strip()
            self._line.clear()
            at = end + 1
            if self._in_trailer:
                if not line:
                    self._complete, self._excess = True, at < len(data)
                    return
                continue
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                self._chunked = False  # never clean: the library reports what is wrong with it
                return
            self._in_trailer = size == 0
            self._left = size + 2 if size else 0
