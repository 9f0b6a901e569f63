"""A process that makes a call with a login and dies at a given point of the renewal: `python -m … ORIGIN STATE DIE_AT`.

Prints the answer's user, or the code of the error. With `go` it waits for a line on stdin first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal, PortalOptions
from b24_mcp.rest.auth.address import PortalAddress
from b24_mcp.rest.auth.oauth import Application, AuthorizationServer, Login
from b24_mcp.rest.sender import Sender
from b24_mcp.state import open_tokens
from b24_mcp.storage import files


def die(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def before(function: Any, when: Callable[[], bool]) -> Any:
    """Return the function, which kills the process instead when `when` returns true."""
    return lambda *arguments, **options: die() if when() else function(*arguments, **options)


def half(handle: int, content: bytes) -> int:
    os.write(handle, content[: len(content) // 2])
    die()
    return 0


def set_trap(point: str) -> None:
    answered = False
    ask = AuthorizationServer._request

    async def watched(self: Any, *arguments: Any) -> Any:
        nonlocal answered
        if point == "before the request":
            die()
        answer = await ask(self, *arguments)
        answered = True
        if point == "after the answer":
            die()
        return answer

    def after_replace(old: Any, new: Any) -> None:
        os.replace(old, new)
        if answered:
            die()

    AuthorizationServer._request = watched  # type: ignore[method-assign, assignment]
    own = _Os()
    files.__dict__["os"] = own
    if point == "before the mark is written":
        own.patched["write"] = die
    elif point == "half of the mark is written":
        own.patched["write"] = half
    elif point == "half of the pair is written":
        own.patched["write"] = lambda handle, content: (half if answered else os.write)(handle, content)
    elif point == "before the pair is on the disk":
        own.patched["fsync"] = before(os.fsync, lambda: answered)
    elif point == "before the pair is in its place":
        own.patched["replace"] = before(os.replace, lambda: answered)
    elif point == "after the pair is in its place":
        own.patched["replace"] = after_replace
    elif point == "before the pair is used":
        Sender._reach = die  # type: ignore[method-assign, assignment]


class _Os:
    """The module `os` with some functions replaced."""

    def __init__(self) -> None:
        self.patched: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return self.patched.get(name, getattr(os, name))


async def main(origin: str, state: str, client_id: str, client_secret: str) -> str:
    portal = PortalAddress(origin)
    server = AuthorizationServer(Application(client_id, client_secret))
    login = Login("crashing", portal, server, open_tokens(state), lambda secret: None)
    opened = Portal(login, PortalOptions(plan="none", deadline=30.0))
    try:
        return str((await opened.call("profile")).result["ID"])
    except B24Error as exc:
        return f"{exc.fault.code} {exc.fault.kind} {exc.fault.message}"
    finally:
        await opened.aclose()


if __name__ == "__main__":
    point, *rest = sys.argv[1:]
    if point == "go":
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
    else:
        set_trap(point)
    sys.stdout.write(asyncio.run(main(*rest)) + "\n")
