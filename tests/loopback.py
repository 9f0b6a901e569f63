"""A sandbox portal on a loopback port, in a thread of its own, that remembers what reached it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from b24_mcp.sandbox import LoggedCall, Sandbox, serve

SECRET = "s3cretofthetests"


@dataclass
class LoopbackPortal:
    """`sandbox` plays the portal; `address` is the webhook's; `calls` is everything that arrived, refused or not."""

    sandbox: Sandbox
    address: str = ""
    calls: list[LoggedCall] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.calls]


@contextmanager
def loopback_portal(*, v3: bool = True) -> Iterator[LoopbackPortal]:
    calls: list[LoggedCall] = []
    sandbox = Sandbox(webhook=f"1/{SECRET}", log=calls.append, v3=v3)
    portal = LoopbackPortal(sandbox, calls=calls)
    listening = threading.Event()
    stop: list[asyncio.Event] = []
    loop: list[asyncio.AbstractEventLoop] = []

    def ready(base: str) -> None:
        portal.address = sandbox.webhook_url(base)
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
        loop[0].call_soon_threadsafe(stop[0].set)
        thread.join()
        sandbox.close()
