"""The check of folders and files: whether they can be written, and who can read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anyio

from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config.settings import Settings
from b24_mcp.state import open_state
from b24_mcp.storage.folders import is_open_to_others, user_folder

_REDIS_SECONDS = 5.0


async def check_folders(settings: Settings) -> list[Finding]:
    """Check the shared state, the data folder, the audit log and the documentation."""
    return [await _shared_state(settings.state), *_local_folders(settings)]


def _local_folders(settings: Settings) -> Iterator[Finding]:
    yield _folder("data", settings.data_folder, settings.data_folder)
    if settings.audit == "off":
        yield Finding("audit log", "note", "off: changes are not recorded")
    else:
        from b24_mcp.access import default_folder

        folder = Path(settings.audit).expanduser() if settings.audit else default_folder()
        yield _folder("audit log", folder, folder)
    if settings.files_dir:
        for place in settings.files_dir.split(os.pathsep):
            yield _folder("files", Path(place).expanduser(), Path(place).expanduser())
    yield _documentation(settings)


async def _shared_state(state: str | None) -> Finding:
    about = "shared state"
    if state and "://" in state:
        return await _redis(about, state)
    return _local_state(about, state)


def _local_state(about: str, state: str | None) -> Finding:
    if state == "memory":
        return Finding(
            about,
            "note",
            "memory: limits are not shared with other processes, and approvals cannot be given",
            "Leave B24_STATE empty, unless you want this.",
        )
    path = Path(state).expanduser() if state else user_folder("state") / "limits.db"
    return _folder(about, path.parent, path)


async def _redis(about: str, url: str) -> Finding:
    """Check that the server answers. Until it does, each process keeps limits for itself, and approvals fail."""
    try:
        state = open_state(url)
    except ValueError as exc:
        return Finding(about, "wrong", f"{exc}", "Correct B24_STATE.")
    try:
        with anyio.fail_after(_REDIS_SECONDS):
            await state.charges(["doctor"])
    except (OSError, TimeoutError):
        todo = "Start the Redis server, or correct B24_STATE. Until then limits are not shared."
        return Finding(about, "wrong", "the Redis server in B24_STATE does not answer", todo)
    finally:
        await state.aclose()
    return Finding(about, "ok", "Redis, as set by B24_STATE, answers")


def _folder(about: str, folder: Path, shown: Path) -> Finding:
    """Check that the folder, or its nearest parent that exists, is writable."""
    if shown != folder and shown.is_file() and not os.access(shown, os.R_OK | os.W_OK):
        return Finding(about, "wrong", f"{shown} cannot be written", "Change its permissions, or set another path.")
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
