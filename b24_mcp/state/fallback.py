"""Limits that go on inside one process while the shared state cannot be used."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from b24_mcp.state.file import FileState
from b24_mcp.state.limits import Bucket, Charge, LimitState, Turn

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_PAUSE = 5.0  # seconds for which a store that failed is not asked again: each try may wait for a lock or a connection


class FallbackLimits:
    """A `LimitState` that asks `shared` first, and a store of this process where that raises `OSError`.

    `lost` is why the shared store was not used the last time, or None. Neither store is copied into the other: what
    this process used while the shared one was away is forgotten within seconds by the portal as well.
    """

    def __init__(self, shared: LimitState, clock: Callable[[], float]) -> None:
        self.shared = shared
        self.lost: str | None = None
        self._clock = clock
        self._own = FileState(":memory:", clock)
        self._ask_again_at = clock()

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request; see `LimitState`."""
        return await self._first(lambda to: to.take(key, bucket, keep_free=keep_free, longest_wait=longest_wait))

    async def give_back(self, key: str) -> None:
        """Return a reserved place; see `LimitState`."""
        await self._first(lambda to: to.give_back(key))

    async def level(self, key: str, bucket: Bucket) -> float:
        """How full a bucket is; see `LimitState`."""
        return await self._first(lambda to: to.level(key, bucket))

    async def fill(self, key: str, bucket: Bucket) -> None:
        """Mark a bucket as full; see `LimitState`."""
        await self._first(lambda to: to.fill(key, bucket))

    async def charge(self, key: str, charge: Charge) -> None:
        """Record working time; see `LimitState`."""
        await self._first(lambda to: to.charge(key, charge))

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Working time of methods; see `LimitState`."""
        wanted = list(keys)
        return await self._first(lambda to: to.charges(wanted))

    async def aclose(self) -> None:
        """Close both stores."""
        await self._own.aclose()
        await self.shared.aclose()

    async def _first(self, ask: Callable[[LimitState], Awaitable[_T]]) -> _T:
        if self.lost is not None and self._clock() < self._ask_again_at:
            return await ask(self._own)
        try:
            found = await ask(self.shared)
        except OSError as exc:
            if self.lost is None:
                _LOG.warning("Limits are not shared with other processes: %s", exc)
            self.lost = str(exc)
            self._ask_again_at = self._clock() + _PAUSE
            return await ask(self._own)
        if self.lost is not None:
            _LOG.warning("Limits are shared with other processes again")
            self.lost = None
        return found
