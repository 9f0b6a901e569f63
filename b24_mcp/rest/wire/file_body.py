"""Bodies of requests with files, sent piece by piece from the disk. Their size is known before the first byte."""

from __future__ import annotations

import hashlib
import json
import secrets
from binascii import b2a_base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from anyio.to_thread import run_sync

from b24_mcp.rest.wire.file_value import FileValue, InlineFile, SeparateFile, UploadedFile, with_files_replaced
from b24_mcp.storage.existing_file import FoundFile, changed, identity_of, open_found

_PIECE = 3 << 18
"""Bytes that are read at once: a multiple of three, so that the base64 of pieces can be joined."""

OnPiece = Callable[[int], Awaitable[None]]
"""A callback with the number of bytes of a piece that is sent or received."""


@dataclass(frozen=True, slots=True)
class BodyFile:
    """The content of a file in a body, in base64 or as it is."""

    found: FoundFile
    is_base64: bool

    @property
    def length(self) -> int:
        """The number of bytes in the body."""
        return -(-self.found.size // 3) * 4 if self.is_base64 else self.found.size


@dataclass(frozen=True, slots=True)
class FileBody:
    """A body of bytes and files. `fingerprint` is equal for equal bodies."""

    parts: Sequence[bytes | BodyFile]
    fingerprint: bytes

    @property
    def length(self) -> int:
        """The number of bytes."""
        return sum(part.length if isinstance(part, BodyFile) else len(part) for part in self.parts)

    async def stream(self, on_piece: OnPiece | None = None) -> AsyncIterator[bytes]:
        """Yield the body. `on_piece` is called with the number of bytes of each piece before it.

        The last piece of a file is yielded only once its content is known to be unchanged, so that the request never
        becomes complete with another content.

        Raises:
            B24Error: `B24MCP_FILE` or `B24MCP_FILE_CHANGED`; the request is incomplete, and the portal executes
                nothing.
        """
        for part in self.parts:
            async for piece in _pieces(part):
                if on_piece is not None:
                    await on_piece(len(piece))
                yield piece


def json_body(value: object, *, sort_keys: bool) -> FileBody:
    """Return the body of JSON with files in it. See `b24_mcp.rest.wire.file_value` for what a file becomes."""
    found: dict[str, FoundFile] = {}
    mark = f"<{secrets.token_hex(16)}:"

    def sent(file: FileValue) -> object:
        if isinstance(file, UploadedFile):
            return file.sent
        assert isinstance(file, InlineFile), "a file of this kind is uploaded before its call"
        name = f"{mark}{len(found)}>"
        found[name] = file.found
        return name

    def written(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)

    text = written(with_files_replaced(_without_separate(value), sent))
    parts: list[bytes | BodyFile] = []
    while (start := text.find(mark)) >= 0:
        end = text.index(">", start + len(mark)) + 1
        parts += [text[:start].encode(), BodyFile(found[text[start:end]], is_base64=True)]
        text = text[end:]
    return FileBody([*parts, text.encode()], written(value).encode())


def _without_separate(value: object) -> object:
    """Return a JSON value without the entries of files that are uploaded after the call."""
    if isinstance(value, dict):
        return {name: _without_separate(inner) for name, inner in value.items() if not _is_separate(inner)}
    return value


def _is_separate(value: object) -> bool:
    """Whether a value is a file that is uploaded after the call, alone or with its name before it."""
    return isinstance(value, SeparateFile) or (
        isinstance(value, list) and bool(value) and isinstance(value[-1], SeparateFile)
    )


async def _pieces(part: bytes | BodyFile) -> AsyncIterator[bytes]:
    if isinstance(part, bytes):
        yield part
        return
    file = await run_sync(open_found, part.found)
    try:
        held = b""
        left = part.found.size
        digest = hashlib.sha256()
        while left:
            piece, read = await run_sync(_read, file, min(_PIECE, left), digest.update, part.is_base64)
            if not read:
                break
            left -= read
            if held:
                yield held
            held = piece
        is_same = await run_sync(identity_of, file) == part.found.identity
        if left or not is_same or digest.hexdigest() != part.found.sha256:
            raise changed(part.found.name)
        if held:
            yield held
    finally:
        await run_sync(file.close)


def _read(file: BinaryIO, size: int, update: Callable[[bytes], object], is_base64: bool) -> tuple[bytes, int]:
    """Read `size` bytes, fewer only at the end of the file. Return them as they are sent, and how many they were."""
    pieces = []
    while size and (piece := file.read(size)):
        update(piece)
        pieces.append(piece)
        size -= len(piece)
    whole = b"".join(pieces)
    return (b2a_base64(whole, newline=False) if is_base64 else whole), len(whole)
