"""The command that adds a missing extra to this installation."""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import PurePath
from urllib.parse import unquote, urlsplit


def command_for(extra: str, prefix: str = sys.prefix, source: str | None = None) -> str:
    """Return what a person types to install an extra, for the way in which the program at `prefix` was installed.

    `source` is the checkout that it was installed from; empty when it came from the package index.
    """
    parts = PurePath(prefix.replace("\\", "/")).parts
    source = _checkout() if source is None else source
    wanted = shlex.quote(f"{source or 'b24-mcp'}[{extra}]")
    if "pipx" in parts:
        return f"pipx install --force {wanted}"
    if "uv" in parts and "tools" in parts:
        return f"uv tool install {wanted}"
    # pip adds the extra to the installed program, whatever its source.
    return f"{shlex.quote(sys.executable)} -m pip install 'b24-mcp[{extra}]'"


def _checkout() -> str:
    """Return the folder that the program was installed from; empty when it came from the package index."""
    try:
        url = str(json.loads(distribution("b24-mcp").read_text("direct_url.json") or "{}").get("url", ""))
    except (PackageNotFoundError, ValueError):
        return ""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else ""
