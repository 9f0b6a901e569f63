"""Whether the process lives, and whether it can work: for balancers and supervisors, told without a secret."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from b24_mcp.state import LimitState

_GOOD_FOR = 1.0
_PATIENCE = 3.0


class Readiness:
    """Asks the shared state whether it answers, at most once a second however many ask. No portal is called."""

    def __init__(self, state: LimitState, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._asking = anyio.Lock()
        self._asked_at = -float("inf")
        self._ready = False

    async def ready(self) -> bool:
        """Whether the shared state could be read."""
        async with self._asking:
            if self._clock() - self._asked_at >= _GOOD_FOR:
                self._ready = False
                try:
                    with anyio.fail_after(_PATIENCE):
                        await self._state.charges(["ready"])
                    self._ready = True
                except (OSError, TimeoutError):
                    self._ready = False
                self._asked_at = self._clock()
            return self._ready


def health_routes(readiness: Readiness) -> list[Route]:
    """`/health` answers while the process does; `/ready` answers 503 while the shared state does not."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_NEVER_KEPT)

    async def ready(_: Request) -> Response:
        if await readiness.ready():
            return JSONResponse({"status": "ready"}, headers=_NEVER_KEPT)
        return JSONResponse({"status": "not ready", "state": "cannot be used"}, 503, headers=_NEVER_KEPT)

    return [Route("/health", health), Route("/ready", ready)]


_NEVER_KEPT = {"cache-control": "no-store"}
