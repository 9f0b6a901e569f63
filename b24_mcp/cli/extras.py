"""The command that adds a missing extra to this installation."""

from __future__ import annotations

import shlex
import sys
from pathlib import PurePath


def command_for(extra: str, prefix: str = sys.prefix) -> str:
    """Return what a person types to install an extra, for the way in which the program at `prefix` was installed."""
    parts = PurePath(prefix.replace("\\", "/")).parts
    wanted = f"'b24-mcp[{extra}]'"
    if "pipx" in parts:
        return f"pipx install --force {wanted}"
    if "uv" in parts and "tools" in parts:
        return f"uv tool install {wanted}"
    return f"{shlex.quote(sys.executable)} -m pip install {wanted}"
