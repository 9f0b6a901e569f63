"""Configuration files on disk: read as text, copied, and replaced atomically."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

from b24_mcp.connect.errors import ConnectError
from b24_mcp.storage.files import create_private_file, write_private_file

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
            create_private_file(copy, file.read_bytes())
        except FileExistsError:
            continue
        return copy
    raise FileExistsError(f"too many copies of {file.name}")


def replace_file(file: Path, text: str, *, private: bool) -> None:
    """Replace the file, or create it, in one step. It keeps its mode; a new file is for its owner only if `private`.

    Raises:
        OSError: when it cannot be written. The file is then unchanged.
    """
    mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o600 if private else 0o644
    write_private_file(file, text.encode("utf-8"), mode=mode)
