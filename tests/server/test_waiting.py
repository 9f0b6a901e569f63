"""Waiting for rate limits, as a client sees it: progress, and cancellation."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import Bucket, open_state
from tests.fake_portal import FakeClock
from tests.loopback import LoopbackPortal


class Held(FakeClock):
    """A clock that stands still during sleep."""

    def __init__(self) -> None:
        super().__init__(time.time())
        self.sleeping = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.sleeping.set()
            await anyio.sleep_forever()


async def used_up(portal: LoopbackPortal, folder: Path, clock: FakeClock, seconds: float) -> None:
    """Use up the rate limit of the portal for some seconds, as another process would."""
    state = open_state(str(folder / "state" / "limits.db"), clock.now)
    host = portal.address.split("/")[2]
    for _ in range(38 + int(seconds * 2)):
        await state.take(f"portal:{host}", Bucket(38, 2), keep_free=0, longest_wait=1e9)
    await state.aclose()


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_long_wait_is_reported_as_progress(era: Any, portal: LoopbackPortal, tmp_path: Path) -> None:
    clock, seen = FakeClock(time.time()), []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    await used_up(portal, tmp_path, clock, 20)
    async with Client(build_server(Redactor(), clock=clock), mode=era) as client:
        result = await client.call_tool("call_method", {"method": "profile"}, progress_callback=on_progress)
    assert result.is_error is False
    assert portal.methods == ["profile"]
    assert len(seen) >= 4
    assert seen[0][0] == 0
    assert all(total == pytest.approx(20.5, abs=1) for _, total, _ in seen)
    assert "limit of requests" in str(seen[0][2])


async def test_a_wait_beyond_the_deadline_is_refused_at_once(
    portal: LoopbackPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DEADLINE", "5")
    clock = FakeClock(time.time())
    await used_up(portal, tmp_path, clock, 60)
    async with Client(build_server(Redactor(), clock=clock)) as client:
        (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
    error = json.loads(getattr(block, "text", ""))["error"]
    assert (error["code"], error["executed"], error["retryable"]) == ("B24MCP_BUSY", "no", True)
    assert clock.slept == []
    assert portal.calls == []


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_cancelling_ends_the_wait_and_nothing_is_sent(era: Any, portal: LoopbackPortal, tmp_path: Path) -> None:
    clock = Held()
    await used_up(portal, tmp_path, clock, 20)
    async with Client(build_server(Redactor(), clock=clock), mode=era) as client:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.call_tool, "call_method", {"method": "crm.deal.add", "params": {"fields": {}}})
                await clock.sleeping.wait()
                tasks.cancel_scope.cancel()
    assert portal.calls == []
