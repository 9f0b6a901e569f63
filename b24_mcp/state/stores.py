"""Opening the stores of the shared state and of the tokens, as the setting `B24_STATE` says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeGuard, TypeVar

from b24_mcp.state.file import FileState
from b24_mcp.state.limits import LimitState
from b24_mcp.state.notes import ExpiringStore
from b24_mcp.state.tokens import TokenStore
from b24_mcp.storage.folders import user_folder

_Store = TypeVar("_Store")


class SharedState(LimitState, ExpiringStore, Protocol):
    """A store of rate limits and of notes."""


def open_state(setting: str | None, clock: Callable[[], float] | None = None) -> SharedState:
    """Open the store. `setting` is `redis://…`, the path of a file, `memory`, or None for the user's state directory.

    Nothing is connected or written before the first use. `clock` replaces the clock of the store in tests.

    Raises:
        ValueError: for another kind of address, or for Redis if its library is not installed.
    """
    if setting == "memory":
        return FileState(":memory:", clock or time.monotonic)
    if is_redis(setting):
        from b24_mcp.state.redis import RedisState

        return in_redis(lambda url: RedisState(url, clock), setting)
    return FileState(state_path(setting), clock or time.monotonic)


def open_tokens(setting: str | None) -> TokenStore:
    """Open the store of tokens for the same setting: Redis, or a folder beside the file.

    Tokens must survive a process, so for `memory` they are in the user's state directory.

    Raises:
        ValueError: for another kind of address, or for Redis if its library is not installed.
    """
    if is_redis(setting):
        from b24_mcp.state.tokens_redis import RedisTokens

        return in_redis(RedisTokens, setting)
    from b24_mcp.state.tokens_file import FileTokens  # imported for logins only

    return FileTokens(state_path(None if setting == "memory" else setting).parent / "tokens")


def is_redis(setting: str | None) -> TypeGuard[str]:
    """Whether the setting is the address of a Redis server.

    Raises:
        ValueError: for another kind of address.
    """
    if setting is None or "://" not in setting:
        return False
    if not setting.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("B24_STATE is neither an address of Redis nor the path of a file")
    return True


def in_redis(store: Callable[[str], _Store], url: str) -> _Store:
    """Open a store in Redis.

    Raises:
        ValueError: if its library is not installed.
    """
    try:
        return store(url)
    except ImportError:
        raise ValueError("B24_STATE names Redis, which needs the extra: install b24-mcp[redis]") from None


def state_path(setting: str | None) -> Path:
    """Return the file that the setting names, or the default one."""
    return default_path() if setting is None else Path(setting).expanduser()


def default_path() -> Path:
    """Return the file in the user's state directory."""
    return user_folder("state") / "limits.db"
