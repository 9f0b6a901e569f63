"""The HTTP/1.1 protocol of uvicorn with the limits of `connections`. uvicorn itself has no timeout for a request."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from b24_mcp.app.files.exchange import FILES_PATH
from b24_mcp.server.http.connections import Connections, address_of
from b24_mcp.server.http.limits import error_body
from b24_mcp.server.http.options import PATH

_END_OF_HEADERS = re.compile(rb"\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:", re.IGNORECASE | re.MULTILINE)
_REASONS = {400: "Bad Request", 408: "Request Timeout"}
INVALID_REQUEST = ("Invalid HTTP request received.", "Unsupported upgrade request.")


def protocol_class(connections: Connections) -> type[H11Protocol]:
    """Return the protocol class for a server. uvicorn creates one instance per connection."""

    class Bounded(BoundedProtocol):
        """The protocol class of one server."""

        registry = connections

    return Bounded


class BoundedProtocol(H11Protocol):
    """One connection, which counts towards the limits of its `registry`."""

    registry: Connections

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.address = ""
        self.served = False
        self.waiting_since: float | None = None
        self.blocked_since: float | None = None
        self._head = bytearray()
        self._is_answering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Begin to wait for a request, or close the connection when there are too many."""
        super().connection_made(transport)
        self.address = address_of(self.client[0] if self.client else None)
        self.waiting_since = self.registry.clock()
        if not self.registry.admit(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry."""
        self.registry.remove(self)
        self.waiting_since = self.blocked_since = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request. The timeout of a request starts with its first byte."""
        if self.transport.is_closing():
            return
        if not self._is_answering and self.waiting_since is None:
            self.waiting_since = self.registry.clock()
        if self._has_repeated_length(data):
            self._refuse(400, "The header Content-Length was sent more than once. Nothing was executed.")
            return
        super().data_received(data)
        self._update_state()
        if self.waiting_since is not None and self._is_uploading():
            self.waiting_since = self.registry.clock()  # a large file takes longer, as long as it goes on

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._update_state()
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self.waiting_since = None  # uvicorn closes a connection without a further request
            self._head.clear()

    def pause_writing(self) -> None:
        """Record that the client has stopped reading."""
        self.blocked_since = self.registry.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Record that the client is reading again."""
        self.blocked_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        """Stop with the server: immediately, unless a complete request is being answered."""
        if self._is_answering:
            super().shutdown()
        else:
            self._close()

    def expire(self) -> None:
        """Close the connection; an incomplete request is answered with 408."""
        if self.transport.is_closing():
            self.abort()
        elif self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._close()
        else:
            self._refuse(408, "The request did not arrive in time. Nothing was executed.")

    def abort(self) -> None:
        """Close the connection without waiting for the client to read its response."""
        self.transport.abort()

    def _is_uploading(self) -> bool:
        """Whether the body of a file is arriving. The application ends the request if its address is not valid."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or self.conn.their_state is not h11.SEND_BODY:
            return False
        return str(self.scope["path"]).startswith(PATH + FILES_PATH)

    def _update_state(self) -> None:
        """Record whether the connection is answering a complete request."""
        complete = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        answering = complete and cycle is not None and not cycle.response_complete
        if self.transport.is_closing():
            self.waiting_since = (
                self.waiting_since or self.registry.clock()
            )  # the client may not have read the response yet
            answering = False
        elif answering:
            self.served = True
            self.waiting_since = None
        if answering != self._is_answering:
            self._is_answering = answering
            self.registry.set_evictable(self, not answering)

    def _has_repeated_length(self, data: bytes) -> bool:
        """Whether the incoming headers contain two Content-Length headers. h11 merges equal ones into one."""
        if self.conn.their_state is not h11.IDLE or self._is_answering:
            return False
        seen = max(0, len(self._head) - 3)
        self._head += data
        end = _END_OF_HEADERS.search(self._head, seen)
        return end is not None and len(_CONTENT_LENGTH.findall(self._head, 0, end.end())) > 1

    def _refuse(self, status: int, message: str) -> None:
        """Send an error, unless a response has begun, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps(error_body(message)).encode()
            head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nconnection: close\r\ncontent-type: application/json\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self._close()

    def _close(self) -> None:
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


class InvalidRequestFilter(logging.Filter):
    """A log filter that counts requests that are not valid HTTP, instead of one line for each."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop and count records about invalid requests; keep all others."""
        if record.msg not in INVALID_REQUEST and "websocket" not in str(record.msg).lower():
            return True
        self._connections.count("sent something that is not a request")
        return False
