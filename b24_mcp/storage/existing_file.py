"""A file of the user that is read: found once, and opened again only while it is the same file."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.storage.opened_folder import opened_folder
from b24_mcp.storage.places import FilePlace, shown_name

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file as it was found: `size` in bytes, `sha256` of its content, and `identity`.

    `identity` is the file's place on the disk and the times of its last changes, which differ when it was written.
    """

    place: FilePlace
    size: int
    sha256: str
    identity: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.place.name


def find_file(place: FilePlace) -> FoundFile:
    """Return a file with its size and digest, which reads it whole.

    Raises:
        B24Error: `B24MCP_FILE` if it does not exist, is no regular file or cannot be read; `B24MCP_FILE_CHANGED` if it
            is written at this moment.
    """
    with open_existing(place) as file:
        before = identity_of(file)
        digest = hashlib.sha256()
        size = 0
        with _readable(place):
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        if identity_of(file) != before or size != before[2]:
            raise changed(place.name)
    return FoundFile(place, size, digest.hexdigest(), before)


def open_found(found: FoundFile) -> BinaryIO:
    """Open a file that was found before. The caller closes it.

    Raises:
        B24Error: as `open_existing`; `B24MCP_FILE_CHANGED` if it is another file now.
    """
    file = open_existing(found.place)
    if identity_of(file) == found.identity:
        return file
    file.close()
    raise changed(found.name)


def open_existing(place: FilePlace) -> BinaryIO:
    """Open a regular file to read it. The caller closes it. Links below the folder for files are not followed.

    Raises:
        B24Error: `B24MCP_FILE` if it does not exist, is no regular file or cannot be opened.
    """
    with _readable(place), opened_folder(place, make=False) as folder:
        return os.fdopen(folder.read(place.name), "rb", buffering=0)


def identity_of(file: BinaryIO) -> tuple[int, ...]:
    """Return what changes when an open file is replaced or written: device, number, size and times."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def changed(name: str) -> B24Error:
    """Return the error for a file that is no longer as it was found."""
    return our_error("B24MCP_FILE_CHANGED", f"{shown_name(name)} was changed since the call was planned.")


@contextlib.contextmanager
def _readable(place: FilePlace) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        message = f"{shown_name('/'.join(place.parts))} does not exist in {place.root}."
        raise our_error("B24MCP_FILE", message) from None
    except OSError as exc:
        said = exc.strerror or type(exc).__name__
        raise our_error("B24MCP_FILE", f"{shown_name(place.name)} cannot be read: {said}.") from None
