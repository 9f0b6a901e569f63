"""The folders of the caller for files: exports, imports, downloads, and files that a call sends."""

from __future__ import annotations

import hashlib
import os
import re

from b24_mcp.access import Level, current_caller
from b24_mcp.config.settings import Settings
from b24_mcp.errors import our_error
from b24_mcp.storage.folders import FolderError
from b24_mcp.storage.places import FilePlace, folders_of, make_files_folder, place_in

_UNPLAIN = re.compile(r"[^A-Za-z0-9@._-]")


def check_may_write(level: Level) -> None:
    """Check that the access level of the caller allows files to be written.

    Raises:
        B24Error: `B24MCP_POLICY`; nothing was written.
    """
    if level == "read":
        raise our_error("B24MCP_POLICY", "The access level is read: no file is written.")


def place_for(settings: Settings, path: str, *, existing: bool = False) -> FilePlace:
    """Return the place of a file that the caller named; see `place_in`.

    Raises:
        B24Error: `B24MCP_FILE_FOLDER` or `B24MCP_FILE`; nothing was read or written.
    """
    return place_in(folders_setting(settings), path, existing=existing)


def folders_setting(settings: Settings) -> str | None:
    """Return the folders of the caller, separated as in `PATH`; None for the default folder.

    People and programs that a token identifies share the computer of the server. So each of them has a folder of its
    own inside the folders that its administrator named, and none without.

    Raises:
        B24Error: `B24MCP_FILE_FOLDER` when the caller has no folder.
    """
    caller = current_caller()
    if not caller.is_identified:
        return settings.files_dir
    if not settings.files_dir:
        raise our_error(
            "B24MCP_FILE_FOLDER",
            "This server has no folder for files.",
            hint="Nothing was read or written. The administrator of the server sets B24_FILES_DIR.",
        )
    key = caller.identity if caller.is_program else caller.name
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    own = f"{_UNPLAIN.sub('_', caller.name).strip('.')[:60]}-{digest}"
    roots = folders_of(settings.files_dir)
    for root in roots:
        try:
            make_files_folder(root / own)
        except OSError as exc:
            raise our_error("B24MCP_FILE_FOLDER", f"The folder for files cannot be used: {exc.strerror}.") from None
    return os.pathsep.join(str(root / own) for root in roots)


def folders_line(settings: Settings) -> str:
    """Return the folders of the caller for `portal_info`."""
    from b24_mcp.errors import B24Error

    try:
        return ", ".join(map(str, folders_of(folders_setting(settings))))
    except (B24Error, FolderError) as exc:
        return f"none: {exc}"
