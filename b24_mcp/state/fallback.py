"""A fallback for rate limits: they are kept inside one process while the shared state cannot be used."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from b24_mcp.state.file import FileState
from b24_mcp.state.limits import Bucket, Charge, LimitState, Turn

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_PAUSE = 5.0  # seconds until a store that failed is used again: each try may wait for a lock or a connection


class FallbackLimits:
    """A `LimitState` that uses `shared`, and a store of this process if `shared` raises `OSError`.

    `lost` is the reason why the shared store was not used the last time, or None. Neither store is copied into the
    other, because what this process used in the meantime expires on the portal within seconds.
    """

    def __init__(self, shared: LimitState, clock: Callable[[], float]) -> None:
        self.shared = shared
        self.lost: str | None = None
        self._clock = clock
        self._own = FileState(":memory:", clock)
        self._retry_at = clock()

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request; see `LimitState`."""
        return await self._with_fallback(
            lambda to: to.take(key, bucket, keep_free=keep_free, longest_wait=longest_wait)
        )

    async def give_back(self, key: str) -> None:
        """Return a reserved place; see `LimitState`."""
        await self._with_fallback(lambda to: to.give_back(key))

    async def level(self, key: str, bucket: Bucket) -> float:
        """Return the level of a bucket; see `LimitState`."""
        return await self._with_fallback(lambda to: to.level(key, bucket))

    async def fill(self, key: str, bucket: Bucket) -> None:
        """Mark a bucket as full; see `LimitState`."""
        await self._with_fallback(lambda to: to.fill(key, bucket))

    async def charge(self, key: str, charge: Charge) -> None:
        """Record working time; see `LimitState`."""
        await self._with_fallback(lambda to: to.charge(key, charge))

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Return the working time of methods; see `LimitState`."""
        wanted = list(keys)
        return await self._with_fallback(lambda to: to.charges(wanted))

    async def aclose(self) -> None:
        """Close both stores."""
        await self.close_own()
        await self.shared.aclose()

    async def close_own(self) -> None:
        """Close the store of this process only."""
        await self._own.aclose()

    async def _with_fallback(self, use: Callable[[LimitState], Awaitable[_T]]) -> _T:
        if self.lost is not None and self._clock() < self._retry_at:
            return await use(self._own)
        try:
            found = await use(self.shared)
        except OSError as exc:
            if self.lost is None:
                _LOG.warning("Limits are not shared with other processes: %s", exc)
            self.lost = str(exc)
            self._retry_at = self._clock() + _PAUSE
            return await use(self._own)
        if self.lost is not None:
            _LOG.warning("Limits are shared with other processes again")
            self.lost = None
        return found
