"""The folder of a file, opened part by part, so that links below the folder for files are not followed."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from b24_mcp.errors import B24Error, our_error
from b24_mcp.storage.places import FilePlace, make_files_folder, shown_name

_MODE = 0o600
# Missing on Windows, where folders are opened by path and checked for links before.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
# A pipe without a writer must not block, and a terminal must not become the terminal of this process.
_PASSIVE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BY_FOLDER = os.open in os.supports_dir_fd and os.link in os.supports_dir_fd and os.unlink in os.supports_dir_fd


class OpenedFolder:
    """An open folder. Names are looked up from its descriptor, or by path where the system has none."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def holds(self, name: str) -> bool:
        """Whether the name is in use, also by a link."""
        try:
            self._look(name)
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str) -> int:
        """Return the descriptor of a regular file, opened to read it.

        Raises:
            B24Error: `B24MCP_FILE` for a link, a folder or a device.
            OSError: when it does not exist or cannot be opened.
        """
        _check_regular(name, self._look(name))  # a device may act when it is opened
        descriptor = os.open(self._at(name), os.O_RDONLY | _NO_LINK | _PASSIVE | _BINARY, dir_fd=self._descriptor)
        try:
            _check_regular(name, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def create(self, name: str) -> int:
        """Return the descriptor of a new file that only its owner can read."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY
        return os.open(self._at(name), flags, _MODE, dir_fd=self._descriptor)

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
        """Rename a file to a name that another file may have."""
        os.replace(self._at(beside), self._at(name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def _look(self, name: str) -> os.stat_result:
        return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self._path / name)


@contextlib.contextmanager
def opened_folder(place: FilePlace, *, make: bool = True) -> Iterator[OpenedFolder]:
    """Open the folder of a file. With `make` a missing folder for files is made, but no folder inside it.

    Raises:
        B24Error: `B24MCP_FILE` if a folder in the path is a link.
        OSError: if a folder cannot be opened.
    """
    if make and not place.root.exists():
        make_files_folder(place.root)
    if not _BY_FOLDER:
        yield OpenedFolder(_folder_without_links(place), None)
        return
    descriptor = os.open(place.root, os.O_RDONLY | _FOLDER)
    try:
        for part in place.parts[:-1]:
            inner = _open_inner(descriptor, part)
            os.close(descriptor)
            descriptor = inner
        yield OpenedFolder(place.path.parent, descriptor)
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


def _folder_without_links(place: FilePlace) -> Path:
    """Return the folder by its path. A part that is a link or a junction is refused."""
    folder = Path(os.path.realpath(place.root, strict=True))
    for part in place.parts[:-1]:
        folder /= part
        if os.path.realpath(folder, strict=True) != str(folder):
            raise _link(part)
    return folder


def _check_regular(name: str, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISLNK(found.st_mode):
        raise _link(name)
    what = "a folder" if stat.S_ISDIR(found.st_mode) else "a device, a pipe or a socket"
    raise our_error("B24MCP_FILE", f"{shown_name(name)} is {what}, not a file.")


def _link(part: str) -> B24Error:
    return our_error(
        "B24MCP_FILE", f"{shown_name(part)} is a link, and links inside the folder for files are not followed."
    )
