"""Which store keeps the shared state, by the setting `B24_STATE`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeGuard, TypeVar

from b24_mcp.state.notes import ExpiringStore
from b24_mcp.state.file import FileState
from b24_mcp.state.limits import LimitState
from b24_mcp.state.tokens import TokenStore
from b24_mcp.storage.folders import user_folder

_Store = TypeVar("_Store")


class SharedState(LimitState, ExpiringStore, Protocol):
    """Everything a store keeps."""


def open_state(setting: str | None, clock: Callable[[], float] | None = None) -> SharedState:
    """Open the store. `setting` is `redis://…`, the path of a file, `memory`, or None for the user's state directory.

    Nothing is connected or written before the first use. `clock` replaces the clock of the store in tests.

    Raises:
        ValueError: for an address of another kind, or Redis without the library for it.
    """
    if setting == "memory":
        return FileState(":memory:", clock or time.monotonic)
    if is_redis(setting):
        from b24_mcp.state.redis import RedisState

        return in_redis(lambda url: RedisState(url, clock), setting)
    return FileState(state_path(setting), clock or time.monotonic)


def open_tokens(setting: str | None) -> TokenStore:
    """Open the store of tokens that belongs to the same setting: Redis, or a folder beside the file.

    Tokens outlive a process, so for `memory` they are in the user's state directory too.

    Raises:
        ValueError: for an address of another kind, or Redis without the library for it.
    """
    if is_redis(setting):
        from b24_mcp.state.tokens_redis import RedisTokens

        return in_redis(RedisTokens, setting)
    from b24_mcp.state.tokens_file import FileTokens  # only who logs in pays for it

    return FileTokens(state_path(None if setting == "memory" else setting).parent / "tokens")


def is_redis(setting: str | None) -> TypeGuard[str]:
    """Whether the setting names a Redis.

    Raises:
        ValueError: for an address of another kind.
    """
    if setting is None or "://" not in setting:
        return False
    if not setting.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("B24_STATE is neither an address of Redis nor the path of a file")
    return True


def in_redis(store: Callable[[str], _Store], url: str) -> _Store:
    """Open a store in Redis.

    Raises:
        ValueError: without the library for it.
    """
    try:
        return store(url)
    except ImportError:
        raise ValueError("B24_STATE names Redis, which needs the extra: install b24-mcp[redis]") from None


def state_path(setting: str | None) -> Path:
    """The file the setting names, or the one in the user's own state directory."""
    return default_path() if setting is None else Path(setting).expanduser()


def default_path() -> Path:
    """The file in the user's own state directory."""
    return user_folder("state") / "limits.db"
