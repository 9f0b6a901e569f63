"""Which store keeps the shared state, by the setting `B24_STATE`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from b24_mcp.state.expiring import ExpiringStore
from b24_mcp.state.file import FileState
from b24_mcp.state.limits import LimitState


class SharedState(LimitState, ExpiringStore, Protocol):
    """Everything a store keeps."""


def open_state(setting: str | None) -> SharedState:
    """Open the store. `setting` is `redis://…`, the path of a file, `memory`, or None for the user's state directory.

    Nothing is connected or written before the first use.

    Raises:
        ValueError: for an address of another kind, or Redis without the library for it.
    """
    if setting == "memory":
        return FileState(":memory:")
    if setting is not None and "://" in setting:
        if not setting.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("B24_STATE is neither an address of Redis nor the path of a file")
        try:
            from b24_mcp.state.redis import RedisState

            return RedisState(setting)
        except ImportError:
            raise ValueError("B24_STATE names Redis, which needs the extra: install b24-mcp[redis]") from None
    return FileState(default_path() if setting is None else Path(setting).expanduser())


def default_path() -> Path:
    """The file in the user's own state directory."""
    from platformdirs import user_state_path

    return user_state_path("b24-mcp") / "limits.db"
