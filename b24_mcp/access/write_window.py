"""The number of writes of each caller within the last minutes, so that many small batches are asked about like a large
one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from b24_mcp.state import ExpiringStore

WINDOW_SECONDS = 600.0
"""The length of the window."""
_STEPS = 20


@dataclass(slots=True)
class WriteWindow:
    """Counts writes within `seconds`, by portal and caller, in the state that processes share.

    The window slides in steps of a twentieth. While the state cannot be used, this process counts alone. `now` returns
    Unix time; tests replace it.
    """

    store: ExpiringStore
    seconds: float = WINDOW_SECONDS
    now: Callable[[], float] = time.time
    _own: dict[str, str] = field(default_factory=dict)
    _turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def count(self, portal: str, caller: str) -> int:
        """Return the number of writes of a caller within the window."""
        return sum(self._recent(await self._read(_key(portal, caller))).values())

    async def reserve(self, portal: str, caller: str, writes: int, most: int) -> int:
        """Return the number of writes within the window, and add further ones if the sum is at most `most`.

        Within this process that is one step. Two processes at the same instant may both pass.
        """
        key = _key(portal, caller)
        async with self._turn:
            counts = self._recent(await self._read(key))
            earlier = sum(counts.values())
            if earlier + writes <= most:
                step = self._step()
                counts[step] = counts.get(step, 0) + writes
                await self._write(key, json.dumps(counts))
            return earlier

    async def clear(self, portal: str, caller: str) -> None:
        """Start a new window."""
        async with self._turn:
            await self._write(_key(portal, caller), "{}")

    def _step(self) -> str:
        return str(int(self.now() / (self.seconds / _STEPS)))

    def _recent(self, text: str | None) -> dict[str, int]:
        oldest = int(self._step()) - _STEPS
        counts: dict[str, int] = json.loads(text or "{}")
        return {step: count for step, count in counts.items() if int(step) > oldest}

    async def _read(self, key: str) -> str | None:
        try:
            return await self.store.read_note(key, self.now())
        except OSError:
            return self._own.get(key)

    async def _write(self, key: str, text: str) -> None:
        self._own[key] = text
        with contextlib.suppress(OSError):  # kept in this process
            await self.store.put_note(key, text, self.now(), seconds=self.seconds)


def _key(portal: str, caller: str) -> str:
    """Return the key of a count. Names of callers and portals are kept as a digest only."""
    return "writes:" + hashlib.sha256(f"{portal}\n{caller}".encode()).hexdigest()[:32]
