"""Configuration files on disk: read as text, copied, and replaced atomically."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from b24_mcp.connect.errors import ConnectError

BOM = "\ufeff"
"""The byte order mark with which some editors on Windows begin a file."""


def read_text(file: Path) -> str | None:
    """Return the text of a configuration file, or None when it does not exist.

    Raises:
        ConnectError: when it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConnectError(f"{file} is not UTF-8 text. Nothing was changed.") from None
    except OSError as exc:
        raise ConnectError(f"{file} cannot be read: {exc.strerror}. Nothing was changed.") from None


def copy_beside(file: Path, now: datetime) -> Path:
    """Copy the file to a new one beside it that only its owner can read, and return the path of the copy.

    Raises:
        OSError: when the copy cannot be written.
    """
    stem = f"{file.name}.{now:%Y%m%d-%H%M%S}"
    for number in range(1000):
        copy = file.with_name(f"{stem}{f'-{number}' if number else ''}.bak")
        try:
            descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as out:
            out.write(file.read_bytes())
        return copy
    raise FileExistsError(f"too many copies of {file.name}")


def replace_file(file: Path, text: str, *, private: bool) -> None:
    """Replace the file, or create it, in one step. It keeps its mode; a new file is for its owner only if `private`.

    Raises:
        OSError: when it cannot be written. The file is then unchanged.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(text.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        if file.exists():
            shutil.copymode(file, name)
        else:
            Path(name).chmod(0o600 if private else 0o644)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
