"""Creation of a new file. Its path is opened folder by folder, so that links inside it are not followed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.exports.places import ExportPlace

_MODE = 0o600
# Missing on Windows, where folders are opened by path and checked for links before.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_BY_FOLDER = os.open in os.supports_dir_fd and os.link in os.supports_dir_fd and os.unlink in os.supports_dir_fd


@contextlib.contextmanager
def new_file(place: ExportPlace, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Write a file under a temporary name, and rename it once it is complete. Only its owner can read it.

    Raises:
        B24Error: `B24MCP_EXPORT` if the name exists (unless `overwrite`), if a folder in its path does not exist or is
            a link, or if the file cannot be written. No file is left.
    """
    try:
        with opened_folder(place) as folder:
            if not overwrite and folder.holds(place.name):
                raise _exists(place)
            beside = f".{place.name[:100]}.{secrets.token_hex(4)}.part"
            try:
                with os.fdopen(folder.create(beside), "wb") as file:
                    yield file
                if overwrite:
                    folder.replace(beside, place.name)
                else:
                    folder.publish(beside, place.name)
            finally:
                with contextlib.suppress(OSError):
                    folder.remove(beside)
    except FileExistsError:
        raise _exists(place) from None
    except OSError as exc:
        said = exc.strerror or type(exc).__name__
        raise our_error("B24MCP_EXPORT", f"{place.name!r} cannot be written: {said}.") from None


class _Folder:
    """The folder of the new file. Names are looked up from its descriptor, or by path where the system has none."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def holds(self, name: str) -> bool:
        try:
            os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def create(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY
        return os.open(self._at(name), flags, _MODE, dir_fd=self._descriptor)

    def open(self, name: str) -> int:
        """Open an existing file for reading, unless it is a link. It does not wait for the writer of a pipe."""
        if self._descriptor is None and os.path.realpath(self._at(name), strict=True) != str(self._path / name):
            raise _link(name)
        flags = os.O_RDONLY | _NO_LINK | _BINARY | getattr(os, "O_NONBLOCK", 0)
        try:
            return os.open(self._at(name), flags, dir_fd=self._descriptor)
        except OSError as exc:
            if exc.errno == errno.ELOOP:
                raise _link(name) from None
            raise

    def names(self) -> list[str]:
        """Return the names in the folder."""
        return os.listdir(self._path if self._descriptor is None else self._descriptor)

    def publish(self, beside: str, name: str) -> None:
        """Rename a file to its final name. Raises `FileExistsError` if the name is in use."""
        folder = self._descriptor
        try:
            os.link(self._at(beside), self._at(name), src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # no hard links in this file system: reserve the name, then replace it
            os.close(self.create(name))
            self.replace(beside, name)

    def replace(self, beside: str, name: str) -> None:
        os.replace(self._at(beside), self._at(name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self._path / name)


@contextlib.contextmanager
def opened_folder(place: ExportPlace) -> Iterator[_Folder]:
    """Open the folder of a place, part by part. A part that is a link is refused with `B24MCP_EXPORT`."""
    if not _BY_FOLDER:
        yield _Folder(_folder_without_links(place), None)
        return
    descriptor = os.open(place.root, os.O_RDONLY | _FOLDER)
    try:
        for part in place.parts[:-1]:
            inner = _open_inner(descriptor, part)
            os.close(descriptor)
            descriptor = inner
        yield _Folder(place.path.parent, descriptor)
    finally:
        os.close(descriptor)


def _open_inner(descriptor: int, part: str) -> int:
    """Open a folder in an open folder, unless it is a link."""
    try:
        return os.open(part, os.O_RDONLY | _FOLDER | _NO_LINK, dir_fd=descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            if stat.S_ISLNK(os.stat(part, dir_fd=descriptor, follow_symlinks=False).st_mode):
                raise _link(part) from None
        raise


def _folder_without_links(place: ExportPlace) -> Path:
    """Return the folder by its path. A part that is a link or a junction is refused."""
    folder = Path(os.path.realpath(place.root, strict=True))
    for part in place.parts[:-1]:
        folder /= part
        if os.path.realpath(folder, strict=True) != str(folder):
            raise _link(part)
    return folder


def _link(part: str) -> B24Error:
    return our_error("B24MCP_EXPORT", f"{part!r} is a link, and links inside the folder for files are not followed.")


def _exists(place: ExportPlace) -> B24Error:
    return our_error("B24MCP_EXPORT", f"{place.name!r} exists already and was not overwritten.")
