"""The caller of a tool: who it is, which access level and which portals it has.

The caller is set once, when a call arrives (`calling`), and read where the call is judged or logged
(`current_caller`). Over HTTP the scopes of the verified token define what the caller may do.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

from b24_mcp.access.levels import LEVEL_SCOPES, LEVELS, Level
from b24_mcp.access.person import LoggedInPerson

__all__ = [
    "CALLER",
    "LEVELS",
    "LEVEL_SCOPES",
    "Caller",
    "Level",
    "calling",
    "current_caller",
    "is_probing",
    "level_of",
    "os_user",
    "portals_of",
    "probing",
    "with_included",
]

_PORTAL_SCOPE = "b24:portal:"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: the user of this computer over stdio, the subject of a verified token over HTTP.

    Approvals and audit log entries belong to `name`. `client` is the program that calls for the user. None means as
    configured: `level` can only narrow what the settings allow, and `portals` names the allowed portals.
    `is_identified` means that a token identifies the person or program, so that several may share this server. Then
    each has data sets, runs and files of its own. `is_program` means that the token belongs to no person. `person` is
    the person of the portal who logged in to this server: calls use their login and no other. `grant` is the id of the
    access that the person gave the client.
    """

    name: str
    client: str = ""
    level: Level | None = None
    portals: frozenset[str] | None = None
    is_identified: bool = field(default=False, compare=False)
    is_program: bool = field(default=False, compare=False)
    person: LoggedInPerson | None = None
    grant: str = field(default="", compare=False)

    @property
    def identity(self) -> str:
        """The key of what belongs to the caller. A person and a program of the same name have different ones."""
        if not self.is_identified:
            return self.name
        return f"{'program' if self.is_program else 'person'}\n{self.name}"


CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""The caller of the running call; see `current_caller`."""

_PROBING: ContextVar[bool] = ContextVar("probing", default=False)


def current_caller() -> Caller:
    """Return the caller of the running call; without one, the user that this process runs as."""
    return CALLER.get() or Caller(os_user())


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Run calls inside the block for this caller."""
    token = CALLER.set(caller)
    try:
        yield
    finally:
        CALLER.reset(token)


def is_probing() -> bool:
    """Whether the running call is a probe of the program itself."""
    return _PROBING.get()


@contextmanager
def probing() -> Iterator[None]:
    """Run calls inside the block as probes of the program itself: fixed methods that only describe the portal."""
    token = _PROBING.set(True)
    try:
        yield
    finally:
        _PROBING.reset(token)


@cache
def os_user() -> str:
    """Return the name of the user that this process runs as, independent of the environment variables."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user in a container may have no name
        return f"uid {os.getuid()}"


def level_of(scopes: Iterable[str]) -> Level | None:
    """Return the widest level among the scopes, or None when they hold no level."""
    held = set(scopes)
    return next((level for level in reversed(LEVELS) if f"b24:{level}" in held), None)


def portals_of(scopes: Iterable[str]) -> frozenset[str] | None:
    """Return the portals named by scopes such as `b24:portal:sales`; None when none is named, which means all."""
    return frozenset(scope.removeprefix(_PORTAL_SCOPE) for scope in scopes if scope.startswith(_PORTAL_SCOPE)) or None


def with_included(scopes: Iterable[str]) -> list[str]:
    """Return the scopes together with those that the widest level includes, sorted."""
    held = set(scopes)
    level = level_of(held)
    return sorted(held | set(LEVEL_SCOPES[: LEVELS.index(level) + 1] if level else ()))
