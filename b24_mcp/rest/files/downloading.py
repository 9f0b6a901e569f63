"""The download of a file behind a signed link, continued after a broken connection."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from anyio.to_thread import run_sync

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.files.hosts import link_at_portal, storage_address
from b24_mcp.rest.files.names import name_in_header, safe_name
from b24_mcp.rest.files.progress import TransferProgress, allow_time
from b24_mcp.rest.wire.answer import HttpReply, integer, read_answer
from b24_mcp.rest.wire.request import Request

if TYPE_CHECKING:
    from b24_mcp.rest.limits.deadline import Deadline
    from b24_mcp.rest.sender import Sender
    from b24_mcp.rest.wire.transport import Download, Transport

_MOST_REDIRECTS = 3
_MOST_FAILURES = 4
_PAUSE = 1.0
_PIECE = 1 << 20
_LARGEST_ERROR = 1 << 16
_BROKEN = ("B24MCP_CONNECTION_LOST", "B24MCP_TIMEOUT", "B24MCP_NO_CONNECTION")
_OK, _PARTIAL, _OUT_OF_RANGE = 200, 206, 416


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that was downloaded. `name` is what the portal calls it, made safe; empty when it has no name."""

    name: str
    size: int
    sha256: str
    media_type: str


@dataclass(slots=True)
class FileDownload:
    """The download of one link into an open file. `size` is the size of the file, if it is known.

    A call of a method that answers with a file has `headers` with the credential, which only the portal gets.
    """

    sender: Sender
    link: str
    file: BinaryIO
    deadline: Deadline
    size: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "download"
    _received: int = 0
    _whole: int | None = None
    _mark: str = ""
    _name: str = ""
    _media_type: str = ""
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    async def run(self) -> Downloaded:
        """Download the file.

        Raises:
            B24Error: when it cannot be downloaded whole.
            OSError: when it cannot be written.
        """
        failures = 0
        while True:
            before = self._received
            try:
                await self._receive()
                return self._checked()
            except B24Error as exc:
                fault = exc.fault
            failures = 1 if self._received > before else failures + 1
            if fault.code not in _BROKEN:
                raise B24Error(fault, self.method)
            if failures >= _MOST_FAILURES or self.deadline.left < _PAUSE:
                raise our_error(fault.code, fault.message, method=self.method, hint=_HINT)
            await self.deadline.wait(_PAUSE, "continuing the download")

    async def _receive(self) -> None:
        """Receive the file, or the rest of it."""
        headers = dict(self.headers)
        if self._received:
            headers["Range"] = f"bytes={self._received}-"
            if self._mark:
                headers["If-Range"] = self._mark
        async with self.sender.limits.turn((self.method,), self.deadline):
            pass  # a place within the limits; the transfer itself does not hold one
        async with self._opened(headers) as response:
            await self._begin(response)
            await self._write(response)

    @asynccontextmanager
    async def _opened(self, headers: dict[str, str]) -> AsyncIterator[Download]:
        """Open the link, and follow redirects to the storage of the portal. Only the portal gets the credential."""
        route = await self.sender.credential.route()
        address = link_at_portal(route, self.link)
        for _ in range(_MOST_REDIRECTS + 1):
            is_own = route.is_at(address)
            transport = self.sender.transport() if is_own else self._storage(address)
            sent = headers if is_own else {name: text for name, text in headers.items() if name not in self.headers}
            try:
                async with transport.get(address, sent) as response:
                    if not 300 <= response.status < 400:
                        yield response
                        return
                    location = response.headers.get("Location", "")
            finally:
                if not is_own:
                    await transport.aclose()
            address = await storage_address(route, address, location)
        raise our_error("B24MCP_DOWNLOAD", "The portal redirects the download too often.")

    def _storage(self, address: str) -> Transport:
        from b24_mcp.rest.wire.transport import Transport

        options = self.sender.options
        parts = urlsplit(address)
        loopback = self.sender.credential.is_loopback
        return Transport(
            seconds=options.seconds,
            largest_answer=options.largest_answer,
            ca_bundle=options.ca_bundle,
            https=parts.scheme == "https",
            host=None if loopback else parts.hostname,
            peer="The storage of the portal",
        )

    async def _begin(self, response: Download) -> None:
        """Check the head of a response, and decide where its bytes belong."""
        headers = response.headers
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        disposition = headers.get("Content-Disposition", "")
        if response.status not in (_OK, _PARTIAL) or (not disposition and kind in ("text/html", "application/json")):
            await self._refuse(response, kind)
        if headers.get("Content-Encoding", "identity") != "identity":
            raise our_error("B24MCP_DOWNLOAD", "The portal compressed the file although it was asked not to.")
        length = integer(headers.get("Content-Length"))
        if response.status == _PARTIAL:
            start, whole = _range_in(headers.get("Content-Range", ""))
            if start != self._received or (whole is not None and self._whole not in (None, whole)):
                raise our_error("B24MCP_DOWNLOAD", "The file on the portal changed while it was downloaded.")
            self._whole = whole if whole is not None else self._whole
            return
        if self._received:
            await run_sync(_emptied, self.file)
            self._received, self._digest = 0, hashlib.sha256()
        etag = headers.get("ETag", "")
        self._mark = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
        self._whole = length
        self._name = safe_name(name) if (name := name_in_header(disposition)) else ""
        self._media_type = kind
        if length is not None:
            allow_time(self.deadline, length)

    async def _write(self, response: Download) -> None:
        progress = TransferProgress(self.deadline, self._whole or self.size or 0, "downloading", self._received)
        held: list[bytes] = []
        waiting = 0
        try:
            async for piece in response.pieces():
                held.append(piece)
                waiting += len(piece)
                if waiting >= _PIECE:
                    await self._flush(held)
                    await progress(waiting)
                    waiting = 0
                    if self.deadline.left == 0:
                        raise our_error("B24MCP_DEADLINE", "The download was not complete in time.", hint=_HINT)
        finally:
            await self._flush(held)
        if self._whole is not None and self._received < self._whole:
            raise our_error("B24MCP_CONNECTION_LOST", "The connection broke before the file was complete.")

    async def _flush(self, held: list[bytes]) -> None:
        data = b"".join(held)
        held.clear()
        if data:
            await run_sync(self.file.write, data)
            self._digest.update(data)
            self._received += len(data)

    async def _refuse(self, response: Download, kind: str) -> None:
        """Raise the error in a response that is no file."""
        body = b""
        async for piece in response.pieces():
            body += piece
            if len(body) > _LARGEST_ERROR:
                break
        reply = HttpReply(response.status, kind, body[:_LARGEST_ERROR])
        if kind == "application/json" or response.status in (401, 403, 404):
            try:
                error = json.loads(body)
            except ValueError:
                error = None
            if isinstance(error, dict) and error.get("error"):
                read_answer(reply, Request(self.method, {}, reads=True))
        message = f"The portal answered HTTP {response.status} instead of the file."
        raise our_error("B24MCP_DOWNLOAD", message, status=response.status)

    def _checked(self) -> Downloaded:
        """Return the complete file."""
        whole = self.size if self.size is not None else self._whole
        if whole is not None and self._received != whole:
            message = f"The file has {self._received} bytes, and the portal says {whole}."
            raise our_error("B24MCP_DOWNLOAD", message)
        return Downloaded(self._name, self._received, self._digest.hexdigest(), self._media_type)


_HINT = "No file was written. Call again in a moment. Nothing was changed on the portal."


def _emptied(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


def _range_in(text: str) -> tuple[int | None, int | None]:
    """Return the first byte and the size of the whole file in a Content-Range header."""
    unit, _, rest = text.partition(" ")
    span, _, whole = rest.partition("/")
    if unit.strip().lower() != "bytes":
        return None, None
    return integer(span.partition("-")[0]), integer(whole)
