"""The check of folders and files: whether they can be written, and who can read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config.settings import Settings
from b24_mcp.storage.folders import is_open_to_others, user_folder


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Check the shared state, the data folder, the audit log and the documentation."""
    yield _shared_state(settings.state)
    yield _folder("data", settings.data_folder, settings.data_folder)
    if settings.audit == "off":
        yield Finding("audit log", "note", "off: changes are not recorded")
    else:
        from b24_mcp.access import default_folder

        folder = Path(settings.audit).expanduser() if settings.audit else default_folder()
        yield _folder("audit log", folder, folder)
    yield _documentation(settings)


def _shared_state(state: str | None) -> Finding:
    about = "shared state"
    if state == "memory":
        return Finding(
            about,
            "note",
            "memory: limits are not shared with other processes, and approvals cannot be given",
            "Leave B24_STATE empty, unless you want this.",
        )
    if state and "://" in state:
        return Finding(about, "ok", "Redis, as set by B24_STATE")
    path = Path(state).expanduser() if state else user_folder("state") / "limits.db"
    return _folder(about, path.parent, path)


def _folder(about: str, folder: Path, shown: Path) -> Finding:
    """Check that the folder, or its nearest parent that exists, is writable."""
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(about, "wrong", f"{shown} cannot be written", "Change its permissions, or set another path.")
    if folder.is_dir() and is_open_to_others(folder):
        return Finding(about, "note", f"{shown}: other users of this computer can open it", f"chmod 700 {folder}")
    return Finding(about, "ok", str(shown))


def _documentation(settings: Settings) -> Finding:
    from b24_mcp.docs import DocsError, DocsLibrary

    try:
        languages = DocsLibrary(settings.data_folder / "docs").languages
    except DocsError as exc:
        return Finding("documentation", "note", str(exc), "Run b24-mcp docs sync.")
    if not languages:
        if settings.docs != "off":
            return Finding("documentation", "ok", "not on this computer yet: the first question fetches it")
        return Finding("documentation", "note", "not on this computer", "Run b24-mcp docs sync (optional).")
    return Finding("documentation", "ok", f"on this computer: {', '.join(sorted(languages))}")
