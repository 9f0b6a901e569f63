"""A sandbox portal on a loopback port, in a separate thread, that records every request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from b24_sandbox import LoggedCall, Sandbox, serve

SECRET = "s3cretofthetests"


class WatchedSandbox(Sandbox):
    """A sandbox that records the path of each request. After `hold` it sets `arrived` at a request and answers it after
    `let_go`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.paths: list[str] = []
        self.arrived = threading.Event()
        self._free = threading.Event()
        self._free.set()

    def hold(self) -> None:
        self.arrived.clear()
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.paths.append(scope["path"])
        if not self._free.is_set():
            self.arrived.set()
            await asyncio.to_thread(self._free.wait, 30)
        await super().__call__(scope, receive, send)


@dataclass
class LoopbackPortal:
    """`sandbox` plays the portal; `address` is the webhook's, `origin` the portal's; `calls` is everything that
    arrived, refused or not, and `paths` are those of all requests.
    """

    sandbox: WatchedSandbox
    address: str = ""
    origin: str = ""
    calls: list[LoggedCall] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    @property
    def renewals(self) -> int:
        """The number of requests for tokens to the authorization server."""
        return self.paths.count("/oauth/token/")


@contextmanager
def loopback_portal(**options: Any) -> Iterator[LoopbackPortal]:
    calls: list[LoggedCall] = []
    sandbox = WatchedSandbox(webhook=f"1/{SECRET}", log=calls.append, **options)
    portal = LoopbackPortal(sandbox, calls=calls)
    sandbox.paths = portal.paths
    listening = threading.Event()
    stop: list[asyncio.Event] = []
    loop: list[asyncio.AbstractEventLoop] = []

    def ready(base: str) -> None:
        portal.address, portal.origin = sandbox.webhook_url(base), base
        listening.set()

    async def run() -> None:
        stop.append(asyncio.Event())
        loop.append(asyncio.get_running_loop())
        serving = asyncio.create_task(serve(sandbox, "127.0.0.1", 0, ready))
        await stop[0].wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert listening.wait(20), "the sandbox did not start"
        yield portal
    finally:
        sandbox.let_go()
        loop[0].call_soon_threadsafe(stop[0].set)
        thread.join()
        sandbox.close()
