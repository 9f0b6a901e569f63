"""The server that a client is to be connected to: how it is started or reached."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from b24_mcp.connect.description import NAME, PACKAGE
from b24_mcp.connect.errors import ConnectError

Scope = Literal["user", "project"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_PORTAL = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_WEBHOOK_PATH = re.compile(r"/rest/(?:api/)?[^/]+/[^/]+")


@dataclass(frozen=True, slots=True)
class Launch:
    """The command that starts the server on stdin and stdout."""

    command: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """One server for the configuration of a client.

    Either `launch` or `url` is set. `named` is the name of the server in the client, by default `bitrix24`. `portal` is
    the default portal of this entry, one of those that `b24-mcp portals` names. `token` says that requests
    carry `B24_HTTP_TOKEN`.
    """

    scope: Scope = "user"
    launch: Launch | None = None
    url: str | None = None
    token: bool = False
    portal: str | None = None
    named: str | None = None

    @property
    def name(self) -> str:
        """The name of the server in the client."""
        return entry_name(self.portal, self.named)


def entry_name(portal: str | None, named: str | None = None) -> str:
    """Return the name of the server in a client: `named`, else `bitrix24` or `bitrix24-PORTAL`.

    Raises:
        ConnectError: when a name is not valid.
    """
    if named is not None:
        if not _NAME.fullmatch(named):
            raise ConnectError(
                "--name takes up to 32 letters, digits, `_` and `-`. Clients put it before the names of tools. Nothing "
                "was changed."
            )
        return named
    if portal is None:
        return NAME
    if not _PORTAL.fullmatch(portal):
        raise ConnectError(
            "A portal has a short name of lower-case letters, digits, `_` and `-`; `b24-mcp portals list` shows yours. "
            "Nothing was changed."
        )
    return f"{NAME}-{portal}"


def own_launch(
    scope: Scope,
    *,
    executable: str = sys.executable,
    environment: Mapping[str, str] = os.environ,
) -> Launch:
    """Return the command that starts this program.

    In a project it is the bare name, which the PATH of each user resolves. For a user it is an absolute path, because
    desktop programs have another PATH than a shell. A link on PATH to this program is preferred, because it survives an
    upgrade; otherwise the script beside the interpreter is used. `uvx` and `pipx run` delete their environments, so
    there the command is `uvx` or `pipx` itself.
    """
    if scope == "project":
        return Launch(PACKAGE)
    path = environment.get("PATH", "")
    runner = _temporary_runner(executable)
    found_runner = shutil.which(runner, path=path) if runner else None
    if found_runner:
        return Launch(os.path.abspath(found_runner), (PACKAGE,) if runner == "uvx" else ("run", PACKAGE))
    script = Path(executable).parent / (f"{PACKAGE}.exe" if executable.lower().endswith(".exe") else PACKAGE)
    if not script.is_file():
        # -P: import nothing from the folder in which the client starts the program.
        return Launch(executable, ("-P", "-m", "b24_mcp"))
    found = shutil.which(PACKAGE, path=path)
    is_link_to_script = found is not None and Path(found).resolve() == script.resolve()
    return Launch(os.path.abspath(found) if is_link_to_script and found else str(script.absolute()))


def why_not_lasting(
    *, executable: str = sys.executable, temporary: str | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    """Return why the program that runs now may not be there later, with what to do; empty when it will be."""
    runner = _temporary_runner(executable)
    install = f"To keep it: uv tool install {PACKAGE} (or pipx install {PACKAGE}), then connect again."
    if runner and shutil.which(runner, path=environment.get("PATH", "")):
        return f"{_RUNNERS[runner]} deletes its environments, so the entry starts {runner}, which is slow. {install}"
    if runner:
        return f"This program is in an environment that {_RUNNERS[runner]} deletes, and the entry names it. {install}"
    folder = Path(temporary or tempfile.gettempdir())
    if folder in Path(executable).parents:
        return f"This program is in {folder}, the folder of temporary files, and the entry names it. {install}"
    return ""


_RUNNERS = {"uvx": "uvx", "pipx": "pipx run"}


def _temporary_runner(executable: str) -> str:
    """Return the program that made the temporary environment of an interpreter; empty for another environment."""
    parts = Path(executable).parts
    if {"archive-v0", "builds-v0", "environments-v2"} & set(parts):
        return "uvx"
    return "pipx" if any(pair in ((".cache", "pipx"), ("pipx", ".cache")) for pair in pairwise(parts)) else ""


def checked_url(url: str) -> str:
    """Return the address of a server over HTTP, after checking it.

    Raises:
        ConnectError: when it is not an address, or holds a secret. The message does not repeat the address.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _url_error("it cannot be parsed") from None
    if _WEBHOOK_PATH.search(parts.path):
        raise _url_error("this is the webhook of a portal, which is a secret and belongs in the server's settings")
    if parts.scheme not in ("http", "https") or not host:
        raise _url_error("it does not begin with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _url_error("it holds more than host, port and path; a token comes from B24_HTTP_TOKEN")
    if parts.scheme == "http" and not is_loopback(url):
        raise _url_error("http would send the token in clear text: use https for other computers")
    return url


def is_loopback(url: str) -> bool:
    """Whether the address is on this computer."""
    return urlsplit(url).hostname in _LOOPBACK


def _url_error(why: str) -> ConnectError:
    return ConnectError(
        f"--http takes the address of `b24-mcp serve --http`, such as http://127.0.0.1:8024/mcp: {why}. "
        "Nothing was changed."
    )
