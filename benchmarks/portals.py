"""Sandbox portals for measurements, served from a thread of this process, so that their data can be read."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from b24_sandbox import Sandbox, serve
from b24_sandbox.faults import KINDS

SECRET = "s3cretofthebenchmarks"
_FINAL = ("moved", "160", "error_list")
"""Faults that rightly end a call: refusals, and a redirect, which is followed only between cloud portals."""
# A method that reached its operating limit stays blocked for ten seconds, so this fault is rarer than the others.
BROKEN_BY_SWITCHBOARD = [kind for kind in KINDS for _ in range(1 if kind == "429" else 3) if kind not in _FINAL]


class WatchedSandbox(Sandbox):
    """A sandbox that counts the statuses of its responses, and breaks a share of the requests."""

    def __init__(self, *, fault_share: float = 0.0, seed: int = 0, slow_seconds: float = 1.0, **options: Any) -> None:
        super().__init__(webhook=f"1/{SECRET}", **options)
        self.fault_share = fault_share
        self.statuses: Counter[int] = Counter()
        self.injected: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._slow_seconds = slow_seconds

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer a request, perhaps after ordering a fault."""

        async def counting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.statuses[message["status"]] += 1
            await send(message)

        # The sandbox cuts the connection of the server it finds behind `send`.
        setattr(counting, "__self__", getattr(send, "__self__", None))  # noqa: B010  # a function has no such attribute
        if scope["type"] == "http" and self._random.random() < self.fault_share:
            kind = self._random.choice(BROKEN_BY_SWITCHBOARD)
            self.injected[kind] += 1
            self.faults.fail("*", kind, seconds=self._slow_seconds)  # type: ignore[arg-type]
        await super().__call__(scope, receive, counting)


@contextmanager
def served(sandbox: WatchedSandbox) -> Iterator[str]:
    """Serve a sandbox on a loopback port; yield the address of its webhook."""
    addresses: list[str] = []
    listening = threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ready(base: str) -> None:
        addresses.append(sandbox.webhook_url(base))
        listening.set()

    logging.getLogger("uvicorn.error").addFilter(lambda record: False)  # it logs every connection that is cut

    async def run() -> None:
        ended = asyncio.Event()
        stop.append((asyncio.get_running_loop(), ended))
        serving = asyncio.create_task(serve(sandbox, "127.0.0.1", 0, ready))
        await ended.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        if not listening.wait(30):
            raise SystemExit("The sandbox portal did not start.")
        yield addresses[0]
    finally:
        loop, ended = stop[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        sandbox.close()
