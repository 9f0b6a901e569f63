"""Creation of a new file, which is either complete or does not exist."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.storage.opened_folder import OpenedFolder, opened_folder
from b24_mcp.storage.places import FilePlace

_MOST_NAMES = 1_000


class DraftFile:
    """A file under a temporary name. `file` is open to write and read it; `publish` closes it."""

    def __init__(self, folder: OpenedFolder, place: FilePlace, beside: str, file: BinaryIO) -> None:
        self.file = file
        self._folder = folder
        self._place = place
        self._beside = beside

    def publish(self, *, overwrite: bool = False) -> None:
        """Rename the complete file to its name.

        Raises:
            FileExistsError: when the name is in use, unless `overwrite`.
        """
        self.file.close()
        if overwrite:
            self._folder.replace(self._beside, self._place.name)
        else:
            self._folder.publish(self._beside, self._place.name)

    def publish_as_free(self, name: str) -> FilePlace:
        """Rename the complete file to a name, or to `name (2).pdf` and so on when that is in use; return the place.

        Raises:
            FileExistsError: when a thousand names are in use.
        """
        self.file.close()
        for free in _names(name):
            with contextlib.suppress(FileExistsError):
                self._folder.publish(self._beside, free)
                return FilePlace(self._place.root, (*self._place.parts[:-1], free))
        raise FileExistsError


@contextlib.contextmanager
def draft_file(place: FilePlace, *, is_free: bool = False) -> Iterator[DraftFile]:
    """Create a file under a temporary name beside its place. It is removed at the end. Only its owner can read it.

    With `is_free` the name must not be in use yet.

    Raises:
        B24Error: `B24MCP_FILE` if a folder in its path does not exist or is a link, if the name exists although it must
            not, or if the file cannot be written. No file is left.
    """
    try:
        with opened_folder(place) as folder:
            if is_free and folder.holds(place.name):
                raise _exists(place)
            beside = f".{place.name[:100]}.{secrets.token_hex(4)}.part"
            try:
                with os.fdopen(folder.create(beside), "w+b") as file:
                    yield DraftFile(folder, place, beside, file)
            finally:
                with contextlib.suppress(OSError):
                    folder.remove(beside)
    except FileExistsError:
        raise _exists(place) from None
    except FileNotFoundError:
        inner = "/".join(place.parts[:-1]) or "."
        raise our_error("B24MCP_FILE", f"The folder {inner!r} does not exist in {place.root}.") from None
    except OSError as exc:
        said = exc.strerror or type(exc).__name__
        raise our_error("B24MCP_FILE", f"{place.name!r} cannot be written: {said}.") from None


@contextlib.contextmanager
def new_file(place: FilePlace, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Write a file under a temporary name, and rename it once it is complete.

    Raises:
        B24Error: as `draft_file`; `B24MCP_FILE` if the name exists, unless `overwrite`.
    """
    with draft_file(place, is_free=not overwrite) as draft:
        yield draft.file
        draft.publish(overwrite=overwrite)


def _names(name: str) -> Iterator[str]:
    yield name
    path = PurePath(name)
    for number in range(2, _MOST_NAMES):
        yield f"{path.stem} ({number}){path.suffix}"


def _exists(place: FilePlace) -> B24Error:
    return our_error("B24MCP_FILE", f"{place.name!r} exists already and was not overwritten. Choose another name.")
