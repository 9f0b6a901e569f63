"""Where a file may be written: in the folders a person named, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from b24_mcp.rest import our_error


def folders_of(setting: str | None) -> list[Path]:
    """The folders named in `B24_FILES_DIR`, separated as in `PATH`."""
    return [Path(part).expanduser() for part in (setting or "").split(os.pathsep) if part.strip()]


def place_in(setting: str | None, path: str) -> Path:
    """Give the place of a path a model wrote: in the first folder, unless it names one of the others in full.

    Links are followed before it is judged, so that none leads out.

    Raises:
        B24Error: `B24MCP_EXPORT_FOLDER` when no folder is named or the path lies outside.
    """
    folders = folders_of(setting)
    if not folders:
        raise our_error("B24MCP_EXPORT_FOLDER", "No folder is set up for files.")
    if "\0" in path or not path.strip():
        raise our_error("B24MCP_EXPORT", "That is not the path of a file.")
    try:
        roots = [folder.resolve() for folder in folders]
        wanted = roots[0] / path
        place = wanted.parent.resolve() / wanted.name
    except (OSError, RuntimeError):
        raise our_error("B24MCP_EXPORT", "That path cannot be followed.") from None
    if not any(_lies_in(place, root) for root in roots):
        raise our_error("B24MCP_EXPORT_FOLDER", f"{path[:200]!r} is not in the folder for files.", hint=_hint(roots))
    return place


def _lies_in(place: Path, root: Path) -> bool:
    return place.name not in ("", ".", "..") and place.parent.is_relative_to(root)


def _hint(roots: Sequence[Path]) -> str:
    return f"Nothing was written. Give a plain file name, or a path in {' or '.join(map(str, roots))}."
