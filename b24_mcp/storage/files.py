"""Private files that are written atomically: a reader finds the old content or the new one, never a part of it."""

from __future__ import annotations

import os
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)


def write_private_file(path: Path, content: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Replace a file by one with this content, in a folder that exists. A symbolic link is replaced, not followed.

    The temporary file beside it has mode 0600 until it is complete, and is removed when anything fails. With `sync` the
    content is on the disk before the file takes its place.

    Raises:
        OSError: when it cannot be written; the old file is unchanged.
    """
    import tempfile  # not needed to start

    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    draft = Path(name)
    try:
        _write_and_close(descriptor, content)
        if mode != 0o600:
            draft.chmod(mode)
        if sync:
            put_in_place(draft, path)
        else:
            os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def create_private_file(path: Path, content: bytes) -> None:
    """Create a file with this content and mode 0600. When it fails, an incomplete file may remain.

    Raises:
        FileExistsError: when something with this name exists, also a symbolic link.
        OSError: when it cannot be written.
    """
    _write_and_close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600), content)


def put_in_place(draft: Path, path: Path, *, sync_folder: bool = False) -> None:
    """Write a complete file through to the disk and rename it to `path`, which it replaces.

    With `sync_folder` the new name is on the disk too when this returns.

    Raises:
        OSError: when that fails.
    """
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(draft, path)
    if sync_folder:
        sync_folder_entries(path.parent)


def sync_folder_entries(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Windows offers no such call.

    Raises:
        OSError: when that fails.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_and_close(descriptor: int, content: bytes) -> None:
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
