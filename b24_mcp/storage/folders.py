"""The user's folders for configuration, data, state and cache, and private folders and files.

Source: the XDG Base Directory Specification for Linux; `platformdirs` for other systems.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Literal

_PROGRAM = "b24-mcp"
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO

Kind = Literal["config", "data", "state", "cache"]
KINDS: tuple[Kind, ...] = ("config", "data", "state", "cache")


class FolderError(ValueError):
    """The path of a user's folder is unusable. The message names the variable to correct."""


def user_folder(kind: Kind) -> Path:
    """Return the absolute path of the user's folder for files of this kind.

    Raises:
        FolderError: when a variable makes it a relative path, which would depend on the working directory.
    """
    from platformdirs import user_cache_path, user_config_path, user_data_path, user_state_path

    functions = {"config": user_config_path, "data": user_data_path, "state": user_state_path, "cache": user_cache_path}
    folder = functions[kind](_PROGRAM)
    if not folder.is_absolute():
        raise FolderError(f"HOME or XDG_{kind.upper()}_HOME is a relative path: set it to an absolute one")
    return folder


def make_private(folder: Path, *, own: bool = False) -> Path:
    """Create a folder and its missing parents with mode 0700, and return it.

    An existing folder that belongs to this program loses the rights of other users. It does when it is one of the
    user's folders above or inside one, or when `own` is true because this program named it. Other existing folders,
    such as one that a setting names, are not changed; `b24-mcp doctor` reports them.

    Raises:
        OSError: when it cannot be created.
    """
    missing = []
    for one in (folder, *folder.parents):
        if one.exists():
            break
        missing.append(one)
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
    roots = {user_folder(kind) for kind in KINDS}
    for one in (folder, *folder.parents):
        if (own and one == folder) or roots & {one, *one.parents}:
            _tighten(one, 0o700)
    return folder


def make_private_file(path: Path) -> None:
    """Create an empty file with mode 0600, in a folder that exists. An existing file of this user loses other rights.

    The file has this mode from the start, so that other users of this computer can never read it. An existing file is
    not opened: closing it would release the locks that this process holds on it.

    Raises:
        OSError: when it cannot be created.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        _tighten(path, 0o600)


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this computer have any right to a file or folder that exists; False on Windows."""
    if sys.platform == "win32":
        return False
    try:
        return bool(path.stat().st_mode & _OPEN_TO_OTHERS)
    except OSError:
        return False


def _tighten(path: Path, mode: int) -> None:
    """Remove the rights of other users from a file or folder of this user. Those of another user are not changed."""
    if sys.platform == "win32" or not is_open_to_others(path) or path.stat().st_uid != os.getuid():
        return
    path.chmod(mode)
