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

_PROBING: ContextVar[bool] = ContextVar("probing", default=False)
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


def is_probing() -> bool:
    """Whether the running call is one that the program makes on its own account."""
    return _PROBING.get()


@contextmanager
def probing() -> Iterator[None]:
    """Run calls inside as those of the program itself: fixed methods that read, without parameters of a model."""
    token = _PROBING.set(True)
    try:
        yield
    finally:
        _PROBING.reset(token)


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
