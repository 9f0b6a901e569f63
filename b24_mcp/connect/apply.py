"""The writing of a planned change: by the client's own program, or by replacing the file."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from b24_mcp.connect.changes import ConfigChange
from b24_mcp.connect.errors import ConnectError
from b24_mcp.connect.files import BOM, copy_beside, read_text, replace_file
from b24_mcp.connect.formats import drop, put, value_at

_PROGRAM_TIMEOUT = 60


def write(change: ConfigChange, now: datetime) -> Path | None:
    """Write the change. Return the path of the copy of the earlier file, or None when there was no file.

    Raises:
        ConnectError: when the change cannot be written. The file is then unchanged.
    """
    if change.is_empty:
        return None
    if read_text(change.file) != change.before:
        raise ConnectError(f"{change.file} has changed in the meantime. Nothing was written; try again.")
    backup: Path | None = None
    try:
        change.file.parent.mkdir(parents=True, exist_ok=True)
        if change.before is not None:
            backup = copy_beside(change.file, now)
        if change.commands:
            _run_commands(change)
        elif change.after is None:
            change.file.unlink()
        else:
            replace_file(change.file, change.after, private=change.scope == "user")
    except OSError as exc:
        if backup is not None:
            with contextlib.suppress(OSError):
                backup.unlink()
        reason = exc.strerror or type(exc).__name__
        raise ConnectError(f"{change.file} cannot be written: {reason}. Nothing was changed.") from None
    return backup


def _run_commands(change: ConfigChange) -> None:
    """Run the client's own program, and edit the file when the program did not do it."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        for command in change.commands:
            _run(command, change.environment)
    now = (read_text(change.file) or "").removeprefix(BOM)
    if value_at(change.client.format.read(now), change.path) == change.entry:
        return
    # The program is missing, broken or of another version.
    form = change.client.format
    text = drop(form, now, change.path) if change.entry is None else put(form, now, change.path, change.entry)
    replace_file(change.file, text, private=True)


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    subprocess.run(  # noqa: S603 - a program found on PATH, and no shell
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PROGRAM_TIMEOUT,
        check=False,
        env=dict(environment),
    )
