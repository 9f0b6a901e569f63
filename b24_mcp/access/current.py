"""The caller of what is running now: set once where a call comes in, asked wherever it is judged and noted."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from b24_mcp.access.caller import Caller

_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current_caller() -> Caller:
    """Whoever the running call is made for; without one, the user this process runs as."""
    return _CALLER.get() or Caller(os_user())


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Make calls inside on behalf of this caller."""
    token = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(token)


@cache
def os_user() -> str:
    """The user this process runs as, by name where there is one, whatever the environment says."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may give its user no name
        return f"uid {os.getuid()}"
