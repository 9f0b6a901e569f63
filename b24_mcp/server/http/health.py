"""Health and readiness for balancers and supervisors. Neither needs a token."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from b24_mcp.state import LimitState

_CACHE_SECONDS = 1.0
_TIMEOUT = 3.0


class Readiness:
    """Whether the shared state can be read, cached for one second. No portal is called."""

    def __init__(self, state: LimitState, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._lock = anyio.Lock()
        self._checked_at = -float("inf")
        self._ready = False

    async def ready(self) -> bool:
        """Return whether the shared state can be read."""
        async with self._lock:
            if self._clock() - self._checked_at >= _CACHE_SECONDS:
                self._ready = False
                try:
                    with anyio.fail_after(_TIMEOUT):
                        await self._state.charges(["ready"])
                    self._ready = True
                except (OSError, TimeoutError):
                    self._ready = False
                self._checked_at = self._clock()
            return self._ready


def health_routes(readiness: Readiness) -> list[Route]:
    """Return the routes: `/health` answers while the process runs, `/ready` answers 503 while the shared state cannot
    be read.
    """

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_NOT_CACHED)

    async def ready(_: Request) -> Response:
        if await readiness.ready():
            return JSONResponse({"status": "ready"}, headers=_NOT_CACHED)
        return JSONResponse({"status": "not ready", "state": "cannot be used"}, 503, headers=_NOT_CACHED)

    return [Route("/health", health), Route("/ready", ready)]


_NOT_CACHED = {"cache-control": "no-store"}
