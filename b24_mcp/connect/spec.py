"""The server that a client is to be connected to: how it is started or reached."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from b24_mcp.connect.description import NAME, PACKAGE
from b24_mcp.connect.errors import ConnectError

Scope = Literal["user", "project"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
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

    Either `launch` or `url` is set. `portal` is the default portal of this entry, one of those that `b24-mcp portals`
    names. `token` says that requests carry `B24_HTTP_TOKEN`.
    """

    scope: Scope = "user"
    launch: Launch | None = None
    url: str | None = None
    token: bool = False
    portal: str | None = None

    @property
    def name(self) -> str:
        """The name of the server in the client."""
        return entry_name(self.portal)


def entry_name(portal: str | None) -> str:
    """Return the name of the server in a client: `bitrix24`, or `bitrix24-PORTAL`.

    Raises:
        ConnectError: when the name of the portal is not valid.
    """
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
    upgrade; otherwise the script beside the interpreter is used. `uvx` deletes its environments, so there the command
    is `uvx` itself.
    """
    if scope == "project":
        return Launch(PACKAGE)
    path = environment.get("PATH", "")
    uvx = shutil.which("uvx", path=path)
    if uvx and "archive-v0" in Path(executable).parts:
        return Launch(os.path.abspath(uvx), (PACKAGE,))
    script = Path(executable).parent / (f"{PACKAGE}.exe" if executable.lower().endswith(".exe") else PACKAGE)
    if not script.is_file():
        # -P: import nothing from the folder in which the client starts the program.
        return Launch(executable, ("-P", "-m", "b24_mcp"))
    found = shutil.which(PACKAGE, path=path)
    is_link_to_script = found is not None and Path(found).resolve() == script.resolve()
    return Launch(os.path.abspath(found) if is_link_to_script and found else str(script.absolute()))


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
