"""Whether an entry in a client's configuration is one of this server, and whether a client is installed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

from b24_mcp.connect.clients import Client
from b24_mcp.connect.description import PACKAGE, TOKEN, TOKEN_INPUT
from b24_mcp.connect.locations import Machine
from b24_mcp.connect.spec import is_loopback

_MODULE = PACKAGE.replace("-", "_")
_ADDRESSES = ("url", "httpUrl", "uri", "serverUrl")


def is_ours(entry: object) -> bool:
    """Whether an entry starts this program, or reaches a server over HTTP in the way that `connect` writes."""
    if not isinstance(entry, Mapping):
        return False
    if not entry:
        return True  # nothing that belongs to anybody
    words = [*_words(entry.get("command")), *_words(entry.get("cmd")), *_words(entry.get("args"))]
    if any(_file_name(word) in (PACKAGE, _MODULE) or word.partition("[")[0] in (PACKAGE, _MODULE) for word in words):
        return True
    url = address_of(entry)
    if not url:
        return False
    names_token = any(token in str(entry) for token in (TOKEN, TOKEN_INPUT))
    return names_token or (is_loopback(url) and urlsplit(url).path.rstrip("/").endswith("/mcp"))


def address_of(entry: Mapping[str, object]) -> str:
    """Return the address that an entry reaches; empty for one that starts a program."""
    return next((value for name in _ADDRESSES if isinstance(value := entry.get(name), str)), "")


def described(entry: object) -> str:
    """Return what an entry starts or reaches, without arguments and paths, which may be secret."""
    if not isinstance(entry, Mapping):
        return "is not a table"
    program = entry.get("command") or entry.get("cmd")
    words = _words(program)
    if words:
        return f"starts {_file_name(words[0]) or words[0]}"
    try:
        host = urlsplit(address_of(entry)).hostname
    except ValueError:
        host = None
    return f"reaches {host}" if host else "starts nothing that is known"


def is_installed(client: Client, machine: Machine) -> bool:
    """Whether a client seems to be installed: its program is on PATH, or its folder is there."""
    path = machine.environment.get("PATH", "")
    if any(shutil.which(program, path=path) for program in client.programs):
        return True
    file = client.user.on(machine)
    folders = [machine.home / folder for folder in client.folders]
    return (
        file.is_file()
        or any(folder.is_dir() for folder in folders)
        or (file.parent != machine.home and file.parent.is_dir())
    )


def _words(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [word for word in values if isinstance(word, str) and word]


def _file_name(path: str) -> str:
    name = PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
    return name.removesuffix(".exe").removesuffix(".EXE")
