"""What is to be connected: how the server is started or reached, and where its settings come from."""

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
class Wanted:
    """One server as a client shall know it.

    Either `launch` or `url` is given. `portal` is one of those that `b24-mcp portals` names, meant when
    no other is named. `token` says that requests carry `B24_HTTP_TOKEN`.
    """

    scope: Scope = "user"
    launch: Launch | None = None
    url: str | None = None
    token: bool = False
    portal: str | None = None

    @property
    def name(self) -> str:
        """What the server is called in the client."""
        return entry_name(self.portal)


def entry_name(portal: str | None) -> str:
    """Give the name of the server in a client: `bitrix24`, or `bitrix24-PORTAL`.

    Raises:
        ConnectError: when the name of the portal is not a short word.
    """
    if portal is None:
        return NAME
    if not _PORTAL.fullmatch(portal):
        raise ConnectError(
            "A portal has a short name of small letters, digits and hyphens; `b24-mcp portals list` shows yours. "
            "Nothing was changed."
        )
    return f"{NAME}-{portal}"


def own_launch(
    scope: Scope,
    *,
    executable: str = sys.executable,
    environment: Mapping[str, str] = os.environ,
) -> Launch:
    """Give the command that starts this very program.

    In a project the bare name, which each person's PATH resolves. For a user the absolute path, since programs with a
    window have another PATH than a shell: of the link on PATH when it leads here, which outlives an upgrade, or else of
    the script beside the interpreter. An environment of `uvx` is thrown away, so there `uvx` itself is named.
    """
    if scope == "project":
        return Launch(PACKAGE)
    path = environment.get("PATH", "")
    uvx = shutil.which("uvx", path=path)
    if uvx and "archive-v0" in Path(executable).parts:
        return Launch(os.path.abspath(uvx), (PACKAGE,))
    script = Path(executable).parent / (f"{PACKAGE}.exe" if executable.lower().endswith(".exe") else PACKAGE)
    if not script.is_file():
        # -P: nothing is imported from the folder the client starts the program in.
        return Launch(executable, ("-P", "-m", "b24_mcp"))
    found = shutil.which(PACKAGE, path=path)
    linked = found is not None and Path(found).resolve() == script.resolve()
    return Launch(os.path.abspath(found) if linked and found else str(script.absolute()))


def checked_url(url: str) -> str:
    """Check the address of a server over HTTP.

    Raises:
        ConnectError: when it is none, or holds a secret. The text does not repeat it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConnectError(_no_url("it cannot be read")) from None
    if _WEBHOOK_PATH.search(parts.path):
        raise ConnectError(_no_url("this is the webhook of a portal, a secret, and belongs into the server's settings"))
    if parts.scheme not in ("http", "https") or not host:
        raise ConnectError(_no_url("it does not begin with http:// or https:// and a host"))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConnectError(_no_url("it holds more than host, port and path; a token comes from B24_HTTP_TOKEN"))
    if parts.scheme == "http" and not is_loopback(url):
        raise ConnectError(_no_url("a token would travel in clear text: other computers are reached by https"))
    return url


def is_loopback(url: str) -> bool:
    """Tell whether the address is on this computer."""
    return urlsplit(url).hostname in _LOOPBACK


def _no_url(why: str) -> str:
    return (
        f"--http takes the address at which `b24-mcp serve --http` answers, such as http://127.0.0.1:8024/mcp: {why}. "
        "Nothing was changed."
    )
